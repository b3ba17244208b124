"""Boundary IoU: overlap of the bands just inside two outlines (Cheng et al. 2021)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from renderkit.arrays import AlphaImage, MaskImage
from renderkit.metrics.mask_pair import ratio
from renderkit.metrics.mask_window import MaskWindow, cut_window
from renderkit.metrics.region import Region

OFFICIAL_DIAGONAL_SHARE = 0.02
"""Band width of the published metric as a share of the image diagonal."""

_SHORT = 16


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
        if (self.width_px, self.region) != (other.width_px, other.region):
            raise ValueError(
                f"cannot pool boundary IoU at {self.width_px} px in {self.region!r} "
                f"and at {other.width_px} px in {other.region!r}"
            )
        return BoundaryIouScore(
            self.width_px,
            self.rendered_px + other.rendered_px,
            self.captured_px + other.captured_px,
            self.intersection_px + other.intersection_px,
            self.num_empty + other.num_empty,
            self.region,
        )


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
    bands = [_inner_band(mask, width_px) for mask in (window.rendered, window.captured)]
    if window.inside is not None:
        bands = [band & window.inside for band in bands]
    counts = [cv2.countNonZero(band) for band in bands]
    shared = cv2.countNonZero(cv2.bitwise_and(bands[0], bands[1]))
    return BoundaryIouScore(width_px, counts[0], counts[1], shared, int(not any(counts)), window.region)


def _inner_band(mask: AlphaImage, width_px: int) -> AlphaImage:
    """Return (height, width) 0/1 bytes: pixels of a 0/1 mask within `width_px` of its outside in the image."""
    side = 2 * width_px + 1
    if width_px <= _SHORT:
        # Erosion's default border never erodes: the picture's border makes no band.
        eroded = cv2.erode(cv2.erode(mask, np.ones((1, side), np.uint8)), np.ones((side, 1), np.uint8))
        return np.asarray(mask - eroded, dtype=np.uint8)
    # The same with doubled runs, whose cost is a logarithm of the width; beyond the picture counts as inside the mask.
    padded = cv2.copyMakeBorder(mask, *(width_px,) * 4, cv2.BORDER_CONSTANT, value=(1,))
    rows = np.asarray(padded, dtype=np.uint8)
    spare = np.empty_like(rows)
    rows, spare = _all_of_run(rows, spare, side)
    columns, _ = _all_of_run(rows.T, spare.T, side)
    height, width = mask.shape
    return np.asarray(mask - columns.T[:height, :width], dtype=np.uint8)


def _all_of_run(mask: AlphaImage, spare: AlphaImage, length: int) -> tuple[AlphaImage, AlphaImage]:
    """Take the minimum of every run of `length` rows, doubling the run in every step.

    Returns:
        The buffer whose row i holds the minimum of rows i .. i + length - 1 (its last length - 1 rows are not filled),
        and the other buffer.
    """
    reached = 1
    while reached < length:
        step = min(reached, length - reached)
        end = len(mask) - reached - step + 1
        np.bitwise_and(mask[:end], mask[step : step + end], out=spare[:end])
        mask, spare = spare, mask
        reached += step
    return mask, spare
