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
        t: (3,) translation in world units.

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
        translation = as_array(self.t, np.float64, (3,), "t")
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
        """Build from a (4, 4) matrix with last row 0 0 0 1, or its upper (3, 4) part."""
        array = np.asarray(matrix, dtype=np.float64)
        if array.shape not in {(3, 4), (4, 4)}:
            raise ValueError(f"matrix: expected shape (3, 4) or (4, 4), got {array.shape}")
        if array.shape == (4, 4) and not np.allclose(array[3], (0.0, 0.0, 0.0, 1.0), atol=1e-6):
            raise ValueError(f"matrix: expected last row 0 0 0 1, got {array[3]}")
        return cls(array[:3, :3], array[:3, 3])

    @classmethod
    def from_rotation_vector(cls, rotation_vector: ArrayLike, translation: ArrayLike) -> Pose:
        """Build from a (3,) axis-angle vector in radians, as OpenCV's Rodrigues reads it, and a (3,) translation."""
        vector = as_array(rotation_vector, np.float64, (3,), "rotation_vector")
        return cls(matrix_from_rotation_vector(vector), as_array(translation, np.float64, (3,), "translation"))

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
        moved: Points3 = (array.reshape(-1, 3) @ self.R.T + self.t).reshape(array.shape)
        return moved


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
            f"det R = {determinant:.6g} (expected +1)"
        )
    if deviation < 1e-14:
        return matrix
    left, _, right = np.linalg.svd(matrix)
    nearest: FloatArray = left @ right
    return nearest


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2]
