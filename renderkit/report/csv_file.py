"""results.csv (RFC 4180, UTF-8): one row per view; a missing number is an empty cell.

A text that a spreadsheet would take for a formula gets an apostrophe in front.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Final

from renderkit.report.writer import Writer
from renderkit.results.parquet_file import Cell
from renderkit.results.report import Report
from renderkit.results.table import table_columns, table_rows

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def _dump(report: Report, _: Path) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(table_columns())
    for row in table_rows(report):
        writer.writerow(spreadsheet_cell(value) for value in row.values())
    return buffer.getvalue().encode("utf-8", "backslashreplace")


def spreadsheet_cell(value: Cell) -> Cell:
    """Return a cell that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value


WRITER: Final = Writer("csv", "results.csv", _dump)
