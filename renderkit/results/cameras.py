"""A rig camera by camera: pooled scores, and which camera is worst and by how much."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from renderkit.metrics.score_kind import Metric
from renderkit.results.kinds import METRICS, RANKING_METRICS
from renderkit.results.rows import ViewResult
from renderkit.results.scores import Scores, pool_scores
from renderkit.selection import natural_key

MAD_TO_SIGMA = 1.4826
"""Makes the median absolute deviation of normal values their standard deviation."""

STANDS_OUT = 5.0
"""Robust standard deviations from the rig's median from which on a camera stands out."""


@dataclass(frozen=True, eq=False)
class CameraSummary:
    """One camera over all its frames, for one mesh.

    Attributes:
        camera: Camera name.
        mesh: Mesh name.
        scores: Pooled over the frames: counts summed, residuals joined; never a mean of ratios.
        rows: The rows it was pooled from, failed ones included.
    """

    camera: str
    mesh: str
    scores: Scores
    rows: tuple[ViewResult, ...]

    def __getattr__(self, name: str) -> float:
        """Return a metric by its name, as in `summary.iou`; NaN where it could not be computed."""
        if name not in METRICS:
            raise AttributeError(f"{type(self).__name__!r} has no attribute and there is no metric {name!r}")
        return METRICS[name].value(self.scores)

    @property
    def num_failed(self) -> int:
        """Views that could not be processed."""
        return sum(row.failure is not None for row in self.rows)

    def missing_reason(self, metric: Metric) -> str | None:
        """Return why the camera has no such number, or None when it has: the first reason among its rows."""
        if not math.isnan(metric.value(self.scores)):
            return None
        return next((reason for row in self.rows if (reason := row.missing_reason(metric))), None)


def worst_view(rows: Sequence[ViewResult], metric: Metric | None = None) -> ViewResult:
    """Return the view that is worst by a metric; by the most telling one that any view has, when None.

    Args:
        rows: At least one; those that lack the metric count only where all do: then the first is returned.
        metric: The metric.
    """
    for one in (metric,) if metric is not None else RANKING_METRICS:
        known = [row for row in rows if row.missing_reason(one) is None]
        if known:
            sign = 1.0 if one.better == "lower" else -1.0
            return max(known, key=lambda row: sign * one.value(row.scores))
    return rows[0]


@dataclass(frozen=True)
class WorstCamera:
    """The camera that agrees least with the others.

    Attributes:
        camera: Its name.
        metric: Name of the metric that singles it out.
        value: Its value.
        rig_median: Median over the cameras.
        deviation: (value - rig_median) towards worse, in robust standard deviations of the rig (1.4826 MAD, at least
            the metric's floor and the value's own standard error).
        runner_up: The next camera by deviation, or None when it is the only one.
        runner_up_deviation: That camera's deviation; 0 without one.
        runner_up_value: That camera's value of the same metric; NaN without one.
    """

    camera: str
    metric: str
    value: float
    rig_median: float
    deviation: float
    runner_up: str | None
    runner_up_deviation: float
    runner_up_value: float

    @property
    def stands_out(self) -> bool:
        """Whether it is an outlier, not only the last in the ranking."""
        return self.deviation >= STANDS_OUT


def summarise_cameras(rows: Iterable[ViewResult]) -> tuple[CameraSummary, ...]:
    """Pool rows by camera and mesh, in natural order."""
    groups: dict[tuple[str, str], list[ViewResult]] = {}
    for row in rows:
        groups.setdefault((row.key.camera, row.key.mesh), []).append(row)
    ordered = sorted(groups.items(), key=lambda item: (natural_key(item[0][0]), natural_key(item[0][1])))
    return tuple(
        CameraSummary(camera, mesh, pool_scores(row.scores for row in group), tuple(group))
        for (camera, mesh), group in ordered
    )


def table_metrics(summaries: Sequence[CameraSummary]) -> tuple[Metric, ...]:
    """Return the columns of the standard table of cameras, in order."""
    return tuple(
        metric
        for metric in METRICS.values()
        if metric.column
        and not metric.on_request
        and (not metric.only_if_known or any(not math.isnan(metric.value(s.scores)) for s in summaries))
    )


def worst_camera(summaries: Sequence[CameraSummary]) -> WorstCamera | None:
    """Name the camera that agrees least, by whichever metric singles it out most.

    Cameras with landmarks and cameras without are ranked together: each value is measured in robust standard
    deviations from the rig's median of that metric, each mesh against its own.

    Args:
        summaries: The rig's cameras.

    Returns:
        None when no camera has any of the ranking metrics.
    """
    ranked = rank_cameras(summaries)
    if not ranked:
        return None
    first = ranked[0]
    other = next((candidate for candidate in ranked if candidate.camera != first.camera), None)
    if other is None:
        return first
    values = {s.camera: METRICS[first.metric].value(s.scores) for s in summaries}
    return replace(
        first,
        runner_up=other.camera,
        runner_up_deviation=other.deviation,
        runner_up_value=values[other.camera],
    )


def rank_cameras(summaries: Iterable[CameraSummary]) -> tuple[WorstCamera, ...]:
    """Return one entry per camera and mesh that has a ranking metric, the worst first."""
    best: dict[tuple[str, str], WorstCamera] = {}
    for mesh, entry in camera_deviations(summaries):
        known = best.get((entry.camera, mesh))
        if known is None or entry.deviation > known.deviation:
            best[entry.camera, mesh] = entry
    return tuple(sorted(best.values(), key=lambda entry: (-entry.deviation, natural_key(entry.camera))))


def camera_deviations(summaries: Iterable[CameraSummary]) -> Iterator[tuple[str, WorstCamera]]:
    """Yield mesh and deviation for every ranking metric of every camera, each mesh against its own rig."""
    by_mesh: dict[str, list[CameraSummary]] = {}
    for summary in summaries:
        by_mesh.setdefault(summary.mesh, []).append(summary)
    for mesh, group in by_mesh.items():
        for entry in _deviations_of(group):
            yield mesh, entry


def _deviations_of(group: list[CameraSummary]) -> Iterator[WorstCamera]:
    for metric in RANKING_METRICS:
        if metric.ranking is None:
            continue
        values = np.array([metric.value(summary.scores) for summary in group])
        known = np.isfinite(values)
        if not known.any():
            continue
        median = float(np.median(values[known]))
        spread = max(MAD_TO_SIGMA * float(np.median(np.abs(values[known] - median))), metric.ranking.floor)
        errors = [metric.ranking.error_of(summary.scores.get(metric.kind), median) for summary in group]
        worse = (values - median) / np.maximum(spread, errors) * (1.0 if metric.better == "lower" else -1.0)
        for index in np.flatnonzero(known):
            value, deviation = float(values[index]), float(worse[index])
            yield WorstCamera(
                camera=group[index].camera,
                metric=metric.name,
                value=value,
                rig_median=median,
                deviation=deviation,
                runner_up=None,
                runner_up_deviation=0.0,
                runner_up_value=math.nan,
            )
