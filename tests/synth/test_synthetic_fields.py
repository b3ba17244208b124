from __future__ import annotations

import numpy as np
import pytest

from renderkit.synth import fields
from renderkit.synth.fields import FieldPoints
from renderkit.synth.surface import gradient

FROZEN_NOISE = [-0.3381372, 0.3273084]


def random_points(seed: int, count: int = 500, spread: float = 20.0) -> FieldPoints:
    return np.random.default_rng(seed).normal(0.0, spread, (count, 3)).astype(np.float32)


def test_sphere_is_exact() -> None:
    points = random_points(0)
    expected = np.linalg.norm(points.astype(float) - [1.0, 2.0, 3.0], axis=1) - 4.0
    assert np.allclose(fields.sphere(points, (1.0, 2.0, 3.0), 4.0), expected, atol=1e-4)


def test_ellipsoid_vanishes_on_its_surface_with_unit_slope() -> None:
    directions = random_points(1)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    surface = directions * np.array([10.0, 25.0, 17.0], dtype=np.float32) + np.array([3.0, -4.0, 5.0], dtype=np.float32)

    def distance(points: FieldPoints) -> fields.Field:
        return fields.ellipsoid(points, (3.0, -4.0, 5.0), (10.0, 25.0, 17.0))

    assert np.abs(distance(surface)).max() < 1e-4
    assert np.allclose(np.linalg.norm(gradient(distance, surface, 0.05), axis=1), 1.0, atol=0.02)
    assert (distance(surface * np.float32(0.5) + np.array([1.5, -2.0, 2.5], dtype=np.float32)) < 0.0).all()


def test_capsule_is_a_sphere_at_its_ends_and_a_cylinder_between() -> None:
    points = np.array([[0, 0, -5], [3, 0, 5], [0, 4, 10], [0, 0, 20]], dtype=np.float32)
    result = fields.capsule(points, (0.0, 0.0, 0.0), (0.0, 0.0, 10.0), 2.0, 4.0)
    assert np.allclose(result, [5.0 - 2.0, 3.0 - 3.0, 4.0 - 4.0, 10.0 - 4.0], atol=1e-5)


def test_smooth_union_and_cut_touch_only_the_seam() -> None:
    first, second = np.array([5.0, 1.0, -3.0], dtype=np.float32), np.array([1.0, 1.0, 4.0], dtype=np.float32)
    assert np.allclose(fields.smooth_union(first, second, 2.0), [1.0, 1.0 - 0.5, -3.0])
    assert np.allclose(fields.smooth_cut(first, second, 2.0), [5.0, 1.0, -3.0 + 0.125])
    inside = np.full(1, -1.0, dtype=np.float32)
    assert fields.smooth_cut(inside, 3.0 * inside, 1.0)[0] == pytest.approx(3.0)


def test_noise_is_smooth_bounded_and_the_same_everywhere() -> None:
    points = random_points(2, 4000)
    noise = fields.value_noise(points, 7)
    assert np.abs(noise).max() <= 1.0
    assert noise.std() > 0.2
    assert np.array_equal(noise, fields.value_noise(np.asfortranarray(points), 7))
    assert np.abs(noise - fields.value_noise(points, 8)).max() > 0.5
    step = np.array([1e-3, 0.0, 0.0], dtype=np.float32)
    assert np.abs(fields.value_noise(points + step, 7) - noise).max() < 0.01
    # Frozen values: a capture made elsewhere must have the same bytes.
    corner = np.array([[0.0, 0.0, 0.0], [3.5, -2.25, 7.125]], dtype=np.float32)
    assert np.allclose(fields.value_noise(corner, 0), FROZEN_NOISE, atol=1e-6)
