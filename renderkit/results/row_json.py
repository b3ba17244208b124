"""One row of report.json: what a view scored, and what its scores can be read back from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from renderkit.metrics.score_json import finite_or_none, points_from_json
from renderkit.results.kinds import KINDS, METRICS
from renderkit.results.rows import Failure, ViewKey, ViewResult
from renderkit.results.scores import Scores


def row_json(row: ViewResult) -> dict[str, Any]:
    """Return a row but for its time, points as in `stored_row_json`."""
    asked = [metric for metric in METRICS.values() if row.was_asked(metric)]
    values = {metric.name: metric.value(row.scores) for metric in asked}
    return stored_row_json(row) | {
        "metrics": {name: finite_or_none(value) for name, value in values.items()},
        "missing": {metric.name: row.missing_reason(metric) for metric in asked if math.isnan(values[metric.name])},
    }


def stored_row_json(row: ViewResult) -> dict[str, Any]:
    """Return what a row is read back from: all but its time and the numbers that follow from its scores.

    Points are arrays: json.dumps takes `listed_points` or `packed_points` as its `default`.
    """
    return {
        **vars(row.key),
        "image_size": None if row.image_size is None else list(row.image_size),
        "scores": scores_json(row.scores),
        "not_computable": dict(row.missing),
        "landmark_pixels": row.landmark_pixels,
        "warnings": list(row.warnings),
        "failure": None if row.failure is None else vars(row.failure),
        "overlay": row.overlay,
    }


def row_from_json(row: Mapping[str, Any], seconds: float) -> ViewResult:
    """Read what `row_json` or `stored_row_json` wrote."""
    size, pixels = row["image_size"], row["landmark_pixels"]
    return ViewResult(
        key=ViewKey(row["capture"], row["frame"], row["camera"], row["mesh"]),
        scores=scores_from_json(row["scores"]),
        missing=row["not_computable"],
        warnings=tuple(row["warnings"]),
        failure=None if row["failure"] is None else Failure(**row["failure"]),
        image_size=None if size is None else (int(size[0]), int(size[1])),
        landmark_pixels=None if pixels is None else points_from_json(pixels),
        overlay=row["overlay"],
        seconds=seconds,
    )


def scores_json(scores: Scores) -> dict[str, Any]:
    """Return scores by kind; a standard one that is missing is None, one on request is left out."""
    return {
        name: kind.to_json(scores[name]) if name in scores else None
        for name, kind in KINDS.items()
        if name in scores or not kind.on_request
    }


def scores_from_json(value: Mapping[str, Any]) -> Scores:
    """Read what `scores_json` wrote; kinds that are not installed here are left out."""
    found: dict[str, Any] = {}
    for name, kind in KINDS.items():
        if value.get(name) is not None:
            found[name] = kind.from_json(value[name], found)
    return Scores(found)
