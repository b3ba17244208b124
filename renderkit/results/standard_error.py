"""How sure a camera's number is: the bootstrap's standard error (Efron and Tibshirani 1993, chapter 6)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np

from renderkit.metrics.score_kind import Metric
from renderkit.results.cameras import CameraSummary
from renderkit.results.kinds import KINDS
from renderkit.wording import counted

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
    return standard_errors(summary, (metric,))[metric.name]


def standard_errors(summary: CameraSummary, metrics: Iterable[Metric]) -> dict[str, float]:
    """Return `standard_error` of several metrics by name; those of one kind share their resamples."""
    errors: dict[str, float] = {}
    by_kind: dict[str, list[Metric]] = {}
    for metric in metrics:
        errors[metric.name] = math.nan
        if why_none(summary, metric) is None:
            by_kind.setdefault(metric.kind, []).append(metric)
    for kind, wanted in by_kind.items():
        values = [[float(metric.read(drawn)) for metric in wanted] for drawn in _draws(summary, kind)]
        deviations = np.std(np.array(values), axis=0, ddof=1)
        errors |= {metric.name: float(one) for metric, one in zip(wanted, deviations, strict=True)}
    return errors


def why_none(summary: CameraSummary, metric: Metric) -> str | None:
    """Return why a camera's metric has no standard error, or None when it has one."""
    samples = KINDS[metric.kind].samples
    if samples is not None:
        used = samples.count(summary.scores[metric.kind]) if metric.kind in summary.scores else 0
        return None if used >= MIN_SAMPLES else f"{used} {samples.what}, a standard error needs {MIN_SAMPLES}"
    frames = sum(metric.kind in row.scores for row in summary.rows)
    return (
        None
        if frames >= MIN_FRAMES
        else f"{counted(frames, 'frame')}, a standard error of {metric.name} needs {MIN_FRAMES}"
    )


def _draws(summary: CameraSummary, kind: str) -> Iterator[Any]:
    """Yield the pooled score of each resample."""
    # A constant seed: two runs of one capture must give one report.
    rng = np.random.default_rng(0)
    samples = KINDS[kind].samples
    present = [row.scores[kind] for row in summary.rows if kind in row.scores]
    for _ in range(NUM_RESAMPLES):
        if samples is not None:
            yield samples.drawn(summary.scores[kind], rng)
        else:
            yield KINDS[kind].pool([present[index] for index in rng.integers(0, len(present), len(present))])
