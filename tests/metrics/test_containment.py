"""Containment of projected points against masks whose answer is known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from renderkit.metrics.containment import ContainmentScore, score_containment


def test_counts_points_by_the_pixel_they_fall_into() -> None:
    mask = np.zeros((4, 6), dtype=np.bool_)
    mask[1, 2] = True
    # Pixel (2, 1) spans [1.5, 2.5) x [0.5, 1.5).
    pixels = [[2.0, 1.0], [1.5, 0.5], [2.49, 1.49], [2.5, 1.0], [1.49, 1.0], [-0.5, -0.5], [5.49, 3.49], [2.9, 1.0]]
    score = score_containment(pixels, mask)
    assert (score.num_inside, score.num_in_image, score.num_points) == (3, 8, 8)
    assert score.containment == 3 / 8


def test_points_outside_the_image_or_without_projection_are_left_out_and_counted() -> None:
    mask = np.ones((4, 6), dtype=np.bool_)
    score = score_containment([[np.nan, np.nan], [-0.51, 0.0], [5.5, 0.0], [0.0, 3.5], [1.0, 1.0]], mask)
    assert (score.num_inside, score.num_in_image, score.num_points) == (1, 1, 5)


def test_no_point_in_the_image_is_undefined() -> None:
    score = score_containment(np.zeros((0, 2)), np.ones((2, 2), dtype=np.bool_))
    assert math.isnan(score.containment)


def test_merging_pools_counts() -> None:
    merged = ContainmentScore(1, 2, 3).merge(ContainmentScore(10, 20, 30))
    assert merged == ContainmentScore(11, 22, 33)


def test_refuses_a_mask_that_is_no_mask() -> None:
    with pytest.raises(ValueError, match="bool mask"):
        score_containment(np.zeros((1, 2)), np.ones((2, 2)))  # type: ignore[arg-type]
