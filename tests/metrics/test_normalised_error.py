"""NME: distances over each view's own eye distance."""

from __future__ import annotations

import math

import numpy as np
import pytest

from renderkit.metrics.normalised_error import NormalisedError
from renderkit.metrics.reprojection import ReprojectionScore


def _score(seed: int) -> ReprojectionScore:
    residuals = np.random.default_rng(seed).normal(size=(30, 2))
    residuals[seed] = np.nan
    return ReprojectionScore(residuals, 0, 1)


def test_one_view_is_the_scores_own_nme() -> None:
    assert NormalisedError.of(_score(1), 50.0).nme == pytest.approx(_score(1).nme(50.0), rel=1e-14)


def test_pooling_weighs_landmarks_and_keeps_each_views_eyes() -> None:
    merged = NormalisedError.of(_score(1), 50.0).merge(NormalisedError.of(_score(2), 80.0))
    swapped = NormalisedError.of(_score(2), 80.0).merge(NormalisedError.of(_score(1), 50.0))
    terms = [score.distances_px[score.used] / eyes for score, eyes in ((_score(1), 50.0), (_score(2), 80.0))]
    assert merged.nme == swapped.nme == pytest.approx(np.concatenate(terms).mean(), rel=1e-14)
    assert math.isnan(merged.interocular_px)


@pytest.mark.parametrize("distance", [0.0, -1.0, math.nan, math.inf])
def test_eyes_without_a_distance_are_refused(distance: float) -> None:
    with pytest.raises(ValueError, match="interocular_px"):
        NormalisedError.of(_score(1), distance)


def test_nothing_used_is_nan() -> None:
    assert math.isnan(NormalisedError.of(ReprojectionScore(np.full((3, 2), np.nan), 0, 3), 50.0).nme)
