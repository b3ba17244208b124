"""results.parquet: one row per view; a missing number is null. Needs the extra `parquet`."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

from renderkit.errors import MissingExtraError
from renderkit.report.table import Cell, table_columns, table_rows
from renderkit.report.writer import Writer
from renderkit.results.kinds import METRICS
from renderkit.results.report import Report


def _dump(report: Report, _: Path) -> bytes:
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("pyarrow", "parquet") from error
    types = dict.fromkeys(table_columns(), pa.string())
    types |= dict.fromkeys(METRICS, pa.float64()) | {"width": pa.int32(), "height": pa.int32()}
    rows = [{name: _storable(value) for name, value in row.items()} for row in table_rows(report)]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(list(types.items()))), buffer)
    return buffer.getvalue()


def _storable(value: Cell) -> Cell:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


WRITER: Final = Writer("parquet", "results.parquet", _dump, by_default=False)
