from __future__ import annotations

import math

import numpy as np
import pytest

from renderkit.metrics.mask import MaskScore
from renderkit.metrics.reprojection import ReprojectionScore
from renderkit.results.cameras import CameraSummary, summarise_cameras
from renderkit.results.kinds import METRICS
from renderkit.results.rows import ViewKey, ViewResult
from renderkit.results.scores import Scores
from renderkit.results.standard_error import standard_error, why_none

NONE = dict.fromkeys(("mask", "boundary", "containment", "reprojection"), "not given")


def _summary(scores: list[Scores]) -> CameraSummary:
    rows = [ViewResult(ViewKey("r", str(i), "00", "scan"), score, NONE) for i, score in enumerate(scores)]
    return summarise_cameras(rows)[0]


def test_the_mean_squares_standard_error_follows_its_closed_form() -> None:
    # rms of components N(0, s): se(rms) = s sqrt(2) / (2 sqrt(N)) (delta method; the squared length is exponential).
    residuals = np.random.default_rng(3).normal(0.0, 2.0, (4000, 2))
    summary = _summary([Scores(reprojection=ReprojectionScore(residuals, 0, 0))])
    assert standard_error(summary, METRICS["reprojection_rms_px"]) == pytest.approx(
        2.0 * math.sqrt(2.0) / (2.0 * math.sqrt(4000)), rel=0.15
    )


def test_a_ratio_over_frames_follows_its_closed_form() -> None:
    rng = np.random.default_rng(4)
    inside = rng.integers(8_000, 9_000, 400)
    summary = _summary([Scores(mask=MaskScore(10_000, 10_000, int(count))) for count in inside])
    expected = float(np.std(inside / 10_000, ddof=1)) / math.sqrt(400)
    assert standard_error(summary, METRICS["containment"]) == pytest.approx(expected, rel=0.15)


def test_equal_input_gives_equal_errors() -> None:
    residuals = np.random.default_rng(5).normal(size=(30, 2))
    first, second = (_summary([Scores(reprojection=ReprojectionScore(residuals, 0, 0))]) for _ in range(2))
    metric = METRICS["reprojection_p95_px"]
    assert standard_error(first, metric) == standard_error(second, metric)


def test_too_little_data_has_no_error_and_says_why() -> None:
    few = _summary([Scores(mask=MaskScore(4, 4, 4), reprojection=ReprojectionScore(np.zeros((7, 2)), 0, 0))])
    for name, words in (
        ("reprojection_rms_px", "7 used landmarks"),
        ("iou", "1 frame,"),
        ("boundary_f_2px", "0 frames"),
    ):
        assert math.isnan(standard_error(few, METRICS[name]))
        assert words in (why_none(few, METRICS[name]) or "")
