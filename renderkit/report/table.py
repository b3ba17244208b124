"""results.csv and results.parquet: one row per view, for spreadsheets and data frames."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Final, TypeAlias

from renderkit.errors import MissingExtraError
from renderkit.results.catalogue import METRICS
from renderkit.results.rows import Report, ViewResult
from renderkit.writing import new_file, write_text

CSV_NAME: Final = "results.csv"
PARQUET_NAME: Final = "results.parquet"

Cell: TypeAlias = str | float | int | None
_KEYS: Final = ("capture", "frame", "camera", "mesh")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def table_columns() -> tuple[str, ...]:
    """Return the columns of both files, in order."""
    return (*_KEYS, *METRICS, "width", "height", "failure", "warnings", "not_computable", "overlay")


def table_rows(report: Report) -> list[dict[str, Cell]]:
    """Return one dictionary per view; a number that could not be computed is None."""
    return [_row(row) for row in report.rows]


def write_csv(report: Report, folder: Path) -> Path:
    """Write results.csv (RFC 4180, UTF-8) and return its path; a missing number is an empty cell.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.

    Raises:
        DatasetError: If it cannot be written.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(table_columns())
    for row in table_rows(report):
        writer.writerow(_csv_cell(value) for value in row.values())
    return write_text(folder / CSV_NAME, buffer.getvalue(), errors="backslashreplace")


def write_parquet(report: Report, folder: Path) -> Path:
    """Write results.parquet and return its path; a missing number is null.

    Raises:
        MissingExtraError: If pyarrow is not installed.
        DatasetError: If it cannot be written.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("pyarrow", "parquet") from error
    types = dict.fromkeys(table_columns(), pa.string())
    types |= dict.fromkeys(METRICS, pa.float64()) | {"width": pa.int32(), "height": pa.int32()}
    rows = [{name: _storable(value) for name, value in row.items()} for row in table_rows(report)]
    path = folder / PARQUET_NAME
    with new_file(path) as temporary:
        pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(list(types.items()))), temporary)
    return path


def _row(row: ViewResult) -> dict[str, Cell]:
    width, height = row.image_size or (None, None)
    cells: dict[str, Cell] = dict(vars(row.key))
    for name, metric in METRICS.items():
        value = metric.value(row.scores)
        cells[name] = value if math.isfinite(value) else None
    reasons = "; ".join(f"{kind}: {why}" for kind, why in sorted(row.not_computable.items()))
    failure = None if row.failure is None else f"{row.failure.type}: {row.failure.message}"
    return cells | {
        "width": width,
        "height": height,
        "failure": failure,
        "warnings": "; ".join(row.warnings) or None,
        "not_computable": reasons or None,
        "overlay": row.overlay,
    }


def _csv_cell(value: Cell) -> Cell:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value


def _storable(value: Cell) -> Cell:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
