"""STL files, text and binary: triangles without shared vertices, which are shared again where corners are equal."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.geometry.mesh_files.file_mesh import FileMesh
from renderkit.geometry.mesh_files.text import numbers_of
from renderkit.geometry.seams import same_positions
from renderkit.wording import counted

_HEADER_BYTES, _FACET_BYTES = 84, 50
_FACET_WORDS = 21


def read_stl(path: Path, data: bytes) -> FileMesh:
    """Read an STL file; corners at exactly the same position become one vertex, numbered by first appearance.

    Raises:
        DatasetError: If it is damaged or cut off.
    """
    corners, notes = (_read_text if _is_text(data) else _read_binary)(path, data)
    if not len(corners):
        raise DatasetError(path, None, "cannot be read as a mesh: the file has no facets")
    places, count = same_positions(corners)
    vertices = np.empty((count, 3))
    # Backwards: the first of equal corners is written last.
    vertices[places[::-1]] = corners[::-1]
    return FileMesh(vertices, places.reshape(-1, 3).astype(np.int32), notes=notes)


def _is_text(data: bytes) -> bool:
    """Whether the file is text; binary files may begin with "solid" too, so their size decides first."""
    if len(data) >= _HEADER_BYTES and len(data) == _HEADER_BYTES + _FACET_BYTES * _count(data):
        return False
    return data[:256].lstrip().lower().startswith(b"solid") and b"\0" not in data[:_HEADER_BYTES]


def _count(data: bytes) -> int:
    return int.from_bytes(data[80:84], "little")


def _read_binary(path: Path, data: bytes) -> tuple[FloatArray, tuple[str, ...]]:
    if len(data) < _HEADER_BYTES:
        raise DatasetError(path, None, f"cannot be read as a mesh: {len(data)} bytes are not an STL file")
    count, have = _count(data), (len(data) - _HEADER_BYTES) // _FACET_BYTES
    if have < count:
        raise DatasetError(
            path,
            None,
            f"cannot be read as a mesh: cut off, or no STL: it states "
            f"{counted(count, 'facet')}, it has room for {have}",
        )
    left = len(data) - _HEADER_BYTES - _FACET_BYTES * count
    facet = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    facets = np.frombuffer(data, facet, count, _HEADER_BYTES)
    notes = (f"ignored: {counted(left, 'byte')} after the last facet",) if left else ()
    # Signalling NaNs are refused later, in words.
    with np.errstate(invalid="ignore"):
        return facets["corners"].reshape(-1, 3).astype(np.float64), notes


def _read_text(path: Path, data: bytes) -> tuple[FloatArray, tuple[str, ...]]:
    """Read "facet normal ... outer loop vertex ... endloop endfacet", 21 words each, of one solid or several."""
    lines = [line for raw in data.splitlines() if (line := raw.strip().lower())]
    solids = [line for line in lines if line.startswith(b"solid")]
    ends = [line for line in lines if line.startswith(b"endsolid")]
    if len(ends) != len(solids):
        raise DatasetError(path, None, f"cut off: {len(solids)} 'solid' and {len(ends)} 'endsolid'")
    words = b" ".join(line for line in lines if not line.startswith((b"solid", b"endsolid"))).split()
    if len(words) % _FACET_WORDS:
        raise DatasetError(path, None, f"cannot be read as a mesh: {len(words)} words are not a whole number of facets")
    table = np.array(words, dtype=object).reshape(-1, _FACET_WORDS)
    for column, expected in enumerate((b"facet", b"normal")):
        _expect(path, table, column, expected)
    for column, expected in ((5, b"outer"), (6, b"loop"), (7, b"vertex"), (11, b"vertex"), (15, b"vertex"),
                             (19, b"endloop"), (20, b"endfacet")):  # fmt: skip
        _expect(path, table, column, expected)
    numbers = table[:, [8, 9, 10, 12, 13, 14, 16, 17, 18]].ravel()
    return numbers_of(path, b" ".join(numbers.tolist()) + b"\n").reshape(-1, 3), ()


def _expect(path: Path, table: np.ndarray[tuple[int, ...], np.dtype[np.object_]], column: int, word: bytes) -> None:
    wrong = np.flatnonzero(table[:, column] != word)
    if wrong.size:
        found = bytes(table[wrong[0], column])[:40]
        raise DatasetError(path, f"facet {wrong[0]}", f"cannot be read as a mesh: expected {word!r}, found {found!r}")
