"""Which points of a mesh a camera sees: a z-buffer test."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from renderkit.arrays import BoolArray, DepthImage, as_array
from renderkit.geometry.mesh import Mesh

DIAGONAL_SHARE = 0.01
"""Share of the mesh's bounding-box diagonal by which a landmark may lie behind the surface and still count as seen."""


def depth_tolerance(mesh: Mesh) -> float:
    """Return the depth tolerance that suits a mesh, in world units.

    Landmarks on real captures lie a few millimetres off the surface, and a coarse mesh cuts corners by up to about an
    edge: 1 % of the diagonal of the surface's bounding box plus the median edge length. For a head of 0.4 m that is
    4 mm plus the edge, well below the depth step at a nose or an ear.
    """
    if not len(mesh.vertices):
        return 0.0
    low, high = mesh.surface_bounds
    diagonal = float(np.linalg.norm(high - low))
    if not len(mesh.faces):
        return DIAGONAL_SHARE * diagonal
    return DIAGONAL_SHARE * diagonal + mesh.median_edge


def visible_points(pixels: ArrayLike, depths: ArrayLike, depth_image: DepthImage, tolerance: float) -> BoolArray:
    """Tell which points are not hidden behind the rendered surface.

    The point is compared with the FARTHEST of the four pixels around it: on a slanted surface these bracket the point's
    own depth, and beside a silhouette one of them shows the background, so a point on the outline is not hidden by its
    own surface. A point is hidden when the surface covers all four in front of it by more than the tolerance.

    Args:
        pixels: (N, 2) projected pixels; NaN where the camera gives none.
        depths: (N,) camera z of the points, world units.
        depth_image: (height, width) camera z of the surface; +inf on the background.
        tolerance: World units; see `depth_tolerance`.

    Returns:
        (N,) True where the point is seen; False for points outside the image, with NaN pixels or behind the camera.

    Raises:
        ValueError: If shapes disagree or the tolerance is negative.
    """
    if depth_image.ndim != 2:
        raise ValueError(f"depth_image: expected shape (height, width), got {depth_image.shape}")
    height, width = depth_image.shape
    around, inside = pixels_around(pixels, (width, height))
    return visible_among(depths, depth_image[around[..., 1], around[..., 0]], inside, tolerance)


def pixels_around(points: ArrayLike, size: tuple[int, int]) -> tuple[NDArray[np.int64], BoolArray]:
    """Return the pixels whose depth tells whether points are seen.

    Args:
        points: (N, 2) px; NaN where the camera gives none.
        size: (width, height) of the picture.

    Returns:
        (N, 4, 2) the four pixels (x, y) around each point, moved into the picture; and (N,) whether it lies inside.
    """
    from renderkit.metrics.landmark_pixels import list_around  # noqa: PLC0415 - loads the compiler

    positions = np.ascontiguousarray(as_array(points, np.float64, (None, 2), "pixels"))
    around, inside = np.empty((len(positions), 4, 2), np.int64), np.empty(len(positions), np.bool_)
    list_around(positions, *size, around, inside)
    return around, inside


def visible_among(depths: ArrayLike, depths_around: ArrayLike, inside: BoolArray, tolerance: float) -> BoolArray:
    """Tell which points are not hidden, from the surface's depth at the pixels around them; see `visible_points`.

    Args:
        depths: (N,) camera z of the points, world units.
        depths_around: (N, 4) camera z of the surface at `pixels_around` the points; +inf on the background.
        inside: (N,) whether the point lies inside the picture.
        tolerance: World units.

    Raises:
        ValueError: If shapes disagree or the tolerance is negative.
    """
    z = as_array(depths, np.float64, (len(inside),), "depths")
    surface = as_array(depths_around, np.float64, (len(z), 4), "depths_around")
    if not tolerance >= 0.0:
        raise ValueError(f"tolerance: expected at least 0, got {tolerance:g}")
    return np.asarray(inside & (z > 0.0) & (z <= surface.max(axis=1) + tolerance))
