"""A run as a table of one row per view, for spreadsheets and data frames."""

from __future__ import annotations

import math
from typing import Final

from renderkit.results.kinds import METRICS
from renderkit.results.parquet_file import Cell, ColumnType
from renderkit.results.report import Report
from renderkit.results.rows import ViewResult

_KEYS: Final = ("capture", "frame", "camera", "mesh")


def table_columns() -> tuple[str, ...]:
    """Return the columns, in order."""
    return (*_KEYS, *METRICS, "width", "height", "failure", "warnings", "not_computable", "overlay")


def column_types() -> dict[str, ColumnType]:
    """Return the type of each column, in order."""
    types: dict[str, ColumnType] = dict.fromkeys(table_columns(), "text")
    types |= dict.fromkeys(METRICS, "number")
    return types | {"width": "integer", "height": "integer"}


def table_rows(report: Report) -> list[dict[str, Cell]]:
    """Return one dictionary per view; a number that could not be computed is None."""
    return [table_row(row) for row in report.rows]


def table_row(row: ViewResult) -> dict[str, Cell]:
    """Return one view's cells by column; a number that could not be computed is None."""
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
