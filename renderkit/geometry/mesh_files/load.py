"""Which reader a mesh file is for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from renderkit.errors import DatasetError
from renderkit.geometry.mesh_files.arrays import read_npz_mesh
from renderkit.geometry.mesh_files.file_mesh import FileMesh
from renderkit.geometry.mesh_files.gltf import read_gltf
from renderkit.geometry.mesh_files.obj import read_obj
from renderkit.geometry.mesh_files.off import read_off
from renderkit.geometry.mesh_files.ply import read_ply
from renderkit.geometry.mesh_files.stl import read_stl
from renderkit.untrusted.files import read_bytes

MAX_MESH_BYTES = 4 << 30
"""Mesh files above this size are refused before memory is taken."""

_READERS: dict[str, Callable[[Path, bytes], FileMesh]] = {
    ".ply": read_ply,
    ".obj": read_obj,
    ".stl": read_stl,
    ".off": read_off,
    ".gltf": read_gltf,
    ".glb": read_gltf,
}


MESH_SUFFIXES = (*_READERS, ".npz")
"""What mesh files end with."""


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
    return read_npz_mesh(file) if suffix == ".npz" else _READERS[suffix](file, read_bytes(file, MAX_MESH_BYTES))
