"""Landmarks of one picture, compiled: the pixels around them, and how far they are from the detected ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import BoolArray, FloatArray
from renderkit.compiled import kernel


@kernel
def list_around(points: FloatArray, width: int, height: int, around: NDArray[np.int64], inside: BoolArray) -> None:
    """List the four pixels around each point.

    Args:
        points: (N, 2) px; NaN where there is none.
        width: Of the picture, px.
        height: Of the picture, px.
        around: (N, 4, 2) receives the pixels (x, y): top left, top right, bottom left, bottom right, moved into the
            picture; those around (0, 0) for a point outside.
        inside: (N,) receives whether the point lies inside the picture.
    """
    for i in range(points.shape[0]):
        x, y = points[i, 0], points[i, 1]
        # Comparisons with NaN are False.
        inside[i] = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
        column, row = (int(np.floor(x)), int(np.floor(y))) if inside[i] else (0, 0)
        for k in range(4):
            around[i, k, 0] = min(max(column + (k & 1), 0), width - 1)
            around[i, k, 1] = min(max(row + (k >> 1), 0), height - 1)


@kernel
def compare_landmarks(
    predicted: FloatArray,
    captured: FloatArray,
    used: BoolArray,
    hidden: BoolArray,
    residuals: FloatArray,
    out_of_sight: BoolArray,
) -> tuple[int, int]:
    """Subtract detected landmarks from projected ones.

    Args:
        predicted: (L, 2) px; NaN where there is none.
        captured: (L, 2) px; NaN where not detected.
        used: (L,) landmarks to compare.
        hidden: (L,) landmarks that the mesh hides.
        residuals: (L, 2) receives predicted - captured; NaN where not compared, or hidden.
        out_of_sight: (L,) receives which landmarks are left out because they are hidden.

    Returns:
        How many those are, and how many cannot be compared.
    """
    num_hidden, num_missing = 0, 0
    for i in range(predicted.shape[0]):
        x, y = predicted[i, 0] - captured[i, 0], predicted[i, 1] - captured[i, 1]
        comparable = used[i] and np.isfinite(x) and np.isfinite(y)
        out_of_sight[i] = comparable and hidden[i]
        measured = comparable and not hidden[i]
        residuals[i, 0] = x if measured else np.nan
        residuals[i, 1] = y if measured else np.nan
        num_hidden += 1 if out_of_sight[i] else 0
        num_missing += 0 if comparable else 1
    return num_hidden, num_missing
