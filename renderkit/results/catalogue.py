"""The one list of metrics: their names in gates, tables and JSON, their units, and which way is better."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from operator import attrgetter
from types import MappingProxyType

from renderkit.errors import RenderkitError
from renderkit.metrics.reprojection import ReprojectionScore
from renderkit.results.metric import Better, Metric, Unit
from renderkit.results.optional_metrics import REQUESTED_METRICS, STANDARD_ADDITIONS
from renderkit.results.rows import ViewResult

__all__ = ["METRICS", "Better", "Metric", "Unit", "UnknownMetricError", "asked_metrics", "metric_named"]


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


def metric_named(name: str) -> Metric:
    """Return the metric called `name`.

    Raises:
        UnknownMetricError: With the nearest name that exists.
    """
    if name not in METRICS:
        raise UnknownMetricError(name)
    return METRICS[name]


def asked_metrics(rows: Iterable[ViewResult]) -> tuple[Metric, ...]:
    """Return the metrics that a run measured, in the order of tables: those on request only where they were asked."""
    every = tuple(rows)
    return tuple(metric for metric in METRICS.values() if any(metric.is_asked(row) for row in every) or not every)


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
            *STANDARD_ADDITIONS,
            *REQUESTED_METRICS,
        )
    }
)
"""Every metric by name, in the order of tables."""

HEADLINE_METRICS = (
    "iou",
    "containment",
    "boundary_f_2px",
    "vertex_containment",
    "reprojection_median_px",
    "reprojection_rms_px",
    "reprojection_max_px",
    "landmarks_used",
    "landmarks_hidden",
)
"""What tables and captions show of the standard run, in this order."""
