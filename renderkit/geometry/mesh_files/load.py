"""Which reader a mesh file is for; meshes as plain arrays in .npz files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from renderkit.errors import DatasetError
from renderkit.geometry.mesh_files.file_mesh import FileMesh
from renderkit.geometry.mesh_files.polygons import check_indices
from renderkit.untrusted.files import read_bytes
from renderkit.untrusted.npz import read_npz

MAX_MESH_BYTES = 4 << 30
"""Mesh files above this size are refused before memory is taken."""

_READERS: Final[Mapping[str, str]] = {
    ".ply": "ply:read_ply",
    ".obj": "obj:read_obj",
    ".stl": "stl:read_stl",
    ".off": "off:read_off",
    ".gltf": "gltf:read_gltf",
    ".glb": "gltf:read_gltf",
}
"""MODULE:FUNCTION of each suffix; loaded when a file has it."""


MESH_SUFFIXES = (*_READERS, ".npz")
"""What mesh files end with."""

_VERTEX_NAMES = ("vertices", "verts", "v", "points")
_FACE_NAMES = ("faces", "triangles", "f")


def read_mesh_file(path: str | Path) -> FileMesh:
    """Read the content of a mesh file; `renderkit.load_mesh` makes a mesh of it.

    Raises:
        DatasetError: If the file is missing, no regular file, too large, cut off, or of no known format.
    """
    file = Path(path)
    suffix = file.suffix.lower()
    if suffix not in MESH_SUFFIXES:
        known = ", ".join(MESH_SUFFIXES)
        raise DatasetError(
            file, None, f"cannot be read as a mesh: the suffix {suffix!r} is none of {known}; convert it to one of them"
        )
    if not file.exists():
        raise DatasetError(file, None, "no such mesh file")
    if suffix == ".npz":
        return _read_npz(file)
    module, _, function = _READERS[suffix].partition(":")
    read: Callable[[Path, bytes], FileMesh] = getattr(import_module(f"{__package__}.{module}"), function)
    return read(file, read_bytes(file, MAX_MESH_BYTES))


def _read_npz(path: Path) -> FileMesh:
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
