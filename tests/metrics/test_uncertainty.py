from __future__ import annotations

import math

import numpy as np
import pytest

from renderkit.metrics.uncertainty import bootstrap_interval, rms, summarise_rig


def test_interval_covers_the_mean_as_often_as_it_says() -> None:
    """Landmarks with their own bias: only resampling whole landmarks covers the mean."""
    generator = np.random.default_rng(0)
    covered, narrow = 0, 0
    for draw in range(150):
        table = 5.0 + generator.normal(0, 1, (1, 40)) + generator.normal(0, 0.3, (12, 40))
        found = bootstrap_interval(table, lambda values: float(values.mean()), num_draws=200, seed=draw)
        covered += found.low <= 5.0 <= found.high
        flat = bootstrap_interval(table.reshape(1, -1), lambda values: float(values.mean()), num_draws=200, seed=draw)
        narrow += flat.low <= 5.0 <= flat.high
    assert covered >= 0.88 * 150
    assert narrow < 0.6 * 150


def test_width_follows_the_standard_error() -> None:
    values = np.random.default_rng(1).normal(0, 2, (1, 400))
    found = bootstrap_interval(values, lambda sample: float(sample.mean()), num_draws=2000)
    assert found.high - found.low == pytest.approx(2 * 1.96 * 2 / 20, rel=0.12)
    assert found.low < found.estimate < found.high
    assert found.estimate == pytest.approx(float(values.mean()))


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.abs(np.random.default_rng(2).normal(0, 2, (5, 9)))
    assert bootstrap_interval(values, rms, seed=4) == bootstrap_interval(values, rms, seed=4)
    assert bootstrap_interval(values, rms, seed=4) != bootstrap_interval(values, rms, seed=5)


def test_missing_values_are_left_out_and_nothing_is_nan() -> None:
    values = np.array([[1.0, np.nan], [np.nan, np.nan]])
    found = bootstrap_interval(values, rms)
    assert (found.estimate, found.low, found.high, found.num_used) == (1.0, 1.0, 1.0, 1)
    assert 0 < found.num_draws < 1000
    nothing = bootstrap_interval(values[1:], rms)
    assert math.isnan(nothing.estimate)
    assert math.isnan(nothing.low)
    with pytest.raises(ValueError, match="level"):
        bootstrap_interval(values, rms, level=1.0)
    with pytest.raises(ValueError, match="values"):
        bootstrap_interval(values[0], rms)


def test_rig_is_its_worst_camera() -> None:
    errors = {f"{index:02d}": float(index) for index in range(21)}
    summary = summarise_rig({**errors, "x": float("nan")})
    assert (summary.worst_camera, summary.worst, summary.p95, summary.median) == ("20", 20.0, 19.0, 10.0)
    assert (summary.num_cameras, summary.not_computable) == (21, ("x",))
    overlap = summarise_rig(errors, larger_is_worse=False)
    assert (overlap.worst_camera, overlap.worst, overlap.p95, overlap.median) == ("00", 0.0, 1.0, 10.0)


def test_ties_and_rigs_without_values() -> None:
    assert summarise_rig({"b": 1.0, "a": 1.0}).worst_camera == "a"
    nothing = summarise_rig({"a": float("nan")})
    assert nothing.worst_camera is None
    assert math.isnan(nothing.worst)
    assert nothing.not_computable == ("a",)
