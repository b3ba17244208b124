from __future__ import annotations

import numpy as np
import pytest

from renderkit.arrays import FloatArray
from renderkit.geometry.convergence import converge


def inward(count: int, point: FloatArray) -> tuple[FloatArray, FloatArray]:
    random = np.random.default_rng(5)
    centers = random.normal(size=(count, 3))
    centers = point + 2.0 * centers / np.linalg.norm(centers, axis=1, keepdims=True)
    axes = (point - centers) / np.linalg.norm(point - centers, axis=1, keepdims=True)
    return centers, axes


def test_axes_through_a_point_meet_there() -> None:
    point = np.array([0.3, -0.5, 0.7])
    found = converge(*inward(9, point))
    np.testing.assert_allclose(found.point, point, atol=1e-9)
    assert found.conditioned
    assert found.in_front.all()
    assert found.median_angle_deg < 1e-6
    assert found.working_distance == pytest.approx(2.0)


def test_some_that_look_elsewhere_do_not_move_it() -> None:
    point = np.array([0.3, -0.5, 0.7])
    centers, axes = inward(20, point)
    random = np.random.default_rng(1)
    for index in range(7):
        axis = random.normal(size=3)
        axes[index] = axis / np.linalg.norm(axis)
    found = converge(centers, axes)
    assert np.linalg.norm(found.point - point) < 1e-3
    assert (found.angles_deg[7:] < 0.1).all()
    assert (found.angles_deg[:7] > 5.0).all()


def test_axes_that_point_away_are_behind() -> None:
    centers, axes = inward(9, np.zeros(3))
    found = converge(centers, -axes)
    assert not found.in_front.any()
    assert found.median_angle_deg == pytest.approx(180.0, abs=1e-5)


def test_parallel_axes_meet_nowhere() -> None:
    centers = np.random.default_rng(0).normal(size=(6, 3))
    found = converge(centers, np.tile([0.0, 0.0, 1.0], (6, 1)))
    assert not found.conditioned
    assert found.median_angle_deg == 180.0
    assert np.isnan(found.working_distance)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_cameras_meet_nowhere(count: int) -> None:
    found = converge(np.zeros((count, 3)), np.tile([0.0, 0.0, 1.0], (count, 1)))
    assert not found.conditioned
    assert np.isnan(found.working_distance)
