"""Nerfies', HyperNeRF's and DyCheck's cameras: one JSON per picture, in a folder camera/.

`orientation` is the world-to-camera rotation with OpenCV axes, `position` the camera's centre. focal_length is fx,
pixel_aspect_ratio fy / fx. Pixel (0, 0) is the CORNER of the image: pixels_to_rays is called with centres at + 0.5.
radial_distortion k1 k2 k3 and tangential_distortion p1 p2 are OpenCV's. Source: google/nerfies, nerfies/camera.py
(project, get_pixel_centers); KAIR-BAIR/dycheck, dycheck/geometry/camera.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from renderkit.formats.as_stated import RawCamera, RawRig, intrinsics, pose_from_center
from renderkit.formats.format import Format
from renderkit.formats.unread import unread_notes
from renderkit.geometry.conventions import CORNER_PIXEL_ORIGIN
from renderkit.untrusted.content import Content, Untrusted, field, mapping_at, number, numbers, size_pair_at

_MARKS = {"orientation", "position", "focal_length", "principal_point", "image_size"}
_READ = {*_MARKS, "skew", "pixel_aspect_ratio", "radial_distortion", "tangential_distortion", "tangential"}


def matches(content: Content) -> bool:
    """Return True for one such file, or a folder of them, also under the name camera/."""
    if content.is_folder:
        return bool(_files(content.path))
    value = content.json_or_none
    return isinstance(value, Mapping) and value.keys() >= _MARKS


def _files(folder: Path) -> list[Path]:
    for inside in (folder / "camera", folder):
        files = sorted(inside.glob("*.json"))
        if files and matches(Content(files[0])):
            return files
    return []


def read(content: Content) -> RawRig:
    """Read one file, or all of a folder; cameras are named after their files."""
    path = content.path
    files = [Content(one) for one in _files(path)] if content.is_folder else [content]
    entries = {file.path.stem: mapping_at(file.json, file.path, None) for file in files}
    cameras = tuple(_read_camera(file.path.stem, entries[file.path.stem], file.path) for file in files)
    return RawRig(cameras, path, "unknown", notes=unread_notes(entries.values(), _READ))


def _read_camera(name: str, entry: Mapping[str, Untrusted], path: Path) -> RawCamera:
    rotation = numbers(field(entry, "orientation", path), [(3, 3)], path, "orientation")
    center = numbers(field(entry, "position", path), [(3,)], path, "position")
    focal = number(field(entry, "focal_length", path), path, "focal_length")
    ratio = number(entry.get("pixel_aspect_ratio", 1.0), path, "pixel_aspect_ratio")
    cx, cy = numbers(field(entry, "principal_point", path), [(2,)], path, "principal_point") - CORNER_PIXEL_ORIGIN
    size = size_pair_at(field(entry, "image_size", path), path, "image_size")
    k1, k2, k3 = numbers(entry.get("radial_distortion") or [0.0] * 3, [(3,)], path, "radial_distortion").tolist()
    stated = entry.get("tangential_distortion", entry.get("tangential")) or [0.0] * 2
    p1, p2 = numbers(stated, [(2,)], path, "tangential_distortion").tolist()
    K = intrinsics(focal, focal * ratio, cx, cy, number(entry.get("skew", 0.0), path, "skew"))
    lens = (k1, k2, p1, p2, k3) if any((k1, k2, k3, p1, p2)) else ()
    pose = pose_from_center(rotation, center)
    return RawCamera(name, K, pose, coefficients=lens, size=size)


FORMAT = Format(
    name="nerfies",
    title="Nerfies / HyperNeRF camera/*.json",
    matches=matches,
    read_cameras=read,
)
