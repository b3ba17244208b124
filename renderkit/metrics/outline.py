"""The outlines of two masks and the exact distances between them, measured once for every boundary metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray, MaskImage, frozen
from renderkit.images.mask_bits import PixelIndices
from renderkit.metrics.mask_window import MaskWindow, cut_window
from renderkit.metrics.region import Region

if TYPE_CHECKING:
    from renderkit.metrics.nearest import PixelRows

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
    from renderkit.metrics.nearest import PixelRows  # noqa: PLC0415 - loads the compiler

    masks = (window.rendered_bits, window.captured_bits)
    outlines = [PixelRows.from_sorted(mask.boundary().points()) for mask in masks]
    points = [outline.points for outline in outlines]
    if window.inside_bits is not None:
        points = [each[window.inside_bits.at(each)] for each in points]
    forward, nearest = outlines[1].nearest(points[0])
    backward, _ = outlines[0].nearest(points[1])
    left_out = sum(len(outline.points) for outline in outlines) - len(points[0]) - len(points[1])
    corner = np.array(window.corner, np.int32)
    counterpart = outlines[1].points[nearest] + corner if len(outlines[1].points) else np.full_like(points[0], -1)
    return OutlineDistances(
        points[0] + corner,
        points[1] + corner,
        _whole(forward, outlines[1]),
        _whole(backward, outlines[0]),
        counterpart,
        left_out,
        window.region,
    )


def _whole(squared: FloatArray, other: PixelRows) -> SquaredDistances:
    return squared.astype(np.int64) if len(other.points) else np.full(len(squared), -1)
