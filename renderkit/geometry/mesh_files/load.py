"""Which reader a mesh file is for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from renderkit.errors import DatasetError
from renderkit.untrusted.files import read_bytes

if TYPE_CHECKING:
    from renderkit.geometry.mesh_files.file_mesh import FileMesh

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
        from renderkit.geometry.mesh_files.npz import read_npz_mesh  # noqa: PLC0415 - loaded as the readers below

        return read_npz_mesh(file)
    module, _, function = _READERS[suffix].partition(":")
    read: Callable[[Path, bytes], FileMesh] = getattr(import_module(f"{__package__}.{module}"), function)
    data = read_bytes(file, MAX_MESH_BYTES)
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"} and suffix != ".stl":
        raise DatasetError(file, None, "cannot be read as a mesh: it is UTF-16 text; save it as ASCII or UTF-8")
    return read(file, data)
