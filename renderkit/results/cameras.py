"""A rig camera by camera: pooled scores, and which camera is worst and by how much."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import TypeVar

import numpy as np

from renderkit.metrics.boundary import BoundaryScore
from renderkit.metrics.containment import ContainmentScore
from renderkit.metrics.contour_score import ContourScore
from renderkit.metrics.depth_histogram import DepthHistogram
from renderkit.metrics.landmark_statistics import pool_scores as pool_residuals
from renderkit.metrics.mask import MaskScore
from renderkit.metrics.normalised_error import NormalisedError
from renderkit.metrics.texture import pool_textures
from renderkit.results.catalogue import METRICS, Metric
from renderkit.results.report import Report
from renderkit.results.rows import Scores, ViewResult, natural_key

_RANKED_BY: Mapping[str, float] = {
    "reprojection_median_px": 0.1,
    "reprojection_rms_px": 0.1,
    "boundary_f_2px": 0.01,
    "iou": 0.002,
    "containment": 0.002,
    "vertex_containment": 0.005,
}
"""What ranks cameras, with the spread below which cameras of a good rig differ for no reason of theirs."""

_MAD_TO_SIGMA = 1.4826
"""Makes the median absolute deviation of normal values their standard deviation."""

STANDS_OUT = 5.0
"""Deviations from the rig's median beyond which a camera is not one of the crowd."""


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
        return next((reason for row in self.rows if (reason := metric.missing_reason(row))), None)


@dataclass(frozen=True)
class WorstCamera:
    """The camera that agrees least with the others.

    Attributes:
        camera: Its name.
        metric: Name of the metric that singles it out.
        value: Its value.
        rig_median: Median over the cameras.
        deviation: (value - rig_median) towards worse, in robust standard deviations of the rig (1.4826 MAD, at least
            the metric's floor).
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
        """Whether it is an outlier, not only the last of a crowd."""
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


def pool_scores(scores: Iterable[Scores]) -> Scores:
    """Pool scores by their sufficient statistics; a part that no row has stays None."""
    every = tuple(scores)
    residuals = [s.reprojection for s in every if s.reprojection is not None]
    held_out = [s.multiview for s in every if s.multiview is not None]
    textures = [s.texture for s in every if s.texture is not None]
    return Scores(
        _merged(s.mask for s in every),
        _merged(s.boundary for s in every),
        _merged(s.containment for s in every),
        pool_residuals(residuals) if residuals else None,
        _merged(s.nme for s in every),
        _merged(s.contour for s in every),
        pool_residuals(held_out) if held_out else None,
        _merged(s.depth for s in every),
        pool_textures(textures) if textures else None,
    )


def worst_camera(report: Report, mesh: str | None = None) -> WorstCamera | None:
    """Name the camera that agrees least, by whichever metric singles it out most.

    Cameras with landmarks and cameras without are ranked together: each value is measured in robust standard
    deviations from the rig's median of that metric.

    Args:
        report: The run.
        mesh: Only rows of this mesh; None takes all, each mesh against its own.

    Returns:
        None when no camera has any of the ranking metrics.
    """
    summaries = [s for s in summarise_cameras(report.rows) if mesh is None or s.mesh == mesh]
    ranked = rank_cameras(summaries)
    if not ranked:
        return None
    first = ranked[0]
    other = next((candidate for candidate in ranked if candidate.camera != first.camera), None)
    if other is None:
        return first
    values = {s.camera: METRICS[first.metric].value(s.scores) for s in summaries}
    return WorstCamera(
        first.camera,
        first.metric,
        first.value,
        first.rig_median,
        first.deviation,
        other.camera,
        other.deviation,
        values[other.camera],
    )


def rank_cameras(summaries: Iterable[CameraSummary]) -> list[WorstCamera]:
    """Return one entry per camera and mesh that has a ranking metric, the worst first."""
    best: dict[tuple[str, str], WorstCamera] = {}
    for mesh, entry in _deviations(summaries):
        known = best.get((entry.camera, mesh))
        if known is None or entry.deviation > known.deviation:
            best[entry.camera, mesh] = entry
    return sorted(best.values(), key=lambda entry: (-entry.deviation, natural_key(entry.camera)))


def outlying_metrics(report: Report, camera: str) -> list[WorstCamera]:
    """Return by which ranking metrics a camera stands out, the reprojection first."""
    every = (entry for _, entry in _deviations(summarise_cameras(report.rows)))
    return [entry for entry in every if entry.camera == camera and entry.stands_out]


def _deviations(summaries: Iterable[CameraSummary]) -> Iterator[tuple[str, WorstCamera]]:
    """Yield mesh and deviation for every ranking metric of every camera, each mesh against its own rig."""
    by_mesh: dict[str, list[CameraSummary]] = {}
    for summary in summaries:
        by_mesh.setdefault(summary.mesh, []).append(summary)
    for mesh, group in by_mesh.items():
        for entry in _deviations_of(group):
            yield mesh, entry


def _deviations_of(group: list[CameraSummary]) -> Iterator[WorstCamera]:
    for name, floor in _RANKED_BY.items():
        metric = METRICS[name]
        values = np.array([metric.value(summary.scores) for summary in group])
        known = np.isfinite(values)
        if not known.any():
            continue
        median = float(np.median(values[known]))
        spread = max(_MAD_TO_SIGMA * float(np.median(np.abs(values[known] - median))), floor)
        worse = (values - median) / spread * (1.0 if metric.better == "lower" else -1.0)
        for index in np.flatnonzero(known):
            value, deviation = float(values[index]), float(worse[index])
            yield WorstCamera(group[index].camera, name, value, median, deviation, None, 0.0, math.nan)


_Score = TypeVar("_Score", MaskScore, BoundaryScore, ContainmentScore, NormalisedError, ContourScore, DepthHistogram)


def _merged(scores: Iterable[_Score | None]) -> _Score | None:
    present = [score for score in scores if score is not None]
    return reduce(lambda first, second: first.merge(second), present) if present else None
