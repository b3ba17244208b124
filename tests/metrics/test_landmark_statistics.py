from __future__ import annotations

import math

import numpy as np
import pytest

from renderkit.metrics.landmark_statistics import (
    by_camera,
    by_frame,
    by_landmark,
    residual_field,
)
from renderkit.metrics.reprojection import ReprojectionScore, pool_residuals, score_reprojection


def _score(seed: int, count: int = 9) -> ReprojectionScore:
    generator = np.random.default_rng(seed)
    captured = generator.uniform(0, 100, (count, 2))
    hidden = generator.random(count) < 0.2
    return score_reprojection(captured + generator.normal(0, 3, (count, 2)), captured, np.ones(count, np.bool_), hidden)


VIEWS = {(frame, camera): _score(seed) for seed, (frame, camera) in enumerate([("0", "a"), ("0", "b"), ("1", "a")])}


def test_groups_pool_raw_residuals() -> None:
    cameras, frames = by_camera(VIEWS), by_frame(VIEWS)
    assert set(cameras) == {"a", "b"}
    assert set(frames) == {"0", "1"}
    both = np.concatenate([VIEWS["0", "a"].residuals, VIEWS["1", "a"].residuals])
    lengths = np.hypot(both[:, 0], both[:, 1])
    lengths = lengths[np.isfinite(lengths)]
    assert cameras["a"].rms_px == pytest.approx(math.sqrt(float((lengths**2).mean())))
    assert cameras["a"].median_px == pytest.approx(float(np.median(lengths)))
    assert cameras["a"].num_hidden == VIEWS["0", "a"].num_hidden + VIEWS["1", "a"].num_hidden


def test_pools_are_the_same_to_the_last_bit_in_any_grouping() -> None:
    scores = [_score(seed, 40) for seed in range(12)]
    whole = pool_residuals(scores)
    halves = pool_residuals([pool_residuals(scores[7:]), pool_residuals(scores[:7])])
    for name in ("median_px", "rms_px", "p95_px", "max_px", "num_used", "num_hidden", "num_missing"):
        assert getattr(halves, name) == getattr(whole, name), name
    assert halves.bias_px.tobytes() == whole.bias_px.tobytes()


def test_landmarks_keep_their_own_counts() -> None:
    scores = by_landmark(VIEWS.values())
    assert len(scores) == 9
    for index, score in enumerate(scores):
        assert score.num_hidden == sum(view.hidden is not None and bool(view.hidden[index]) for view in VIEWS.values())
        assert score.num_used + score.num_hidden + score.num_missing == 3
    assert by_landmark([]) == ()
    with pytest.raises(ValueError, match=r"\[8, 9\]"):
        by_landmark([_score(0, 8), _score(0, 9)])


def test_nothing_to_pool_is_nan() -> None:
    empty = pool_residuals([])
    assert empty.num_used == 0
    assert math.isnan(empty.rms_px)


def test_residual_field_bins_by_place() -> None:
    pixels = np.array([[-0.5, -0.5], [3.0, 3.0], [9.5, 7.5], [20.0, 3.0], [4.6, 0.0]])
    residuals = np.array([[1.0, 0.0], [3.0, 0.0], [0.0, 2.0], [1.0, 1.0], [np.nan, 0.0]])
    found = residual_field(pixels, residuals, (10, 8), (2, 2))
    assert found.counts.tolist() == [[2, 0], [0, 1]]
    assert found.mean_px[0, 0].tolist() == [2.0, 0.0]
    assert found.mean_px[1, 1].tolist() == [0.0, 2.0]
    assert np.isnan(found.mean_px[0, 1]).all()
    assert found.rms_px[0, 0] == pytest.approx(math.sqrt(5.0))
    assert (found.num_outside, found.num_unused) == (1, 1)
    with pytest.raises(ValueError, match="cells"):
        residual_field(pixels, residuals, (10, 8), (0, 2))
