"""MC-Calib calibrated_cameras_data.yml: camera_<i> with camera_matrix, distortion_vector and camera_pose_matrix.

camera_pose_matrix (4, 4) is camera-to-world, the world being the reference camera of its group; OpenCV axes; the unit
is that of the board's squares. distortion_type 0 is Brown-Conrady, 1 OpenCV's fisheye model, 2 the double sphere. Pixel
(0, 0) is the CENTRE of the top-left pixel, as of OpenCV's corner detectors. Source: MC-Calib, McCalib/src/McCalib.cpp
(saveCamerasParams, which inverts getCameraPoseMat).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig, UnsupportedLensError, read_each
from renderkit.formats.file_storage import parse_storage, stored_matrix
from renderkit.formats.format import Format
from renderkit.formats.matrices import extrinsics_at
from renderkit.formats.unread import unread_notes
from renderkit.geometry.lens_model import ModelName
from renderkit.untrusted.content import Content, Untrusted, field, mapping_at, number, size_at

_CAMERA = re.compile(r"camera_\d{1,6}\Z")
_MODELS: Mapping[int, ModelName] = {0: "brown_conrady", 1: "kannala_brandt"}
_READ = {"camera_matrix", "distortion_vector", "distortion_type", "img_width", "img_height", "camera_pose_matrix"}
_HARMLESS = {"camera_group"}


def matches(content: Content) -> bool:
    """Return True for a file of OpenCV's FileStorage with nb_camera and camera_pose_matrix."""
    return b"nb_camera" in content.head and b"camera_pose_matrix" in content.head


def read(content: Content) -> RawRig:
    """Read the cameras; those of several groups do not share one world."""
    path = content.path
    top = mapping_at(parse_storage(content), path, None)
    entries = {key: mapping_at(value, path, key) for key, value in top.items() if _CAMERA.match(key)}
    if not entries:
        raise DatasetError(path, "camera_0", "the file has no camera")
    cameras, failed = read_each(entries, lambda name: _read_camera(name, entries[name], path))
    groups = {str(entry.get("camera_group")) for entry in entries.values()}
    notes = unread_notes(entries.values(), _READ, _HARMLESS) + unread_notes([top], {"nb_camera", *entries}, per=None)
    if len(groups) > 1:
        notes = (f"{len(groups)} camera groups: their cameras do not share one world", *notes)
    return RawRig(cameras, path, "unknown", notes=notes, failed=failed, order=tuple(entries))


def _read_camera(name: str, entry: Mapping[str, Untrusted], path: Path) -> RawCamera:
    where = f"{name}."
    kind = int(number(entry.get("distortion_type", 0), path, f"{where}distortion_type"))
    if kind not in _MODELS:
        why = f"distortion type {kind} has no counterpart in OpenCV's models; expected 0 (Brown) or 1 (Kannala)"
        raise UnsupportedLensError(path, f"{where}distortion_type", why)
    K = stored_matrix(field(entry, "camera_matrix", path, where), [(3, 3)], path, f"{where}camera_matrix")
    vector = field(entry, "distortion_vector", path, where)
    lens = stored_matrix(vector, [(None,), (1, None), (None, 1)], path, f"{where}distortion_vector").ravel()
    key = f"{where}camera_pose_matrix"
    stored = stored_matrix(field(entry, "camera_pose_matrix", path, where), [(4, 4), (3, 4)], path, key)
    size = size_at(field(entry, "img_width", path, where), field(entry, "img_height", path, where), path, where)
    return RawCamera(
        name,
        K,
        extrinsics_at(stored, path, key),
        "world_from_cam",
        coefficients=tuple((lens[:4] if kind else lens).tolist()),
        model=_MODELS[kind],
        size=size,
    )


FORMAT = Format(
    name="mc-calib",
    title="MC-Calib calibrated_cameras_data.yml",
    matches=matches,
    read_cameras=read,
)
