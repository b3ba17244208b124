"""Distances between meshes in space: points to surface, both ways, with values per vertex for a heat map."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from renderkit.arrays import FloatArray, Points3, as_array, frozen
from renderkit.geometry.mesh import Mesh
from renderkit.metrics.closest_point import SurfaceTree


@dataclass(frozen=True, eq=False)
class SurfaceScore:
    """Unsigned distances of points to a surface, world units. Every statistic is NaN without points.

    Attributes:
        distances: (N,) exact point-to-triangle distances; NaN for points that were left out.
    """

    distances: FloatArray

    def __post_init__(self) -> None:
        """Check and freeze.

        Raises:
            ValueError: If the distances are not (N,).
        """
        object.__setattr__(self, "distances", frozen(as_array(self.distances, np.float64, (None,), "distances")))

    @property
    def num_used(self) -> int:
        """Number of points measured."""
        return int(np.count_nonzero(np.isfinite(self.distances)))

    @property
    def num_left_out(self) -> int:
        """Number of points that are NaN."""
        return len(self.distances) - self.num_used

    @property
    def median(self) -> float:
        """Median distance."""
        return self.percentile(50.0)

    @property
    def p95(self) -> float:
        """95th percentile of the distances."""
        return self.percentile(95.0)

    @property
    def max(self) -> float:
        """Largest distance."""
        return self.percentile(100.0)

    def percentile(self, percent: float) -> float:
        """Return a percentile of the distances, linearly interpolated."""
        known = self.distances[np.isfinite(self.distances)]
        return float(np.percentile(known, percent)) if known.size else float("nan")

    def merge(self, other: SurfaceScore) -> SurfaceScore:
        """Pool the distances of two scores."""
        return SurfaceScore(np.concatenate([self.distances, other.distances]))


@dataclass(frozen=True)
class MeshDistanceScore:
    """Two meshes compared both ways.

    Attributes:
        forward: From the first mesh's vertices to the second's surface.
        backward: From the second mesh's vertices to the first's surface.
    """

    forward: SurfaceScore
    backward: SurfaceScore


def score_points_to_mesh(points: Points3, mesh: Mesh) -> SurfaceScore:
    """Measure how far points lie from a mesh, such as triangulated landmarks.

    Args:
        points: (N, 3) world units; NaN points are left out and counted.
        mesh: Surface in the same world.

    Raises:
        ValueError: If the mesh has no faces.
    """
    return _to_surface(points, SurfaceTree(mesh))


def score_mesh_distance(first: Mesh, second: Mesh) -> MeshDistanceScore:
    """Measure the distance between two meshes both ways: a scan may lack what a FLAME head has, and the reverse.

    Raises:
        ValueError: If a mesh has no faces.
    """
    return MeshDistanceScore(
        _to_surface(first.vertices, SurfaceTree(second)), _to_surface(second.vertices, SurfaceTree(first))
    )


def distance_colored(mesh: Mesh, distances: FloatArray, limit: float) -> Mesh:
    """Return the mesh with its vertices coloured by distance, ready to be written as PLY.

    Args:
        mesh: Mesh of V vertices.
        distances: (V,) world units, as in `SurfaceScore.distances`; NaN becomes grey.
        limit: Distance at which the colour map (viridis) ends.

    Raises:
        ValueError: If there is not one distance per vertex, or the limit is not positive.
    """
    values = as_array(distances, np.float64, (len(mesh.vertices),), "distances")
    if not limit > 0.0:
        raise ValueError(f"limit: expected a positive distance, got {limit:g}")
    known = np.isfinite(values)
    levels = np.clip(np.where(known, values, 0.0) / limit * 255.0, 0.0, 255.0).astype(np.uint8)
    colors = cv2.applyColorMap(levels.reshape(-1, 1), cv2.COLORMAP_VIRIDIS).reshape(-1, 3)[:, ::-1].copy()
    colors[~known] = 128
    return replace(mesh, uv=None, texture=None, vertex_colors=colors.astype(np.uint8))


def _to_surface(points: Points3, tree: SurfaceTree) -> SurfaceScore:
    queries = as_array(points, np.float64, (None, 3), "points")
    known = np.isfinite(queries).all(axis=1)
    distances = np.full(len(queries), np.nan)
    distances[known] = tree.closest(queries[known]).distances
    return SurfaceScore(distances)
