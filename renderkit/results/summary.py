"""A run summed up, once: its cameras, their ranking, the rig, and intervals. Writers and gates only read it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from renderkit.metrics.score_kind import Metric
from renderkit.metrics.uncertainty import RigSummary
from renderkit.results.cameras import (
    CameraSummary,
    WorstCamera,
    camera_deviations,
    rank_cameras,
    summarise_cameras,
    worst_camera,
)
from renderkit.results.intervals import MetricInterval, headline_intervals, rig_summaries
from renderkit.results.rows import ViewResult, asked_metrics


@dataclass(frozen=True, eq=False)
class Summary:
    """What follows from a run's rows. Each part is computed when it is first read, and kept.

    Attributes:
        rows: The rows.
    """

    rows: tuple[ViewResult, ...]

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics that the run measured, in the order of tables."""
        return asked_metrics(self.rows)

    @cached_property
    def computable(self) -> Mapping[str, int]:
        """By metric, the number of rows in which it could be computed."""
        kinds = {metric.kind for metric in self.metrics}
        found = {kind: [row.scores[kind] for row in self.rows if kind in row.scores] for kind in kinds}
        return {
            metric.name: sum(not math.isnan(metric.read(score)) for score in found[metric.kind])
            for metric in self.metrics
        }

    @cached_property
    def cameras(self) -> tuple[CameraSummary, ...]:
        """Every camera and mesh, pooled over its frames, in natural order."""
        return summarise_cameras(self.rows)

    @cached_property
    def ranked(self) -> tuple[WorstCamera, ...]:
        """One entry per camera and mesh that has a ranking metric, the worst first."""
        return rank_cameras(self.cameras)

    @cached_property
    def worst(self) -> WorstCamera | None:
        """The camera that agrees least; None when no camera has any of the ranking metrics."""
        return worst_camera(self.cameras)

    @cached_property
    def _deviations(self) -> tuple[tuple[str, WorstCamera], ...]:
        return tuple(camera_deviations(self.cameras))

    @cached_property
    def outliers(self) -> tuple[WorstCamera, ...]:
        """The cameras that stand out, the worst first."""
        return tuple(entry for entry in self.ranked if entry.stands_out)

    @cached_property
    def rig(self) -> Mapping[str, Mapping[str, RigSummary]]:
        """By mesh and metric: the worst camera, the camera at 95 % and the median."""
        return rig_summaries(self.cameras, self.metrics)

    @cached_property
    def intervals(self) -> tuple[MetricInterval, ...]:
        """Bootstrap intervals of each camera's headline numbers; computed only where a run asks for them."""
        return headline_intervals(self.cameras)

    def outlying_metrics(self, camera: str) -> tuple[WorstCamera, ...]:
        """Return by which ranking metrics a camera stands out, the most telling first."""
        return tuple(entry for _, entry in self._deviations if entry.camera == camera and entry.stands_out)
