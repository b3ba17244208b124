"""Depth differences as counts in logarithmic bins: small, and exact to merge.

A view has a million differences; a report needs their percentiles. Bins are 1/32 of an octave wide, so a percentile is
right within 1.1 %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import as_array, frozen
from renderkit.metrics.depth import DepthScore, score_depth
from renderkit.metrics.score_json import COUNT, INTEGERS, object_schema
from renderkit.metrics.score_kind import JsonObject, Metric, Needs, ScoreKind, merge_all
from renderkit.metrics.scored_view import Missing, ScoredView

BINS_PER_OCTAVE: Final = 32
_SMALLEST: Final = 2.0**-40
"""|dz| below this counts as zero."""


@dataclass(frozen=True, eq=False)
class DepthHistogram:
    """Differences dz = first - second of camera z, counted by size and sign.

    Attributes:
        bins: (N,) ascending: 0 is dz = 0; k > 0 is 2^((k - 1) / 32) to 2^(k / 32) times 2^-40; negative for dz < 0.
        counts: (N,) pixels.
        first_only_px: Pixels that only the first covers; they are left out.
        second_only_px: Pixels that only the second covers; they are left out.
        num_empty: Scored pairs without a pixel covered by both.
    """

    bins: NDArray[np.int64]
    counts: NDArray[np.int64]
    first_only_px: int
    second_only_px: int
    num_empty: int = 0

    def __post_init__(self) -> None:
        """Check and freeze.

        Raises:
            ValueError: If bins and counts differ in length.
        """
        bins = as_array(self.bins, np.int64, (None,), "bins")
        object.__setattr__(self, "bins", frozen(bins))
        object.__setattr__(self, "counts", frozen(as_array(self.counts, np.int64, (len(bins),), "counts")))

    @classmethod
    def of(cls, score: DepthScore, units_to_metres: float = 1.0) -> DepthHistogram:
        """Count a view's differences, scaled to metres where the unit is known."""
        scaled = score.differences.astype(np.float64) * units_to_metres
        size = np.abs(scaled)
        level = np.zeros(len(size), np.int64)
        known = size >= _SMALLEST
        level[known] = np.floor(BINS_PER_OCTAVE * np.log2(size[known] / _SMALLEST)).astype(np.int64) + 1
        bins, counts = np.unique(np.where(scaled < 0.0, -level, level), return_counts=True)
        return cls(bins, counts.astype(np.int64), score.first_only_px, score.second_only_px, score.num_empty)

    @property
    def covisible_px(self) -> int:
        """Pixels that both cover."""
        return int(self.counts.sum())

    @property
    def median(self) -> float:
        """Median of |dz|; NaN when no pixel is covered by both."""
        return self.percentile(50.0)

    @property
    def p95(self) -> float:
        """95th percentile of |dz|."""
        return self.percentile(95.0)

    @property
    def bias(self) -> float:
        """Median of dz with its sign."""
        return _percentile(self.bins, self.counts, 50.0)

    def percentile(self, percent: float) -> float:
        """Return a percentile of |dz|, the middle of the bin that holds it."""
        sizes, where = np.unique(np.abs(self.bins), return_inverse=True)
        counts = np.zeros(len(sizes), np.int64)
        np.add.at(counts, where, self.counts)
        return _percentile(sizes, counts, percent)

    def merge(self, other: DepthHistogram) -> DepthHistogram:
        """Pool two histograms; exact, in any order."""
        bins, where = np.unique(np.concatenate([self.bins, other.bins]), return_inverse=True)
        counts = np.zeros(len(bins), np.int64)
        np.add.at(counts, where, np.concatenate([self.counts, other.counts]))
        return DepthHistogram(
            bins,
            counts,
            self.first_only_px + other.first_only_px,
            self.second_only_px + other.second_only_px,
            self.num_empty + other.num_empty,
        )


def _percentile(bins: NDArray[np.int64], counts: NDArray[np.int64], percent: float) -> float:
    total = int(counts.sum())
    if not total:
        return math.nan
    place = int(np.searchsorted(np.cumsum(counts), percent / 100.0 * (total - 1), side="right"))
    level = int(bins[min(place, len(bins) - 1)])
    size = _SMALLEST * 2.0 ** ((abs(level) - 0.5) / BINS_PER_OCTAVE)
    return math.copysign(size, level) if level else 0.0


def _measure(view: ScoredView) -> DepthHistogram | Missing:
    first, second = view.rendered_depth, view.other_depth
    if isinstance(first, Missing):
        return first
    return second if isinstance(second, Missing) else DepthHistogram.of(score_depth(first, second), view.to_metres)


def _to_json(score: DepthHistogram) -> JsonObject:
    return {**vars(score), "bins": score.bins.tolist(), "counts": score.counts.tolist()}


def _from_json(value: JsonObject, _: Mapping[str, Any]) -> DepthHistogram:
    return DepthHistogram(**{**value, **{name: np.array(value[name], np.int64) for name in ("bins", "counts")}})


KIND = ScoreKind(
    name="depth",
    group="depth",
    measure=_measure,
    pool=merge_all,
    to_json=_to_json,
    from_json=_from_json,
    json_schema=object_schema(
        "Depth differences to the frame's other mesh: pixels by logarithmic bin, 32 to the octave from 2^-40 m",
        bins=INTEGERS,
        counts=INTEGERS,
        first_only_px=COUNT,
        second_only_px=COUNT,
        num_empty=COUNT,
    ),
    needs=Needs.DEPTH | Needs.OTHER_MESH,
    metrics=(
        Metric(
            name="depth_median_m",
            title="|dz| median",
            unit="m",
            better="lower",
            read=attrgetter("median"),
            decimals=5,
            plain="depth difference, median",
            meaning="Median depth difference to the frame's other mesh, over the pixels that both cover; world units "
            "if unknown.",
            column=True,
        ),
        Metric(
            name="depth_p95_m",
            title="|dz| p95",
            unit="m",
            better="lower",
            read=attrgetter("p95"),
            decimals=5,
            plain="depth difference, 95 %",
            meaning="95th percentile of the depth difference to the frame's other mesh.",
            column=True,
        ),
        Metric(
            name="depth_bias_m",
            title="dz",
            unit="m",
            better="neither",
            read=attrgetter("bias"),
            decimals=5,
            plain="depth difference, signed",
            meaning="Median depth difference with its sign: above 0 where this mesh lies behind the other.",
            column=True,
        ),
    ),
)
