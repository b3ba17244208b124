"""Masks on coarse grids: a drawn mesh, of which only some vertices are known, and a matte."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import BoolArray, FloatArray, Pixels, frozen

GRID: Final = 128
"""Mattes are compared on grids whose longer side has this many cells."""

_CLOSING: Final = 3
_SQUARE: Final = np.ones((2 * _CLOSING + 1,) * 2, np.uint8)


@dataclass(frozen=True, eq=False)
class DrawnCells:
    """Vertices of a mesh in the pixels of a matte, and on a coarse grid of it.

    Attributes:
        num_seen: How many fall into the matte's picture.
        num_inside: How many of them inside the matte.
        drawn: (rows, columns) the mesh on the grid, closed by a square of 7 cells: gaps between vertices are filled.
    """

    num_seen: int
    num_inside: int
    drawn: BoolArray


def draw_cells(drawn: Pixels, matte_from_px: FloatArray, matte: BoolArray) -> DrawnCells:
    """Put the (n, 2) px of vertices into a (h, w) matte.

    Args:
        drawn: Px of the picture; NaN for what is not seen.
        matte_from_px: (2,) scale from px, counted from the corner of the picture, to px of the matte.
        matte: The matte.
    """
    from renderkit.diagnosis.readings.cell_kernels import mark_cells  # noqa: PLC0415 - loads the compiler

    height, width = _grid(matte.shape)
    margin, scale = 2 * _CLOSING, min(GRID / max(matte.shape), 1.0)
    marks = np.zeros((height + 2 * margin, width + 2 * margin), np.uint8)
    # The one kind of array that the kernel is compiled for.
    whole = np.ascontiguousarray(matte).view()
    whole.flags.writeable = False
    scale_x, scale_y = matte_from_px.tolist()
    num_seen, num_inside = mark_cells(drawn, (scale_x, scale_y), whole, (scale, margin), marks)
    closed = np.asarray(cv2.morphologyEx(marks, cv2.MORPH_CLOSE, _SQUARE), np.uint8)
    inner = np.ascontiguousarray(closed[margin:-margin, margin:-margin]).view(np.bool_)
    return DrawnCells(num_seen, num_inside, inner)


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
