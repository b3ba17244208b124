"""The one list of metrics: their names in gates, tables and JSON, their units, and which way is better."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from renderkit.errors import RenderkitError
from renderkit.metrics.reprojection import ReprojectionScore
from renderkit.report.rows import ScoreKind, Scores, ViewResult

Unit: TypeAlias = Literal["ratio", "px", "count"]
Better: TypeAlias = Literal["higher", "lower", "neither"]


class UnknownMetricError(RenderkitError):
    """A gate or an option names a metric that does not exist.

    Attributes:
        name: What was asked for.
        suggestion: The nearest name that exists, or None.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        near = difflib.get_close_matches(name, METRICS, n=1)
        self.suggestion = near[0] if near else None
        hint = f"did you mean {near[0]}? " if near else ""
        super().__init__(f"no metric is called {name!r}; {hint}There are: {', '.join(METRICS)}")

    def __reduce__(self) -> tuple[type[UnknownMetricError], tuple[str]]:
        """Pickle by the constructor's arguments, so that the error survives a worker process."""
        return type(self), (self.name,)


@dataclass(frozen=True)
class Metric:
    """One number of a row.

    Attributes:
        name: Its name in gates and JSON.
        title: Column heading.
        unit: "ratio" (0..1), "px" or "count".
        better: Which direction is better.
        kind: The score it is read from; that score's reason explains its absence.
        read: Reads it from that score; NaN when it is undefined there.
        decimals: Digits to show.
        meaning: One sentence.
    """

    name: str
    title: str
    unit: Unit
    better: Better
    kind: ScoreKind
    read: Callable[[Any], float]
    decimals: int
    meaning: str

    def value(self, scores: Scores) -> float:
        """Return the number; NaN when it is not computable."""
        score = getattr(scores, self.kind)
        if score is None:
            return math.nan
        return float(self.read(score))

    def missing_reason(self, row: ViewResult) -> str | None:
        """Return why the row has no such number, or None when it has."""
        if not math.isnan(self.value(row.scores)):
            return None
        if row.failure is not None:
            return f"the view failed: {row.failure.message}"
        return row.not_computable.get(self.kind, f"undefined: nothing to compare in the {self.kind} score")

    def text(self, value: float) -> str:
        """Format a value for people; NaN becomes a dash."""
        return "-" if math.isnan(value) else f"{value:.{self.decimals}f}"


def metric_named(name: str) -> Metric:
    """Return the metric called `name`.

    Raises:
        UnknownMetricError: With the nearest name that exists.
    """
    if name not in METRICS:
        raise UnknownMetricError(name)
    return METRICS[name]


def _bias_length(score: ReprojectionScore) -> float:
    return math.hypot(float(score.bias_px[0]), float(score.bias_px[1]))


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            Metric(
                "iou",
                "IoU",
                "ratio",
                "higher",
                "mask",
                attrgetter("iou"),
                4,
                "Intersection over union of the rendered and the captured mask.",
            ),
            Metric(
                "containment",
                "contained",
                "ratio",
                "higher",
                "mask",
                attrgetter("precision"),
                4,
                "Share of the rendered mask that lies inside the captured mask.",
            ),
            Metric(
                "mask_recall",
                "recall",
                "ratio",
                "higher",
                "mask",
                attrgetter("recall"),
                4,
                "Share of the captured mask that the rendered mask covers.",
            ),
            Metric(
                "boundary_f_2px",
                "F 2px",
                "ratio",
                "higher",
                "boundary",
                attrgetter("f"),
                4,
                "Boundary F measure of the two contours at a tolerance of 2 px.",
            ),
            Metric(
                "vertex_containment",
                "vert. in",
                "ratio",
                "higher",
                "containment",
                attrgetter("containment"),
                4,
                "Share of the mesh's vertices projected into the image that lie inside the captured mask.",
            ),
            Metric(
                "reprojection_median_px",
                "median px",
                "px",
                "lower",
                "reprojection",
                attrgetter("median_px"),
                2,
                "Median distance between projected and detected landmarks.",
            ),
            Metric(
                "reprojection_rms_px",
                "RMS px",
                "px",
                "lower",
                "reprojection",
                attrgetter("rms_px"),
                2,
                "Root mean square distance per landmark (not per component).",
            ),
            Metric(
                "reprojection_p95_px",
                "p95 px",
                "px",
                "lower",
                "reprojection",
                attrgetter("p95_px"),
                2,
                "95th percentile of the distances.",
            ),
            Metric(
                "reprojection_max_px",
                "max px",
                "px",
                "lower",
                "reprojection",
                attrgetter("max_px"),
                2,
                "Largest distance.",
            ),
            Metric(
                "reprojection_bias_px",
                "bias px",
                "px",
                "lower",
                "reprojection",
                _bias_length,
                2,
                "Length of the mean residual vector: what a shift of the picture would explain.",
            ),
            Metric(
                "landmarks_used",
                "used",
                "count",
                "neither",
                "reprojection",
                attrgetter("num_used"),
                0,
                "Landmarks that were detected, visible and compared.",
            ),
            Metric(
                "landmarks_hidden",
                "hidden",
                "count",
                "neither",
                "reprojection",
                attrgetter("num_hidden"),
                0,
                "Landmarks left out because the mesh hides them from the camera.",
            ),
        )
    }
)
"""Every metric by name, in the order of tables."""
