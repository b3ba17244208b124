"""Wavefront .obj files read as they are written: vertex order kept, texture coordinates per corner.

General mesh loaders keep one texture coordinate per vertex, and so merge, split or mix them up along texture seams.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from renderkit.arrays import Faces, FloatArray, Points3, frozen
from renderkit.errors import DatasetError

MAX_OBJ_BYTES = 1 << 30
"""Files above this size are refused."""


@dataclass(frozen=True, eq=False)
class ObjContent:
    """The geometry of an .obj file.

    Attributes:
        vertices: (V, 3) in the file's order.
        faces: (F, 3) vertex indices; polygons are cut into fans.
        uv: (T, 2) texture coordinates, (0, 0) at the bottom left; empty when there are none.
        uv_faces: (F, 3) indices into `uv` per corner, or None unless every corner has one.
    """

    vertices: Points3
    faces: Faces
    uv: FloatArray
    uv_faces: Faces | None


def read_obj(path: Path) -> ObjContent:
    """Read vertices, faces and texture coordinates; materials, normals and groups are passed over.

    Raises:
        DatasetError: If the file is missing, too large, or a line is malformed or points outside what came before.
    """
    try:
        if path.stat().st_size > MAX_OBJ_BYTES:
            raise DatasetError(path, None, f"mesh file of {path.stat().st_size} bytes is over {MAX_OBJ_BYTES}")
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise DatasetError(path, None, f"cannot be read: {error.strerror}") from error
    vertices: list[list[float]] = []
    uv: list[list[float]] = []
    corners: list[tuple[int, int]] = []
    for number, line in enumerate(lines, 1):
        kind, *fields = line.split() or [""]
        try:
            if kind == "v":
                vertices.append([float(fields[0]), float(fields[1]), float(fields[2])])
            elif kind == "vt":
                uv.append([float(fields[0]), float(fields[1])])
            elif kind == "f":
                corners.extend(_fan([_corner(field, len(vertices), len(uv)) for field in fields]))
        except (ValueError, IndexError) as error:
            raise DatasetError(path, f"line {number}", f"cannot be read: {line[:80]!r}: {error}") from error
    table = np.array(corners, dtype=np.int32).reshape(-1, 3, 2)
    textured = len(table) > 0 and bool((table[:, :, 1] >= 0).all())
    return ObjContent(
        frozen(np.array(vertices, dtype=np.float64).reshape(-1, 3)),
        frozen(table[:, :, 0]),
        frozen(np.array(uv, dtype=np.float64).reshape(-1, 2)),
        frozen(table[:, :, 1]) if textured else None,
    )


def _corner(field: str, num_vertices: int, num_uv: int) -> tuple[int, int]:
    """Return (vertex, texture coordinate) from 0; -1 for no texture coordinate."""
    parts = field.split("/")
    vertex = _index(parts[0], num_vertices)
    return vertex, _index(parts[1], num_uv) if len(parts) > 1 and parts[1] else -1


def _index(text: str, count: int) -> int:
    """Return an index from 0; the file counts from 1, or from -1 backwards."""
    given = int(text)
    index = given - 1 if given > 0 else count + given
    if given == 0 or not 0 <= index < count:
        raise ValueError(f"index {given} points outside the {count} before it")
    return index


def _fan(polygon: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the corners of the triangles of a convex polygon, one after the other."""
    if len(polygon) < 3:
        raise ValueError("a face needs three corners")
    return [corner for i in range(1, len(polygon) - 1) for corner in (polygon[0], polygon[i], polygon[i + 1])]
