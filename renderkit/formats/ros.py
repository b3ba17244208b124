"""ROS camera_info YAML: one camera per file, or a folder of such files; intrinsics only.

Written by camera_calibration_parsers and image_pipeline's cameracalibrator (camera_matrix, distortion_coefficients,
rectification_matrix, projection_matrix as rows, cols, data), or a CameraInfo message as printed (K, D, R, P or k, d, r,
p). Pixel (0, 0) is the CENTRE of the top-left pixel, OpenCV's, whose calibration it is. Source: sensor_msgs/CameraInfo:
plumb_bob is k1 k2 p1 p2 k3, rational_polynomial k1 k2 p1 p2 k3 .. k6, equidistant OpenCV's fisheye model. K and D
belong to the raw picture; R and P to the rectified one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig
from renderkit.formats.format import Format
from renderkit.formats.no_pose import NO_POSE, no_pose_note
from renderkit.formats.unread import unread_notes
from renderkit.geometry.lens_model import ModelName
from renderkit.untrusted.content import Content, Untrusted, mapping_at, numbers, size_at

_MODELS: dict[str, ModelName] = {
    "plumb_bob": "brown_conrady",
    "radial-tangential": "brown_conrady",
    "rational_polynomial": "brown_conrady",
    "equidistant": "kannala_brandt",
    "fisheye": "kannala_brandt",
}
_KEYS = {
    "K": ("camera_matrix", "K", "k"),
    "D": ("distortion_coefficients", "D", "d"),
    "R": ("rectification_matrix", "R", "r"),
    "P": ("projection_matrix", "P", "p"),
    "width": ("image_width", "width"),
    "height": ("image_height", "height"),
}
_READ = {key for keys in _KEYS.values() for key in keys} | {"camera_name", "distortion_model"}
_HARMLESS = {"header"}
_SUFFIXES = {".yaml", ".yml"}


def matches(content: Content) -> bool:
    """Return True for YAML with a distortion_model and camera_matrix or K, or a folder of such files."""
    if content.is_folder:
        return bool(_files(content))
    head = b"\n" + content.head
    if b"!!opencv-matrix" in head or b"\ndistortion_model:" not in head:
        return False
    return any(b"\n" + key.encode() + b":" in head for key in _KEYS["K"])


def _files(content: Content) -> list[Content]:
    inside = (Content(one) for one in sorted(content.path.iterdir()) if one.suffix in _SUFFIXES and one.is_file())
    return [one for one in inside if matches(one)]


def read(content: Content) -> RawRig:
    """Read the file, or every camera_info file of the folder."""
    files = _files(content) if content.is_folder else [content]
    entries = [mapping_at(file.yaml, file.path, None) for file in files]
    names = [str(entry.get("camera_name") or file.path.stem) for entry, file in zip(entries, files, strict=True)]
    if len(set(names)) < len(names):
        names = [file.path.stem for file in files]
    cameras = tuple(
        _read_camera(name, entry, file.path) for name, entry, file in zip(names, entries, files, strict=True)
    )
    notes = (no_pose_note(len(cameras), "; ROS keeps poses in tf"), *_rectification_notes(entries, files))
    return RawRig(cameras, content.path, "unknown", notes=(*notes, *unread_notes(entries, _READ, _HARMLESS)))


def _read_camera(name: str, entry: Mapping[str, Untrusted], path: Path) -> RawCamera:
    kind = str(entry.get("distortion_model") or "plumb_bob")
    if kind not in _MODELS:
        why = f"distortion model {kind!r} has no counterpart in OpenCV's models; expected one of {', '.join(_MODELS)}"
        raise CalibrationError(path, "distortion_model", why)
    K = _matrix(entry, "K", [(3, 3)], path)
    if K is None:
        raise DatasetError(path, "camera_matrix", "the intrinsics are missing: expected camera_matrix or K")
    lens = _matrix(entry, "D", [(1, None), (None, 1), (None,)], path)
    width, height = (next((entry[key] for key in _KEYS[side] if key in entry), None) for side in ("width", "height"))
    size = None if width is None and height is None else size_at(width, height, path, "image_width")
    values = () if lens is None else tuple(lens.ravel().tolist())
    return RawCamera(name, K, NO_POSE, coefficients=values, model=_MODELS[kind], size=size)


def _matrix(
    entry: Mapping[str, Untrusted], what: str, shapes: list[tuple[int | None, ...]], path: Path
) -> FloatArray | None:
    """Return a matrix given as rows, cols, data, or as its numbers row by row; None where it is absent."""
    key = next((key for key in _KEYS[what] if key in entry), None)
    if key is None or entry[key] is None:
        return None
    value = entry[key]
    if isinstance(value, Mapping):
        value = value.get("data")
    flat = numbers(value, [(None,), (None, None)], path, key).ravel()
    square = [shape for shape in shapes if None not in shape]
    if not square:
        return flat
    rows, columns = (int(side or 0) for side in square[0])
    if flat.size != rows * columns:
        raise DatasetError(path, key, f"expected {rows} x {columns} numbers, found {flat.size}")
    return flat.reshape(rows, columns)


def _rectification_notes(entries: list[Mapping[str, Untrusted]], files: list[Content]) -> tuple[str, ...]:
    """Say that R and P are not applied, where they would change anything."""
    changed = 0
    for entry, file in zip(entries, files, strict=True):
        K, R, P = (_matrix(entry, what, [shape], file.path) for what, shape in
                   (("K", (3, 3)), ("R", (3, 3)), ("P", (3, 4))))  # fmt: skip
        rotated = R is not None and not np.allclose(R, np.eye(3))
        projected = P is not None and K is not None and not np.allclose(P, np.column_stack([K, np.zeros(3)]))
        changed += rotated or projected
    if not changed:
        return ()
    return (
        f"rectification_matrix (R) and projection_matrix (P) are not applied ({changed} cameras): K and distortion "
        "are those of the raw pictures; for rectified pictures give P's K without distortion",
    )


FORMAT = Format(
    name="ros",
    title="ROS camera_info YAML",
    matches=matches,
    read_cameras=read,
)
