from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderkit.metrics.exact_sum import exact_sum

floats = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)


@given(st.lists(floats, max_size=30))
def test_sums_are_rounded_once(values: list[float]) -> None:
    exact = sum((Fraction(value) for value in values), Fraction(0))
    assert exact_sum(np.array(values)) == float(exact)


@pytest.mark.parametrize("decades", [0, 3, 40, 250])
@pytest.mark.parametrize("count", [0, 1, 255, 256, 4097, 60_000])
def test_many_values_add_up_as_fsum_adds_them(count: int, decades: int) -> None:
    rng = np.random.default_rng(count + decades)
    values = rng.normal(size=count) * 10.0 ** rng.integers(-decades, decades + 1, count)
    # What cancels leaves the small ones.
    for one in (values, np.concatenate([values, -values[::-1], values[:3] * 1e-30])):
        assert exact_sum(one) == math.fsum(one.tolist())
    assert exact_sum(np.abs(values)) == math.fsum(np.abs(values).tolist())


def test_cancellation_and_subnormals_survive() -> None:
    assert exact_sum(np.array([1e300, 1.0, -1e300])) == 1.0
    assert exact_sum(np.array([5e-324] * 3)) == 1.5e-323


def test_a_sum_of_many_with_nan_or_beyond_the_largest_number_is_as_fsum_has_it() -> None:
    assert math.isnan(exact_sum(np.full(1000, np.nan)))
    assert exact_sum(np.full(1000, np.inf)) == math.inf
    assert exact_sum(np.full(1000, 5e-324)) == 1000 * 5e-324
    assert exact_sum(np.array([[1e306, -1e306]] * 500 + [[1.0, 2.0]])) == 3.0
