"""Rigid transforms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from renderkit.arrays import FloatArray, Points3, as_array, frozen
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
        if not (np.isfinite(rotation).all() and np.isfinite(translation).all()):
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
        """Transform (N, 3) points."""
        array = as_array(points, np.float64, (None, 3), "points")
        moved: Points3 = array @ self.R.T + self.t
        return moved


def _nearest_rotation(matrix: FloatArray) -> FloatArray:
    """Return `matrix` itself when orthonormal to rounding, else the nearest rotation (SVD), else raise."""
    deviation = float(np.abs(matrix @ matrix.T - np.eye(3)).max())
    determinant = float(np.linalg.det(matrix))
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
