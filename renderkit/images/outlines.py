"""Outlines as line segments with parts of pixels: marching squares over a mask whose edges are known exactly.

Between two neighbouring pixel centres of which one is inside, the outline crosses somewhere; where, is given. Within
each square of four centres the crossings are joined. The picture's border is no outline. Source: Lorensen and Cline
(1987), in two dimensions; where all four sides are crossed, what is inside stays joined.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import AlphaImage, MaskImage
from renderkit.compiled import kernel

Segments: TypeAlias = NDArray[np.float32]
"""(N, 4) x0, y0, x1, y1 in px."""

_ROOM = 1 << 14
_SPAN = 32
"""Pixels of a row that are looked at together."""


@dataclass(frozen=True, eq=False)
class Crossings:
    """Where an outline crosses the lines between pixel centres; only read where the mask changes.

    Attributes:
        inside: (height, width) uint8, not 0 inside.
        across: (height, width) from each pixel towards the next of its row, 0 to 1.
        down: (height, width) from each pixel towards the one below it, 0 to 1.
        window: (x0, y0, x1, y1) of the part that can have an outline.
    """

    inside: AlphaImage
    across: NDArray[np.float32]
    down: NDArray[np.float32]
    window: tuple[int, int, int, int]

    @classmethod
    def of(cls, mask: MaskImage) -> Crossings:
        """Begin with a mask whose crossings are unknown: the middle is taken for those that nobody finds."""
        inside = _readable(mask).view(np.uint8)
        found = cls(inside, np.empty(mask.shape, np.float32), np.empty(mask.shape, np.float32), _window(inside))
        _forget(found.inside, found.across, found.down, *found.window)
        return found

    def trace(self) -> Segments:
        """Return the outline; read-only."""
        crossings = self.inside, self.across, self.down, *self.window
        return _collected(lambda segments: _march(*crossings, segments))


def trace_level(values: AlphaImage, level: float) -> Segments:
    """Return where a picture's values cross a level, interpolated between pixel centres.

    Args:
        values: (height, width) uint8.
        level: Pixels of at least this value are inside.
    """
    inside = _readable(values >= level).view(np.uint8)
    # A pixel of exactly the level is inside: the outline runs just outside of its centre.
    marched = _readable(values), float(level) - 0.5, inside, *_window(inside)
    return _collected(lambda segments: _march_level(*marched, segments))


def _readable(values: NDArray[Any]) -> NDArray[Any]:
    """Return an array that lies in order and cannot be written to: kernels are compiled for one kind."""
    ordered = np.ascontiguousarray(values).view()
    ordered.flags.writeable = False
    return ordered


def _window(inside: AlphaImage) -> tuple[int, int, int, int]:
    """Return (x0, y0, x1, y1) of the part that can have an outline."""
    mask = inside.view(np.bool_)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return 0, 0, 0, 0
    height, width = inside.shape
    return (
        max(int(columns[0]) - 1, 0), max(int(rows[0]) - 1, 0),
        min(int(columns[-1]) + 2, width), min(int(rows[-1]) + 2, height),
    )  # fmt: skip


def _collected(march: Callable[[Segments], int]) -> Segments:
    """Return the segments that `march` writes, read-only; it says how many there are and may need more room."""
    room = _ROOM
    while True:
        segments = np.empty((room, 4), np.float32)
        count = march(segments)
        if count <= room:
            found = segments[:count].copy()
            found.flags.writeable = False
            return found
        room = count


@kernel
def _forget(
    inside: AlphaImage, across: NDArray[np.float32], down: NDArray[np.float32], x0: int, y0: int, x1: int, y1: int
) -> None:
    """Mark the crossings that the outline has as unknown."""
    for y in range(y0, y1):
        for first in range(x0, x1, _SPAN):
            if not _changes(inside, y, first, x1, y1):
                continue
            for x in range(first, min(first + _SPAN, x1)):
                if x + 1 < x1 and inside[y, x] != inside[y, x + 1]:
                    across[y, x] = -1.0
                if y + 1 < y1 and inside[y, x] != inside[y + 1, x]:
                    down[y, x] = -1.0


@kernel
def _march(
    inside: AlphaImage, across: NDArray[np.float32], down: NDArray[np.float32],
    x0: int, y0: int, x1: int, y1: int, segments: Segments,
) -> int:  # fmt: skip
    """Write the segments of every square; more than there is room for means that the call must be repeated."""
    count = 0
    for y in range(y0, y1 - 1):
        for first in range(x0, x1 - 1, _SPAN):
            if _changes(inside, y, first, x1, y1):
                for x in range(first, min(first + _SPAN, x1 - 1)):
                    code = _corners_inside(inside, x, y)
                    if 0 < code < 15:
                        top, bottom, left, right = across[y, x], across[y + 1, x], down[y, x], down[y, x + 1]
                        count = _march_square(code, x, y, top, bottom, left, right, segments, count)
    return count


@kernel
def _march_level(
    values: AlphaImage, at: float, inside: AlphaImage, x0: int, y0: int, x1: int, y1: int, segments: Segments
) -> int:
    """Do so where the crossings lie at a level of the values, `at`, between the pixels inside and those outside."""
    count = 0
    for y in range(y0, y1 - 1):
        for first in range(x0, x1 - 1, _SPAN):
            if _changes(inside, y, first, x1, y1):
                for x in range(first, min(first + _SPAN, x1 - 1)):
                    code = _corners_inside(inside, x, y)
                    if 0 < code < 15:
                        top_left, top_right = np.float64(values[y, x]), np.float64(values[y, x + 1])
                        low_left, low_right = np.float64(values[y + 1, x]), np.float64(values[y + 1, x + 1])
                        top, bottom = _between(top_left, top_right, at), _between(low_left, low_right, at)
                        left, right = _between(top_left, low_left, at), _between(top_right, low_right, at)
                        count = _march_square(code, x, y, top, bottom, left, right, segments, count)
    return count


@kernel
def _between(here: float, there: float, at: float) -> float:
    """Return where a value lies between two pixels, to single precision; of no use where it does not."""
    return float(np.float32((at - here) / (there - here)))


@kernel
def _corners_inside(inside: AlphaImage, x: int, y: int) -> int:
    """Return which pixels of a square are inside: 1, 2, 4, 8 clockwise from the top left."""
    code: int = (inside[y, x] != 0) + 2 * (inside[y, x + 1] != 0)
    code += 4 * (inside[y + 1, x + 1] != 0) + 8 * (inside[y + 1, x] != 0)
    return code


@kernel
def _changes(inside: AlphaImage, y: int, first: int, x1: int, y1: int) -> bool:
    """Whether some pixel of a span differs from its right or lower neighbour; most spans of a mask do not.

    Branches would cost more than the comparisons.
    """
    end = min(first + _SPAN + 1, x1)
    here, below = inside[y, first:end], inside[min(y + 1, y1 - 1), first:end]
    start, differs = here[0], np.uint8(0)
    for i in range(here.shape[0]):
        differs |= (here[i] ^ start) | (below[i] ^ start)
    return bool(differs != 0)


@kernel
def _march_square(
    code: int, x: int, y: int, across0: float, across1: float, down0: float, down1: float,
    segments: Segments, count: int,
) -> int:  # fmt: skip
    """Write the segments of the square between four pixel centres, by the crossings of its sides, 0 to 1."""
    top, bottom = x + _known(across0), x + _known(across1)
    left, right = y + _known(down0), y + _known(down1)
    # Two sides are joined around a corner, or across.
    if code in (1, 14, 10):
        count = _add(segments, count, top, y, x, left)
    if code in (2, 13, 5):
        count = _add(segments, count, top, y, x + 1, right)
    if code in (4, 11, 10):
        count = _add(segments, count, x + 1, right, bottom, y + 1)
    if code in (8, 7, 5):
        count = _add(segments, count, x, left, bottom, y + 1)
    if code in (3, 12):
        count = _add(segments, count, x, left, x + 1, right)
    if code in (6, 9):
        count = _add(segments, count, top, y, bottom, y + 1)
    return count


@kernel
def _known(crossing: float) -> float:
    """Return a crossing, or the middle; where the mask does not change nothing reads it."""
    return crossing if 0.0 <= crossing <= 1.0 else 0.5


@kernel
def _add(segments: Segments, count: int, x0: float, y0: float, x1: float, y1: float) -> int:
    if count < segments.shape[0]:
        segments[count, 0], segments[count, 1] = x0, y0
        segments[count, 2], segments[count, 3] = x1, y1
    return count + 1
