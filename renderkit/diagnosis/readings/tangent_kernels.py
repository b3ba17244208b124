"""Tangents of many points, compiled."""

from __future__ import annotations

import numpy as np

from renderkit.arrays import FloatArray, Pixels
from renderkit.compiled import kernel


@kernel
def find_tangents(
    points: Pixels, directions: FloatArray, window: FloatArray, touched: Pixels, farthest: FloatArray
) -> bool:
    """Find the outermost of some points in each direction.

    Args:
        points: (N, 2) px; those that are not finite are left out.
        directions: (D, 2) unit vectors.
        window: (4,) left, upper, right and lower limits of those that count, px.
        touched: (D, 2) receives the outermost points.
        farthest: (D,) receives how far they lie along the direction.

    Returns:
        Whether there is any.
    """
    farthest[:] = -np.inf
    found = False
    for i in range(points.shape[0]):
        x, y = points[i, 0], points[i, 1]
        if not (abs(x) < np.inf and abs(y) < np.inf):
            continue
        if x < window[0] or y < window[1] or x > window[2] or y > window[3]:
            continue
        found = True
        for d in range(directions.shape[0]):
            reach = directions[d, 0] * x + directions[d, 1] * y
            if reach > farthest[d]:
                farthest[d], touched[d, 0], touched[d, 1] = reach, x, y
    return found
