"""Meshes as plain arrays in .npz files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderkit.errors import DatasetError
from renderkit.geometry.mesh_files.file_mesh import FileMesh
from renderkit.geometry.mesh_files.polygons import check_indices
from renderkit.untrusted.npz import read_npz

_VERTEX_NAMES = ("vertices", "verts", "v", "points")
_FACE_NAMES = ("faces", "triangles", "f")


def read_npz_mesh(path: Path) -> FileMesh:
    """Read `vertices` (or `verts`, `v`, `points`) and, where there are any, `faces` (or `triangles`, `f`).

    Raises:
        DatasetError: If there are no vertices, or shapes are not (V, 3) and (F, 3).
    """
    arrays = read_npz(path, (*_VERTEX_NAMES, *_FACE_NAMES))
    vertices = _first(arrays, _VERTEX_NAMES)
    if vertices is None:
        raise DatasetError(path, None, f"expected an array named one of {', '.join(_VERTEX_NAMES)}; found none")
    faces = _first(arrays, _FACE_NAMES)
    faces = np.zeros((0, 3), np.int32) if faces is None else faces
    for name, array, kinds in (("vertices", vertices, "fiu"), ("faces", faces, "iu")):
        if array.ndim != 2 or array.shape[1] != 3 or array.dtype.kind not in kinds:
            raise DatasetError(path, name, f"expected numbers of shape (N, 3), found {array.dtype} {array.shape}")
    return FileMesh(np.asarray(vertices, np.float64), check_indices(faces.ravel(), len(vertices), path).reshape(-1, 3))


def _first(arrays: dict[str, NDArray[Any]], names: tuple[str, ...]) -> NDArray[Any] | None:
    return next((arrays[name] for name in names if name in arrays), None)
