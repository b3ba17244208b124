"""The lines of an .obj file: those of one kind in bulk, the unusual ones one by one."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np

from renderkit.errors import DatasetError
from renderkit.wording import counted

_SILENT = frozenset({b"o", b"g", b"s"})
_DECIMAL_COMMA = re.compile(rb"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]{1,4})?")
_MAX_MATERIALS = 10_000
_IN_BULK = {b"v": 3, b"vt": 2, b"vn": 3, b"f": 0}
"""Kinds of lines that are read many at a time, and how many numbers they then have; faces have any."""

_NO_NEWLINE = "the last line has no end; a file that was cut off looks the same"


def _floats() -> array[float]:
    return array("d")


def _indices() -> array[int]:
    return array("i")


@dataclass(eq=False)
class ObjLines:
    """What the lines say, in order.

    Attributes:
        vertices: x, y, z of each v, one after the other.
        colors: r, g, b of those vertices that have them.
        uv: u, v of each vt.
        normals: x, y, z of each vn.
        corners: Vertex, texture coordinate and normal of each corner, from 0; -1 for none.
        sizes: Number of corners of each face.
        materials: Index of each face's material; -1 before the first.
        material_names: Names of usemtl, each once.
        libraries: Names of mtllib.
        short_faces: Faces of fewer than three corners.
        ignored: How often each word was met that is not read.
        decimal_commas: Numbers that were written with a comma.
        is_ended: Whether the last line ends in a newline.
    """

    vertices: array[float] = field(default_factory=_floats)
    colors: dict[int, list[float]] = field(default_factory=dict)
    uv: array[float] = field(default_factory=_floats)
    normals: array[float] = field(default_factory=_floats)
    corners: array[int] = field(default_factory=_indices)
    sizes: array[int] = field(default_factory=_indices)
    materials: array[int] = field(default_factory=_indices)
    material_names: dict[str, int] = field(default_factory=dict)
    libraries: list[str] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    short_faces: int = 0
    decimal_commas: int = 0
    is_ended: bool = True
    _material: int = -1

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many vertices, texture coordinates and normals there are so far."""
        return len(self.vertices) // 3, len(self.uv) // 2, len(self.normals) // 3

    def take_run(self, kind: bytes, lines: Sequence[bytes]) -> bool:
        """Read lines of one kind at once where they are all alike; return whether they were, else nothing is read."""
        joined = b" ".join(lines)
        words = joined.split()
        width = len(lines[0].split())
        if kind not in _IN_BULK or b"_" in joined or len(words) != width * len(lines):
            return False
        if words[::width] != [kind] * len(lines):
            return False
        del words[::width]
        try:
            return (
                self._take_faces(joined, words, width - 1) if kind == b"f" else self._take_numbers(kind, words, width)
            )
        except (ValueError, OverflowError):
            return False

    def _take_numbers(self, kind: bytes, words: list[bytes], width: int) -> bool:
        if width - 1 != _IN_BULK[kind]:
            return False
        values = array("d", map(float, words))
        {b"v": self.vertices, b"vt": self.uv, b"vn": self.normals}[kind].extend(values)
        return True

    def _take_faces(self, joined: bytes, words: list[bytes], size: int) -> bool:
        slashes = words[0].count(b"/")
        gap = b"//" in words[0]
        if size < 3 or slashes > 2 or any(word.count(b"/") != slashes for word in words):
            return False
        if joined.count(b"//") != gap * len(words):
            return False
        plain = b" ".join(words).replace(b"/", b" ").split() if slashes else words
        given = np.array(list(map(int, plain)), np.int64).reshape(len(words), -1)
        table = np.full((len(words), 3), -1, np.int64)
        for column, place in zip(given.T, (0, 2) if gap else (0, 1, 2), strict=False):
            count = self.counts[place]
            index = np.where(column > 0, column - 1, column + count)
            if (column == 0).any() or (index < 0).any() or (index >= count).any():
                return False
            table[:, place] = index
        count = len(words) // size
        self.corners.frombytes(table.astype(np.int32).tobytes())
        self.sizes.extend([size] * count)
        self.materials.extend([self._material] * count)
        return True

    def take(self, line: bytes) -> None:
        """Read one line.

        Raises:
            ValueError: If it is malformed.
            IndexError: If it ends too early.
        """
        kind, *words = line.split()
        if kind == b"v":
            values = self._numbers(words)
            if len(values) >= 6:
                self.colors[self.counts[0]] = values[3:6]
            self.vertices.extend((values[0], values[1], values[2]))
        elif kind == b"f":
            self._take_face(words)
        elif kind == b"vt":
            values = self._numbers(words)
            self.uv.extend((values[0], values[1] if len(values) > 1 else 0.0))
        elif kind == b"vn":
            values = self._numbers(words)
            self.normals.extend((values[0], values[1], values[2]))
        elif kind == b"usemtl":
            self._take_material(_rest(line))
        elif kind == b"mtllib":
            self.libraries.append(_rest(line))
        elif kind not in _SILENT:
            self.ignored[kind[:20].decode("ascii", "replace")] += 1

    def _take_face(self, words: list[bytes]) -> None:
        corners = [index for word in words for index in self._corner(word)]
        if len(words) < 3:
            self.short_faces += 1
            return
        self.corners.extend(corners)
        self.sizes.append(len(words))
        self.materials.append(self._material)

    def _take_material(self, name: str) -> None:
        self._material = self.material_names.setdefault(name, len(self.material_names))
        if len(self.material_names) > _MAX_MATERIALS:
            raise ValueError(f"more than {_MAX_MATERIALS} materials")

    def notes(self) -> tuple[str, ...]:
        """Return what was left out or assumed."""
        notes = []
        if self.ignored:
            words = ", ".join(f"{word!r} ({count})" for word, count in self.ignored.most_common(8))
            notes.append(f"lines that are not read: {words}")
        if self.short_faces:
            notes.append(f"left out: {counted(self.short_faces, 'face')} of fewer than three corners")
        if self.decimal_commas:
            notes.append(f"{counted(self.decimal_commas, 'number')} with a decimal comma, read as a decimal point")
        num_vertices = self.counts[0]
        if 0 < len(self.colors) < num_vertices:
            notes.append(f"{len(self.colors)} of {counted(num_vertices, 'vertex')} have colours; the others are grey")
        if not self.is_ended:
            notes.append(_NO_NEWLINE)
        return tuple(notes)

    def _numbers(self, words: list[bytes]) -> list[float]:
        try:
            values = [float(word) for word in words]
        except ValueError:
            values = [float(self._with_point(word)) for word in words]
        # Python reads "1_0" as 10.
        if b"_" in b"".join(words):
            raise ValueError("expected numbers, found '_'")
        return values

    def _with_point(self, word: bytes) -> bytes:
        if _DECIMAL_COMMA.fullmatch(word) is None:
            return word
        self.decimal_commas += 1
        return word.replace(b",", b".")

    def _corner(self, word: bytes) -> tuple[int, int, int]:
        """Return (vertex, texture coordinate, normal) from 0; -1 for those that are not given."""
        parts = word.split(b"/")
        if len(parts) > 3:
            raise ValueError(f"expected vertex/texture/normal, found {word[:40]!r}")
        vertices, uv, normals = self.counts
        return (
            _index(parts[0], vertices),
            _index(parts[1], uv) if len(parts) > 1 and parts[1] else -1,
            _index(parts[2], normals) if len(parts) > 2 and parts[2] else -1,
        )


def parse_lines(path: Path, data: bytes) -> ObjLines:
    """Read every line.

    Raises:
        DatasetError: If one is malformed, with its number.
    """
    found = ObjLines(is_ended=data.rstrip(b" \t\0").endswith((b"\n", b"\r")) or not data)
    for kind, run in groupby(_lines(data), key=lambda item: item[1][:2].rstrip()):
        numbered = list(run)
        if found.take_run(kind, [line for _, line in numbered]):
            continue
        for number, line in numbered:
            try:
                found.take(line)
            except (ValueError, IndexError, OverflowError) as error:
                text = line[:80].decode("utf-8", errors="replace")
                raise DatasetError(
                    path, f"line {number}", f"cannot be read as a mesh: {text!r}: {str(error)[:120]}"
                ) from error
    return found


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (number, line) of lines that say something; a backslash at the end joins the next line to it."""
    held: list[bytes] = []
    start = 1
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        start = start if held else number
        if line.endswith(b"\\"):
            held.append(line[:-1])
            continue
        if held:
            line, held = b" ".join([*held, line]), []  # noqa: PLW2901
        words = line.split(b"#", 1)[0] if b"#" in line and line[:1] in b"vf" else line
        words = words.strip(b"\0 \t")
        if words and not words.startswith(b"#"):
            yield start, words


def _index(text: bytes, count: int) -> int:
    """Return an index from 0; the file counts from 1, or from -1 backwards."""
    given = int(text)
    index = given - 1 if given > 0 else count + given
    if given == 0 or not 0 <= index < count:
        raise ValueError(f"index {given} points outside the {count} before it")
    return index


def _rest(line: bytes) -> str:
    parts = line.split(None, 1)
    return parts[1].strip().decode("utf-8", errors="replace")
