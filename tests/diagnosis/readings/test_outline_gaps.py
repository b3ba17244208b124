"""Outermost points against a table of all products."""

from __future__ import annotations

import numpy as np

from renderkit.diagnosis.readings.outline_gaps import DIRECTIONS, outermost

WINDOW = (-0.5, -0.5, 99.5, 79.5)


def test_the_outermost_points_are_those_of_the_largest_products_within_the_window() -> None:
    points = np.random.default_rng(2).uniform(-30.0, 130.0, (200, 2))
    points[7] = np.nan
    points[8, 1] = np.inf
    found = outermost(points, WINDOW)
    assert found is not None
    known = points[((points >= WINDOW[:2]) & (points <= WINDOW[2:])).all(axis=1)]
    table = known @ DIRECTIONS.T
    np.testing.assert_allclose(found[1], table.max(axis=0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose((found[0] * DIRECTIONS).sum(axis=1), found[1], rtol=1e-12, atol=1e-12)
    assert all((np.abs(known - point).max(axis=1) == 0.0).any() for point in found[0])


def test_there_is_none_where_nothing_is_seen() -> None:
    assert outermost(np.full((3, 2), np.nan), WINDOW) is None
    assert outermost(np.zeros((0, 2)), WINDOW) is None
    assert outermost(np.full((3, 2), 200.0), WINDOW) is None
    assert outermost(np.full((3, 2), 200.0)) is not None
