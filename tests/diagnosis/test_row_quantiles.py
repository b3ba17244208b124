"""Medians against NumPy's."""

from __future__ import annotations

import numpy as np
import pytest

from renderkit.diagnosis.row_quantiles import median_of


@pytest.mark.parametrize("count", [1, 2, 3, 95, 96])
def test_the_median_of_few_values_is_that_of_numpy(count: int) -> None:
    rng = np.random.default_rng(count)
    values = rng.normal(size=count)
    before = values.copy()
    assert median_of(values) == np.median(values)
    np.testing.assert_array_equal(values, before)


def test_values_that_are_infinite_count() -> None:
    assert median_of(np.array([np.inf, 1.0, np.inf])) == np.inf
    assert median_of(np.array([np.inf, 1.0, 2.0])) == 2.0
