"""Which points of a mesh a camera sees: a z-buffer test."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from renderkit.arrays import BoolArray, DepthImage, as_array
from renderkit.geometry.mesh import Mesh

DIAGONAL_SHARE = 0.01
"""Share of the mesh's bounding-box diagonal by which a landmark may lie behind the surface and still count as seen."""


def depth_tolerance(mesh: Mesh) -> float:
    """Return the depth tolerance that suits a mesh, in world units.

    Landmarks on real captures lie a few millimetres off the surface, and a coarse mesh cuts corners by up to about an
    edge: 1 % of the bounding box's diagonal plus the median edge length. For a head of 0.4 m that is 4 mm plus the
    edge, well below the depth step at a nose or an ear.
    """
    if not len(mesh.vertices):
        return 0.0
    diagonal = float(np.linalg.norm(mesh.bounds[1] - mesh.bounds[0]))
    if not len(mesh.faces):
        return DIAGONAL_SHARE * diagonal
    corners = mesh.vertices[mesh.faces]
    edge = float(np.median(np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)))
    return DIAGONAL_SHARE * diagonal + edge


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
    points = as_array(pixels, np.float64, (None, 2), "pixels")
    z = as_array(depths, np.float64, (len(points),), "depths")
    if depth_image.ndim != 2:
        raise ValueError(f"depth_image: expected shape (height, width), got {depth_image.shape}")
    if not tolerance >= 0.0:
        raise ValueError(f"tolerance: expected at least 0, got {tolerance:g}")
    height, width = depth_image.shape
    upper = np.array([width - 0.5, height - 0.5])
    # Comparisons with NaN are False.
    inside: BoolArray = ((points >= -0.5) & (points <= upper)).all(axis=1) & (z > 0.0)
    corner = np.floor(points[inside]).astype(np.int64)
    farthest = np.full(len(corner), -np.inf)
    for step_y in (0, 1):
        for step_x in (0, 1):
            column = np.clip(corner[:, 0] + step_x, 0, width - 1)
            row = np.clip(corner[:, 1] + step_y, 0, height - 1)
            farthest = np.maximum(farthest, depth_image[row, column])
    result = np.zeros(len(points), dtype=np.bool_)
    result[inside] = z[inside] <= farthest + tolerance
    return result
