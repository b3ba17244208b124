"""Bootstrap confidence intervals of each camera's headline numbers, and every metric over the rig."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.metrics.score_kind import Metric, Samples
from renderkit.metrics.uncertainty import Interval, RigSummary, bootstrap_interval, summarise_rig
from renderkit.results.cameras import CameraSummary
from renderkit.results.kinds import KINDS, METRICS, RANKING_METRICS
from renderkit.results.scores import Scores, pool_scores

NUM_DRAWS: Final = 400
_MIN_FRAMES: Final = 2


@dataclass(frozen=True)
class MetricInterval:
    """A camera's number with its 95 % bootstrap interval.

    Attributes:
        camera: Camera name.
        mesh: Mesh name.
        metric: Metric name.
        interval: Estimate and ends.
    """

    camera: str
    mesh: str
    metric: str
    interval: Interval


def headline_intervals(summaries: Iterable[CameraSummary]) -> tuple[MetricInterval, ...]:
    """Bound every camera's headline numbers, the most telling first; equal for equal rows.

    Numbers of landmarks are resampled over frames and landmarks; others over frames, of which they need two.
    """
    ordered = dict.fromkeys([*RANKING_METRICS, *METRICS.values()])
    wanted = [metric for metric in ordered if metric.interval]
    found = []
    for summary in summaries:
        for metric in wanted:
            interval = _interval(summary, metric)
            if interval is not None:
                found.append(MetricInterval(summary.camera, summary.mesh, metric.name, interval))
    return tuple(found)


def _interval(summary: CameraSummary, metric: Metric) -> Interval | None:
    samples = KINDS[metric.kind].samples
    if samples is None or metric.statistic is None:
        return _frame_interval(summary, metric)
    table = _sample_table(summary, metric, samples)
    return bootstrap_interval(table, metric.statistic, num_draws=NUM_DRAWS) if table.size else None


def _sample_table(summary: CameraSummary, metric: Metric, samples: Samples) -> FloatArray:
    """Return (frames, samples) values; NaN where not used."""
    values = [samples.values(row.scores[metric.kind]) for row in summary.rows if metric.kind in row.scores]
    length = max((len(each) for each in values), default=0)
    # Frames of another landmark scheme would not line up.
    chosen = [each for each in values if len(each) == length]
    table = np.stack(chosen) if chosen else np.zeros((0, 0))
    return table if np.isfinite(table).any() else np.zeros((0, 0))


def _frame_interval(summary: CameraSummary, metric: Metric) -> Interval | None:
    scores = [Scores({metric.kind: row.scores[metric.kind]}) for row in summary.rows if metric.kind in row.scores]
    if len(scores) < _MIN_FRAMES:
        return None

    def pooled(index: FloatArray) -> float:
        return metric.value(pool_scores(scores[int(place)] for place in index))

    estimate = metric.value(pool_scores(scores))
    if math.isnan(estimate):
        return None
    # A column of frame numbers: with a single "landmark" only frames are drawn.
    return bootstrap_interval(np.arange(len(scores))[:, None], pooled, num_draws=NUM_DRAWS)


def rig_summaries(summaries: Iterable[CameraSummary], metrics: Sequence[Metric]) -> dict[str, dict[str, RigSummary]]:
    """Return by mesh and metric the worst camera, the camera at 95 % and the median; never the mean."""
    by_mesh: dict[str, list[CameraSummary]] = {}
    for summary in summaries:
        by_mesh.setdefault(summary.mesh, []).append(summary)
    return {
        mesh: {
            metric.name: summarise_rig(
                {summary.camera: metric.value(summary.scores) for summary in group},
                larger_is_worse=metric.better == "lower",
            )
            for metric in metrics
            if metric.better != "neither"
        }
        for mesh, group in by_mesh.items()
    }
