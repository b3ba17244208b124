"""Nearest pixel of an outline: an exact search through the rows around each query, compiled.

The cost follows the distances found, not the size of the picture: for outlines a few pixels apart it is a fraction of
what an exact distance transform takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray
from renderkit.compiled import kernel

IndexArray: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PixelRows:
    """Pixels sorted by row, then by column.

    Attributes:
        points: (N, 2) int32 pixels (x, y) in that order.
        row_start: (R + 1,) where each row begins in `points`; row 0 is `first_row`.
        first_row: y of the first row.
    """

    points: NDArray[np.int32]
    row_start: IndexArray
    first_row: int

    @classmethod
    def from_sorted(cls, points: NDArray[np.int32]) -> PixelRows:
        """Index (N, 2) pixels that are already sorted by y, then x."""
        if not len(points):
            return cls(points, np.zeros(1, np.int64), 0)
        first, last = int(points[0, 1]), int(points[-1, 1])
        starts = np.searchsorted(points[:, 1], np.arange(first, last + 2)).astype(np.int64)
        return cls(points, starts, first)

    def nearest(self, queries: NDArray[Any]) -> tuple[FloatArray, IndexArray]:
        """Find the nearest pixel of each query.

        Args:
            queries: (M, 2) positions (x, y) in px, finite; not necessarily whole.

        Returns:
            (M,) squared Euclidean distances in px^2, whole numbers for whole queries, and (M,) indices into `points`.
            +inf and -1 when there are no pixels.
        """
        positions = np.ascontiguousarray(queries, dtype=np.float64)
        squared = np.full(len(positions), np.inf)
        index = np.full(len(positions), -1, dtype=np.int64)
        _search_rows(positions, self.points, self.row_start, self.first_row, squared, index)
        return squared, index


@kernel
def _search_rows(
    queries: FloatArray,
    points: NDArray[np.int32],
    row_start: IndexArray,
    first_row: int,
    squared: FloatArray,
    index: IndexArray,
) -> None:
    for query in range(len(queries)):
        x, y = queries[query, 0], queries[query, 1] - first_row
        squared[query], index[query] = find_nearest(x, y, points, row_start)


@kernel
def find_nearest(x: float, y: float, points: NDArray[np.int32], row_start: IndexArray) -> tuple[float, int]:
    """Walk up and down from a position's row until no nearer pixel is possible.

    Args:
        x: The position; in px, y from the first row on.
        y: Likewise.
        points: (N, 2) pixels (x, y), by row then column.
        row_start: (R + 1,) where each row begins in `points`.

    Returns:
        The squared distance in px^2, and the index of the pixel; inf and -1 when there are no pixels.
    """
    num_rows = len(row_start) - 1
    best, found = np.inf, int(np.int64(-1))
    start = int(np.floor(y))
    for direction in (-1, 1):
        row = min(start, num_rows - 1) if direction < 0 else max(start + 1, 0)
        while 0 <= row < num_rows:
            rise = (y - row) * (y - row)
            if rise >= best:
                break
            begin, end = row_start[row], row_start[row + 1]
            low, high = begin, end
            while low < high:
                middle = (low + high) >> 1
                if points[middle, 0] < x:
                    low = middle + 1
                else:
                    high = middle
            for candidate in (low - 1, low):
                if begin <= candidate < end:
                    run = points[candidate, 0] - x
                    if run * run + rise < best:
                        best, found = run * run + rise, candidate
            row += direction
    return best, found
