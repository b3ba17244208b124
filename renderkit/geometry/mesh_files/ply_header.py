"""The header of a PLY file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from renderkit.errors import DatasetError

MAX_HEADER_BYTES = 1 << 20
_MAX_PROPERTIES = 1000

_FIRST_LINE = re.compile(rb"ply[ \t]*(\r?\n|\r)")

_TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2", "ushort": "u2",
    "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4", "float": "f4", "float32": "f4",
    "double": "f8", "float64": "f8", "int64": "i8", "uint64": "u8", "long": "i8",
}  # fmt: skip


@dataclass(frozen=True)
class PlyProperty:
    """One property of an element.

    Attributes:
        name: Its name.
        type: NumPy's name of its type, without byte order.
        count_type: The same of a list's count; empty when it is not a list.
    """

    name: str
    type: str
    count_type: str = ""


@dataclass(frozen=True)
class PlyElement:
    """One element: a table with `count` rows."""

    name: str
    count: int
    properties: tuple[PlyProperty, ...]


@dataclass(frozen=True)
class PlyHeader:
    """What a PLY file says about itself.

    Attributes:
        byte_order: "<", ">", or empty for text.
        elements: In the order in which they follow.
        comments: The comments' texts.
        end: Where the header ends, in bytes.
    """

    byte_order: str
    elements: tuple[PlyElement, ...]
    comments: tuple[str, ...]
    end: int


def read_ply_header(path: Path, data: bytes) -> PlyHeader:
    """Read the header; lines may end in LF, CRLF or CR.

    Raises:
        DatasetError: If it is no PLY header.
    """
    lines, end = _header_lines(path, data)
    byte_order: str | None = None
    comments: list[str] = []
    elements: list[tuple[str, int, list[PlyProperty]]] = []
    for number, line in enumerate(lines, 2):
        word, *fields = line.split() or [""]
        rest = line.strip()[len(word) :]
        try:
            if word == "format":
                byte_order = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}[fields[0]]
            elif word == "element":
                elements.append((fields[0], _count(fields[1]), []))
            elif word == "property":
                elements[-1][2].append(_property(fields))
            elif word == "comment":
                comments.append(rest.strip())
            elif word not in {"obj_info", ""}:
                raise ValueError(f"unknown word {word[:40]!r}")  # noqa: TRY301
        except (ValueError, IndexError, KeyError) as error:
            raise DatasetError(path, f"header line {number}", f"cannot be read: {line[:80]!r}: {error}") from error
    if byte_order is None:
        raise DatasetError(path, "format", "the header has no line 'format ascii 1.0' or 'format binary_...'")
    if sum(len(properties) for _, _, properties in elements) > _MAX_PROPERTIES:
        raise DatasetError(path, None, f"the header has more than {_MAX_PROPERTIES} properties")
    found = tuple(PlyElement(name, count, tuple(properties)) for name, count, properties in elements)
    return PlyHeader(byte_order, found, tuple(comments), end)


def _header_lines(path: Path, data: bytes) -> tuple[list[str], int]:
    """Return the lines between "ply" and "end_header", and where the body begins."""
    head = data[:MAX_HEADER_BYTES]
    first = _FIRST_LINE.match(head)
    if first is None:
        raise DatasetError(
            path, None, f"cannot be read as a mesh: expected 'ply' on the first line, found {head[:8]!r}"
        )
    # A CR before the LF is white space, so lines of both kinds may stand in one header.
    newline = b"\r" if first[1] == b"\r" else b"\n"
    position = first.end()
    lines: list[str] = []
    while True:
        end = head.find(newline, position)
        if end < 0:
            raise DatasetError(path, "end_header", f"the header does not end within {len(head)} bytes")
        line = head[position:end].decode("utf-8", errors="replace")
        position = end + len(newline)
        if line.strip() == "end_header":
            return lines, position
        lines.append(line)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ValueError(f"expected a count, found {text[:40]!r}")
    return int(text)


def _property(fields: list[str]) -> PlyProperty:
    if fields[0] == "list":
        count_type = _TYPES[fields[1]]
        if np.dtype(count_type).kind == "f":
            raise ValueError("the count of a list must be a whole number")
        return PlyProperty(fields[3], _TYPES[fields[2]], count_type)
    return PlyProperty(fields[1], _TYPES[fields[0]])
