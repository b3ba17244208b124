"""How sure a camera's number is: the bootstrap's standard error (Efron and Tibshirani 1993, chapter 6)."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from renderkit.metrics.score_kind import Metric
from renderkit.results.cameras import CameraSummary
from renderkit.results.kinds import KINDS
from renderkit.results.scores import Scores, pool_scores

NUM_RESAMPLES: Final = 200
"""Resamples; Efron and Tibshirani find 200 enough for a standard error."""

MIN_SAMPLES: Final = 8
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
    draw = _frame_draw if KINDS[metric.kind].samples is None else _sample_draw
    values = np.array([metric.value(draw(summary, metric, rng)) for _ in range(NUM_RESAMPLES)])
    return float(np.std(values, ddof=1))


def why_none(summary: CameraSummary, metric: Metric) -> str | None:
    """Return why a camera's metric has no standard error, or None when it has one."""
    samples = KINDS[metric.kind].samples
    if samples is not None:
        used = samples.count(summary.scores[metric.kind]) if metric.kind in summary.scores else 0
        return None if used >= MIN_SAMPLES else f"{used} {samples.what}, a standard error needs {MIN_SAMPLES}"
    frames = sum(metric.kind in row.scores for row in summary.rows)
    return None if frames >= MIN_FRAMES else f"{frames} frames, a standard error of {metric.name} needs {MIN_FRAMES}"


def _sample_draw(summary: CameraSummary, metric: Metric, rng: np.random.Generator) -> Scores:
    samples = KINDS[metric.kind].samples
    if samples is None:
        raise ValueError(f"{metric.name} is resampled over frames")
    return Scores({metric.kind: samples.drawn(summary.scores[metric.kind], rng)})


def _frame_draw(summary: CameraSummary, metric: Metric, rng: np.random.Generator) -> Scores:
    present = [row.scores[metric.kind] for row in summary.rows if metric.kind in row.scores]
    return pool_scores(Scores({metric.kind: present[index]}) for index in rng.integers(0, len(present), len(present)))
