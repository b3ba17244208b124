"""The rows of a validation run: what one view scored."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from renderkit.arrays import Pixels, as_array, frozen
from renderkit.metrics.score_kind import Metric
from renderkit.results.kinds import METRICS
from renderkit.results.scores import Scores
from renderkit.selection import natural_key


@dataclass(frozen=True)
class ViewKey:
    """Which picture a row is about.

    Attributes:
        capture: Name of the capture's file or folder.
        frame: Frame id.
        camera: Camera name.
        mesh: Mesh name: "scan", "flame", or the file's name.
    """

    capture: str
    frame: str
    camera: str
    mesh: str

    @property
    def names(self) -> tuple[str, str, str, str]:
        """Capture, frame, camera and mesh."""
        return self.capture, self.frame, self.camera, self.mesh


@dataclass(frozen=True)
class Failure:
    """Why a view has no scores at all.

    Attributes:
        type: The error's class name.
        message: The error's own words.
    """

    type: str
    message: str


@dataclass(frozen=True, eq=False)
class ViewResult:
    """One row: one mesh in one view.

    Attributes:
        key: Which view.
        scores: What was measured.
        missing: For each score that could not be measured, why; by score kind.
        warnings: What a person should know about this view, one sentence each.
        failure: Set when the view could not be processed; then no score is set.
        image_size: (width, height) px of the picture that was scored, or None when that is not known.
        landmark_pixels: (L, 2) detected landmarks in px, aligned with the reprojection's residuals; None without them.
        overlay: Overlay picture, a POSIX path relative to the run folder; or None.
        seconds: Time spent on the view; not part of its identity.

    Example:
        >>> import renderkit as rk
        >>> from renderkit.results.rows import Failure, ViewKey
        >>> row = rk.ViewResult(ViewKey("take", "0", "25", "scan"), failure=Failure("DatasetError", "no picture"))
        >>> row.failure.message
        'no picture'
    """

    key: ViewKey
    scores: Scores = field(default_factory=Scores)
    missing: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    failure: Failure | None = None
    image_size: tuple[int, int] | None = None
    landmark_pixels: Pixels | None = None
    overlay: str | None = None
    seconds: float = 0.0

    def __post_init__(self) -> None:
        """Freeze and check that a row without scores says why.

        Raises:
            ValueError: If there is neither a score nor a reason nor a failure, or the landmarks are not (L, 2).
        """
        if self.landmark_pixels is not None:
            pixels = as_array(self.landmark_pixels, np.float64, (None, 2), "landmark_pixels")
            object.__setattr__(self, "landmark_pixels", frozen(pixels))
        object.__setattr__(self, "missing", MappingProxyType(dict(self.missing)))
        if not self.scores and not self.missing and self.failure is None:
            raise ValueError(f"{self.key}: a view without scores needs the reasons, by kind, or a failure")

    def __reduce__(self) -> tuple[type[ViewResult], tuple[object, ...]]:
        """Pickle by the constructor's arguments: a read-only mapping does not survive a worker process."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        values["missing"] = dict(self.missing)
        return type(self), tuple(values.values())

    def with_scores(self, found: Mapping[str, Any], missing: Mapping[str, str]) -> ViewResult:
        """Return the row with more scores and reasons, by kind; a failed row stays as it is."""
        if self.failure is not None:
            return self
        return replace(self, scores=Scores({**self.scores, **found}), missing={**self.missing, **missing})

    def was_asked(self, metric: Metric) -> bool:
        """Return whether the run measured a metric: always, but for what is measured on request only."""
        return not metric.on_request or metric.kind in self.scores or metric.kind in self.missing

    def missing_reason(self, metric: Metric) -> str | None:
        """Return why the row has no such number, or None when it has."""
        if not math.isnan(metric.value(self.scores)):
            return None
        if self.failure is not None:
            return f"the view failed: {self.failure.message}"
        if metric.kind in self.missing:
            return self.missing[metric.kind]
        if metric.kind in self.scores:
            return f"undefined: nothing to compare in the {metric.kind} score"
        if metric.on_request:
            return f"not asked for: add {metric.option} {metric.group}"
        return f"the run did not measure the {metric.kind} score"


def asked_metrics(rows: Iterable[ViewResult]) -> tuple[Metric, ...]:
    """Return the metrics that a run measured, in the order of tables: those on request only where they were asked."""
    every = tuple(rows)
    found = {kind for row in every for kind in (*row.scores, *row.missing)}
    return tuple(metric for metric in METRICS.values() if not metric.on_request or metric.kind in found or not every)


def in_natural_order(rows: Iterable[ViewResult]) -> tuple[ViewResult, ...]:
    """Return rows by capture, frame, camera and mesh, with "2" before "10"."""
    every = tuple(rows)
    # Each name is in many rows.
    keys = {name: natural_key(name) for name in {name for row in every for name in row.key.names}}
    return tuple(sorted(every, key=lambda row: tuple(keys[name] for name in row.key.names)))
