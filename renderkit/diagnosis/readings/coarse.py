"""Masks on coarse grids: a drawn mesh, of which only some vertices are known, and a matte."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import BoolArray, FloatArray, Pixels, frozen

GRID: Final = 128
"""Mattes are compared on grids whose longer side has this many cells."""

Cells: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]

_CLOSING: Final = 3
_SQUARE: Final = np.ones((2 * _CLOSING + 1,) * 2, np.uint8)


def cells_of(drawn: Pixels, matte_from_px: FloatArray, shape: tuple[int, ...]) -> Cells:
    """Return columns and rows of the (n, 2) px that fall into a (h, w) matte.

    Args:
        drawn: Px of the picture; NaN for what is not seen.
        matte_from_px: (2,) scale from px, counted from the corner of the picture, to px of the matte.
        shape: (h, w) of the matte.
    """
    x, y = ((drawn + 0.5) * matte_from_px).T
    seen = (x >= 0.0) & (x < shape[1]) & (y >= 0.0) & (y < shape[0])
    return x[seen].astype(np.int64), y[seen].astype(np.int64)


def coarse_drawn(cells: Cells, shape: tuple[int, ...]) -> BoolArray:
    """Return the mesh whose vertices fall into these cells of a (h, w) matte, on a grid of `GRID` cells.

    Closed by a square of 7 cells, which fills the gaps between the vertices.
    """
    height, width = _grid(shape)
    scale, margin = min(GRID / max(shape), 1.0), 2 * _CLOSING
    column, row = ((place * scale).astype(np.int64) + margin for place in cells)
    padded = np.zeros((height + 2 * margin, width + 2 * margin), np.uint8)
    padded[row, column] = 1
    closed = np.asarray(cv2.morphologyEx(padded, cv2.MORPH_CLOSE, _SQUARE), np.uint8)
    return np.ascontiguousarray(closed[margin:-margin, margin:-margin]).view(np.bool_)


def coarse_matte(matte: BoolArray) -> BoolArray:
    """Return a (h, w) matte's pixels at the middles of the cells of a grid of `GRID` cells."""
    return coarse(matte, _grid(matte.shape))


def coarse(matte: BoolArray, shape: tuple[int, int]) -> BoolArray:
    """Return the matte's pixels at the middles of (rows, columns) cells."""
    rows, columns = (_middles(cells, side) for cells, side in zip(shape, matte.shape, strict=True))
    result: BoolArray = matte.take(rows, 0).take(columns, 1)
    return result


@lru_cache(maxsize=64)
def _middles(cells: int, side: int) -> NDArray[np.int64]:
    """Return the (cells,) pixels of a side at the middles of its cells."""
    return frozen(((np.arange(cells) + 0.5) * side / cells).astype(np.int64))


def coarse_iou(drawn: BoolArray, captured: BoolArray) -> float:
    """Return the intersection over union of two masks; 0 where both are empty or their shapes differ."""
    if drawn.shape != captured.shape:
        return 0.0
    union = np.count_nonzero(drawn | captured)
    return np.count_nonzero(drawn & captured) / union if union else 0.0


def _grid(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the (rows, columns) of the grid of a (h, w) matte."""
    cells = min(GRID / max(shape), 1.0)
    return int(np.ceil(shape[0] * cells)), int(np.ceil(shape[1] * cells))
