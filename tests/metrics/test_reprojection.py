from __future__ import annotations

import math

import numpy as np
import pytest

from renderkit.metrics.reprojection import interocular_px, score_reprojection

ALL = np.ones(4, np.bool_)
NONE = np.zeros(4, np.bool_)


def test_statistics_of_known_residuals() -> None:
    captured = np.array([[10.0, 10.0], [20.0, 10.0], [10.0, 20.0], [50.0, 60.0]])
    predicted = captured + np.array([[3.0, 4.0], [0.0, 0.0], [0.0, -1.0], [6.0, 8.0]])
    score = score_reprojection(predicted, captured, ALL, NONE)
    assert score.num_used == 4
    np.testing.assert_allclose(score.bias_px, (2.25, 2.75))
    assert score.median_px == 3.0
    # Per point: sqrt((25 + 0 + 1 + 100) / 4), not over the eight components.
    assert score.rms_px == pytest.approx(math.sqrt(31.5))
    assert score.p95_px == pytest.approx(5 + 0.85 * 5)
    assert score.max_px == 10.0
    assert score.nme(8.0) == pytest.approx((5 + 0 + 1 + 10) / 4 / 8)


def test_what_is_left_out_is_counted() -> None:
    captured = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [np.nan, 0.0]])
    predicted = np.array([[1.0, 0.0], [99.0, 0.0], [np.nan, np.nan], [0.0, 0.0]])
    hidden = np.array([False, True, True, False])
    score = score_reprojection(predicted, captured, ALL, hidden)
    assert (score.num_used, score.num_hidden, score.num_missing) == (1, 1, 2)
    assert score.max_px == 1.0
    assert np.isnan(score.residuals[1:]).all()
    unasked = score_reprojection(predicted, captured, np.array([True, False, True, True]), hidden)
    assert (unasked.num_used, unasked.num_hidden, unasked.num_missing) == (1, 0, 3)


def test_no_landmark_is_nan_never_zero() -> None:
    score = score_reprojection(np.zeros((4, 2)), np.zeros((4, 2)), NONE, NONE)
    numbers = (*score.bias_px, score.median_px, score.rms_px, score.p95_px, score.max_px, score.nme(1.0))
    assert np.isnan(numbers).all()
    assert score.num_missing == 4


def test_eye_distance_and_nme_without_eyes() -> None:
    captured = np.array([[0.0, 0.0], [3.0, 4.0], [np.nan, 0.0], [1.0, 1.0]])
    assert interocular_px(captured, (0, 1)) == 5.0
    assert math.isnan(interocular_px(captured, (0, 2)))
    score = score_reprojection(captured, captured, ALL, NONE)
    assert math.isnan(score.nme(float("nan")))
    assert math.isnan(score.nme(0.0))


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match=r"captured: expected shape \(4, 2\), got \(3, 2\)"):
        score_reprojection(np.zeros((4, 2)), np.zeros((3, 2)), ALL, NONE)
    with pytest.raises(ValueError, match="hidden"):
        score_reprojection(np.zeros((4, 2)), np.zeros((4, 2)), ALL, NONE[:2])


def test_percentiles_are_numpys_to_the_bit() -> None:
    rng = np.random.default_rng(7)
    for count in (1, 2, 3, 68, 101):
        points = rng.normal(0.0, 2.0, (count, 2))
        score = score_reprojection(points, np.zeros((count, 2)), np.ones(count, np.bool_), np.zeros(count, np.bool_))
        for percent in (0.0, 3.7, 25.0, 50.0, 66.6, 95.0, 100.0):
            assert score.percentile_px(percent) == np.percentile(score.distances_px, percent)
