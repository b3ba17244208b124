"""Cameras of nobody's format: JSON lists or objects of {K, R, t, dist} and .npz arrays, under any usual key.

Known spellings among others: HuMMan ({name: {K, R, T}}), MultiHuman ({K (9), RT (12), distCoeff, imgSize}), [{K, R, t,
dist}]. A key such as w2c or cam2world says which way a pose maps; R and t, RT or extrinsic do not: they are read as
OpenCV has them, world-to-camera, unless the optical axes clearly meet the other way, and a note says so. OpenCV axes;
pixel (0, 0) is taken as the CENTRE of the top-left pixel; the unit is not known.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import PoseDirection, RawCamera, RawRig, pose_matrix
from renderkit.formats.format import Format
from renderkit.formats.no_pose import NO_POSE, no_pose_note
from renderkit.formats.pose_direction import with_direction_by_evidence
from renderkit.formats.unread import unread_notes
from renderkit.geometry.distortion import ModelName
from renderkit.geometry.rotation import matrix_from_rotation_vector
from renderkit.untrusted.content import Content, Untrusted, flag_at, mapping_at, numbers, size_at
from renderkit.untrusted.npz import npz_names, read_npz

_K = ("K", "k", "intrinsic", "intrinsics", "intrinsic_matrix", "camera_matrix", "cameraMatrix", "mtx", "Ks")
_R = ("R", "rotation", "rot", "Rotation", "rvec", "rotation_matrix", "Rs")
_T = ("t", "T", "tvec", "translation", "trans", "Translation", "translation_vector", "ts")
_POSE = ("RT", "Rt", "rt", "extrinsic", "extrinsics", "extrinsic_matrix", "pose")
_W2C = ("w2c", "world_to_camera", "world2cam", "world2camera", "cam_from_world", "world_view_transform", "viewmat")
_C2W = ("c2w", "camera_to_world", "cam2world", "camera2world", "world_from_cam", "camtoworld", "cam_to_world")
_D = ("dist", "D", "d", "distCoeff", "distCoef", "distCoeffs", "dist_coeffs", "dist_coef", "distortion", "distortions",
      "distortion_coefficients")  # fmt: skip
_SIZE = ("imgSize", "image_size", "imageSize", "size", "resolution", "img_size")
_WIDTH, _HEIGHT = ("width", "w", "W", "image_width"), ("height", "h", "H", "image_height")
_NAME = ("name", "camera_name", "cam_name", "camera_id", "cam_id", "camera", "id", "img_name")
_FISHEYE = ("fisheye", "is_fisheye")
_READ = {*_K, *_R, *_T, *_POSE, *_W2C, *_C2W, *_D, *_SIZE, *_WIDTH, *_HEIGHT, *_NAME, *_FISHEYE}
_DICTIONARY = {"K", "D", "RT", "width", "height", "W", "H", "w", "h"}
"""Entries with these keys alone are the dictionary format of RenderMe-360's benchmark, whose RT has a direction."""

_ZIP = b"PK\x03\x04"
Entry = Mapping[str, Untrusted]


def matches(content: Content) -> bool:
    """Return True for JSON whose entries hold intrinsics and a pose, or an .npz file with arrays of them."""
    if content.head.startswith(_ZIP):
        return _is_camera(dict.fromkeys(npz_names(content.path), ""))
    entries = _json_entries(content.json_or_none)
    cameras = [one for one in entries.values() if isinstance(one, Mapping) and _is_camera(one)]
    return bool(cameras) and len(cameras) == len(entries) and not all(one.keys() <= _DICTIONARY for one in cameras)


def _is_camera(entry: Entry) -> bool:
    posed = any(key in entry for key in (*_POSE, *_W2C, *_C2W))
    posed = posed or (any(key in entry for key in _R) and any(key in entry for key in _T))
    return posed and any(key in entry for key in _K)


def _json_entries(value: Untrusted) -> dict[str, Untrusted]:
    """Return the cameras by their key or place: the top level, or what stands under "cameras" or "frames"."""
    if isinstance(value, Mapping):
        value = next((value[key] for key in ("cameras", "cams", "frames") if key in value), value)
    if isinstance(value, list):
        return {str(index): entry for index, entry in enumerate(value)}
    return dict(value) if isinstance(value, Mapping) else {}


def read(content: Content) -> RawRig:
    """Read the cameras."""
    path = content.path
    found = _npz_entries(path) if content.head.startswith(_ZIP) else _json_entries(content.json)
    entries = {key: mapping_at(entry, path, key) for key, entry in found.items()}
    names = [str(entry[one]) if (one := _first(entry, _NAME)) else key for key, entry in entries.items()]
    if len(set(names)) < len(names):
        names = list(entries)
    cameras = [_read_camera(name, key, entry, path) for name, (key, entry) in zip(names, entries.items(), strict=True)]
    stated = [_stated_direction(entry) for entry in entries.values()]
    cameras, notes = _directed(cameras, stated, path)
    notes = (*notes, *unread_notes(entries.values(), _READ, {"rectifyAlpha"}))
    return RawRig(tuple(cameras), path, "unknown", notes=notes)


def _npz_entries(path: Path) -> dict[str, Untrusted]:
    """Return one entry per camera: arrays whose first side is the number of cameras are taken apart."""
    arrays = {key: value for key, value in read_npz(path).items() if value.dtype.kind in "fiuU"}
    K = next((arrays[key] for key in _K if key in arrays), None)
    if K is None or K.ndim != 3:
        raise DatasetError(path, "K", f"expected K of shape (N, 3, 3), found {None if K is None else K.shape}")
    count = len(K)
    per_camera = {key: value for key, value in arrays.items() if value.ndim and len(value) == count}
    shared = {key: value for key, value in arrays.items() if key not in per_camera}
    return {
        str(index): {**shared, **{key: value[index] for key, value in per_camera.items()}} for index in range(count)
    }


def _first(entry: Entry, keys: Collection[str]) -> str | None:
    return next((key for key in keys if entry.get(key) is not None), None)


def _stated_direction(entry: Entry) -> PoseDirection | None:
    if _first(entry, _W2C) is not None:
        return "cam_from_world"
    return "world_from_cam" if _first(entry, _C2W) is not None else None


def _directed(
    cameras: list[RawCamera], stated: list[PoseDirection | None], path: Path
) -> tuple[list[RawCamera], tuple[str, ...]]:
    """Return the cameras with the direction that their keys state, or that their optical axes support."""
    if all(camera.pose is NO_POSE for camera in cameras):
        return cameras, (no_pose_note(len(cameras)),)
    if all(direction is not None for direction in stated):
        return [replace(one, direction=way) for one, way in zip(cameras, stated, strict=True) if way is not None], ()
    if any(direction is not None for direction in stated):
        raise DatasetError(path, None, "some cameras say which way their pose maps and some do not")
    directed, note = with_direction_by_evidence(cameras)
    return list(directed), (note,)


def _read_camera(name: str, key: str, entry: Entry, path: Path) -> RawCamera:
    where = f"{key}."
    K_key = _first(entry, _K)
    if K_key is None:
        raise DatasetError(path, f"{where}K", f"the intrinsics are missing: expected one of {', '.join(_K)}")
    K = _square(entry[K_key], path, f"{where}{K_key}")
    lens_key = _first(entry, _D)
    lens = () if lens_key is None else tuple(np.ravel(_any(entry[lens_key], path, f"{where}{lens_key}")).tolist())
    fisheye = _first(entry, _FISHEYE)
    is_fisheye = fisheye is not None and flag_at(_plain(entry[fisheye]), path, f"{where}{fisheye}")
    model: ModelName = "kannala_brandt" if is_fisheye else "brown_conrady"
    return RawCamera(name, K, _pose(entry, path, where), coefficients=lens, model=model, size=_size(entry, path, where))


def _plain(value: Any) -> Any:  # noqa: ANN401 - an array's single value as Python's own
    return value.item() if isinstance(value, np.ndarray | np.generic) else value


def _any(value: Untrusted, path: Path, key: str) -> FloatArray:
    return numbers(value, [(None,), (None, None)], path, key)


def _square(value: Untrusted, path: Path, key: str) -> FloatArray:
    """Return (3, 3) intrinsics of (3, 3), (3, 4), (4, 4) or nine numbers row by row."""
    matrix = numbers(value, [(3, 3), (3, 4), (4, 4), (9,)], path, key)
    return matrix.reshape(3, 3) if matrix.ndim == 1 else matrix[:3, :3]


def _pose(entry: Entry, path: Path, where: str) -> FloatArray:
    key = _first(entry, (*_W2C, *_C2W, *_POSE))
    if key is not None:
        matrix = numbers(entry[key], [(3, 4), (4, 4), (12,), (16,)], path, f"{where}{key}")
        return (matrix.reshape(-1, 4) if matrix.ndim == 1 else matrix)[:3]
    rotation_key, translation_key = _first(entry, _R), _first(entry, _T)
    if rotation_key is None and translation_key is None:
        return NO_POSE
    if rotation_key is None or translation_key is None:
        raise DatasetError(path, f"{where}t", "expected both a rotation and a translation")
    shapes = [(3, 3), (9,), (3,), (3, 1), (1, 3)]
    rotation = numbers(entry[rotation_key], shapes, path, f"{where}{rotation_key}")
    if rotation.size == 3:
        rotation = matrix_from_rotation_vector(rotation.ravel())
    translation = numbers(entry[translation_key], [(3,), (3, 1), (1, 3)], path, f"{where}{translation_key}")
    return pose_matrix(rotation.reshape(3, 3), translation.ravel())


def _size(entry: Entry, path: Path, where: str) -> tuple[int, int] | None:
    key = _first(entry, _SIZE)
    if key is not None:
        width, height = numbers(entry[key], [(2,)], path, f"{where}{key}")
        return size_at(width, height, path, f"{where}{key}")
    across, down = _first(entry, _WIDTH), _first(entry, _HEIGHT)
    if across is None or down is None:
        return None
    return size_at(_plain(entry[across]), _plain(entry[down]), path, f"{where}{across}")


FORMAT = Format(
    name="plain",
    title="plain cameras {K, R, t, dist} (JSON, .npz)",
    matches=matches,
    read_cameras=read,
)
