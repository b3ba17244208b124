"""How sure a camera's number is: the bootstrap's standard error (Efron and Tibshirani 1993, chapter 6)."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from renderkit.metrics.reprojection import ReprojectionScore
from renderkit.results.cameras import CameraSummary, pool_scores
from renderkit.results.catalogue import Metric
from renderkit.results.rows import Scores

NUM_RESAMPLES: Final = 200
"""Resamples; Efron and Tibshirani find 200 enough for a standard error."""

MIN_LANDMARKS: Final = 8
MIN_FRAMES: Final = 5
"""Below these a resample says nothing about the population."""


def standard_error(summary: CameraSummary, metric: Metric) -> float:
    """Return the standard error of a camera's pooled metric, in the metric's unit; equal for equal input.

    Landmark metrics are resampled over the landmarks of all frames, all others over frames.

    Returns:
        NaN with fewer than 8 used landmarks, or fewer than 5 frames that have the score: see `why_none`.
    """
    if why_none(summary, metric) is not None:
        return math.nan
    # A constant seed: two runs of one capture must give one report.
    rng = np.random.default_rng(0)
    draw = _landmark_draw if metric.kind == "reprojection" else _frame_draw
    values = np.array([metric.value(draw(summary, metric, rng)) for _ in range(NUM_RESAMPLES)])
    return float(np.std(values, ddof=1))


def why_none(summary: CameraSummary, metric: Metric) -> str | None:
    """Return why a camera's metric has no standard error, or None when it has one."""
    score = summary.scores.reprojection
    if metric.kind == "reprojection":
        used = 0 if score is None else score.num_used
        return None if used >= MIN_LANDMARKS else f"{used} used landmarks, a standard error needs {MIN_LANDMARKS}"
    frames = sum(getattr(row.scores, metric.kind) is not None for row in summary.rows)
    return None if frames >= MIN_FRAMES else f"{frames} frames, a standard error of {metric.name} needs {MIN_FRAMES}"


def _landmark_draw(summary: CameraSummary, metric: Metric, rng: np.random.Generator) -> Scores:
    del metric
    score = summary.scores.reprojection
    if score is None:
        raise ValueError("landmarks were counted before they were drawn")
    used = score.residuals[score.used]
    drawn = used[rng.integers(0, len(used), len(used))]
    return Scores(reprojection=ReprojectionScore(drawn, score.num_hidden, score.num_missing))


def _frame_draw(summary: CameraSummary, metric: Metric, rng: np.random.Generator) -> Scores:
    present = [row.scores for row in summary.rows if getattr(row.scores, metric.kind) is not None]
    return pool_scores(_only(present[index], metric) for index in rng.integers(0, len(present), len(present)))


def _only(scores: Scores, metric: Metric) -> Scores:
    return Scores(**{metric.kind: getattr(scores, metric.kind)})
