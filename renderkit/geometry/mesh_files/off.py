"""OFF files of Geomview (www.geomview.org, "OFF: Object File Format"): text, with colours, normals, coordinates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from renderkit.arrays import ColorImage, FloatArray
from renderkit.errors import DatasetError
from renderkit.geometry.mesh_files.file_mesh import FileMesh, colors_of, unit_or_none
from renderkit.geometry.mesh_files.polygons import check_indices, triangulate
from renderkit.geometry.mesh_files.text import numbers_of
from renderkit.wording import counted

_KIND = re.compile(rb"(?:(ST)?(C)?(N)?(4)?(n)?OFF|(N)?(C)?(ST)?OFF|off)(?=\s|\d|$)")
"""Geomview's letters; MeshLab's, in another order; and ModelNet's way of writing the counts on without a space."""


@dataclass(frozen=True)
class _Kind:
    """What each vertex has beside x, y, z, in this order: w, normal, colour, texture coordinate.

    MeshLab writes the colour before the normal, and then NC in the first line where Geomview has CN.
    """

    weight: bool
    normal: bool
    color: bool
    texture: bool
    color_first: bool = False


def read_off(path: Path, data: bytes) -> FileMesh:
    """Read an OFF, COFF, NOFF, STOFF, CNOFF or NCOFF text file; comments may stand anywhere.

    Raises:
        DatasetError: If it is binary, n-dimensional, damaged, or holds fewer or more than its counts say.
    """
    lines = [words for line in data.splitlines() if (words := line.split(b"#", 1)[0].strip())]
    kind, lines = _kind(path, lines)
    if not lines:
        raise DatasetError(path, None, "cut off: the counts of vertices and faces are missing")
    counts = numbers_of(path, lines[0] + b"\n")
    if len(counts) < 2 or (counts != np.floor(counts)).any() or (counts < 0).any():
        raise DatasetError(
            path, "counts", f"expected the numbers of vertices, faces and edges, found {lines[0][:80]!r}"
        )
    num_vertices, num_faces = int(min(counts[0], 2**62)), int(min(counts[1], 2**62))
    if len(lines) - 1 != num_vertices + num_faces:
        raise DatasetError(
            path, "counts",
            f"cut off, or not one vertex or face a line: "
            f"{counted(num_vertices, 'vertex')} and {counted(num_faces, 'face')} in "
            f"{counted(len(lines) - 1, 'line')}",
        )  # fmt: skip
    vertices, normals, colors, notes = _vertices(path, kind, lines[1 : num_vertices + 1])
    sizes, corners, face_colors = _faces(path, lines[num_vertices + 1 :], len(vertices))
    whole = sizes >= 3
    if not whole.all():
        notes += (f"left out: {counted(int((~whole).sum()), 'face')} of fewer than three corners",)
        corners = corners[np.repeat(whole, sizes)]
    triangles, polygon = triangulate(vertices, sizes[whole], corners, path)
    return FileMesh(
        vertices,
        corners[triangles],
        vertex_colors=colors,
        face_colors=None if face_colors is None else face_colors[whole][polygon],
        normals=unit_or_none(normals),
        notes=notes,
    )


def _kind(path: Path, lines: list[bytes]) -> tuple[_Kind, list[bytes]]:
    """Return what the first line says, and the lines after it; the counts may stand on it too."""
    first = lines[0] if lines else b""
    match = _KIND.match(first)
    if match is None:
        raise DatasetError(
            path, None, f"cannot be read as a mesh: expected OFF on the first line, found {first[:20]!r}"
        )
    rest = first[match.end() :].strip()
    if match[5] or rest.upper() == b"BINARY":
        raise DatasetError(path, None, "n-dimensional and binary OFF files are not read; export text or PLY")
    after = lines[1:] if not rest else [rest, *lines[1:]]
    normal, color, texture = (bool(match[one] or match[other]) for one, other in ((3, 6), (2, 7), (1, 8)))
    return _Kind(bool(match[4]), normal, color, texture, bool(match[6] and match[7])), after


def _vertices(
    path: Path, kind: _Kind, lines: list[bytes]
) -> tuple[FloatArray, FloatArray | None, ColorImage | None, tuple[str, ...]]:
    if not lines:
        return np.empty((0, 3)), None, None, ()
    width = len(lines[0].split())
    before = 3 + kind.weight + 3 * kind.normal
    channels = width - before - 2 * kind.texture
    extra = kind.color or channels in {3, 4}
    if channels < 0 or (kind.color and channels not in {3, 4}) or (not extra and channels):
        raise DatasetError(path, "vertex 0", f"expected {before} numbers and a colour, found {width} numbers")
    for number, line in enumerate(lines):
        if len(line.split()) != width:
            raise DatasetError(path, f"vertex {number}", f"expected {width} numbers, found {line[:80]!r}")
    table = numbers_of(path, b"\n".join(lines) + b"\n").reshape(-1, width)
    vertices = table[:, :3]
    if kind.weight:
        if not table[:, 3].all():
            raise DatasetError(path, "vertex", "a vertex at infinity (w = 0)")
        vertices = vertices / table[:, 3:4]
    first_color, first_normal = (3, 3 + channels) if kind.color_first else (before, before - 3)
    normals = table[:, first_normal : first_normal + 3] if kind.normal else None
    colors = colors_of(table[:, first_color : first_color + 3], "f") if extra else None
    notes = ("texture coordinates without a texture are ignored",) if kind.texture else ()
    return vertices, normals, colors, notes


def _faces(
    path: Path, lines: list[bytes], num_vertices: int
) -> tuple[
    np.ndarray[tuple[int, ...], np.dtype[np.int64]], np.ndarray[tuple[int, ...], np.dtype[np.int32]], ColorImage | None
]:
    """Return sizes, corners and colours; a colour map's indices are no colours."""
    sizes, corners = np.empty(len(lines), np.int64), []
    colors = np.full((len(lines), 3), np.nan)
    for number, line in enumerate(lines):
        values = line.split()
        try:
            sizes[number] = size = int(values[0])
            if size < 0 or len(values) < size + 1:
                raise ValueError(f"it has {len(values) - 1} values")  # noqa: TRY301
            corners += [min(int(value), num_vertices) for value in values[1 : size + 1]]
            if len(values) - size - 1 in {3, 4}:
                colors[number] = [float(value) for value in values[size + 1 : size + 4]]
        except (ValueError, OverflowError) as error:
            raise DatasetError(path, f"face {number}", f"cannot be read: {line[:80]!r}: {error}") from error
    known = np.isfinite(colors).all(axis=1)
    indices = check_indices(np.array([max(corner, -1) for corner in corners], np.int64), num_vertices, path)
    return sizes, indices, colors_of(colors, "f") if known.any() and known.all() else None
