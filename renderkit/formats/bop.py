"""BOP scene_camera.json: {image id: {cam_K (9), depth_scale, cam_R_w2c (9), cam_t_w2c (3)}}, mm, no distortion.

Source: BOP toolkit, docs/bop_datasets_format.md. The world pose is optional there; without it the pose of the first
object in scene_gt.json (model-to-camera) stands in, which makes the object's model frame the world.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats import picture_layout
from renderkit.formats.as_stated import RawCamera, RawRig, pose_matrix
from renderkit.formats.format import Format, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.names import integer_names
from renderkit.formats.unread import unread_notes
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig
from renderkit.untrusted.content import (
    Content,
    Untrusted,
    field,
    list_at,
    mapping_at,
    number,
    numbers,
    size_at,
)
from renderkit.untrusted.files import names_file
from renderkit.writing import write_json

_MODELS = ("models", "models_eval", "models_cad")
_AT_REST = 1.0
"""Largest difference of an object's pose in the world between two images that counts as rounding, in mm."""

_LIMITS = Expressible(size=False)
_READ = {"cam_K", "cam_R_w2c", "cam_t_w2c"}
_HARMLESS = {"depth_scale", "elev", "mode", "view_level"}
"""The unit of depth pictures, and where the renderer of synthetic pictures stood."""


def matches(content: Content) -> bool:
    """Return True for JSON whose entries hold cam_K, or a folder with scene_camera.json."""
    value = _inside(content).json_or_none
    if not isinstance(value, Mapping) or not value:
        return False
    first = next(iter(value.values()))
    return isinstance(first, Mapping) and "cam_K" in first


def _inside(content: Content) -> Content:
    return Content(content.path / "scene_camera.json") if content.has("scene_camera.json") else content


def read(content: Content) -> RawRig:
    """Read scene_camera.json, with scene_gt.json and camera.json beside it where they are needed."""
    inside = _inside(content)
    path = inside.path
    entries = mapping_at(inside.json, path, None)
    objects = Content(path.with_name("scene_gt.json"))
    size = _size_beside(path)
    notes: tuple[str, ...] = ()
    cameras = []
    stated = {name: mapping_at(entry, path, name) for name, entry in entries.items()}
    for name, values in stated.items():
        K = numbers(field(values, "cam_K", path, f"{name}."), [(9,), (3, 3)], path, f"{name}.cam_K").reshape(3, 3)
        if "cam_R_w2c" in values:
            pose = _pose(values, "w2c", path, name)
        else:
            pose = _object_pose(objects, path, name)
            notes = ("no world pose in the file: the world is the model frame of the first object in scene_gt.json",)
        cameras.append(RawCamera(name, K, pose, size=size))
    notes += unread_notes(stated.values(), _READ, _HARMLESS, per="image")
    return RawRig(tuple(cameras), content.path, "mm", notes=notes)


def _pose(values: Mapping[str, Untrusted], frames: str, path: Path, name: str) -> FloatArray:
    rotation_key, translation_key = f"cam_R_{frames}", f"cam_t_{frames}"
    rotation = numbers(field(values, rotation_key, path, f"{name}."), [(9,), (3, 3)], path, f"{name}.{rotation_key}")
    translation = numbers(field(values, translation_key, path, f"{name}."), [(3,)], path, f"{name}.{translation_key}")
    return pose_matrix(rotation.reshape(3, 3), translation)


def _object_pose(objects: Content, path: Path, name: str) -> FloatArray:
    if not objects.path.is_file():
        why = "the world pose (cam_R_w2c, cam_t_w2c) is missing and there is no scene_gt.json beside the file"
        raise DatasetError(path, f"{name}.cam_R_w2c", why)
    entries = mapping_at(objects.json, objects.path, None)
    instances = list_at(field(entries, name, objects.path), objects.path, name)
    if not instances:
        raise DatasetError(objects.path, name, "the image shows no object whose pose could stand in for the world's")
    return _pose(mapping_at(instances[0], objects.path, name), "m2c", objects.path, name)


def _size_beside(path: Path) -> tuple[int, int] | None:
    """Return the image size from camera.json beside the scene or beside the dataset's splits, if there is one."""
    for folder in (path.parent, *list(path.absolute().parents)[1:3]):
        beside = Content(folder / "camera.json")
        if beside.path.is_file():
            values = mapping_at(beside.json, beside.path, None)
            if {"width", "height"} <= values.keys():
                return size_at(values["width"], values["height"], beside.path, "width")
    return None


def read_mesh(content: Content) -> Mesh | None:
    """Read the model of the first object of every image, in the world of the cameras, mm.

    Returns:
        None without scene_gt.json or the model's file, and where the first object is not the same one, at rest, in
        all images.
    """
    cameras, objects = _inside(content), Content(_inside(content).path.with_name("scene_gt.json"))
    if not objects.path.is_file():
        return None
    instances = mapping_at(objects.json, objects.path, None)
    ids, poses = set(), []
    for name, entry in mapping_at(cameras.json, cameras.path, None).items():
        first = list_at(instances.get(name, []), objects.path, name)[:1]
        if not first:
            return None
        values = mapping_at(first[0], objects.path, name)
        ids.add(int(number(field(values, "obj_id", objects.path, f"{name}."), objects.path, f"{name}.obj_id")))
        cam_from_model = Pose.from_matrix(_pose(values, "m2c", objects.path, name))
        stated = mapping_at(entry, cameras.path, name)
        cam_from_world = _pose(stated, "w2c", cameras.path, name) if "cam_R_w2c" in stated else cam_from_model.matrix
        poses.append((Pose.from_matrix(cam_from_world).inverse() @ cam_from_model).matrix[:3])
    file = _model_file(cameras.path, ids)
    if file is None or any(np.abs(pose - poses[0]).max() > _AT_REST for pose in poses):
        return None
    mesh = Mesh.read(file)
    return replace(mesh, vertices=mesh.vertices @ poses[0][:, :3].T + poses[0][:, 3], normals=None, name="model")


def _model_file(path: Path, ids: set[int]) -> Path | None:
    """Return the model's file beside the dataset's splits, where all images show one object and the file is there."""
    if len(ids) != 1:
        return None
    name = f"obj_{next(iter(ids)):06d}.ply"
    places = [folder / models / name for folder in list(path.absolute().parents)[:4] for models in _MODELS]
    return next((place for place in places if names_file(place)), None)


def write(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:  # noqa: ARG001 - one signature for all
    """Write scene_camera.json; the translation stays in the rig's own unit."""
    ids, notes = integer_names(tuple(rig.cameras))
    entries = {}
    for image_id, camera in zip(ids, rig, strict=True):
        pose = camera.cam_from_world
        entries[str(image_id)] = {
            "cam_K": camera.K.ravel().tolist(),
            "depth_scale": 1.0,
            "cam_R_w2c": pose.R.ravel().tolist(),
            "cam_t_w2c": pose.t.tolist(),
        }
    write_json(path, entries, indent=1)
    return notes


FORMAT = Format(
    name="bop",
    title="BOP scene_camera.json",
    layout=picture_layout.BOP,
    read_mesh=read_mesh,
    matches=matches,
    read_cameras=read,
    write=write,
    limits=_LIMITS,
    unit="mm",
)
