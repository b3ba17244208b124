"""A run as a table of one row per view, for spreadsheets and data frames."""

from __future__ import annotations

import math
from typing import Final, TypeAlias

from renderkit.results.kinds import METRICS
from renderkit.results.report import Report
from renderkit.results.rows import ViewResult

Cell: TypeAlias = str | float | int | None
_KEYS: Final = ("capture", "frame", "camera", "mesh")


def table_columns() -> tuple[str, ...]:
    """Return the columns, in order."""
    return (*_KEYS, *METRICS, "width", "height", "failure", "warnings", "not_computable", "overlay")


def table_rows(report: Report) -> list[dict[str, Cell]]:
    """Return one dictionary per view; a number that could not be computed is None."""
    return [_row(row) for row in report.rows]


def _row(row: ViewResult) -> dict[str, Cell]:
    width, height = row.image_size or (None, None)
    cells: dict[str, Cell] = dict(vars(row.key))
    for name, metric in METRICS.items():
        value = metric.value(row.scores)
        cells[name] = value if math.isfinite(value) else None
    reasons = "; ".join(f"{kind}: {why}" for kind, why in sorted(row.missing.items()))
    failure = None if row.failure is None else f"{row.failure.type}: {row.failure.message}"
    return cells | {
        "width": width,
        "height": height,
        "failure": failure,
        "warnings": "; ".join(row.warnings) or None,
        "not_computable": reasons or None,
        "overlay": row.overlay,
    }
