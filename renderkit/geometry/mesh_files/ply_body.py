"""The body of a PLY file: tables whose rows may hold lists of any length."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.errors import DatasetError
from renderkit.geometry.mesh_files.ply_header import PlyElement, PlyHeader, PlyProperty
from renderkit.geometry.mesh_files.text import numbers_of
from renderkit.wording import counted

Values: TypeAlias = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Column:
    """The values of one property.

    Attributes:
        values: (N,) row after row.
        counts: (rows,) how many of them each row has; None for a property that is not a list.
    """

    values: Values
    counts: NDArray[np.int64] | None = None


Table: TypeAlias = dict[str, Column]


def read_ply_body(path: Path, data: bytes, header: PlyHeader) -> tuple[dict[str, Table], int]:
    """Read every element that the header lists.

    Returns:
        The tables by name, and how many bytes (binary) follow the last.

    Raises:
        DatasetError: If the file holds fewer or, as text, more values than the header says.
    """
    if header.byte_order:
        source: _Source = _Binary(path, data, header.end, header.byte_order)
    else:
        source = _Text(path, data[header.end :])
    tables: dict[str, Table] = {}
    for element in header.elements:
        if element.name in tables:
            raise DatasetError(path, element.name, "the header lists this element twice")
        names = [known.name for known in element.properties]
        if len(set(names)) < len(names):
            raise DatasetError(path, element.name, f"the header lists a property twice: {', '.join(names)}")
        tables[element.name] = _read_element(path, source, element) if element.properties else {}
    return tables, source.finish()


def _read_element(path: Path, source: _Source, element: PlyElement) -> Table:
    smallest = sum(source.size(known.count_type or known.type) for known in element.properties)
    if element.count * smallest > source.left:
        raise DatasetError(
            path,
            element.name,
            f"cut off: the header says {counted(element.count, 'row')} of {smallest} {source.unit} or more, "
            f"{source.left} {source.unit} are left",
        )
    if not element.count:
        return {
            p.name: Column(np.empty(0), np.empty(0, np.int64) if p.count_type else None) for p in element.properties
        }
    counts = source.counts_of_row(element, source.position)[0]
    width = sum(
        source.size(known.type) * count + (source.size(known.count_type) if known.count_type else 0)
        for known, count in zip(element.properties, counts, strict=True)
    )
    if element.count * width <= source.left:
        table = source.regular(element, counts, width)
        if table is not None:
            return table
    return _walk(source, element)


def _walk(source: _Source, element: PlyElement) -> Table:
    """Read rows of different lengths one after the other."""
    starts = np.empty((element.count, len(element.properties)), np.int64)
    counts = np.empty_like(starts)
    position = source.position
    for row in range(element.count):
        counts[row], starts[row], position = source.row(element, position)
    source.position = position
    table: Table = {}
    for index, known in enumerate(element.properties):
        values = source.gather(starts[:, index], counts[:, index], known.type)
        table[known.name] = Column(values, counts[:, index] if known.count_type else None)
    return table


class _Source:
    """Where values come from: a position that advances. Positions and sizes are in `unit`."""

    unit = "values"

    def __init__(self, path: Path, position: int, end: int) -> None:
        self.path, self.position, self.end = path, position, end

    @property
    def left(self) -> int:
        """What was not read yet."""
        return self.end - self.position

    def size(self, kind: str) -> int:
        """Return how much one value takes."""
        raise NotImplementedError

    def count_at(self, position: int, kind: str) -> int:
        """Return the count of a list, any number."""
        raise NotImplementedError

    def regular(self, element: PlyElement, counts: list[int], width: int) -> Table | None:
        """Read an element all of whose rows are like the first; None when they are not."""
        raise NotImplementedError

    def gather(self, starts: NDArray[np.int64], counts: NDArray[np.int64], kind: str) -> Values:
        """Return the values of lists, one list after the other."""
        raise NotImplementedError

    def finish(self) -> int:
        """Return what is left at the end, or refuse it."""
        raise NotImplementedError

    def counts_of_row(self, element: PlyElement, position: int) -> tuple[list[int], int]:
        """Return the number of values of each property of a row (1 for no list), and where the next row begins."""
        counts, _, position = self.row(element, position)
        return counts, position

    def row(self, element: PlyElement, position: int) -> tuple[list[int], list[int], int]:
        """Return for each property of a row how many values it has and where they begin; and where the row ends.

        Raises:
            DatasetError: If the file ends before, or a list has a negative length.
        """
        counts, starts = [], []
        for known in element.properties:
            count = 1
            if known.count_type:
                if position + self.size(known.count_type) > self.end:
                    raise self._cut(element)
                count = self.count_at(position, known.count_type)
                position += self.size(known.count_type)
                if count < 0:
                    raise DatasetError(self.path, element.name, f"a list {known.name!r} of {counted(count, 'value')}")
            counts.append(count)
            starts.append(position)
            position += count * self.size(known.type)
            if position > self.end:
                raise self._cut(element)
        return counts, starts, position

    def _cut(self, element: PlyElement) -> DatasetError:
        return DatasetError(
            self.path, element.name, f"cut off: the file ends within its {counted(element.count, 'row')}"
        )


class _Binary(_Source):
    unit = "bytes"

    def __init__(self, path: Path, data: bytes, position: int, byte_order: str) -> None:
        super().__init__(path, position, len(data))
        self._data, self._byte_order = data, byte_order
        self._dtypes: dict[str, np.dtype[Any]] = {}

    def dtype(self, kind: str) -> np.dtype[Any]:
        """Return the type with its byte order."""
        return self._dtypes.setdefault(kind, np.dtype(self._byte_order + kind))

    def size(self, kind: str) -> int:
        return int(kind[1:])

    def count_at(self, position: int, kind: str) -> int:
        order = "little" if self._byte_order == "<" else "big"
        raw = self._data[position : position + self.size(kind)]
        return int.from_bytes(raw, order, signed=kind[0] == "i")  # type: ignore[arg-type]

    def regular(self, element: PlyElement, counts: list[int], width: int) -> Table | None:
        fields: list[tuple[Any, ...]] = []
        for index, (known, count) in enumerate(zip(element.properties, counts, strict=True)):
            if known.count_type:
                fields.append((f"count {index}", self.dtype(known.count_type)))
            fields.append((f"value {index}", self.dtype(known.type), (count,) if known.count_type else ()))
        rows = np.frombuffer(self._data, np.dtype(fields), element.count, self.position)
        for index, (known, count) in enumerate(zip(element.properties, counts, strict=True)):
            if known.count_type and not (rows[f"count {index}"] == count).all():
                return None
        self.position += element.count * width
        return {
            known.name: _regular_column(known, rows[f"value {index}"], element.count, counts[index])
            for index, known in enumerate(element.properties)
        }

    def gather(self, starts: NDArray[np.int64], counts: NDArray[np.int64], kind: str) -> Values:
        size = self.size(kind)
        first = np.repeat(starts - size * (np.cumsum(counts) - counts), counts)
        places = first + size * np.arange(len(first))
        raw = np.frombuffer(self._data, np.uint8)
        picked = np.empty((len(first), size), np.uint8)
        for byte in range(size):
            picked[:, byte] = raw[places + byte]
        values: Values = picked.reshape(-1).view(self.dtype(kind))
        return values

    def finish(self) -> int:
        return self.left


class _Text(_Source):
    def __init__(self, path: Path, body: bytes) -> None:
        self._values = numbers_of(path, body)
        super().__init__(path, 0, len(self._values))

    def size(self, kind: str) -> int:  # noqa: ARG002 - every number is one word
        return 1

    def count_at(self, position: int, kind: str) -> int:  # noqa: ARG002
        value = float(self._values[position])
        if not value.is_integer():
            raise DatasetError(self.path, None, f"expected the count of a list, found {value}")
        return int(value)

    def regular(self, element: PlyElement, counts: list[int], width: int) -> Table | None:
        rows = self._values[self.position : self.position + element.count * width].reshape(element.count, width)
        table: Table = {}
        column = 0
        for known, count in zip(element.properties, counts, strict=True):
            if known.count_type:
                if not (rows[:, column] == count).all():
                    return None
                column += 1
            table[known.name] = _regular_column(known, rows[:, column : column + count], element.count, count)
            column += count
        self.position += element.count * width
        return table

    def gather(self, starts: NDArray[np.int64], counts: NDArray[np.int64], kind: str) -> Values:  # noqa: ARG002
        first = np.repeat(starts - (np.cumsum(counts) - counts), counts)
        return self._values[first + np.arange(len(first))]

    def finish(self) -> int:
        if self.left:
            raise DatasetError(self.path, None, f"{counted(self.left, 'value')} after the rows that the header counts")
        return 0


def _regular_column(known: PlyProperty, values: Values, rows: int, count: int) -> Column:
    counts = np.full(rows, count, np.int64) if known.count_type else None
    return Column(values.reshape(-1), counts)
