"""Slips in what is given with a capture that one view shows by itself: inverted mattes, exchanged x and y.

The tests are absolute: all cameras usually share such a slip, so no camera stands out by it.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from renderkit.arrays import Pixels
from renderkit.images.mask_bits import MaskBits
from renderkit.metrics.mask import MaskScore

INVERTED: Final = (
    "the matte looks inverted: it covers the border of the picture and leaves out what was rendered; invert the mattes "
    "(COLMAP and nerfstudio write masks of what is ignored)"
)
EXCHANGED: Final = (
    "the landmarks fit with x and y exchanged: expected (x, y) = (column, row); the file has (row, column)"
)

_BORDER, _MISSED = 0.7, 0.2
"""Least share of the border inside, and greatest share of the rendering inside, of an inverted matte."""

_MIN_POINTS, _GAIN, _NEAR = 5, 5.0, 0.05
"""Fewest points, how many times nearer they are exchanged, how near at most as a share of the diagonal."""


def is_inverted(matte: MaskBits, score: MaskScore) -> bool:
    """Return whether a captured matte is the complement of one.

    Args:
        matte: The captured matte.
        score: Its overlap with what was rendered.
    """
    return score.precision < _MISSED and covers_border(matte)


def covers_border(matte: MaskBits) -> bool:
    """Return whether most of a picture's border lies inside a matte, as no object's border does."""
    height, width = matte.shape
    columns, rows = np.arange(width), np.arange(height)
    sides = [np.stack(np.broadcast_arrays(columns, row), axis=1) for row in (0, height - 1)]
    sides += [np.stack(np.broadcast_arrays(column, rows), axis=1) for column in (0, width - 1)]
    border = matte.at(np.concatenate(sides).astype(np.int32))
    return bool(border.mean() > _BORDER)


def are_exchanged(predicted: Pixels, captured: Pixels, size: tuple[int, int]) -> bool:
    """Return whether detected landmarks fit with their coordinates exchanged, and only so.

    Args:
        predicted: (L, 2) projected px, NaN where unknown.
        captured: (L, 2) detected px, NaN where unknown.
        size: (width, height) of the picture in px.
    """
    near = _NEAR * math.hypot(*size)
    offsets = predicted - captured[:, ::-1]
    distances = np.hypot(offsets[:, 0], offsets[:, 1])
    # Most landmarks of most views are far from there; then nothing has to be sorted.
    if 2 * np.count_nonzero(distances < near) < np.count_nonzero(np.isfinite(distances)) - 1:
        return False
    as_given = _distances(predicted, captured)
    if len(as_given) < _MIN_POINTS:
        return False
    before, after = _median(as_given), _median(_distances(predicted, captured[:, ::-1]))
    return before > _GAIN * after and after < near


def _distances(first: Pixels, second: Pixels) -> list[float]:
    """Return the known distances between (L, 2) pixels, ascending."""
    offsets = first - second
    distances = np.sort(np.hypot(offsets[:, 0], offsets[:, 1]))
    known: list[float] = distances[: np.count_nonzero(np.isfinite(distances))].tolist()
    return known


def _median(ascending: list[float]) -> float:
    """As np.median, which takes many times as long for a view's landmarks."""
    half = len(ascending) // 2
    return ascending[half] if len(ascending) % 2 else 0.5 * (ascending[half - 1] + ascending[half])
