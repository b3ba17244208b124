"""The outlines of two masks and the exact distances between them, measured once for every boundary metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import MaskImage, frozen
from renderkit.images.mask_bits import PixelIndices
from renderkit.metrics.mask_window import MaskWindow, cut_window
from renderkit.metrics.region import Region

SquaredDistances: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class OutlineDistances:
    """Boundary pixels of a rendered mask A and a captured mask B, each with its distance to the other outline.

    Attributes:
        rendered: (N, 2) boundary pixels (x, y) of A inside the region, by row then column.
        captured: (M, 2) boundary pixels of B inside the region.
        rendered_squared: (N,) squared distance in px^2 to the nearest boundary pixel of B; -1 when B has none.
        captured_squared: (M,) squared distance in px^2 to the nearest boundary pixel of A; -1 when A has none.
        rendered_nearest: (N, 2) that nearest boundary pixel of B for each of A's; (-1, -1) when B has none.
        left_out_px: Boundary pixels of both that lie outside the region. They still serve as counterparts.
        region: Name of the region; "image" is the whole picture.
    """

    rendered: PixelIndices
    captured: PixelIndices
    rendered_squared: SquaredDistances
    captured_squared: SquaredDistances
    rendered_nearest: PixelIndices
    left_out_px: int = 0
    region: str = "image"

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for name in ("rendered", "captured", "rendered_squared", "captured_squared", "rendered_nearest"):
            object.__setattr__(self, name, frozen(getattr(self, name)))


def measure_outlines(rendered: MaskImage, captured: MaskImage, region: Region | None = None) -> OutlineDistances:
    """Find the boundary pixels of two masks and the exact distances between the outlines.

    A boundary pixel is a pixel of the mask with a 4-neighbour in the image outside of it; the picture's own border is
    no boundary.

    Args:
        rendered: (height, width) bool, A.
        captured: (height, width) bool, B.
        region: Where boundary pixels count; None is everywhere.

    Raises:
        ValueError: If the masks are not bool images of one shape, or the region is of another.
    """
    return outlines_in(cut_window(rendered, captured, region))


def outlines_in(window: MaskWindow) -> OutlineDistances:
    """Measure the outlines of two masks that are already cut to their window; see `measure_outlines`."""
    from renderkit.metrics.outline_pixels import mark_outlines, measure_marked  # noqa: PLC0415 - loads the compiler

    first, second = window.whole
    top, bottom, left, right = window.bounds
    marks, starts = np.empty((2, bottom - top, right - left), np.uint64), np.empty((2, bottom - top + 1), np.int64)
    num_first, num_second = mark_outlines(first.words, second.words, first.beyond, (top, left), marks, starts)
    every = np.empty((num_first, 2), np.int32), np.empty((num_second, 2), np.int32)
    rendered, captured, nearest = np.empty_like(every[0]), np.empty_like(every[1]), np.empty_like(every[0])
    forward, backward = np.empty(num_first, np.int64), np.empty(num_second, np.int64)
    kept, other_kept = measure_marked(
        marks, starts, window.inside_words, *every, (top, left), rendered, forward, nearest, captured, backward
    )
    found = (
        _finished(rendered, kept), _finished(captured, other_kept), _finished(forward, kept),
        _finished(backward, other_kept), _finished(nearest, kept),
    )  # fmt: skip
    return OutlineDistances(*found, num_first + num_second - kept - other_kept, window.region)


def _finished(rows: NDArray[Any], count: int) -> NDArray[Any]:
    """Return the first rows of an array that nobody else holds, read-only and not copied where it is all of them."""
    used = rows if count == len(rows) else rows[:count].copy()
    used.flags.writeable = False
    return used
