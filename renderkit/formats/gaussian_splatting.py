"""3D Gaussian Splatting cameras.json: camera-to-world rotation and position, OpenCV axes, fx fy, width, height.

No principal point and no distortion: it is the image's CENTRE, ((w - 1) / 2, (h - 1) / 2) where pixel (0, 0) is the
centre of the top-left pixel, as the rasterizer's ndc2Pix puts it; files that state another one (cx, cy) are refused.
Source: gaussian-splatting, utils/camera_utils.py (camera_to_JSON), and diff-gaussian-rasterization, auxiliary.h. No
unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig, centered_intrinsics, pose_matrix
from renderkit.formats.format import Format
from renderkit.formats.names import names_from_pictures
from renderkit.formats.unread import unread_notes
from renderkit.untrusted.content import (
    Content,
    Untrusted,
    field,
    list_at,
    mapping_at,
    name_at,
    number,
    numbers,
    size_at,
)

_CENTER = ("cx", "cy")
_NEAR_PX = 0.501
_KEYS = {"img_name", "width", "height", "position", "rotation", "fx", "fy"}


def matches(content: Content) -> bool:
    """Return True for a JSON list of objects with img_name, position, rotation, fx and fy."""
    value = _listed(content.json_or_none)
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping) and value[0].keys() >= _KEYS


def _listed(value: Untrusted) -> Untrusted:
    """Return the list of cameras, which some programs put under "cameras"."""
    return value.get("cameras") if isinstance(value, Mapping) and value.keys() == {"cameras"} else value


def read(content: Content) -> RawRig:
    """Read cameras.json; of cameras with one picture name, the number is added."""
    path = content.path
    entries = [mapping_at(one, path, f"[{i}]") for i, one in enumerate(list_at(_listed(content.json), path, None))]
    names = [name_at(entry.get("img_name", index), path, f"[{index}].img_name") for index, entry in enumerate(entries)]
    if len(set(names)) < len(names):
        names = [f"{name}_{index}" for index, name in enumerate(names)]
    names = list(names_from_pictures(names))
    cameras = tuple(
        _read_camera(name, entry, path, f"[{i}].") for i, (name, entry) in enumerate(zip(names, entries, strict=True))
    )
    notes = ("the format has no principal point: the image's centre", *unread_notes(entries, _KEYS, {"id", *_CENTER}))
    return RawRig(cameras, path, "unknown", notes=notes)


def _read_camera(name: str, entry: Mapping[str, Untrusted], path: Path, where: str) -> RawCamera:
    rotation = numbers(field(entry, "rotation", path, where), [(3, 3)], path, f"{where}rotation")
    position = numbers(field(entry, "position", path, where), [(3,)], path, f"{where}position")
    size = size_at(field(entry, "width", path, where), field(entry, "height", path, where), path, f"{where}width")
    fx, fy = (number(field(entry, key, path, where), path, where + key) for key in ("fx", "fy"))
    _require_center(entry, size, path, where)
    return RawCamera(
        name, centered_intrinsics(fx, fy)(size), pose_matrix(rotation, position), "world_from_cam", size=size
    )


def _require_center(entry: Mapping[str, Untrusted], size: tuple[int, int], path: Path, where: str) -> None:
    """Refuse a principal point that is not the image's centre in either pixel origin."""
    for key, side in zip(_CENTER, size, strict=True):
        if entry.get(key) is not None and abs(number(entry[key], path, where + key) - 0.5 * side) > _NEAR_PX:
            why = (
                f"3DGS's cameras.json has no principal point, and {key} here is not the image's centre; its pixel "
                "origin is not known. Give the cameras as COLMAP or as JSON with K, R and t"
            )
            raise DatasetError(path, where + key, why)


FORMAT = Format(
    name="3dgs",
    title="3D Gaussian Splatting cameras.json",
    matches=matches,
    read_cameras=read,
)
