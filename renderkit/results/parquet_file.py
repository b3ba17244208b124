"""Parquet files: the one place that knows pyarrow, which is an extra."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from renderkit.errors import DatasetError, MissingExtraError
from renderkit.untrusted.files import read_bytes

if TYPE_CHECKING:
    from types import ModuleType

Cell: TypeAlias = str | float | int | None
ColumnType: TypeAlias = Literal["text", "record", "number", "integer"]
"""A record is a text that differs from row to row, such as JSON."""

MAX_PARQUET_BYTES: Final = 1 << 30
"""Files above this size are not read whole."""


def check_parquet() -> None:
    """Make sure that Parquet can be written.

    Raises:
        MissingExtraError: If pyarrow is not installed.
    """
    _pyarrow()


def dump_parquet(
    columns: Mapping[str, ColumnType], cells: Mapping[str, Sequence[Cell]], metadata: Mapping[str, str] | None = None
) -> bytes:
    """Return a Parquet file. Equal rows give equal bytes.

    Args:
        columns: Type by name, in order.
        cells: The cells of each column, one per row; lone surrogates in texts are escaped.
        metadata: Texts that are kept beside the table.

    Raises:
        MissingExtraError: If pyarrow is not installed.
    """
    pa = _pyarrow()
    import pyarrow.parquet as pq  # noqa: PLC0415 - an extra

    types = {"text": pa.string(), "record": pa.string(), "number": pa.float64(), "integer": pa.int32()}
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
    arrays = [
        pa.array(
            [_storable(value) for value in cells[name]] if kind in {"text", "record"} else cells[name], types[kind]
        )
        for name, kind in columns.items()
    ]
    table = pa.Table.from_arrays(arrays, schema=schema.with_metadata(dict(metadata or {})))
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **_layout(columns))
    return buffer.getvalue()


def read_parquet_rows(path: Path, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Return some columns of a Parquet file, row by row.

    Raises:
        DatasetError: If it cannot be read, is too large, or has no such columns.
        MissingExtraError: If pyarrow is not installed.
    """
    pa = _pyarrow()
    import pyarrow.parquet as pq  # noqa: PLC0415 - an extra

    data = read_bytes(path, MAX_PARQUET_BYTES)
    try:
        rows: list[dict[str, Any]] = pq.read_table(pa.BufferReader(data), columns=list(columns)).to_pylist()
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise DatasetError(path, None, f"not a Parquet file that can be read: {error}") from error
    if rows and set(rows[0]) != set(columns):
        raise DatasetError(path, None, f"expected the columns {', '.join(columns)}, found {', '.join(rows[0])}")
    return rows


def join_parquet(
    parts: Iterable[Path], temporary: Path, columns: Mapping[str, ColumnType], metadata: Mapping[str, str]
) -> int:
    """Write several Parquet files of the same columns as one, part by part; return the number of rows.

    Raises:
        DatasetError: If a part cannot be read.
        MissingExtraError: If pyarrow is not installed.
    """
    pa = _pyarrow()
    import pyarrow.parquet as pq  # noqa: PLC0415 - an extra

    num_rows, writer = 0, None
    try:
        for table in _tables(parts, pa, pq):
            schema = table.schema.with_metadata(dict(metadata))
            writer = writer or pq.ParquetWriter(temporary, schema, **_layout(columns))
            writer.write(table.cast(schema))
            num_rows += table.num_rows
    finally:
        if writer is not None:
            writer.close()
    return num_rows


def _layout(columns: Mapping[str, ColumnType]) -> dict[str, Any]:
    """Return how columns are written: Zstandard takes 15 us for each, so only where it makes a file smaller."""
    return {
        "use_dictionary": [name for name, kind in columns.items() if kind != "record"],
        "compression": {name: "zstd" if kind == "record" else "snappy" for name, kind in columns.items()},
    }


def _tables(parts: Iterable[Path], pa: ModuleType, pq: ModuleType) -> Iterator[Any]:
    for path in parts:
        try:
            yield pq.read_table(pa.BufferReader(read_bytes(path, MAX_PARQUET_BYTES)))
        except (pa.ArrowException, OSError, ValueError) as error:
            raise DatasetError(path, None, f"not a Parquet file that can be read: {error}") from error


def _pyarrow() -> ModuleType:
    try:
        import pyarrow  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:  # another ImportError is of memory that is not there
        raise MissingExtraError("pyarrow", "parquet") from error
    module: ModuleType = pyarrow
    return module


def _storable(value: Cell) -> Cell:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
