"""The faces that FLAME vertices come without."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import ColorImage, Faces, FloatArray, as_array, frozen
from renderkit.errors import DatasetError
from renderkit.flame.mistaken import FLAME_VERTICES, TEETH_VERTICES, other_content, refuse_other_model
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.mesh_files import MESH_SUFFIXES
from renderkit.geometry.seams import split_seams
from renderkit.untrusted.npz import npz_names, read_npz
from renderkit.wording import counted

FLAME_HELP = (
    "FLAME vertices are stored without faces. Give --flame FILE: the official model (generic_model.pkl or "
    "flame2023.pkl from flame.is.tue.mpg.de, after registration), FLAME's template mesh head_template.obj or .ply, or "
    "an .npz with an array 'faces' (9976, 3). Until then FLAME can be projected but not rendered."
)
"""What to tell a user whose capture has FLAME vertices and no faces for them."""

_FACE_NAMES = ("faces", "f", "triangles")
_VERTEX_NAMES = ("v_template", "template", "vertices")


@dataclass(frozen=True, eq=False)
class FlameTopology:
    """Faces, and texture coordinates where the file has them.

    Attributes:
        faces: (F, 3) vertex indices.
        num_vertices: Number of vertices that the file's own mesh has; None when it has no vertices.
        uv: (T, 2) texture coordinates, (0, 0) at the bottom left; or None.
        uv_faces: (F, 3) indices into `uv`, one per corner; or None.
    """

    faces: Faces
    num_vertices: int | None = None
    uv: FloatArray | None = None
    uv_faces: Faces | None = None

    def __post_init__(self) -> None:
        """Check and freeze.

        Raises:
            ValueError: If shapes are wrong or an index is out of range.
        """
        faces = as_array(self.faces, np.int64, (None, 3), "faces")
        if not faces.size or faces.min() < 0:
            raise ValueError("faces: expected at least one face, with indices from 0")
        if self.num_vertices is not None and faces.max() >= self.num_vertices:
            raise ValueError(f"faces point outside the {self.num_vertices} vertices: largest index {faces.max()}")
        object.__setattr__(self, "faces", frozen(faces.astype(np.int32)))
        if self.uv is not None and self.uv_faces is not None:
            uv = as_array(self.uv, np.float64, (None, 2), "uv")
            corners = as_array(self.uv_faces, np.int64, (len(faces), 3), "uv_faces")
            if corners.min() < 0 or corners.max() >= len(uv):
                raise ValueError(f"uv_faces point outside the {len(uv)} texture coordinates")
            object.__setattr__(self, "uv", frozen(uv))
            object.__setattr__(self, "uv_faces", frozen(corners.astype(np.int32)))

    def mesh(self, vertices: FloatArray, name: str = "flame") -> Mesh:
        """Return (V, 3) vertices with these faces; a note says where these are of less than half of the vertices.

        Raises:
            ValueError: If the vertices are not as many as the topology has.
        """
        expected = self.num_vertices or max(int(self.faces.max()) + 1, len(vertices))
        if len(vertices) != expected:
            counts = {expected, len(vertices)}
            teeth = f"; {TEETH_VERTICES} are FLAME with teeth, as VHAP adds them: both must have them, or neither"
            raise ValueError(
                f"the topology has {expected} vertices, the mesh has {len(vertices)}"
                f"{teeth if counts == {FLAME_VERTICES, TEETH_VERTICES} else ''}"
            )
        used = len(np.unique(self.faces))
        few = f"the faces given for it are of {used} of its {counted(len(vertices), 'vertex')}: is it their file?"
        return Mesh(vertices, self.faces, name=name, notes=(few,) if used < len(vertices) / 2 else ())

    def textured_mesh(self, vertices: FloatArray, texture: ColorImage, name: str = "flame") -> Mesh:
        """Return (V, 3) vertices with these faces and a texture.

        The first V vertices are the given ones in their order; copies for the other sides of texture seams follow.

        Args:
            vertices: (V, 3) world units.
            texture: (h, w, 3) RGB, laid out by `uv`.
            name: The mesh's name.

        Raises:
            ValueError: If the topology has no texture coordinates, or the vertices are not as many as it has.
        """
        if self.uv is None or self.uv_faces is None:
            raise ValueError("the topology has no texture coordinates; give FLAME's head_template.obj")
        plain = self.mesh(vertices, name)
        source, faces, uv = split_seams(plain.faces, self.uv_faces, self.uv, len(vertices))
        return Mesh(plain.vertices[source], faces, uv, texture, name=name, source_vertex=source, notes=plain.notes)


def read_flame_topology(path: str | Path) -> FlameTopology:
    """Read FLAME's faces from an official model (.pkl), a mesh file (.obj, .ply), or arrays.

    Arrays are an .npz with `faces` or `f`, or an .npy of the faces or of one pickled dictionary. Nothing in a pickle
    is run.

    Raises:
        DatasetError: If the file is missing, damaged, another model, or holds no faces.
    """
    file = Path(path)
    if not file.is_file():
        raise DatasetError(file, None, f"no such file. {FLAME_HELP}")
    try:
        topology = _read(file)
    except ValueError as error:
        raise DatasetError(file, "faces", str(error)) from error
    refuse_other_model(file, topology.num_vertices or int(topology.faces.max()) + 1)
    return topology


def _read(file: Path) -> FlameTopology:
    if file.suffix.lower() == ".npz":
        return _from_arrays(file, read_npz(file, (*_FACE_NAMES, *_VERTEX_NAMES, "vt", "ft", "uv")))
    if file.suffix.lower() in {".pkl", ".pickle", ".npy"}:
        from renderkit.untrusted.pickled_arrays import read_arrays  # noqa: PLC0415 - few files are of it

        return _from_arrays(file, read_arrays(file, _FACE_NAMES[0]))
    if file.suffix.lower() == ".obj":
        from renderkit.geometry.mesh_files.obj import read_obj_geometry  # noqa: PLC0415 - few files are of it

        content = read_obj_geometry(file)
        if not len(content.faces) or (content.uv_faces < 0).any():
            return FlameTopology(content.faces, len(content.vertices))
        return FlameTopology(content.faces, len(content.vertices), content.uv, content.uv_faces)
    if file.suffix.lower() not in MESH_SUFFIXES:
        raise DatasetError(file, None, f"not a file of FLAME's faces by its suffix. {FLAME_HELP}")
    mesh = Mesh.read(file)
    return FlameTopology(mesh.faces, len(mesh.vertices))


def _from_arrays(file: Path, arrays: dict[str, NDArray[Any]]) -> FlameTopology:
    faces = next((arrays[name] for name in _FACE_NAMES if name in arrays), None)
    if faces is None:
        names = arrays.keys() if file.suffix.lower() != ".npz" else npz_names(file)
        objects = next((name for name in _FACE_NAMES if name in names), None)
        content = other_content(names) if objects is None else f"{objects} is of Python objects, which are not loaded"
        raise DatasetError(file, None, f"no faces: expected an array named one of {', '.join(_FACE_NAMES)}; {content}")
    vertices = next((arrays[name] for name in _VERTEX_NAMES if name in arrays), None)
    num_vertices = None if vertices is None else len(vertices)
    if faces.size and faces.min() == 1:
        raise ValueError("the smallest index is 1: they count from 1; expected indices from 0 (subtract 1)")
    if "uv" in arrays and "vt" not in arrays:
        # One texture coordinate per vertex: its faces are the mesh's own.
        return FlameTopology(faces, num_vertices, arrays["uv"], faces)
    return FlameTopology(faces, num_vertices, arrays.get("vt"), arrays.get("ft"))
