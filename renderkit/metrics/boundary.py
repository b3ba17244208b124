"""Boundary precision, recall and F: which share of each outline lies within a tolerance of the other."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from renderkit.arrays import AlphaImage, MaskImage
from renderkit.metrics.mask import mask_pair, ratio


@dataclass(frozen=True)
class BoundaryScore:
    """Boundary pixels of a rendered mask A and a captured mask B, and how many found the other outline near.

    A boundary pixel is a pixel of the mask with a 4-neighbour in the image that is outside the mask. Where the
    picture's own border cuts the mask there is no boundary.

    Attributes:
        tolerance_px: Largest Euclidean distance between pixel centres that counts as a match.
        rendered_px: Boundary pixels of A.
        captured_px: Boundary pixels of B.
        rendered_matched_px: Those of A within the tolerance of a boundary pixel of B.
        captured_matched_px: Those of B within the tolerance of a boundary pixel of A.
        num_empty: Scored pairs in which neither mask had a boundary; they add nothing to the ratios.
    """

    tolerance_px: float
    rendered_px: int
    captured_px: int
    rendered_matched_px: int
    captured_matched_px: int
    num_empty: int = 0

    @property
    def precision(self) -> float:
        """Matched share of A's boundary; NaN when A has none."""
        return ratio(self.rendered_matched_px, self.rendered_px)

    @property
    def recall(self) -> float:
        """Matched share of B's boundary; NaN when B has none."""
        return ratio(self.captured_matched_px, self.captured_px)

    @property
    def f(self) -> float:
        """Harmonic mean of precision and recall; 0 when one outline is absent, NaN when both are."""
        if not self.rendered_px and not self.captured_px:
            return float("nan")
        if not self.rendered_matched_px or not self.captured_matched_px:
            return 0.0
        return 2.0 * self.precision * self.recall / (self.precision + self.recall)

    def merge(self, other: BoundaryScore) -> BoundaryScore:
        """Pool the counts of two scores; exact, in any order.

        Raises:
            ValueError: If the tolerances differ.
        """
        if self.tolerance_px != other.tolerance_px:
            raise ValueError(f"cannot pool boundary scores at {self.tolerance_px:g} px and {other.tolerance_px:g} px")
        return BoundaryScore(
            self.tolerance_px,
            self.rendered_px + other.rendered_px,
            self.captured_px + other.captured_px,
            self.rendered_matched_px + other.rendered_matched_px,
            self.captured_matched_px + other.captured_matched_px,
            self.num_empty + other.num_empty,
        )


def score_boundary(rendered: MaskImage, captured: MaskImage, tolerance_px: float = 2.0) -> BoundaryScore:
    """Score how well two outlines agree (Martin et al. 2004; Perazzi et al. 2016, with exact Euclidean distances).

    Args:
        rendered: (height, width) bool, A.
        captured: (height, width) bool, B.
        tolerance_px: Distance up to which a boundary pixel counts as matched.

    Raises:
        ValueError: If the masks are not bool images of one shape, or the tolerance is negative.
    """
    if not tolerance_px >= 0.0:
        raise ValueError(f"tolerance_px: expected at least 0, got {tolerance_px:g}")
    first, second = (boundary_pixels(mask) for mask in mask_pair(rendered, captured))
    rendered_px, captured_px = cv2.countNonZero(first), cv2.countNonZero(second)
    return BoundaryScore(
        tolerance_px,
        rendered_px,
        captured_px,
        _num_near(first, second, tolerance_px) if rendered_px and captured_px else 0,
        _num_near(second, first, tolerance_px) if rendered_px and captured_px else 0,
        int(rendered_px + captured_px == 0),
    )


def boundary_pixels(mask: AlphaImage) -> AlphaImage:
    """Return (height, width) 0/1 bytes: pixels of the mask with a 4-neighbour in the image outside of it."""
    cross = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
    # Erosion's default border never erodes, so the picture's border makes no boundary.
    return np.asarray(mask - cv2.erode(mask, cross), dtype=np.uint8)


def _num_near(points: AlphaImage, targets: AlphaImage, tolerance_px: float) -> int:
    distance = cv2.distanceTransform(1 - targets, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return int(np.count_nonzero(distance[points != 0] <= tolerance_px * (1.0 + 1e-6)))
