"""What one camera of nobody's format states, under any usual key: intrinsics, lens, pose, size."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import PoseDirection, intrinsics, pose_matrix
from renderkit.formats.lens_words import LENS_KEYS, stated_lens_model
from renderkit.formats.matrices import coefficients_at, extrinsics_at, intrinsics_at
from renderkit.formats.no_pose import NO_POSE
from renderkit.geometry.lens_model import ModelName
from renderkit.geometry.rotation import matrix_from_rotation_vector
from renderkit.untrusted.content import Untrusted, flag_at, number, numbers, size_at, size_pair_at

K_KEYS: Final = ("K", "k", "intrinsic", "intrinsics", "intrinsic_matrix", "camera_matrix", "cameraMatrix", "mtx", "Ks",
                 "matrix")  # fmt: skip
_FOCAL = ("fx", "fy", "cx", "ppx", "cy", "ppy", "skew")
R_KEYS: Final = ("R", "rotation", "rot", "Rotation", "rvec", "rotation_matrix", "Rs")
_T = ("t", "T", "tvec", "translation", "trans", "Translation", "translation_vector", "ts")
CENTER_KEYS: Final = ("C", "center", "centre", "camera_center", "position", "pos", "cam_pos")
POSE_KEYS: Final = ("RT", "Rt", "rt", "extrinsic", "extrinsics", "extrinsic_matrix", "pose")
W2C_KEYS: Final = ("w2c", "world_to_camera", "world2cam", "world2camera", "worldToCamera", "world_to_cam",
                   "cam_from_world", "viewmat", "T_cam_world", "T_cw", "Tcw", "T_w2c",
                   "world2cams", "w2cs")  # fmt: skip
C2W_KEYS: Final = ("c2w", "camera_to_world", "cam2world", "camera2world", "cameraToWorld", "cam_to_world",
                   "world_from_cam", "camtoworld", "T_world_cam", "T_wc", "Twc", "T_c2w", "cams2world", "cam2worlds",
                   "camtoworlds", "c2ws", "T_BS")  # fmt: skip
_D = ("dist", "D", "d", "distCoeff", "distCoef", "distCoeffs", "dist_coeffs", "dist_coef", "distortion", "distortions",
      "distortion_coefficients", "distortion_coeffs", "distortion_params", "coeffs")  # fmt: skip
_TERMS = ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6", "s1", "s2", "s3", "s4")
_FISHEYE_TERMS = ("k1", "k2", "k3", "k4")
SIZE_KEYS: Final = ("imgSize", "image_size", "imageSize", "size", "resolution", "img_size")
_WIDTH, _HEIGHT = ("width", "w", "W", "image_width"), ("height", "h", "H", "image_height")
_FISHEYE = ("fisheye", "is_fisheye")
_MAX_TURN = 2.0 * np.pi + 1e-6
_POSE_BY_NUMBER = ("t_00", "t_03")
"""Polycam's pose, in axes of its own: not read."""

_AGREE = 1e-3
"""Two statements of one pose differ by no more, against the length of its translation."""

Entry = Mapping[str, Untrusted]


def used_keys(entry: Entry) -> set[str]:
    """Return the keys of an entry that are read: of several that state one thing, the first."""
    matrix, whole, stated = (first_of(entry, keys) for keys in (K_KEYS, (*W2C_KEYS, *C2W_KEYS, *POSE_KEYS), _D))
    other = first_of(entry, C2W_KEYS) if whole in W2C_KEYS else None  # compared
    halves = [] if whole else [first_of(entry, R_KEYS), first_of(entry, (*_T, *CENTER_KEYS))]
    size = first_of(entry, SIZE_KEYS)
    sides = [] if size else [first_of(entry, _WIDTH), first_of(entry, _HEIGHT)]
    named = {*(() if matrix else _FOCAL), *(() if stated else _TERMS)}
    return {
        key for key in (matrix, whole, stated, other, *halves, size, *sides, first_of(entry, _FISHEYE)) if key
    } | named


def is_camera(entry: Entry) -> bool:
    """Return whether an entry has the keys of intrinsics and of a pose, or intrinsics beyond doubt."""
    if not _is_posed(entry):
        return _has_intrinsics_alone(entry)
    named = {"fx", "fy"} <= entry.keys() and ("cx" in entry or "ppx" in entry)
    return named or any(key in entry for key in K_KEYS)


def _is_posed(entry: Entry) -> bool:
    turned = any(key in entry for key in R_KEYS) and any(key in entry for key in (*_T, *CENTER_KEYS))
    return turned or any(key in entry for key in (*POSE_KEYS, *W2C_KEYS, *C2W_KEYS))


def _has_intrinsics_alone(entry: Entry) -> bool:
    """Return whether an entry without a pose has four numbers by name, or a matrix with a lens or a size."""
    if any(key in entry for key in (*R_KEYS, *_T, *CENTER_KEYS, *_POSE_BY_NUMBER)):
        return False
    key = first_of(entry, K_KEYS)
    if key is None:
        names = ("fx", "fy", "cx" if "cx" in entry else "ppx", "cy" if "cy" in entry else "ppy")
        return all(isinstance(entry.get(name), int | float) for name in names)
    value = entry[key]
    is_matrix = isinstance(value, list) and len(value) == 3 and all(isinstance(one, list) for one in value)
    return is_matrix and any(one in entry for one in (*_D, *SIZE_KEYS, *_WIDTH))


def opened(entry: Entry) -> dict[str, Untrusted]:
    """Return an entry whose objects such as {"intrinsics": {"fx": ...}} stand open: their keys are the entry's own."""
    flat: dict[str, Untrusted] = {}
    posed = _is_posed(entry)
    for key, stored in entry.items():
        value = _unstored(stored) if posed else stored
        flat |= dict(value) if key in {*K_KEYS, *POSE_KEYS, *_D} and isinstance(value, Mapping) else {key: value}
    if all(isinstance(flat.get(key), list) and len(flat[key]) == 2 for key in ("f", "c")):  # Human3.6M's
        (fx, fy), (cx, cy) = flat.pop("f"), flat.pop("c")
        flat |= {"fx": fx, "fy": fy, "cx": cx, "cy": cy}
    return flat


def _unstored(value: Untrusted) -> Untrusted:
    """Return OpenCV's {rows, cols, data} as a list of rows; anything else as it is."""
    if not (isinstance(value, Mapping) and {"rows", "cols", "data"} <= value.keys()):
        return value
    rows, columns, data = (value[key] for key in ("rows", "cols", "data"))
    if not (type(rows) is int and type(columns) is int and isinstance(data, list) and len(data) == rows * columns > 0):
        return value
    return [data[start : start + columns] for start in range(0, len(data), columns)]


def first_of(entry: Entry, keys: Collection[str]) -> str | None:
    """Return the first of the keys that has a value."""
    return next((key for key in keys if entry.get(key) is not None), None)


def stated_direction(entry: Entry) -> PoseDirection | None:
    """Return which way an entry's pose maps, where its key says so."""
    if first_of(entry, W2C_KEYS) is not None:
        return "cam_from_world"
    return "world_from_cam" if first_of(entry, C2W_KEYS) is not None else None


def intrinsics_of(entry: Entry, path: Path, where: str) -> FloatArray:
    """Return (3, 3) intrinsics: a matrix, nine numbers row by row, fx fy cx cy in a list or by name.

    Raises:
        DatasetError: If they are missing or are no intrinsics.
    """
    key = first_of(entry, K_KEYS)
    if key is not None:
        value = entry[key]
        if isinstance(value, list | tuple | np.ndarray) and np.shape(value) == (4,):
            fx, fy, cx, cy = numbers(value, [(4,)], path, f"{where}{key}")
            return intrinsics(fx, fy, cx, cy)
        return intrinsics_at(value, path, f"{where}{key}")
    names = ("fx", "fy", "cx" if "cx" in entry else "ppx", "cy" if "cy" in entry else "ppy")
    missing = [name for name in names if entry.get(name) is None]
    if missing:
        have = f"expected one of {', '.join(K_KEYS)}, or fx, fy, cx and cy"
        raise DatasetError(path, f"{where}K", f"the intrinsics are missing: {have}")
    fx, fy, cx, cy = (number(entry[name], path, f"{where}{name}") for name in names)
    return intrinsics(fx, fy, cx, cy, number(entry.get("skew", 0.0), path, f"{where}skew"))


def lens_of(entry: Entry, path: Path, where: str) -> tuple[ModelName, tuple[float, ...]]:
    """Return the lens model and its coefficients: a list in OpenCV's order, or k1, k2, p1 ... by name.

    Raises:
        DatasetError: If it is no lens of a known model.
    """
    model = _model(entry, path, where)
    key = first_of(entry, _D)
    named = [term for term in _TERMS if entry.get(term) is not None]
    if key is not None or not named:
        return model, coefficients_at(entry.get(key) if key else None, path, f"{where}{key}")
    order = _FISHEYE_TERMS if model == "kannala_brandt" else _TERMS
    other = [term for term in named if term not in order]
    if other:
        raise DatasetError(path, f"{where}{other[0]}", "a fisheye lens has k1, k2, k3 and k4 only")
    values = [number(entry.get(term) or 0.0, path, f"{where}{term}") for term in order]
    last = max(order.index(term) for term in named)
    return model, tuple(values[: next(count for count in (4, 5, 8, 12) if last < count)])


def _model(entry: Entry, path: Path, where: str) -> ModelName:
    flag = first_of(entry, _FISHEYE)
    is_fisheye = None if flag is None else flag_at(plain(entry[flag]), path, f"{where}{flag}")
    given = first_of(entry, _D)
    is_zero = not np.any(coefficients_at(entry[given], path, f"{where}{given}")) if given else False
    for key in LENS_KEYS:
        stated = stated_lens_model(entry.get(key), path, f"{where}{key}", is_zero=is_zero)
        if stated is not None:
            if is_fisheye is not None and is_fisheye != (stated == "kannala_brandt"):
                raise DatasetError(path, f"{where}{key}", f"{entry[key]!r} contradicts {flag} = {entry[flag or '']!r}")
            return stated
    return "kannala_brandt" if is_fisheye else "brown_conrady"


def plain(value: Any) -> Any:  # noqa: ANN401 - an array's single value as Python's own
    """Return an array's single value as Python's own."""
    return value.item() if isinstance(value, np.ndarray | np.generic) else value


def pose_of(entry: Entry, path: Path, where: str) -> FloatArray:
    """Return the (3, 4) pose as stated: [R | t], or [R | centre] where the entry states a centre (`has_center`).

    Raises:
        DatasetError: If half of a pose is missing, or an entry's two poses contradict each other.
    """
    key = first_of(entry, (*W2C_KEYS, *C2W_KEYS, *POSE_KEYS))
    if key is not None:
        matrix = extrinsics_at(entry[key], path, f"{where}{key}")
        _check_other(entry, key, matrix, path, where)
        return matrix
    rotation_key, translation_key = first_of(entry, R_KEYS), first_of(entry, (*_T, *CENTER_KEYS))
    if rotation_key is None and translation_key is None:
        return NO_POSE
    if rotation_key is None or translation_key is None:
        raise DatasetError(path, f"{where}t", "expected both a rotation and a translation")
    rotation = numbers(entry[rotation_key], [(3, 3), (3,)], path, f"{where}{rotation_key}")
    if rotation.size == 3:
        if np.linalg.norm(rotation) > _MAX_TURN:
            why = "expected a rotation vector in radians, of a length of at most 2 pi, found degrees or Euler angles"
            raise DatasetError(path, f"{where}{rotation_key}", f"{why}; give the matrix")
        rotation = matrix_from_rotation_vector(rotation)
    return pose_matrix(rotation, numbers(entry[translation_key], [(3,)], path, f"{where}{translation_key}"))


def _check_other(entry: Entry, key: str, matrix: FloatArray, path: Path, where: str) -> None:
    """Refuse an entry whose world-to-camera and camera-to-world matrices are not inverse to each other."""
    other = first_of(entry, C2W_KEYS) if key in W2C_KEYS else None
    if other is None:
        return
    back = extrinsics_at(entry[other], path, f"{where}{other}")
    gap = np.abs(np.vstack([matrix, [0, 0, 0, 1]]) @ np.vstack([back, [0, 0, 0, 1]]) - np.eye(4)).max()
    if gap > _AGREE * max(1.0, float(np.abs(matrix[:, 3]).max())):
        raise DatasetError(path, f"{where}{other}", f"{key} and {other} are not inverse to each other; remove one")


def has_center(entry: Entry) -> bool:
    """Return whether the entry's pose is a rotation and a camera centre."""
    return first_of(entry, (*W2C_KEYS, *C2W_KEYS, *POSE_KEYS, *_T)) is None and first_of(entry, CENTER_KEYS) is not None


def size_of(entry: Entry, path: Path, where: str) -> tuple[int, int] | None:
    """Return (width, height) in px, or None."""
    key = first_of(entry, SIZE_KEYS)
    if key is not None:
        return size_pair_at(entry[key], path, f"{where}{key}")
    across, down = first_of(entry, _WIDTH), first_of(entry, _HEIGHT)
    if across is None or down is None:
        return None
    return size_at(plain(entry[across]), plain(entry[down]), path, f"{where}{across}")
