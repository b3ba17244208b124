"""Which share of projected points lies inside a captured mask: needs no faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from renderkit.arrays import MaskImage, as_array
from renderkit.metrics.mask_pair import ratio


@dataclass(frozen=True)
class ContainmentScore:
    """Where the projections of a point set fall.

    Attributes:
        num_inside: Points whose pixel is inside the mask.
        num_in_image: Points that project into the image.
        num_points: All points, those outside the image and those without a projection included.
    """

    num_inside: int
    num_in_image: int
    num_points: int

    @property
    def containment(self) -> float:
        """num_inside / num_in_image; NaN when no point projects into the image."""
        return ratio(self.num_inside, self.num_in_image)

    def merge(self, other: ContainmentScore) -> ContainmentScore:
        """Pool the counts of two scores; exact, in any order."""
        return ContainmentScore(
            self.num_inside + other.num_inside,
            self.num_in_image + other.num_in_image,
            self.num_points + other.num_points,
        )


def score_containment(pixels: ArrayLike, captured: MaskImage) -> ContainmentScore:
    """Count the points that fall inside a mask.

    Args:
        pixels: (N, 2) projected pixels; NaN where the camera gives none.
        captured: (height, width) bool.

    Raises:
        ValueError: If the shapes are wrong.
    """
    points = as_array(pixels, np.float64, (None, 2), "pixels")
    if captured.dtype != np.bool_ or captured.ndim != 2:
        raise ValueError(f"captured: expected a (height, width) bool mask, got {captured.dtype} {captured.shape}")
    height, width = captured.shape
    upper = np.array([width - 0.5, height - 0.5])
    # Half-open like the pixels themselves; comparisons with NaN are False.
    seen = points[((points >= -0.5) & (points < upper)).all(axis=1)]
    column, row = np.floor(seen + 0.5).astype(np.int64).T
    return ContainmentScore(int(np.count_nonzero(captured[row, column])), len(seen), len(points))
