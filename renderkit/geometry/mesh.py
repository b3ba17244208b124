"""Triangle meshes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from renderkit.arrays import ColorImage, Faces, FloatArray, Points3, as_array, frozen
from renderkit.errors import DatasetError
from renderkit.geometry.obj_file import ObjContent, read_obj
from renderkit.geometry.seams import split_seams
from renderkit.notebook import facts_html

if TYPE_CHECKING:
    import trimesh

MAX_MESH_BYTES = 4 << 30
"""Mesh files above this size are refused before memory is taken."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """A triangle mesh in world units.

    A mesh with no faces is a point set: it can be projected, not rendered.

    Attributes:
        vertices: (V, 3) world units.
        faces: (F, 3) vertex indices, counter-clockwise seen from outside.
        uv: (V, 2) texture coordinates, (0, 0) at the BOTTOM-left of the texture; or None.
        texture: (h, w, 3) RGB; or None. Needs `uv`.
        vertex_colors: (V, 3) uint8 RGB; or None.
        name: "scan", "flame", or the file's name.

    Example:
        >>> mesh = Mesh([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]])
        >>> mesh.bounds.tolist()
        [[0.0, 0.0, 0.0], [1.0, 1.0, 0.0]]
    """

    vertices: Points3
    faces: Faces
    uv: FloatArray | None = None
    texture: ColorImage | None = None
    vertex_colors: ColorImage | None = field(default=None)
    name: str = ""

    def __post_init__(self) -> None:
        """Check and freeze.

        Raises:
            ValueError: If shapes disagree, a vertex is not finite, or a face points outside the vertices.
        """
        vertices = as_array(self.vertices, np.float64, (None, 3), "vertices")
        faces = as_array(np.asarray(self.faces).reshape(-1, 3), np.int64, (None, 3), "faces")
        bad = np.flatnonzero(~np.isfinite(vertices).all(axis=1))
        if bad.size:
            raise ValueError(f"{bad.size} of {len(vertices)} vertices are NaN or infinite, the first is {bad[0]}")
        if faces.size and (faces.min() < 0 or faces.max() >= len(vertices)):
            raise ValueError(
                f"faces point outside the vertices: indices {faces.min()}..{faces.max()}, "
                f"expected 0..{len(vertices) - 1}"
            )
        object.__setattr__(self, "vertices", frozen(vertices))
        object.__setattr__(self, "faces", frozen(faces.astype(np.int32)))
        self._freeze_appearance()

    def _freeze_appearance(self) -> None:
        count = len(self.vertices)
        if self.uv is not None:
            object.__setattr__(self, "uv", frozen(as_array(self.uv, np.float64, (count, 2), "uv")))
        if self.texture is not None:
            if self.uv is None:
                raise ValueError("texture without uv: expected uv of shape (V, 2)")
            object.__setattr__(self, "texture", frozen(as_array(self.texture, np.uint8, (None, None, 3), "texture")))
        if self.vertex_colors is not None:
            colors = as_array(self.vertex_colors, np.uint8, (count, 3), "vertex_colors")
            object.__setattr__(self, "vertex_colors", frozen(colors))

    @classmethod
    def from_trimesh(cls, source: trimesh.Trimesh, name: str = "") -> Mesh:
        """Build from a `trimesh.Trimesh`, with its texture and vertex colours where it has them."""
        visual = source.visual
        uv = getattr(visual, "uv", None)
        texture = None
        colors = None
        material = getattr(visual, "material", None)
        image = getattr(material, "image", None) or getattr(material, "baseColorTexture", None)
        if uv is not None and image is not None:
            texture = np.asarray(image.convert("RGB"), dtype=np.uint8)
        elif getattr(visual, "kind", None) == "vertex":
            colors = np.asarray(visual.vertex_colors)[:, :3]
        return cls(source.vertices, source.faces, uv, texture, colors, name)

    @classmethod
    def read(cls, path: str | Path) -> Mesh:
        """Read a mesh file (.ply, .obj, .stl, .off, .glb), keeping the order and number of its vertices.

        A textured .obj gets copies of the vertices along its texture seams, after all others.

        Raises:
            DatasetError: If the file is missing, too large, not a mesh, or has no vertices.
        """
        import trimesh  # noqa: PLC0415 - importing renderkit stays cheap

        file = Path(path)
        if not file.is_file():
            raise DatasetError(file, None, "no such mesh file")
        if file.stat().st_size > MAX_MESH_BYTES:
            raise DatasetError(file, None, f"mesh file is {file.stat().st_size} bytes, over the limit {MAX_MESH_BYTES}")
        try:
            loaded = trimesh.load(file, process=False, maintain_order=True, force="mesh")
            mesh = cls.from_trimesh(loaded, file.stem)
            if file.suffix.lower() == ".obj":
                mesh = mesh._as_written(read_obj(file))
        except Exception as error:  # trimesh raises whatever its parsers raise; the cause is kept
            raise DatasetError(file, None, f"cannot be read as a mesh: {type(error).__name__}: {error}") from error
        if not len(mesh.vertices):
            raise DatasetError(file, None, "the mesh has no vertices")
        return mesh

    def _as_written(self, content: ObjContent) -> Mesh:
        """Return this mesh with an .obj file's own geometry.

        trimesh drops vertices of no face, mixes texture coordinates up along seams, and makes up a texture of 2 x 2 px
        where there is none.
        """
        vertices, faces = content.vertices, content.faces
        colors = self.vertex_colors if len(self.vertices) == len(vertices) else None
        if self.texture is None or self.texture.shape[:2] == (2, 2) or content.uv_faces is None:
            return Mesh(vertices, faces, vertex_colors=colors, name=self.name)
        vertices, faces, uv = split_seams(vertices, faces, content.uv, content.uv_faces)
        return Mesh(vertices, faces, uv, self.texture, name=self.name)

    def to_trimesh(self) -> trimesh.Trimesh:
        """Return a `trimesh.Trimesh` with the same vertices, faces and appearance, unprocessed."""
        import trimesh  # noqa: PLC0415 - importing renderkit stays cheap

        result = trimesh.Trimesh(self.vertices.copy(), self.faces.copy(), process=False)
        if self.texture is not None and self.uv is not None:
            from PIL import Image  # noqa: PLC0415 - only textures need it

            result.visual = trimesh.visual.TextureVisuals(uv=self.uv.copy(), image=Image.fromarray(self.texture))
        elif self.vertex_colors is not None:
            result.visual.vertex_colors = self.vertex_colors.copy()
        return result

    def _repr_html_(self) -> str:
        """Show the mesh in a notebook."""
        facts: dict[str, object] = {"vertices": len(self.vertices), "faces": len(self.faces)}
        if len(self.vertices):
            facts["size"] = " x ".join(f"{side:.4g}" for side in np.ptp(self.bounds, axis=0))
        facts["texture"] = "none" if self.texture is None else f"{self.texture.shape[1]} x {self.texture.shape[0]} px"
        return facts_html(f"mesh {self.name}", facts)

    @cached_property
    def bounds(self) -> FloatArray:
        """(2, 3) smallest and largest coordinates of the vertices."""
        return frozen(np.stack([self.vertices.min(axis=0), self.vertices.max(axis=0)]))

    @cached_property
    def vertex_normals(self) -> FloatArray:
        """(V, 3) unit normals, the area-weighted mean of the faces around each vertex; zeros where there are none."""
        corners = self.vertices[self.faces]
        face_normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        sums = np.zeros_like(self.vertices)
        for axis in range(3):
            weights = np.repeat(face_normals[:, axis], 3)
            sums[:, axis] = np.bincount(self.faces.ravel(), weights, minlength=len(self.vertices))
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        return frozen(np.divide(sums, length, out=np.zeros_like(sums), where=length > 0.0))

    @cached_property
    def is_closed(self) -> bool:
        """Whether every edge is shared by exactly two faces that run it in opposite directions."""
        if not len(self.faces):
            return False
        faces = self.faces.astype(np.int64)
        edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
        count = len(self.vertices)
        forward = np.sort(edges[:, 0] * count + edges[:, 1])
        backward = np.sort(edges[:, 1] * count + edges[:, 0])
        return bool(np.array_equal(forward, backward) and (np.diff(forward) > 0).all())
