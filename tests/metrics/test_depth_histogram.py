"""Depth differences in bins: percentiles within a bin's width, merging exact."""

from __future__ import annotations

import math

import numpy as np
import pytest

from renderkit.metrics.depth import DepthScore
from renderkit.metrics.depth_histogram import BINS_PER_OCTAVE, DepthHistogram

_BIN = 2.0 ** (1.0 / BINS_PER_OCTAVE)


def _score(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> DepthScore:
    return DepthScore(values.astype(np.float32), 3, 4, int(values.size == 0))


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1.0, 300.0])
def test_percentiles_are_numpys_within_half_a_bin(scale: float) -> None:
    values = np.random.default_rng(1).normal(0.3, 1.0, 20_001) * scale
    found = DepthHistogram.of(_score(values))
    exact = np.abs(values.astype(np.float32))
    for percent in (1.0, 50.0, 95.0, 100.0):
        expected = float(np.percentile(exact, percent))
        assert expected / _BIN <= found.percentile(percent) <= expected * _BIN
    assert found.bias == pytest.approx(float(np.median(values)), rel=_BIN - 1.0)
    assert DepthHistogram.of(_score(-values)).bias == pytest.approx(-found.bias)


def test_units_are_converted() -> None:
    values = np.array([1.0, 2.0, 3.0])
    in_mm = DepthHistogram.of(_score(values * 1e3), 1e-3)
    assert in_mm.median == pytest.approx(2.0, rel=_BIN - 1.0)


def test_zero_stays_zero_and_nothing_is_nan() -> None:
    assert DepthHistogram.of(_score(np.zeros(5))).p95 == 0.0
    empty = DepthHistogram.of(_score(np.zeros(0)))
    assert math.isnan(empty.median)
    assert math.isnan(empty.bias)
    assert (empty.covisible_px, empty.num_empty) == (0, 1)


def test_merging_halves_gives_the_whole() -> None:
    values = np.random.default_rng(2).normal(size=5_000)
    whole = DepthHistogram.of(_score(values))
    merged = DepthHistogram.of(_score(values[:1_234])).merge(DepthHistogram.of(_score(values[1_234:])))
    np.testing.assert_array_equal(merged.bins, whole.bins)
    np.testing.assert_array_equal(merged.counts, whole.counts)
    assert (merged.median, merged.p95, merged.bias) == (whole.median, whole.p95, whole.bias)
    assert (merged.first_only_px, merged.second_only_px) == (6, 8)


def test_bins_and_counts_belong_together() -> None:
    with pytest.raises(ValueError, match="counts"):
        DepthHistogram(np.arange(3), np.arange(2), 0, 0)
