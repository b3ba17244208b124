"""transforms.json of nerfstudio, instant-ngp and NeRF's synthetic scenes: camera-to-world, OpenGL axes.

Pixel (0, 0) is at the corner. Source: nerfstudio documentation, "Data conventions"; instant-ngp
docs/nerf_dataset_tips.md and src/nerf_loader.cu; load_blender.py of NeRF. nerfstudio reads k1 k2 p1 p2 k3 (its k4
multiplies r^8, which OpenCV does not have); instant-ngp reads k1 k2 p1 p2. Both read k1 k2 k3 k4 for fisheye cameras.
NeRF's synthetic scenes state `camera_angle_x` and no size: it is that of the pictures that `file_path` names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats import picture_layout
from renderkit.formats.as_stated import (
    RawCamera,
    RawRig,
    UnsupportedLensError,
    intrinsics,
    intrinsics_from_angles,
    read_each,
)
from renderkit.formats.format import Format, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.matrices import extrinsics_at
from renderkit.formats.names import PICTURE_SUFFIXES, names_from_pictures, picture_from_name
from renderkit.formats.sizes import picture_file_size
from renderkit.formats.unread import unread_notes
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.conventions import CORNER_PIXEL_ORIGIN, gl_world_from_cam
from renderkit.geometry.lens_model import ModelName
from renderkit.geometry.pose import ROTATION_TOLERANCE
from renderkit.geometry.rig import Rig
from renderkit.untrusted.content import (
    Content,
    field,
    flag_at,
    list_at,
    mapping_at,
    name_at,
    number,
    numbers,
    size_at,
)
from renderkit.untrusted.files import names_file
from renderkit.wording import counted
from renderkit.writing import write_json

_NERFSTUDIO = Expressible(brown_conrady=5, kannala_brandt=True, skew=False, fold_over=False, shared_model=True)
_INSTANT_NGP = replace(_NERFSTUDIO, brown_conrady=4)
_PERSPECTIVE = {"SIMPLE_PINHOLE", "PINHOLE", "SIMPLE_RADIAL", "RADIAL", "OPENCV", "PERSPECTIVE"}
_FISHEYE = {"OPENCV_FISHEYE", "SIMPLE_RADIAL_FISHEYE", "RADIAL_FISHEYE", "FISHEYE"}
_OTHER_LENSES = ("equirectangular", "latlong", "orthographic", "ftheta_p0")
"""Keys by which instant-ngp chooses a projection that is neither perspective nor fisheye."""

_TANGENTIAL = ("p1", "p2", "k3")
_NOT_OF: Mapping[str, tuple[str, ...]] = {
    "SIMPLE_PINHOLE": ("k1", "k2", *_TANGENTIAL),
    "PINHOLE": ("k1", "k2", *_TANGENTIAL),
    "SIMPLE_RADIAL": ("k2", *_TANGENTIAL),
    "RADIAL": _TANGENTIAL,
    "SIMPLE_RADIAL_FISHEYE": ("k2", "k3", "k4"),
    "RADIAL_FISHEYE": ("k3", "k4"),
}
"""Coefficients that COLMAP's models of these names do not have."""

_FILES = ("transforms.json", "transforms_train.json")
_SPLITS = ("transforms_train.json", "transforms_val.json", "transforms_test.json")
_ANGLES = ("camera_angle_x", "camera_angle_y", "x_fov", "y_fov")
_LENS = ("camera_model", "is_fisheye", *_OTHER_LENSES, "k1", "k2", "k3", "k4", "p1", "p2", "distortion_params")
_READ = {"transform_matrix", "file_path", "w", "h", "fl_x", "fl_y", "cx", "cy", *_ANGLES, *_LENS}
_READ_ONCE = {*_READ, "frames", "applied_transform", "applied_scale"}
_HARMLESS = {
    "mask_path", "depth_file_path", "normal_file_path", "semantics_path", "colmap_im_id", "ply_file_path", "sharpness",
    "rotation", "train_filenames", "val_filenames", "test_filenames", "aabb_scale", "white_transparent",
    "black_transparent", "enable_depth_loading", "integer_depth_scale", "depth_unit_scale_factor",
    "n_extra_learnable_dims", "orientation_override", "auto_scale_poses_override",
}  # fmt: skip
"""Pictures, splits, and what a trainer does with the scene afterwards; NeRF's `rotation` is read by no program."""


def matches(content: Content) -> bool:
    """Return True for JSON with "frames" that hold a transform_matrix, or a folder with such a file."""
    value = _inside(content).json_or_none
    if not isinstance(value, Mapping) or not isinstance(value.get("frames"), list):
        return False
    return any(isinstance(frame, Mapping) and "transform_matrix" in frame for frame in value["frames"])


def _inside(content: Content) -> Content:
    name = next((name for name in _FILES if content.has(name)), None)
    return content if name is None else Content(content.path / name)


def read(content: Content) -> RawRig:
    """Read transforms.json; values of a frame overrule those of the file."""
    inside = _inside(content)
    path = inside.path
    top = mapping_at(inside.json, path, None)
    frames = [
        mapping_at(frame, path, f"frames[{index}]")
        for index, frame in enumerate(list_at(field(top, "frames", path), path, "frames"))
    ]
    files = [
        name_at(frame.get("file_path", index), path, f"frames[{index}].file_path") for index, frame in enumerate(frames)
    ]
    shared = {key: value for key, value in top.items() if key != "frames"}
    names = names_from_pictures(files)
    by_name = {name: (index, frame) for index, (name, frame) in enumerate(zip(names, frames, strict=True))}
    if len(by_name) != len(frames):
        twice = next(name for name in names if names.count(name) > 1)
        raise DatasetError(path, "frames", f"two frames have the file_path {twice!r}")
    undo, undo_notes = _undo_applied(top, path)
    undo_notes += _extra_terms([{**shared, **frame} for frame in frames])

    def read_one(name: str) -> RawCamera:
        index, frame = by_name[name]
        return undo(_read_frame({**shared, **frame}, name, path, f"frames[{index}]."))

    cameras, failed = read_each(names, read_one)
    notes = (*undo_notes, *unread_notes([shared], _READ_ONCE, _HARMLESS, per=None))
    notes += unread_notes(frames, _READ, _HARMLESS, per="frame")
    others = [name for name in _SPLITS if content.has(name) and name != path.name]
    if others:
        notes += (f"{path.name} is read, {', '.join(others)} beside it not: name the file to read it",)
    return RawRig(cameras, content.path, "unknown", notes=notes, failed=failed, order=names)


def _extra_terms(frames: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return a note where coefficients are stated that the camera_model by its name does not have."""
    counts: Counter[tuple[str, str]] = Counter()
    for frame in frames:
        model = str(frame.get("camera_model", "")).upper()
        counts.update((model, key) for key in _NOT_OF.get(model, ()) if frame.get(key))
    return tuple(
        f"camera_model {model} has no {key}; it is applied, as nerfstudio does ({counted(count, 'frame')})"
        for (model, key), count in counts.items()
    )


class _Undo:
    """Brings poses from the file's world back to the one that its `applied_...` keys say it was made from.

    nerfstudio: x_file = applied_scale * (applied_transform x_original).
    """

    def __init__(self, rotation: FloatArray, offset: FloatArray, scale: float) -> None:
        self._rotation, self._offset, self._scale = rotation, offset, scale

    def __call__(self, camera: RawCamera) -> RawCamera:
        pose = camera.pose
        # What overflows becomes NaN, and is refused with the camera's name.
        with np.errstate(over="ignore", invalid="ignore"):
            center = self._rotation.T @ (pose[:, 3] / self._scale - self._offset)
            return replace(camera, pose=np.column_stack([self._rotation.T @ pose[:, :3], center]))


def _undo_applied(top: Mapping[str, Any], path: Path) -> tuple[_Undo, tuple[str, ...]]:
    """Return what undoes applied_transform and applied_scale, and a note where the file has them.

    Raises:
        CalibrationError: If the transform is no rotation with a shift, or the scale is not positive.
    """
    matrix, scale = np.eye(4)[:3], 1.0
    if "applied_transform" in top:
        matrix = extrinsics_at(top["applied_transform"], path, "applied_transform")
        rotation = matrix[:, :3]
        if not np.abs(rotation @ rotation.T - np.eye(3)).max() <= ROTATION_TOLERANCE or np.linalg.det(rotation) <= 0:
            raise CalibrationError(path, "applied_transform", "expected a rotation and a shift, (3, 4)")
    if "applied_scale" in top:
        scale = number(top["applied_scale"], path, "applied_scale")
        if not (np.isfinite(scale) and scale > 0.0):
            raise CalibrationError(path, "applied_scale", f"expected a positive number, found {scale:g}")
    undo = _Undo(matrix[:, :3], matrix[:, 3], scale)
    keys = [key for key in ("applied_transform", "applied_scale") if key in top]
    if not keys or (scale == 1.0 and np.array_equal(matrix, np.eye(4)[:3])):
        return undo, ()
    note = f"{' and '.join(keys)} undone: the world is that of the original reconstruction (COLMAP's, for nerfstudio)"
    return undo, (f"{note}, not that of transform_matrix",)


def _read_frame(values: Mapping[str, Any], name: str, path: Path, where: str) -> RawCamera:
    pose = extrinsics_at(field(values, "transform_matrix", path, where), path, f"{where}transform_matrix")
    model, coefficients = _lens(values, path, where)
    size = None
    if "w" in values or "h" in values:
        size = size_at(field(values, "w", path, where), field(values, "h", path, where), path, f"{where}w")
    given = {key: number(values[key], path, where + key) for key in ("fl_x", "fl_y", "cx", "cy") if key in values}
    angles = _angles(values, path, where)
    if "fl_x" not in given and angles == (None, None):
        raise DatasetError(path, f"{where}fl_x", "no focal length: expected fl_x or camera_angle_x")
    fx = given.get("fl_x", np.nan)
    cx, cy = (given.get(key, np.nan) - CORNER_PIXEL_ORIGIN for key in ("cx", "cy"))
    K = intrinsics(fx, given.get("fl_y", fx), cx, cy)
    waiting = "fl_x" not in given or not {"cx", "cy"} <= given.keys()
    camera = RawCamera(name, K, pose, "world_from_cam", "opengl", coefficients, model)
    camera = replace(camera, K_from_size=intrinsics_from_angles(K, angles) if waiting else None)
    if size is not None:
        return camera.with_size(size, "file")
    return replace(camera, picture_size=_picture_size(values.get("file_path"), path))


def _angles(values: Mapping[str, Any], path: Path, where: str) -> tuple[float | None, float | None]:
    """Return the angles of view (x, y) in radians: camera_angle_, or instant-ngp's _fov in degrees."""

    def angle(axis: str) -> float | None:
        radians, degrees = f"camera_angle_{axis}", f"{axis}_fov"
        if radians not in values and degrees not in values:
            return None
        found = radians if radians in values else degrees
        value = number(values[found], path, where + found)
        value = value if found == radians else float(np.deg2rad(value))
        if not 0.0 < value < np.pi:
            raise CalibrationError(path, where + found, f"expected an angle between 0 and 180 degrees, found {value:g}")
        return value

    return angle("x"), angle("y")


def _picture_size(file: object, path: Path) -> tuple[int, int] | None:
    """Return (width, height) of the picture that a frame names, with or without its suffix; None if it is not there."""
    if not isinstance(file, str) or "\0" in file:
        return None
    given = PurePosixPath(file.replace("\\", "/"))
    if given.is_absolute() or ".." in given.parts or not given.name:
        return None
    places = (path.parent / f"{given}{suffix}" for suffix in ("", *PICTURE_SUFFIXES))
    found = next((place for place in places if names_file(place)), None)
    return None if found is None else picture_file_size(found)


def _lens(values: Mapping[str, Any], path: Path, where: str) -> tuple[ModelName, tuple[float, ...]]:
    k1, k2, k3, k4, p1, p2 = _terms(values, path, where)
    other = next((key for key in _OTHER_LENSES if str(values.get(key, False)).lower() != "false"), None)
    if other is not None:
        raise UnsupportedLensError(path, where + other, f"{other}: neither a perspective nor a fisheye picture")
    is_fisheye = flag_at(values.get("is_fisheye", False), path, f"{where}is_fisheye")
    model = str(values.get("camera_model", "OPENCV_FISHEYE" if is_fisheye else "OPENCV")).upper()
    if is_fisheye and model in _PERSPECTIVE:
        raise CalibrationError(path, f"{where}is_fisheye", f"is_fisheye contradicts camera_model {model}; remove one")
    if model in _FISHEYE:
        if p1 or p2:
            raise UnsupportedLensError(
                path, f"{where}p1", f"{model} with tangential terms is not a Kannala-Brandt model"
            )
        return "kannala_brandt", (k1, k2, k3, k4)
    if model not in _PERSPECTIVE:
        raise UnsupportedLensError(
            path, f"{where}camera_model", f"{model} is not supported; expected {sorted(_PERSPECTIVE | _FISHEYE)}"
        )
    if k4:
        why = f"k4 = {k4:g} multiplies r^8 in nerfstudio; OpenCV's models have no such term"
        raise UnsupportedLensError(path, f"{where}k4", f"{why}. Undistort the pictures, or calibrate without k4")
    return "brown_conrady", (k1, k2, p1, p2, k3) if k3 else (k1, k2, p1, p2)


def _terms(values: Mapping[str, Any], path: Path, where: str) -> list[float]:
    """Return k1 k2 k3 k4 p1 p2; a list `distortion_params`, in this order, overrules the numbers, as in nerfstudio."""
    if "distortion_params" in values:
        given = numbers(values["distortion_params"], [(6,), (4,)], path, f"{where}distortion_params").tolist()
        return [*given, 0.0, 0.0][:6]
    return [number(values.get(name, 0.0), path, where + name) for name in ("k1", "k2", "k3", "k4", "p1", "p2")]


def write(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:
    """Write transforms.json, with the intrinsics in every frame."""
    fisheye = any(camera.distortion.model == "kannala_brandt" for camera in rig)
    frames = []
    for name, camera in rig.cameras.items():
        pose = gl_world_from_cam(camera.cam_from_world).matrix
        picture = f"images/{picture_from_name(name, options.picture_suffix)}"
        frames.append({"file_path": picture, **_intrinsics_of(camera, fisheye), "transform_matrix": pose.tolist()})
    model = "OPENCV_FISHEYE" if fisheye else "OPENCV"
    write_json(path, {"camera_model": model, "is_fisheye": fisheye, "frames": frames}, indent=1)
    return ()


def _intrinsics_of(camera: Camera, fisheye: bool) -> dict[str, float]:
    values = {
        "w": camera.width,
        "h": camera.height,
        "fl_x": float(camera.K[0, 0]),
        "fl_y": float(camera.K[1, 1]),
        "cx": float(camera.K[0, 2]) + CORNER_PIXEL_ORIGIN,
        "cy": float(camera.K[1, 2]) + CORNER_PIXEL_ORIGIN,
    }
    lens = camera.distortion
    if fisheye:
        return values | dict(zip(("k1", "k2", "k3", "k4"), lens.coefficients.tolist(), strict=True))
    padded = lens.padded[:5].tolist() if isinstance(lens, BrownConrady) else [0.0] * 5
    return values | dict(zip(("k1", "k2", "p1", "p2", "k3"), padded, strict=True))


NERFSTUDIO = Format(
    name="nerfstudio",
    title="nerfstudio transforms.json",
    layout=picture_layout.TRANSFORMS_JSON,
    matches=matches,
    read_cameras=read,
    write=write,
    limits=_NERFSTUDIO,
    names_pictures=True,
)
INSTANT_NGP = Format(
    name="instant-ngp",
    title="instant-ngp transforms.json",
    layout=picture_layout.TRANSFORMS_JSON,
    matches=matches,
    read_cameras=read,
    write=write,
    limits=_INSTANT_NGP,
    names_pictures=True,
)
