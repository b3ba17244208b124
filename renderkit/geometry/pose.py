"""Rigid transforms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from renderkit.arrays import FloatArray, Points3, as_array, as_vectors, frozen
from renderkit.geometry.rotation import matrix_from_rotation_vector, rotation_vector_from_matrix

ROTATION_TOLERANCE = 1e-3
"""Largest entry of R R^T - I that still counts as a rotation written with few digits."""


@dataclass(frozen=True, eq=False)
class Pose:
    """A rigid transform x -> R x + t.

    Names of poses say the direction: `cam_from_world` takes world points into the camera's frame.
    A rotation written with few digits (float32 files) is replaced by the nearest exact rotation, so that inverting
    twice returns the same pose.

    Attributes:
        R: (3, 3) rotation.
        t: (3,) translation in world units; (3, 1), as OpenCV returns it, is taken as well.

    Example:
        >>> turn = Pose.from_rotation_vector((0.0, 0.0, 0.0), (0.0, 0.0, 5.0))
        >>> (turn @ turn).apply((1.0, 2.0, 3.0)).tolist()
        [1.0, 2.0, 13.0]
    """

    R: FloatArray
    t: FloatArray

    def __post_init__(self) -> None:
        """Check and freeze the arrays.

        Raises:
            ValueError: If a shape is wrong, a value is not finite, or R is not a rotation.
        """
        rotation = as_array(self.R, np.float64, (3, 3), "R")
        translation = as_triple(self.t, "t")
        # Plain numbers: for so few, NumPy's calls would take ten times as long, and rigs have thousands of cameras.
        if not all(map(math.isfinite, (*rotation.ravel().tolist(), *translation.tolist()))):
            raise ValueError("pose has NaN or infinite values; expected finite R (3, 3) and t (3,)")
        object.__setattr__(self, "R", frozen(_nearest_rotation(rotation)))
        object.__setattr__(self, "t", frozen(translation))

    @classmethod
    def identity(cls) -> Pose:
        """Return the transform that changes nothing."""
        return cls(np.eye(3), np.zeros(3))

    @classmethod
    def from_matrix(cls, matrix: ArrayLike) -> Pose:
        """Build from a (4, 4) matrix with last row 0 0 0 1, or its upper (3, 4) part.

        Raises:
            ValueError: If the shape is another, the last row is, or the rotation is none.
        """
        return _from_matrix(matrix, "matrix")

    @classmethod
    def from_rotation_vector(cls, rotation_vector: ArrayLike, translation: ArrayLike) -> Pose:
        """Build from a (3,) axis-angle vector in radians, as OpenCV's Rodrigues reads it, and a (3,) translation.

        OpenCV's own shape, (3, 1), is taken as well.
        """
        return cls(
            matrix_from_rotation_vector(as_triple(rotation_vector, "rotation_vector")),
            as_triple(translation, "translation"),
        )

    @classmethod
    def look_at(cls, eye: ArrayLike, target: ArrayLike, up: ArrayLike = (0.0, 1.0, 0.0)) -> Pose:
        """Return the `cam_from_world` of a camera at `eye` that looks at `target`, OpenCV axes.

        Args:
            eye: (3,) centre of projection, world units.
            target: (3,) point on the optical axis, world units.
            up: (3,) direction that points up in the picture.

        Raises:
            ValueError: If `eye` is `target`, or the camera looks along `up`.
        """
        center = as_array(eye, np.float64, (3,), "eye")
        forward = as_array(target, np.float64, (3,), "target") - center
        right = np.cross(forward, as_array(up, np.float64, (3,), "up"))
        if not np.linalg.norm(forward) > 0.0 or not np.linalg.norm(right) > 0.0:
            raise ValueError(f"expected a target apart from the eye, not along up; got eye {eye!r}, target {target!r}")
        forward, right = forward / np.linalg.norm(forward), right / np.linalg.norm(right)
        rotation = np.stack([right, np.cross(forward, right), forward])
        return cls(rotation, -rotation @ center)

    def __eq__(self, other: object) -> bool:
        """Whether all numbers are equal."""
        return isinstance(other, Pose) and np.array_equal(self.R, other.R) and np.array_equal(self.t, other.t)

    def __hash__(self) -> int:
        """Hash by value."""
        return hash((*self.R.ravel().tolist(), *self.t.tolist()))

    @property
    def matrix(self) -> FloatArray:
        """(4, 4) homogeneous matrix."""
        result = np.eye(4)
        result[:3, :3] = self.R
        result[:3, 3] = self.t
        return result

    @property
    def rotation_vector(self) -> FloatArray:
        """(3,) axis-angle vector in radians, as OpenCV's Rodrigues reads it; angle in [0, pi]."""
        return rotation_vector_from_matrix(self.R)

    @property
    def angle_rad(self) -> float:
        """Angle of the rotation, in [0, pi]."""
        sine = 0.5 * float(np.linalg.norm((self.R - self.R.T)[[2, 0, 1], [1, 2, 0]]))
        cosine = 0.5 * (float(np.trace(self.R)) - 1.0)
        return float(np.arctan2(sine, cosine))

    def inverse(self) -> Pose:
        """Return the transform that undoes this one."""
        return Pose(self.R.T, -self.R.T @ self.t)

    def __matmul__(self, other: Pose) -> Pose:
        """Compose: (a @ b) applies b first."""
        return Pose(self.R @ other.R, self.R @ other.t + self.t)

    def apply(self, points: ArrayLike) -> Points3:
        """Transform (3,) or (..., 3) points; the result has the same shape."""
        array = as_vectors(points, 3, "points")
        with np.errstate(invalid="ignore", over="ignore"):  # points at infinity
            moved: Points3 = (array.reshape(-1, 3) @ self.R.T + self.t).reshape(array.shape)
        return moved


def as_pose(value: Pose | ArrayLike, name: str) -> Pose:
    """Return a pose, or the pose of a (3, 4) or (4, 4) matrix.

    Args:
        value: What a caller gave.
        name: What to call the argument in the error.

    Raises:
        ValueError: If it is neither.
    """
    return value if isinstance(value, Pose) else _from_matrix(value, name)


def as_triple(value: ArrayLike, name: str) -> FloatArray:
    """Return three numbers as (3,); also those of a (3, 1) or (1, 3) array, as OpenCV returns vectors.

    Raises:
        ValueError: With the expected and the actual shape.
    """
    if isinstance(value, np.ndarray) and value.shape in {(3, 1), (1, 3)}:
        value = value.reshape(3)
    return as_array(value, np.float64, (3,), name)


_LAST_ROW = (0.0, 0.0, 0.0, 1.0)


def _from_matrix(matrix: ArrayLike, name: str) -> Pose:
    expected = f"{name}: expected a pose, or a matrix of shape (3, 4) or (4, 4)"
    try:
        array = np.asarray(matrix, dtype=np.float64)
    except (TypeError, ValueError) as error:
        pair = isinstance(matrix, tuple | list) and len(matrix) == 2
        raise ValueError(f"{expected}, got {_PAIR if pair else type(matrix).__name__}") from error
    if array.shape == (2, 3):
        raise ValueError(f"{expected}, got {_PAIR}")
    if array.shape not in {(3, 4), (4, 4)}:
        hint = "; a rotation needs its translation: Pose(R, t)" if array.shape == (3, 3) else ""
        raise ValueError(f"{expected}, got {'None' if matrix is None else f'shape {array.shape}'}{hint}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: the matrix has NaN or infinite values:\n{array}")
    if array.shape == (4, 4) and not np.allclose(array[3], _LAST_ROW, atol=1e-6):
        hint = "; it is transposed: give matrix.T" if np.allclose(array[:, 3], _LAST_ROW, atol=1e-6) else ""
        raise ValueError(f"{name}: expected last row 0 0 0 1, got {array[3]}{hint}")
    return Pose(array[:3, :3], array[:3, 3])


_PAIR = "two parts: write Pose(R, t), or Pose.from_rotation_vector(rvec, tvec)"


def _nearest_rotation(matrix: FloatArray) -> FloatArray:
    """Return `matrix` itself when orthonormal to rounding, else the nearest rotation (SVD), else raise."""
    a, b, c = matrix.tolist()
    # The lengths come first: only they tell in a comparison where products overflow to NaN.
    products = (_dot(a, a) - 1.0, _dot(b, b) - 1.0, _dot(c, c) - 1.0, _dot(a, b), _dot(a, c), _dot(b, c))
    deviation = max(map(abs, products))
    normal = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    determinant = _dot(normal, c)
    if deviation > ROTATION_TOLERANCE or determinant < 0.0:
        raise ValueError(
            f"R is not a rotation: max |R R^T - I| = {deviation:.3g} (allowed {ROTATION_TOLERANCE:g}), "
            f"det R = {determinant:.6g} (expected +1){_what_it_is(matrix, determinant)}"
        )
    if deviation < 1e-14:
        return matrix
    left, _, right = np.linalg.svd(matrix)
    nearest: FloatArray = left @ right
    return nearest


def _what_it_is(matrix: FloatArray, determinant: float) -> str:
    """Say which usual slip makes a matrix no rotation."""
    scale = float(np.cbrt(abs(determinant)))
    if not 1e-6 < scale < 1e6 or np.abs(matrix @ matrix.T / scale**2 - np.eye(3)).max() > ROTATION_TOLERANCE:
        return ""
    mirrors = ": it mirrors; one axis, or all three, have the wrong sign" if determinant < 0.0 else ""
    return mirrors or f": it is a rotation times {scale:.6g}; divide it by that"


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2]
