"""The lines of an .obj file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from renderkit.errors import DatasetError
from renderkit.geometry.mesh_files.text import whole_text

_SILENT = frozenset({b"o", b"g", b"s"})
_DECIMAL_COMMA = re.compile(rb"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]{1,4})?")
_MAX_MATERIALS = 10_000


@dataclass(eq=False)
class ObjLines:
    """What the lines say, in order.

    Attributes:
        vertices: x, y, z of each v.
        colors: r, g, b of those vertices that have them.
        uv: u, v of each vt.
        normals: x, y, z of each vn.
        corners: Vertex, texture coordinate and normal of each corner, from 0; -1 for none.
        sizes: Number of corners of each face.
        materials: Index of each face's material; -1 before the first.
        material_names: Names of usemtl, each once.
        libraries: Names of mtllib.
        ignored: How often each word was met that is not read.
        decimal_commas: Numbers that were written with a comma.
    """

    vertices: list[list[float]] = field(default_factory=list)
    colors: dict[int, list[float]] = field(default_factory=dict)
    uv: list[list[float]] = field(default_factory=list)
    normals: list[list[float]] = field(default_factory=list)
    corners: list[tuple[int, int, int]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    materials: list[int] = field(default_factory=list)
    material_names: dict[str, int] = field(default_factory=dict)
    libraries: list[str] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    decimal_commas: int = 0
    _material: int = -1

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
                self.colors[len(self.vertices)] = values[3:6]
            self.vertices.append([values[0], values[1], values[2]])
        elif kind == b"f":
            self._take_face(words)
        elif kind == b"vt":
            values = self._numbers(words)
            self.uv.append([values[0], values[1] if len(values) > 1 else 0.0])
        elif kind == b"vn":
            values = self._numbers(words)
            self.normals.append([values[0], values[1], values[2]])
        elif kind == b"usemtl":
            self._take_material(_rest(line))
        elif kind == b"mtllib":
            self.libraries.append(_rest(line))
        elif kind not in _SILENT:
            self.ignored[kind[:20].decode("ascii", "replace")] += 1

    def _take_face(self, words: list[bytes]) -> None:
        if len(words) < 3:
            raise ValueError("a face needs three corners")
        self.corners.extend([self._corner(word) for word in words])
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
        if self.decimal_commas:
            notes.append(f"{self.decimal_commas} numbers have a decimal comma; they are read as decimals")
        if 0 < len(self.colors) < len(self.vertices):
            notes.append(f"{len(self.colors)} of {len(self.vertices)} vertices have colours; the others are grey")
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
        return (
            _index(parts[0], len(self.vertices)),
            _index(parts[1], len(self.uv)) if len(parts) > 1 and parts[1] else -1,
            _index(parts[2], len(self.normals)) if len(parts) > 2 and parts[2] else -1,
        )


def parse_lines(path: Path, data: bytes) -> ObjLines:
    """Read every line.

    Raises:
        DatasetError: If one is malformed or the last one is cut off; with its number.
    """
    found = ObjLines()
    for number, line in _lines(whole_text(path, data)):
        try:
            found.take(line)
        except (ValueError, IndexError) as error:
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
        words = line.split(b"#", 1)[0] if line[:1] in b"vf" else line
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
