"""Where the optical axes of a rig meet, and which cameras look elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderkit.arrays import BoolArray, FloatArray, Points3, frozen

_ROUNDS = 30


@dataclass(frozen=True, eq=False)
class Convergence:
    """The point nearest to the optical axes of N cameras, robust against some that look elsewhere.

    Attributes:
        point: (3,) in world units.
        angles_deg: (N,) angle between each optical axis and the direction to the point; 180 looks straight away.
        depths: (N,) camera z of the point, in world units; negative behind the camera.
        distances: (N,) distance of the axis, taken as a line, from the point.
        conditioned: False where the axes are (nearly) parallel, so that no point is determined.
    """

    point: FloatArray
    angles_deg: FloatArray
    depths: FloatArray
    distances: FloatArray
    conditioned: bool

    @property
    def in_front(self) -> BoolArray:
        """(N,) True where the point lies in front of the camera."""
        seen: BoolArray = self.depths > 0.0
        return seen

    @property
    def median_angle_deg(self) -> float:
        """Median of `angles_deg`; 180 where there is no camera or no point."""
        return float(np.median(self.angles_deg)) if self.angles_deg.size and self.conditioned else 180.0

    @property
    def working_distance(self) -> float:
        """Median distance of the cameras from the point, in world units; NaN without one."""
        if not self.depths.size or not self.conditioned:
            return float("nan")
        cosines = np.cos(np.radians(self.angles_deg))
        reach = np.abs(self.depths) / np.maximum(np.abs(cosines), 1e-9)
        return float(np.median(reach))


def converge(centers: Points3, axes: Points3) -> Convergence:
    """Find the point nearest to the cameras' optical axes.

    Minimises the sum of distances (not of squares) to the axes as lines, by reweighted least squares, so that less
    than half of the cameras looking elsewhere do not move it.

    Args:
        centers: (N, 3) camera centres.
        axes: (N, 3) unit viewing directions.
    """
    across = np.eye(3) - axes[:, :, None] * axes[:, None, :]
    if len(centers) < 2:
        point = centers.mean(axis=0) if len(centers) else np.zeros(3)
        return _measure(point, centers, axes, across, conditioned=False)
    weights = np.ones(len(centers))
    spread = float(np.max(np.linalg.norm(centers - np.median(centers, axis=0), axis=1))) or 1.0
    point = np.zeros(3)
    conditioned = False
    for _ in range(_ROUNDS):
        normal = np.einsum("n,nij->ij", weights, across)
        if not np.isfinite(normal).all():
            # Numbers so large that their differences overflow: no cameras, but named by `lint`.
            conditioned = False
            break
        eigenvalues = np.linalg.eigvalsh(normal)
        conditioned = bool(eigenvalues[0] > 1e-5 * eigenvalues[-1])
        target = np.einsum("n,nij,nj->i", weights, across, centers)
        before, point = point, np.linalg.lstsq(normal, target, rcond=None)[0]
        distances = np.linalg.norm(np.einsum("nij,nj->ni", across, point - centers), axis=1)
        weights = 1.0 / np.maximum(distances, 1e-6 * spread)
        weights /= weights.max()
        if np.linalg.norm(point - before) < 1e-9 * spread:
            break
    return _measure(point, centers, axes, across, conditioned=conditioned)


def _measure(
    point: FloatArray, centers: Points3, axes: Points3, across: FloatArray, *, conditioned: bool
) -> Convergence:
    towards = point - centers
    reach = np.linalg.norm(towards, axis=1)
    depths = np.einsum("ni,ni->n", towards, axes)
    cosines = np.divide(depths, reach, out=np.ones_like(depths), where=reach > 0.0)
    distances = np.linalg.norm(np.einsum("nij,nj->ni", across, towards), axis=1)
    return Convergence(
        point=frozen(point),
        angles_deg=frozen(np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0)))),
        depths=frozen(depths),
        distances=frozen(distances),
        conditioned=conditioned,
    )
