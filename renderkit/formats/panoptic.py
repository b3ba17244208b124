"""CMU Panoptic Studio calibration_<sequence>.json: world-to-camera, OpenCV axes, centimetres.

Per camera K (3, 3), distCoef (k1 k2 p1 p2 k3), R (3, 3), t (3, 1), resolution [w, h]. Source: panoptic-toolbox,
python/panutils.py (projectPoints: x = R X + t, then OpenCV's five coefficients on normalised coordinates). Pixel (0, 0)
is the CENTRE of the top-left pixel: the toolbox draws at these coordinates unshifted.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from renderkit.formats.as_stated import RawCamera, RawRig, pose_matrix
from renderkit.formats.format import Format
from renderkit.formats.matrices import coefficients_at, intrinsics_at
from renderkit.formats.unread import unread_notes
from renderkit.untrusted.content import Content, Untrusted, field, list_at, mapping_at, name_at, numbers, size_pair_at

_READ = {"name", "K", "distCoef", "R", "t", "resolution"}
_HARMLESS = {"type", "panel", "node"}


def matches(content: Content) -> bool:
    """Return True for JSON with a list "cameras" whose entries have K, distCoef, R and t."""
    value = content.json_or_none
    cameras = value.get("cameras") if isinstance(value, Mapping) else None
    first = cameras[0] if isinstance(cameras, list) and cameras else None
    return isinstance(first, Mapping) and {"K", "distCoef", "R", "t"} <= first.keys()


def read(content: Content) -> RawRig:
    """Read the calibration; translations stay in centimetres, as the dataset's meshes and joints are."""
    path = content.path
    top = mapping_at(content.json, path, None)
    entries = [
        mapping_at(entry, path, f"cameras[{index}]")
        for index, entry in enumerate(list_at(field(top, "cameras", path), path, "cameras"))
    ]
    cameras = tuple(_read_camera(entry, index, path) for index, entry in enumerate(entries))
    notes = (
        "the unit is the centimetre, as the dataset's joints and meshes: nothing is scaled",
        *unread_notes(entries, _READ, _HARMLESS),
        *unread_notes([top], {"cameras"}, {"calibDataSource"}, per=None),
    )
    return RawRig(cameras, path, "unknown", notes=notes)


def _read_camera(entry: Mapping[str, Untrusted], index: int, path: Path) -> RawCamera:
    where = f"cameras[{index}]."
    K = intrinsics_at(field(entry, "K", path, where), path, f"{where}K")
    rotation = numbers(field(entry, "R", path, where), [(3, 3)], path, f"{where}R")
    translation = numbers(field(entry, "t", path, where), [(3, 1), (3,), (1, 3)], path, f"{where}t").ravel()
    lens = coefficients_at(entry.get("distCoef"), path, f"{where}distCoef")
    size = size_pair_at(entry["resolution"], path, f"{where}resolution") if "resolution" in entry else None
    name = name_at(entry.get("name", index), path, f"{where}name")
    return RawCamera(name, K, pose_matrix(rotation, translation), coefficients=lens, size=size)


FORMAT = Format(
    name="panoptic",
    title="CMU Panoptic calibration JSON",
    matches=matches,
    read_cameras=read,
)
