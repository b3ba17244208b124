"""Boundary IoU: overlap of the bands just inside two outlines (Cheng et al. 2021)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from renderkit.arrays import MaskImage
from renderkit.metrics.mask_pair import ratio
from renderkit.metrics.mask_window import MaskWindow, cut_window
from renderkit.metrics.region import Region
from renderkit.metrics.score_kind import pool_counts

OFFICIAL_DIAGONAL_SHARE = 0.02
"""Band width of the published metric as a share of the image diagonal."""


@dataclass(frozen=True)
class BoundaryIouScore:
    """Pixel counts of the bands inside the outlines of a rendered mask A and a captured mask B.

    Attributes:
        width_px: Width d of the band: pixels of the mask within d of its outside (chessboard distance).
        rendered_px: Pixels of A's band.
        captured_px: Pixels of B's band.
        intersection_px: Pixels of both.
        num_empty: Scored pairs in which neither mask had a band.
        region: Name of the evaluation region.
    """

    width_px: int
    rendered_px: int
    captured_px: int
    intersection_px: int
    num_empty: int = 0
    region: str = "image"

    @property
    def iou(self) -> float:
        """Intersection over union of the bands; NaN when both are empty."""
        return ratio(self.intersection_px, self.rendered_px + self.captured_px - self.intersection_px)

    def merge(self, other: BoundaryIouScore) -> BoundaryIouScore:
        """Pool the counts of two scores; exact, in any order.

        Raises:
            ValueError: If widths or regions differ.
        """
        return pool_counts((self, other), "boundary IoU", "width_px", "region")


def official_width(size: tuple[int, int]) -> int:
    """Return the published band width in px for a picture of `size` = (width, height), at least 1."""
    return max(1, round(OFFICIAL_DIAGONAL_SHARE * math.hypot(*size)))


def score_boundary_iou(
    rendered: MaskImage, captured: MaskImage, width_px: int, region: Region | None = None
) -> BoundaryIouScore:
    """Score the overlap of the bands of width d just inside two outlines.

    The published code erodes d times by a 3 x 3 square and takes the picture's border for an outline; here the border
    is none, so masks that touch it score without the artificial band along it.

    Args:
        rendered: (height, width) bool, A.
        captured: (height, width) bool, B.
        width_px: Band width d, at least 1.
        region: Where pixels count; None is everywhere.

    Raises:
        ValueError: If the masks are not bool images of one shape, the region is of another, or d is below 1.
    """
    return count_bands(cut_window(rendered, captured, region), width_px)


def count_bands(window: MaskWindow, width_px: int) -> BoundaryIouScore:
    """Count the band pixels of two masks that are already cut to their window; see `score_boundary_iou`.

    Raises:
        ValueError: If d is below 1.
    """
    if width_px < 1:
        raise ValueError(f"width_px: expected at least 1, got {width_px}")
    bands = [mask.inner_band(width_px) for mask in (window.rendered_bits, window.captured_bits)]
    if window.inside_bits is not None:
        bands = [band & window.inside_bits for band in bands]
    counts = [band.count for band in bands]
    shared = (bands[0] & bands[1]).count
    return BoundaryIouScore(width_px, counts[0], counts[1], shared, int(not any(counts)), window.region)
