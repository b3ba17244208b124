"""A run as a table of one row per view, for spreadsheets and data frames."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from renderkit.errors import MissingExtraError
from renderkit.metrics.score_kind import Metric
from renderkit.results.kinds import KINDS, METRICS
from renderkit.results.parquet_file import Cell, ColumnType
from renderkit.results.rows import ViewResult

if TYPE_CHECKING:
    import pandas

    from renderkit.results.report import Report

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
    cells = table_cells(report.rows)
    return [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]


def table_cells(rows: Sequence[ViewResult]) -> dict[str, list[Cell]]:
    """Return the cells of each column, one per view; a number that could not be computed is None."""
    cells: dict[str, list[Cell]] = {name: [getattr(row.key, name) for row in rows] for name in _KEYS}
    scores = {kind: [row.scores.get(kind) for row in rows] for kind in KINDS}
    measured = {kind for kind, found in scores.items() if any(one is not None for one in found)}
    for name, metric in METRICS.items():
        cells[name] = _numbers(metric, scores[metric.kind]) if metric.kind in measured else [None] * len(rows)
    sizes = [row.image_size or (None, None) for row in rows]
    return cells | {
        "width": [width for width, _ in sizes],
        "height": [height for _, height in sizes],
        "failure": [None if row.failure is None else f"{row.failure.type}: {row.failure.message}" for row in rows],
        "warnings": ["; ".join(row.warnings) or None for row in rows],
        "not_computable": [
            "; ".join(f"{kind}: {why}" for kind, why in sorted(row.missing.items())) or None for row in rows
        ],
        "overlay": [row.overlay for row in rows],
    }


def _numbers(metric: Metric, scores: Iterable[Any]) -> list[Cell]:
    values = (None if score is None else float(metric.read(score)) for score in scores)
    return [value if value is not None and math.isfinite(value) else None for value in values]


def data_frame_of(report: Report) -> pandas.DataFrame:
    """Return one row per view: its key, every metric (NaN where it could not be computed), and why it failed.

    Raises:
        MissingExtraError: If pandas is not installed.
    """
    try:
        import pandas as pd  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError("pandas", "dataframe") from error
    rows = [
        (
            *row.key.names,
            *(metric.value(row.scores) for metric in METRICS.values()),
            None if row.failure is None else row.failure.message,
        )
        for row in report.rows
    ]
    return pd.DataFrame(rows, columns=[*_KEYS, *METRICS, "failure"])
