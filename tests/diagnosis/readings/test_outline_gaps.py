"""Outermost points against a table of all products."""

from __future__ import annotations

import numpy as np

from renderkit.diagnosis.readings.outline_gaps import DIRECTIONS, outermost


def test_the_outermost_points_are_those_of_the_largest_products_after_a_cut_at_the_edge() -> None:
    points = np.random.default_rng(2).uniform(-30.0, 130.0, (200, 2))
    points[7] = np.nan
    points[8, 1] = np.inf
    found = outermost(points, (99.5, 79.5))
    assert found is not None
    known = np.clip(points[np.isfinite(points).all(axis=1)], -0.5, (99.5, 79.5))
    table = known @ DIRECTIONS.T
    np.testing.assert_allclose(found[1], table.max(axis=0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose((found[0] * DIRECTIONS).sum(axis=1), found[1], rtol=1e-12, atol=1e-12)
    assert all((np.abs(known - point).max(axis=1) == 0.0).any() for point in found[0])


def test_there_is_none_where_nothing_is_seen() -> None:
    assert outermost(np.full((3, 2), np.nan), (99.5, 79.5)) is None
    assert outermost(np.zeros((0, 2)), (99.5, 79.5)) is None
