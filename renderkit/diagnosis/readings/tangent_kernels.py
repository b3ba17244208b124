"""Tangents of many points, compiled."""

from __future__ import annotations

import numpy as np

from renderkit.arrays import FloatArray, Pixels
from renderkit.compiled import kernel


@kernel
def find_tangents(
    points: Pixels, directions: FloatArray, last: tuple[float, float], touched: Pixels, farthest: FloatArray
) -> bool:
    """Find the outermost of some points in each direction, after they are cut off at a picture's edge.

    Args:
        points: (N, 2) px; those that are not finite are left out.
        directions: (D, 2) unit vectors.
        last: Where the picture ends along x and y, px; it begins at -0.5.
        touched: (D, 2) receives the outermost points.
        farthest: (D,) receives how far they lie along the direction.

    Returns:
        Whether any point is finite.
    """
    farthest[:] = -np.inf
    found = False
    for i in range(points.shape[0]):
        x, y = points[i, 0], points[i, 1]
        if not (abs(x) < np.inf and abs(y) < np.inf):
            continue
        found = True
        x, y = min(max(x, -0.5), last[0]), min(max(y, -0.5), last[1])
        for d in range(directions.shape[0]):
            reach = directions[d, 0] * x + directions[d, 1] * y
            if reach > farthest[d]:
                farthest[d], touched[d, 0], touched[d, 1] = reach, x, y
    return found
