from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderkit.metrics.exact_sum import ExactSum, ResidualMoments, exact_sum

floats = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)


@given(st.lists(floats, max_size=30))
def test_sums_are_rounded_once(values: list[float]) -> None:
    exact = sum((Fraction(value) for value in values), Fraction(0))
    found = ExactSum.of(np.array(values))
    assert Fraction(found.units, 2**1126) == exact
    assert found.value == math.fsum(values)


@pytest.mark.parametrize("decades", [0, 3, 40, 250])
@pytest.mark.parametrize("count", [0, 1, 255, 256, 4097, 60_000])
def test_many_values_add_up_as_fsum_adds_them(count: int, decades: int) -> None:
    rng = np.random.default_rng(count + decades)
    values = rng.normal(size=count) * 10.0 ** rng.integers(-decades, decades + 1, count)
    # What cancels leaves the small ones.
    for one in (values, np.concatenate([values, -values[::-1], values[:3] * 1e-30])):
        assert exact_sum(one) == math.fsum(one.tolist())
    assert exact_sum(np.abs(values)) == math.fsum(np.abs(values).tolist())


def test_a_sum_of_many_with_nan_or_beyond_the_largest_number_is_as_fsum_has_it() -> None:
    assert math.isnan(exact_sum(np.full(1000, np.nan)))
    assert exact_sum(np.full(1000, np.inf)) == math.inf
    assert exact_sum(np.full(1000, 5e-324)) == 1000 * 5e-324
    assert exact_sum(np.array([[1e306, -1e306]] * 500 + [[1.0, 2.0]])) == 3.0


@given(st.lists(floats, max_size=30), st.integers(0, 30))
def test_halves_merge_to_the_whole(values: list[float], cut: int) -> None:
    halves = ExactSum.of(np.array(values[cut:])).merge(ExactSum.of(np.array(values[:cut])))
    assert halves == ExactSum.of(np.array(values))


def test_cancellation_and_subnormals_survive() -> None:
    assert ExactSum.of(np.array([1e300, 1.0, -1e300])).value == 1.0
    assert ExactSum.of(np.array([5e-324] * 3)).value == 1.5e-323
    many = np.full(5000, 2.0**53 - 1)
    assert ExactSum.of(many).units == 5000 * (2**53 - 1) * 2**1126
    with pytest.raises(ValueError, match="finite"):
        ExactSum.of(np.array([1.0, np.nan]))


def test_moments_of_halves_equal_the_whole_to_the_last_bit() -> None:
    generator = np.random.default_rng(0)
    residuals = generator.normal(0, 1, (999, 2)) * 10.0 ** generator.integers(-6, 6, (999, 1))
    residuals[::50] = np.nan
    whole = ResidualMoments.of(residuals)
    parts = [ResidualMoments.of(residuals[start : start + 100]) for start in range(0, 999, 100)]
    generator.shuffle(parts)
    merged = ResidualMoments()
    for part in parts:
        merged = merged.merge(part)
    assert merged == whole
    assert (whole.count, whole.num_left_out) == (979, 20)
    known = residuals[np.isfinite(residuals).all(axis=1)]
    assert whole.rms_px == pytest.approx(float(np.sqrt((known**2).sum(axis=1).mean())))
    np.testing.assert_allclose(whole.bias_px, known.mean(axis=0), rtol=1e-9)
    assert whole.max_px == pytest.approx(float(np.max(np.linalg.norm(known, axis=1))))


def test_no_residuals_are_nan() -> None:
    nothing = ResidualMoments.of(np.full((3, 2), np.nan))
    assert nothing.num_left_out == 3
    assert np.isnan([*nothing.bias_px, nothing.rms_px, nothing.max_px]).all()
