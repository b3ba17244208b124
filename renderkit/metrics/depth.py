"""Depth difference of two meshes of one frame in one view, such as scan against FLAME."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import DepthImage, FloatArray, frozen


@dataclass(frozen=True, eq=False)
class DepthScore:
    """Differences dz = first - second of camera z over the pixels that both meshes cover, world units.

    Every statistic is NaN when no pixel is covered by both.

    Attributes:
        differences: (N,) float32 dz in the order of the pixels; positive where the first lies behind the second.
        first_only_px: Pixels that only the first covers; they are left out.
        second_only_px: Pixels that only the second covers; they are left out.
        num_empty: Scored pairs without a pixel covered by both.
    """

    differences: NDArray[np.float32]
    first_only_px: int
    second_only_px: int
    num_empty: int = 0

    def __post_init__(self) -> None:
        """Freeze the array."""
        object.__setattr__(self, "differences", frozen(self.differences))

    @property
    def covisible_px(self) -> int:
        """Pixels that both cover."""
        return len(self.differences)

    @property
    def bias(self) -> float:
        """Median of dz with its sign."""
        return float(np.median(self.differences)) if self.covisible_px else float("nan")

    @property
    def median(self) -> float:
        """Median of |dz|."""
        return self.percentile(50.0)

    @property
    def p95(self) -> float:
        """95th percentile of |dz|."""
        return self.percentile(95.0)

    def percentile(self, percent: float) -> float:
        """Return a percentile of |dz|, linearly interpolated."""
        if not self.covisible_px:
            return float("nan")
        return float(np.percentile(np.abs(self.differences.astype(np.float64)), percent))

    def merge(self, other: DepthScore) -> DepthScore:
        """Pool the differences of two scores."""
        return DepthScore(
            np.concatenate([self.differences, other.differences]),
            self.first_only_px + other.first_only_px,
            self.second_only_px + other.second_only_px,
            self.num_empty + other.num_empty,
        )


def score_depth(first: DepthImage, second: DepthImage) -> DepthScore:
    """Compare two depth images of one view.

    Args:
        first: (height, width) camera z, world units; +inf on the background.
        second: The same of the other mesh.

    Raises:
        ValueError: If the shapes differ.
    """
    covers = _coverage(first, second)
    both = covers[0] & covers[1]
    differences = (first[both].astype(np.float64) - second[both]).astype(np.float32)
    shared = len(differences)
    return DepthScore(
        differences,
        int(np.count_nonzero(covers[0])) - shared,
        int(np.count_nonzero(covers[1])) - shared,
        int(shared == 0),
    )


def depth_difference(first: DepthImage, second: DepthImage) -> FloatArray:
    """Return the (height, width) heat-map values dz = first - second, world units; NaN where not both cover.

    Raises:
        ValueError: If the shapes differ.
    """
    covers = _coverage(first, second)
    both = covers[0] & covers[1]
    values = np.full(first.shape, np.nan)
    values[both] = first[both].astype(np.float64) - second[both]
    return values


def _coverage(first: DepthImage, second: DepthImage) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    if first.ndim != 2 or first.shape != second.shape:
        raise ValueError(f"expected two depth images of one shape, got {first.shape} and {second.shape}")
    return np.isfinite(first), np.isfinite(second)
