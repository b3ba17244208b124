"""Bootstrap confidence intervals of each camera's headline numbers, and every metric over the rig."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.metrics.uncertainty import Interval, RigSummary, bootstrap_interval, rms, summarise_rig
from renderkit.results.cameras import CameraSummary, pool_scores, summarise_cameras
from renderkit.results.catalogue import METRICS, asked_metrics
from renderkit.results.rows import ViewResult

NUM_DRAWS: Final = 400
_MIN_FRAMES: Final = 2
_LANDMARKS: Final = {"reprojection_median_px": lambda values: float(np.median(values)), "reprojection_rms_px": rms}


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


def headline_intervals(rows: Iterable[ViewResult]) -> tuple[MetricInterval, ...]:
    """Bound every camera's reprojection median and RMS, and its IoU; equal for equal rows.

    Landmark numbers are resampled over frames and landmarks; the IoU over frames, of which it needs two.
    """
    found = []
    for summary in summarise_cameras(rows):
        table = _distances(summary)
        for name, statistic in _LANDMARKS.items():
            if table.size:
                interval = bootstrap_interval(table, statistic, num_draws=NUM_DRAWS)
                found.append(MetricInterval(summary.camera, summary.mesh, name, interval))
        overlap = _iou_interval(summary)
        if overlap is not None:
            found.append(MetricInterval(summary.camera, summary.mesh, "iou", overlap))
    return tuple(found)


def _distances(summary: CameraSummary) -> FloatArray:
    """Return (frames, landmarks) distances in px; NaN where not used."""
    scores = [row.scores.reprojection for row in summary.rows if row.scores.reprojection is not None]
    length = max((len(score.residuals) for score in scores), default=0)
    # Frames of another landmark scheme would not line up.
    chosen = [score.distances_px for score in scores if len(score.residuals) == length]
    table = np.stack(chosen) if chosen else np.zeros((0, 0))
    return table if np.isfinite(table).any() else np.zeros((0, 0))


def _iou_interval(summary: CameraSummary) -> Interval | None:
    scores = [row.scores for row in summary.rows if row.scores.mask is not None]
    if len(scores) < _MIN_FRAMES:
        return None
    iou = METRICS["iou"]

    def pooled(index: FloatArray) -> float:
        return iou.value(pool_scores(scores[int(place)] for place in index))

    estimate = iou.value(pool_scores(scores))
    if math.isnan(estimate):
        return None
    # A column of frame numbers: with a single "landmark" only frames are drawn.
    return bootstrap_interval(np.arange(len(scores))[:, None], pooled, num_draws=NUM_DRAWS)


def rig_summaries(rows: Iterable[ViewResult]) -> dict[str, dict[str, RigSummary]]:
    """Return by mesh and metric the worst camera, the camera at 95 % and the median; never the mean."""
    every = tuple(rows)
    metrics = [metric for metric in asked_metrics(every) if metric.better != "neither"]
    by_mesh: dict[str, list[CameraSummary]] = {}
    for summary in summarise_cameras(every):
        by_mesh.setdefault(summary.mesh, []).append(summary)
    return {
        mesh: {
            metric.name: summarise_rig(
                {summary.camera: metric.value(summary.scores) for summary in group},
                larger_is_worse=metric.better == "lower",
            )
            for metric in metrics
        }
        for mesh, group in by_mesh.items()
    }
