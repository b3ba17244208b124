"""Meshes as plain arrays in .npz files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderkit.errors import DatasetError
from renderkit.geometry.mesh_files.file_mesh import FileMesh, colors_of
from renderkit.geometry.mesh_files.polygons import check_indices, triangulate
from renderkit.untrusted.npz import npz_names, read_npz
from renderkit.wording import list_names

_VERTEX_NAMES = ("vertices", "verts", "v", "points")
_FACE_NAMES = ("faces", "triangles", "f")
_COLOR_NAMES = ("vertex_colors", "colors", "vc")
_SHOWN = 8


def read_npz_mesh(path: Path) -> FileMesh:
    """Read `vertices` (`verts`, `v`, `points`), `faces` (`triangles`, `f`) and `vertex_colors` (`colors`, `vc`).

    Vertices are (V, 3); faces, if any, (F, 3), or (F, n) polygons of n corners; colours (V, 3 or 4), as bytes or 0 to
    1. A leading axis of length 1 is left out.

    Raises:
        DatasetError: If there are no vertices, or a shape is another.
    """
    arrays = read_npz(path, (*_VERTEX_NAMES, *_FACE_NAMES, *_COLOR_NAMES))
    vertices, faces, colors = (_first(arrays, names) for names in (_VERTEX_NAMES, _FACE_NAMES, _COLOR_NAMES))
    if vertices is None:
        there = list_names(npz_names(path), _SHOWN) or "none"
        raise DatasetError(path, None, f"expected an array named one of {', '.join(_VERTEX_NAMES)}; found {there}")
    faces = np.zeros((0, 3), np.int32) if faces is None else faces
    if vertices.ndim != 2 or vertices.shape[1] != 3 or vertices.dtype.kind not in "fiu":
        raise DatasetError(path, "vertices", f"expected numbers of shape (V, 3), found {_what(vertices)}")
    if faces.ndim != 2 or faces.shape[1] < 3 or faces.dtype.kind not in "iu":
        raise DatasetError(path, "faces", f"expected whole numbers of shape (F, 3), found {_what(faces)}")
    points = np.asarray(vertices, np.float64)
    corners = check_indices(faces.ravel(), len(points), path)
    triangles, _ = triangulate(points, np.full(len(faces), faces.shape[1], np.int64), corners, path)
    notes: tuple[str, ...] = ()
    if colors is not None and not _are_colors(colors, len(points)):
        notes = (f"colours are left out: expected numbers of shape ({len(points)}, 3 or 4), found {_what(colors)}",)
        colors = None
    of_vertices = None if colors is None else colors_of(colors[:, :3], "f" if colors.dtype.kind == "f" else "u1")
    return FileMesh(points, corners[triangles], vertex_colors=of_vertices, notes=notes)


def _first(arrays: dict[str, NDArray[Any]], names: tuple[str, ...]) -> NDArray[Any] | None:
    found = next((arrays[name] for name in names if name in arrays), None)
    return found[0] if found is not None and found.ndim == 3 and len(found) == 1 else found


def _are_colors(colors: NDArray[Any], count: int) -> bool:
    return colors.ndim == 2 and len(colors) == count and colors.shape[1] in {3, 4} and colors.dtype.kind in "fiu"


def _what(array: NDArray[Any]) -> str:
    return f"{array.dtype} {array.shape}"
