"""The pose of one camera of nobody's format: a matrix, a rotation with a translation or a centre, or P = K [R | t]."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import PoseDirection, pose_matrix
from renderkit.formats.matrices import extrinsics_at
from renderkit.formats.no_pose import NO_POSE
from renderkit.formats.plain_keys import (
    C2W_KEYS,
    CENTER_KEYS,
    POSE_KEYS,
    PROJECTION_KEYS,
    QUATERNION_KEYS,
    QUATERNION_TERMS,
    R_KEYS,
    R_W2C_KEYS,
    T_KEYS,
    W2C_KEYS,
    Entry,
    first_of,
)
from renderkit.geometry.pose import ROTATION_TOLERANCE
from renderkit.geometry.rotation import matrix_from_quaternion, matrix_from_rotation_vector
from renderkit.untrusted.content import number, numbers

WHOLE_KEYS = (*W2C_KEYS, *C2W_KEYS, *POSE_KEYS)
ROTATION_KEYS = (*R_KEYS, *QUATERNION_KEYS)
PLACE_KEYS = (*T_KEYS, *CENTER_KEYS)
_MAX_TURN = 2.0 * np.pi + 1e-6
_AGREE = 1e-3
"""Two statements of one pose differ by no more, against the length of its translation."""


def is_posed(entry: Entry) -> bool:
    """Return whether an entry has the keys of a pose."""
    turned = any(key in entry for key in ROTATION_KEYS) or entry.keys() >= {*QUATERNION_TERMS}
    if turned and any(key in entry for key in PLACE_KEYS):
        return True
    return any(key in entry for key in WHOLE_KEYS)


def has_halves(entry: Entry) -> bool:
    """Return whether the entry's pose is a rotation and a translation whose keys say no direction."""
    halves = first_of(entry, WHOLE_KEYS) is None and first_of(entry, T_KEYS) is not None
    return halves and stated_direction(entry) is None


def has_center(entry: Entry) -> bool:
    """Return whether the entry's pose is a rotation and a camera centre."""
    return first_of(entry, (*WHOLE_KEYS, *T_KEYS)) is None and first_of(entry, CENTER_KEYS) is not None


def stated_direction(entry: Entry) -> PoseDirection | None:
    """Return which way an entry's pose maps, where its key says so."""
    if first_of(entry, W2C_KEYS) is not None:
        return "cam_from_world"
    if first_of(entry, C2W_KEYS) is not None:
        return "world_from_cam"
    if first_of(entry, POSE_KEYS) is not None:
        return None
    halves = any(key in entry for key in PLACE_KEYS) and first_of(entry, ROTATION_KEYS) is not None
    says = first_of(entry, R_KEYS) in R_W2C_KEYS if halves else first_of(entry, PROJECTION_KEYS) is not None
    return "cam_from_world" if says else None


def pose_of(entry: Entry, K: FloatArray, path: Path, where: str) -> FloatArray:
    """Return the (3, 4) pose as stated: [R | t], or [R | centre] where the entry states a centre (`has_center`).

    Raises:
        DatasetError: If half of a pose is missing, or an entry's two poses contradict each other.
    """
    key = first_of(entry, WHOLE_KEYS)
    if key is not None:
        matrix = extrinsics_at(entry[key], path, f"{where}{key}")
        _check_other(entry, key, matrix, path, where)
        return matrix
    rotation, place = _rotation(entry, path, where), first_of(entry, PLACE_KEYS)
    if rotation is None and place is None:
        projection = first_of(entry, PROJECTION_KEYS)
        return NO_POSE if projection is None else _of_projection(entry, projection, K, path, where)
    if rotation is None or place is None:
        raise DatasetError(path, f"{where}t", "expected both a rotation and a translation")
    shapes = [(3,), (3, 1), (1, 3)]
    return pose_matrix(rotation, numbers(entry[place], shapes, path, f"{where}{place}").ravel())


def _rotation(entry: Entry, path: Path, where: str) -> FloatArray | None:
    """Return (3, 3) of a matrix, a rotation vector, or a quaternion whose order is known; None where there is none."""
    if entry.keys() >= {*QUATERNION_TERMS} and first_of(entry, ROTATION_KEYS) is None:
        return matrix_from_quaternion(np.array([number(entry[key], path, f"{where}{key}") for key in QUATERNION_TERMS]))
    key = first_of(entry, ROTATION_KEYS)
    if key is None:
        return None
    value = entry[key]
    if isinstance(value, list | tuple | np.ndarray) and len(value) == len(QUATERNION_TERMS):
        return _of_quaternion(numbers(value, [(4,)], path, f"{where}{key}"), key, path, where)
    rotation = numbers(value, [(3, 3), (3,), (3, 1), (1, 3)], path, f"{where}{key}")
    if rotation.size == 9:
        return rotation
    if np.linalg.norm(rotation) > _MAX_TURN:
        why = "expected a rotation vector in radians, of a length of at most 2 pi, found degrees or Euler angles"
        raise DatasetError(path, f"{where}{key}", f"{why}; give the matrix")
    return matrix_from_rotation_vector(rotation.ravel())


def _of_quaternion(values: FloatArray, key: str, path: Path, where: str) -> FloatArray:
    if key == "qvec" or key.endswith("wxyz"):  # COLMAP's name for it
        return matrix_from_quaternion(values)
    if key.endswith("xyzw"):
        return matrix_from_quaternion(values[[3, 0, 1, 2]])
    why = "the order of this quaternion is not known (w first or last); write R as a 3x3 matrix, or name it"
    raise DatasetError(path, f"{where}{key}", f"{why} quaternion_wxyz or quaternion_xyzw")


def _of_projection(entry: Entry, key: str, K: FloatArray, path: Path, where: str) -> FloatArray:
    """Return the pose of P = K [R | t], or of a P that is [R | t] itself; none of a rectified camera's [K' | 0]."""
    projection = numbers(entry[key], [(3, 4), (4, 4), (12,)], path, f"{where}{key}").ravel()[:12].reshape(3, 4)
    upper = np.abs(np.tril(projection[:, :3], -1)).max() == 0.0
    if upper and not projection[:, 3].any():
        return NO_POSE
    with np.errstate(all="ignore"):
        rays = np.linalg.solve(K, projection) if np.linalg.det(K) else projection
        scale = np.cbrt(np.linalg.det(rays[:, :3]))
        found = rays / scale
        gaps = [np.abs(one[:, :3] @ one[:, :3].T - np.eye(3)).max() for one in (found, projection)]
    if not min(gaps) <= ROTATION_TOLERANCE:
        why = f"{key} is neither K [R | t] of the K beside it nor [R | t]; remove one of them, or give R and t"
        raise DatasetError(path, f"{where}{key}", why)
    return found if gaps[0] <= ROTATION_TOLERANCE else projection


def _check_other(entry: Entry, key: str, matrix: FloatArray, path: Path, where: str) -> None:
    """Refuse an entry whose world-to-camera and camera-to-world matrices are not inverse to each other."""
    other = first_of(entry, C2W_KEYS) if key in W2C_KEYS else None
    if other is None:
        return
    back = extrinsics_at(entry[other], path, f"{where}{other}")
    gap = np.abs(np.vstack([matrix, [0, 0, 0, 1]]) @ np.vstack([back, [0, 0, 0, 1]]) - np.eye(4)).max()
    if gap > _AGREE * max(1.0, float(np.abs(matrix[:, 3]).max())):
        raise DatasetError(path, f"{where}{other}", f"{key} and {other} are not inverse to each other; remove one")
