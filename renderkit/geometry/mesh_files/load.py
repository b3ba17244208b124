"""Which reader a mesh file is for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from renderkit.errors import DatasetError
from renderkit.geometry.mesh import Mesh
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


def load_mesh(path: str | Path) -> Mesh:
    """Read a mesh file, keeping the order and number of its vertices and faces.

    Formats: PLY, OBJ, STL, OFF, glTF and GLB, and .npz with `vertices` and `faces`. Polygons are cut into triangles,
    concave ones too. Where a texture needs a vertex twice, its copies follow after all vertices of the file, and
    `Mesh.source_vertex` says whose they are; without a texture there are no copies. Corners of an STL at exactly the
    same position are one vertex, by first appearance. Scenes (glTF) are put into world space, node after node. A file
    without faces is a point cloud. What had to be left out is said in `Mesh.notes`.

    Args:
        path: The file; its suffix says the format.

    Raises:
        DatasetError: If the file is missing, no regular file, too large, cut off, or not a mesh.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import renderkit as rk
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "triangle.off")
        ...     _ = file.write_text("OFF 3 1 0  0 0 0  1 0 0  0 1 0  3 0 1 2".replace("  ", chr(10)))
        ...     mesh = rk.load_mesh(file)
        >>> len(mesh.vertices), len(mesh.faces), mesh.name
        (3, 1, 'triangle')
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
    content = read_npz_mesh(file) if suffix == ".npz" else _READERS[suffix](file, read_bytes(file, MAX_MESH_BYTES))
    return content.to_mesh(file)
