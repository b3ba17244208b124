"""Similarity transforms between the worlds of two calibrations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderkit.arrays import FloatArray, Points3, frozen
from renderkit.geometry.pose import Pose


@dataclass(frozen=True, eq=False)
class Similarity:
    """A rigid transform with scale: x -> scale R x + t.

    Attributes:
        scale: Positive factor.
        R: (3, 3) rotation.
        t: (3,) translation in units of the target world.
    """

    scale: float
    R: FloatArray
    t: FloatArray

    @classmethod
    def identity(cls) -> Similarity:
        """Return the transform that changes nothing."""
        return cls(1.0, np.eye(3), np.zeros(3))

    def apply(self, points: Points3) -> Points3:
        """Transform (N, 3) points."""
        moved: Points3 = self.scale * points @ self.R.T + self.t
        return moved

    def pull_back(self, cam_from_target: Pose) -> Pose:
        """Return the camera's pose in the source world: what it sees of x is what `cam_from_target` sees of apply(x).

        The camera's own scale is divided out, so depths come in source units.
        """
        rotation, translation = cam_from_target.R, cam_from_target.t
        return Pose(rotation @ self.R, (rotation @ self.t + translation) / self.scale)


def best_similarity(source: list[Pose], target: list[Pose]) -> Similarity:
    """Return the transform from the source to the target world that best aligns N cameras.

    Umeyama's least squares over the centres, with the relative orientations as further evidence for the rotation: they
    settle it where the centres lie on a line or are few. Both parts weigh the same. With one centre, or all in one
    place, the scale is 1. Source: S. Umeyama, "Least-squares estimation of transformation parameters between two point
    patterns", PAMI 13 (1991).

    Args:
        source: N cam_from_world poses in the source world.
        target: The same N cameras in the target world.

    Raises:
        ValueError: If there is no camera, or the numbers differ.
    """
    if not source or len(source) != len(target):
        raise ValueError(f"expected two lists of as many poses, at least one, got {len(source)} and {len(target)}")
    from_centers = np.array([pose.inverse().t for pose in source])
    to_centers = np.array([pose.inverse().t for pose in target])
    from_middle, to_middle = from_centers.mean(axis=0), to_centers.mean(axis=0)
    from_spread, to_spread = from_centers - from_middle, to_centers - to_middle
    size = float(np.sqrt(np.sum(from_spread**2)) * np.sqrt(np.sum(to_spread**2)))
    covariance = to_spread.T @ from_spread
    turns = sum((b.R.T @ a.R for a, b in zip(source, target, strict=True)), np.zeros((3, 3))) / len(source)
    has_extent = size > 1e-12 * max(float(np.sum(from_centers**2)), 1e-300)
    rotation = _nearest_rotation(turns + (covariance / size if has_extent else 0.0))
    scale = 1.0
    if has_extent:
        scale = float(np.sum((from_spread @ rotation.T) * to_spread) / np.sum(from_spread**2))
        scale = scale if scale > 0.0 else 1.0
    return Similarity(scale, frozen(rotation), frozen(to_middle - scale * rotation @ from_middle))


def _nearest_rotation(matrix: FloatArray) -> FloatArray:
    left, _, right = np.linalg.svd(matrix)
    sign = np.diag([1.0, 1.0, float(np.sign(np.linalg.det(left @ right)))])
    rotation: FloatArray = left @ sign @ right
    return rotation
