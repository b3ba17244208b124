"""SDFStudio meta_data.json: camera-to-world with OpenCV axes, intrinsics (4, 4) per frame; no distortion, no unit.

Pixel (0, 0) is the CORNER of the image: SDFStudio shoots rays through x + 0.5, as nerfstudio does. worldtogt maps the
file's world to the ground truth's; it is not applied. Source: SDFStudio, docs/sdfstudio-data.md and its data parser.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from renderkit.formats.as_stated import RawCamera, RawRig
from renderkit.formats.format import Format
from renderkit.formats.matrices import extrinsics_at, intrinsics_at
from renderkit.formats.names import names_from_pictures
from renderkit.formats.unread import unread_notes
from renderkit.geometry.conventions import intrinsics_from_corner_origin
from renderkit.untrusted.content import Content, Untrusted, field, list_at, mapping_at, name_at, size_at

_READ = {"camtoworld", "intrinsics", "rgb_path"}
_HARMLESS = {
    "mono_depth_path", "mono_normal_path", "sensor_depth_path", "foreground_mask", "sfm_sparse_points_view",
    "mask_path",
}  # fmt: skip
_TOP = {"frames", "width", "height", "worldtogt", "camera_model"}
_TOP_HARMLESS = {
    "has_mono_prior",
    "has_sensor_depth",
    "has_foreground_mask",
    "has_sparse_sfm_points",
    "pairs",
    "scene_box",
}


def matches(content: Content) -> bool:
    """Return True for JSON with frames that hold camtoworld and intrinsics, or a folder with meta_data.json."""
    value = _inside(content).json_or_none
    frames = value.get("frames") if isinstance(value, Mapping) else None
    first = frames[0] if isinstance(frames, list) and frames else None
    return isinstance(first, Mapping) and {"camtoworld", "intrinsics"} <= first.keys()


def _inside(content: Content) -> Content:
    return Content(content.path / "meta_data.json") if content.has("meta_data.json") else content


def read(content: Content) -> RawRig:
    """Read meta_data.json."""
    inside = _inside(content)
    path = inside.path
    top = mapping_at(inside.json, path, None)
    frames = list_at(field(top, "frames", path), path, "frames")
    entries = [mapping_at(one, path, f"frames[{i}]") for i, one in enumerate(frames)]
    size = size_at(field(top, "width", path), field(top, "height", path), path, "width")
    names = names_from_pictures(
        [
            name_at(entry.get("rgb_path", index), path, f"frames[{index}].rgb_path")
            for index, entry in enumerate(entries)
        ]
    )
    cameras = tuple(
        _read_frame(name, entry, size, path, f"frames[{i}].")
        for i, (name, entry) in enumerate(zip(names, entries, strict=True))
    )
    notes = unread_notes(entries, _READ, _HARMLESS) + unread_notes([top], _TOP, _TOP_HARMLESS, per=None)
    world = top.get("worldtogt")
    if world is not None and not np.array_equal(extrinsics_at(world, path, "worldtogt"), np.eye(3, 4)):
        notes = ("worldtogt is not applied: map a mesh of the ground truth's world by its inverse", *notes)
    return RawRig(cameras, content.path, "unknown", notes=notes)


def _read_frame(name: str, entry: Mapping[str, Untrusted], size: tuple[int, int], path: Path, where: str) -> RawCamera:
    K = intrinsics_at(field(entry, "intrinsics", path, where), path, f"{where}intrinsics")
    pose = extrinsics_at(field(entry, "camtoworld", path, where), path, f"{where}camtoworld")
    return RawCamera(name, intrinsics_from_corner_origin(K), pose, "world_from_cam", size=size)


FORMAT = Format(
    name="sdfstudio",
    title="SDFStudio meta_data.json",
    matches=matches,
    read_cameras=read,
)
