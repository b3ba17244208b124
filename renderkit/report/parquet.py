"""results.parquet: one row per view; a missing number is null. Needs the extra `parquet`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from renderkit.report.writer import Writer
from renderkit.results.parquet_file import dump_parquet
from renderkit.results.report import Report
from renderkit.results.table import column_types, table_cells


def _dump(report: Report, _: Path) -> bytes:
    return dump_parquet(column_types(), table_cells(report.rows))


WRITER: Final = Writer("parquet", "results.parquet", _dump, by_default=False)
