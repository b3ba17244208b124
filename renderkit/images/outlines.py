"""Outlines as line segments with parts of pixels: marching squares over a mask whose edges are known exactly.

Between two neighbouring pixel centres of which one is inside, the outline crosses somewhere; where, is given. Within
each square of four centres the crossings are joined. The picture's border is no outline. Source: Lorensen and Cline
(1987), in two dimensions; where all four sides are crossed, what is inside stays joined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

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
        found = cls.unset(mask)
        _forget(found.inside, found.across, found.down, *found.window)
        return found

    @classmethod
    def unset(cls, mask: MaskImage) -> Crossings:
        """Begin with a mask whose crossings are all still to be written."""
        inside = np.ascontiguousarray(mask).view(np.uint8)
        inside.flags.writeable = False
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        window = (0, 0, 0, 0)
        if rows.size:
            height, width = mask.shape
            window = (
                max(int(columns[0]) - 1, 0), max(int(rows[0]) - 1, 0),
                min(int(columns[-1]) + 2, width), min(int(rows[-1]) + 2, height),
            )  # fmt: skip
        return cls(inside, np.empty(mask.shape, np.float32), np.empty(mask.shape, np.float32), window)

    def trace(self) -> Segments:
        """Return the outline; read-only."""
        room = _ROOM
        while True:
            segments = np.empty((room, 4), np.float32)
            count = _march(self.inside, self.across, self.down, *self.window, segments)
            if count <= room:
                found = segments[:count].copy()
                found.flags.writeable = False
                return found
            room = count


def trace_level(values: AlphaImage, level: float) -> Segments:
    """Return where a picture's values cross a level, interpolated between pixel centres.

    Args:
        values: (height, width) uint8.
        level: Pixels of at least this value are inside.
    """
    found = Crossings.unset(values >= level)
    given = np.ascontiguousarray(values).view()
    given.flags.writeable = False
    _interpolate(given, float(level), found.inside, found.across, found.down, *found.window)
    return found.trace()


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
def _interpolate(
    values: AlphaImage, level: float, inside: AlphaImage, across: NDArray[np.float32], down: NDArray[np.float32],
    x0: int, y0: int, x1: int, y1: int,
) -> None:  # fmt: skip
    # A pixel of exactly the level is inside: the outline runs just outside of its centre.
    at = level - 0.5
    for y in range(y0, y1):
        for first in range(x0, x1, _SPAN):
            if not _changes(inside, y, first, x1, y1):
                continue
            for x in range(first, min(first + _SPAN, x1)):
                here = np.float64(values[y, x])
                if x + 1 < x1 and inside[y, x] != inside[y, x + 1]:
                    across[y, x] = (at - here) / (np.float64(values[y, x + 1]) - here)
                if y + 1 < y1 and inside[y, x] != inside[y + 1, x]:
                    down[y, x] = (at - here) / (np.float64(values[y + 1, x]) - here)


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
                    count = _march_square(inside, across, down, x, y, segments, count)
    return count


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
    inside: AlphaImage, across: NDArray[np.float32], down: NDArray[np.float32],
    x: int, y: int, segments: Segments, count: int,
) -> int:  # fmt: skip
    """Write the segments of the square between four pixel centres."""
    code = (inside[y, x] != 0) + 2 * (inside[y, x + 1] != 0)
    code += 4 * (inside[y + 1, x + 1] != 0) + 8 * (inside[y + 1, x] != 0)
    if code == 0 or code == 15:  # noqa: PLR1714 - a set would be an object
        return count
    top, bottom = x + _known(across[y, x]), x + _known(across[y + 1, x])
    left, right = y + _known(down[y, x]), y + _known(down[y, x + 1])
    # Corners 1, 2, 4, 8 clockwise from the top left: two sides are joined around a corner, or across.
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
