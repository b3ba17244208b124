"""ASSD and Hausdorff distances between two outlines, from an exact histogram of squared pixel distances."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import frozen
from renderkit.metrics.exact_sum import exact_sum
from renderkit.metrics.outline import OutlineDistances, SquaredDistances

Histogram: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]


def _no_distances() -> NDArray[np.int64]:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class SurfaceDistanceScore:
    """How far two outlines lie apart, as counts of squared distances between pixel centres.

    Counts of whole numbers merge exactly: pooling two halves gives the whole to the last bit.

    Attributes:
        rendered_squared: (N,) distinct squared distances in px^2 from A's outline to B's, ascending.
        rendered_counts: (N,) how many boundary pixels of A have that distance.
        captured_squared: (M,) the same from B's outline to A's.
        captured_counts: (M,) their counts.
        num_unmatched: Boundary pixels of masks whose counterpart has no outline: they have no distance.
        num_empty: Scored pairs in which neither mask had an outline.
        left_out_px: Boundary pixels outside the region.
        region: Name of the evaluation region.
    """

    rendered_squared: SquaredDistances = field(default_factory=_no_distances)
    rendered_counts: NDArray[np.int64] = field(default_factory=_no_distances)
    captured_squared: SquaredDistances = field(default_factory=_no_distances)
    captured_counts: NDArray[np.int64] = field(default_factory=_no_distances)
    num_unmatched: int = 0
    num_empty: int = 0
    left_out_px: int = 0
    region: str = "image"

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for name in ("rendered_squared", "rendered_counts", "captured_squared", "captured_counts"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    @property
    def num_distances(self) -> int:
        """Boundary pixels of both outlines that have a distance."""
        return int(self.rendered_counts.sum() + self.captured_counts.sum())

    @property
    def assd_px(self) -> float:
        """Average symmetric surface distance: the mean over the boundary pixels of both; NaN when there are none."""
        if not self.num_distances:
            return float("nan")
        terms = [np.sqrt(self.rendered_squared) * self.rendered_counts]
        terms.append(np.sqrt(self.captured_squared) * self.captured_counts)
        return exact_sum(np.concatenate(terms)) / self.num_distances

    @property
    def hd95_px(self) -> float:
        """The larger of the two directed 95th percentiles, as in MONAI; NaN when there is no distance."""
        return self.hausdorff_px(95.0)

    @property
    def max_px(self) -> float:
        """Hausdorff distance: the largest distance of all."""
        return self.hausdorff_px(100.0)

    def hausdorff_px(self, percent: float) -> float:
        """Return the larger of the two directed percentiles (linear interpolation), in px."""
        directed = [
            _percentile(self.rendered_squared, self.rendered_counts, percent),
            _percentile(self.captured_squared, self.captured_counts, percent),
        ]
        known = [value for value in directed if not math.isnan(value)]
        return max(known) if known else float("nan")

    def merge(self, other: SurfaceDistanceScore) -> SurfaceDistanceScore:
        """Pool two scores of the same region; exact, in any order.

        Raises:
            ValueError: If the regions differ.
        """
        if self.region != other.region:
            raise ValueError(f"cannot pool distances of regions {self.region!r} and {other.region!r}")
        rendered = _merged(
            (self.rendered_squared, self.rendered_counts), (other.rendered_squared, other.rendered_counts)
        )
        captured = _merged(
            (self.captured_squared, self.captured_counts), (other.captured_squared, other.captured_counts)
        )
        return SurfaceDistanceScore(
            *rendered,
            *captured,
            self.num_unmatched + other.num_unmatched,
            self.num_empty + other.num_empty,
            self.left_out_px + other.left_out_px,
            self.region,
        )


def score_surface_distance(outlines: OutlineDistances) -> SurfaceDistanceScore:
    """Count the distances between two outlines (Heimann et al. 2009; Taha and Hanbury 2015)."""
    known = [squared[squared >= 0] for squared in (outlines.rendered_squared, outlines.captured_squared)]
    num_points = len(outlines.rendered) + len(outlines.captured)
    return SurfaceDistanceScore(
        *_histogram(known[0]),
        *_histogram(known[1]),
        num_points - len(known[0]) - len(known[1]),
        int(num_points == 0),
        outlines.left_out_px,
        outlines.region,
    )


def _histogram(squared: SquaredDistances) -> Histogram:
    values, counts = np.unique(squared, return_counts=True)
    return values.astype(np.int64), counts.astype(np.int64)


def _merged(first: Histogram, second: Histogram) -> Histogram:
    values, where = np.unique(np.concatenate([first[0], second[0]]), return_inverse=True)
    counts = np.zeros(len(values), np.int64)
    np.add.at(counts, where, np.concatenate([first[1], second[1]]))
    return values, counts


def _percentile(squared: SquaredDistances, counts: NDArray[np.int64], percent: float) -> float:
    total = int(counts.sum())
    if not total:
        return float("nan")
    rank = percent / 100.0 * (total - 1)
    lower = math.floor(rank)
    ends = np.cumsum(counts)
    below, above = (
        math.sqrt(int(squared[np.searchsorted(ends, position, side="right")]))
        for position in (lower, min(lower + 1, total - 1))
    )
    return below + (above - below) * (rank - lower)
