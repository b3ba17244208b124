from __future__ import annotations

import math

import numpy as np
import pytest

from renderkit.metrics.depth import depth_difference, score_depth


def test_two_planes() -> None:
    first = np.full((20, 30), np.inf, np.float32)
    second = first.copy()
    first[:, :20], second[:, 10:] = 2.0, 1.5
    second[0, 10:20] = 3.0
    score = score_depth(first, second)
    assert (score.covisible_px, score.first_only_px, score.second_only_px) == (200, 200, 200)
    assert (score.bias, score.median) == (0.5, 0.5)
    assert score.percentile(100) == 1.0
    assert score.p95 == pytest.approx(float(np.percentile([0.5] * 190 + [1.0] * 10, 95)))
    values = depth_difference(first, second)
    assert np.isnan(values[:, :10]).all()
    assert values[0, 10] == -1.0
    assert values[5, 15] == 0.5


def test_nothing_covisible_is_nan_and_counted() -> None:
    nothing = np.full((4, 5), np.inf, np.float32)
    score = score_depth(nothing, nothing)
    assert math.isnan(score.median)
    assert math.isnan(score.bias)
    assert score.num_empty == 1
    ones = np.ones((4, 5), np.float32)
    merged = score.merge(score_depth(ones, 2 * ones))
    assert (merged.covisible_px, merged.median, merged.bias, merged.num_empty) == (20, 1.0, -1.0, 1)


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match=r"\(4, 5\) and \(5, 4\)"):
        score_depth(np.zeros((4, 5), np.float32), np.zeros((5, 4), np.float32))
