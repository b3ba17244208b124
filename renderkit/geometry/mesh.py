"""Triangle meshes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from renderkit.arguments import as_path, refused
from renderkit.arrays import ColorImage, Faces, FloatArray, Points3, as_array, frozen
from renderkit.errors import DatasetError
from renderkit.geometry.seams import same_positions
from renderkit.geometry.surface_defaults import REPEATED, Wrap
from renderkit.notebook import facts_html

if TYPE_CHECKING:
    import trimesh

MAX_TEXTURES = 250
"""Textures that one mesh may have."""


_MAX_UV: Final = float(1 << 24)
"""Texture coordinates beyond this have no fraction in single precision: they mean no place in a texture."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """A triangle mesh in world units.

    A mesh with no faces is a point cloud: it can be projected, not rendered.

    A face with a texture shows the texture; else the colours of its vertices; else its own colour; else grey. Textures
    are sampled bilinearly from the four nearest texels, without mipmaps, by every renderer; outside of [0, 1] they
    repeat (glTF's rule) unless `wraps` says otherwise.

    Attributes:
        vertices: (V, 3) world units.
        faces: (F, 3) vertex indices, counter-clockwise seen from outside.
        uv: (V, 2) texture coordinates, (0, 0) at the BOTTOM-left of the texture; or None.
        texture: (h, w, 3) RGB of all faces; or None. Needs `uv`.
        vertex_colors: (V, 3) uint8 RGB; or None.
        name: "scan", "flame", or the file's name.
        textures: Several textures, (h, w, 3) RGB each, in place of `texture`; each is shown by its own faces.
        face_textures: (F,) index into `textures`, -1 for faces without one; None when there is at most one texture.
        wraps: How each texture is continued along u and v; empty when all repeat.
        face_colors: (F, 3) uint8 RGB; or None.
        normals: (V, 3) normals that the file gives; or None: they are then computed.
        source_vertex: (V,) index of the vertex of the file that each vertex is, or is a copy of (along texture seams);
            None when the vertices are those of the file, one for one.
        notes: What the reader had to leave out or assume, for the user.

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
    textures: tuple[ColorImage, ...] = ()
    face_textures: NDArray[np.int32] | None = None
    wraps: tuple[tuple[Wrap, Wrap], ...] = ()
    face_colors: ColorImage | None = None
    normals: Points3 | None = None
    source_vertex: NDArray[np.int32] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check and freeze.

        Raises:
            ValueError: If shapes disagree, a vertex is not finite, or a face points outside the vertices.
        """
        vertices = as_array(self.vertices, np.float64, (None, 3), "vertices")
        faces = _triangles(self.faces)
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
        if not isinstance(self.textures, tuple | list):
            raise refused("textures", "a tuple of pictures", self.textures)
        self._freeze_textures()

    def _freeze_appearance(self) -> None:
        """Check and freeze what vertices and faces carry."""
        num_vertices, num_faces = len(self.vertices), len(self.faces)
        per_element: tuple[tuple[str, type[np.generic], tuple[int, ...]], ...] = (
            ("uv", np.float64, (num_vertices, 2)),
            ("vertex_colors", np.uint8, (num_vertices, 3)),
            ("normals", np.float64, (num_vertices, 3)),
            ("source_vertex", np.int32, (num_vertices,)),
            ("face_colors", np.uint8, (num_faces, 3)),
            ("face_textures", np.int32, (num_faces,)),
        )
        for name, dtype, shape in per_element:
            values = getattr(self, name)
            if values is not None:
                checked = as_array(values, dtype, shape, name)
                object.__setattr__(self, name, frozen(np.clip(checked, -_MAX_UV, _MAX_UV) if name == "uv" else checked))

    def _freeze_textures(self) -> None:
        if self.texture is not None and self.textures:
            raise ValueError("expected either `texture` or `textures`, got both")
        count = len(self.textures) + (self.texture is not None)
        if not count and self.face_textures is not None:
            raise ValueError("face_textures without textures")
        if not count:
            return
        if self.uv is None:
            raise ValueError("texture without uv: expected uv of shape (V, 2)")
        if self.texture is not None:
            object.__setattr__(self, "texture", frozen(as_array(self.texture, np.uint8, (None, None, 3), "texture")))
        textures = tuple(frozen(as_array(t, np.uint8, (None, None, 3), "textures")) for t in self.textures)
        object.__setattr__(self, "textures", textures)
        if count > MAX_TEXTURES:
            raise ValueError(f"expected at most {MAX_TEXTURES} textures, got {count}")
        if count > 1 and self.face_textures is None:
            raise ValueError(f"{count} textures without face_textures: expected one index per face")
        chosen = self.face_textures
        if chosen is not None and chosen.size and (chosen.min() < -1 or chosen.max() >= count):
            raise ValueError(f"face_textures: expected -1..{count - 1}, got {chosen.min()}..{chosen.max()}")
        if self.wraps and len(self.wraps) != count:
            raise ValueError(f"wraps: expected one per texture, {count}, got {len(self.wraps)}")

    @property
    def all_textures(self) -> tuple[tuple[ColorImage, tuple[Wrap, Wrap]], ...]:
        """Every texture with how it is continued along u and v; `face_textures` counts along this."""
        images = self.textures if self.texture is None else (self.texture,)
        return tuple(zip(images, self.wraps or (REPEATED,) * len(images), strict=True))

    @property
    def has_color(self) -> bool:
        """Whether the surface has colours of its own: a texture, vertex colours or face colours."""
        return bool(self.all_textures) or self.vertex_colors is not None or self.face_colors is not None

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
        """Read a mesh file; see `load_mesh`.

        Raises:
            DatasetError: If it cannot be read as a mesh.
        """
        from renderkit.geometry.mesh_files import read_mesh_file  # noqa: PLC0415 - decoding textures loads OpenCV

        file = as_path("path", path)
        try:
            return cls(**read_mesh_file(file).mesh_fields(file))
        except ValueError as error:
            raise DatasetError(file, None, f"cannot be read as a mesh: {error}") from error

    def to_trimesh(self) -> trimesh.Trimesh:
        """Return a `trimesh.Trimesh` with the same vertices, faces and appearance, unprocessed.

        A trimesh has one texture: of several, none is handed on.
        """
        import trimesh  # noqa: PLC0415 - importing renderkit stays cheap

        result = trimesh.Trimesh(self.vertices.copy(), self.faces.copy(), process=False)
        if self.texture is not None and self.uv is not None:
            from PIL import Image  # noqa: PLC0415 - only textures need it

            result.visual = trimesh.visual.TextureVisuals(uv=self.uv.copy(), image=Image.fromarray(self.texture))
        elif self.vertex_colors is not None:
            result.visual.vertex_colors = self.vertex_colors.copy()
        elif self.face_colors is not None:
            result.visual.face_colors = self.face_colors.copy()
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
        # Column by column: along the first axis of three columns NumPy takes many times as long.
        return frozen(
            np.array([[column.min() for column in self.vertices.T], [column.max() for column in self.vertices.T]])
        )

    @cached_property
    def surface_bounds(self) -> FloatArray:
        """(2, 3) smallest and largest coordinates of the vertices that faces use; of all where there are no faces.

        Files keep vertices of no face, which may lie anywhere.
        """
        used = self.surface_vertices
        return self.bounds if used is None else frozen(np.stack([used.min(axis=0), used.max(axis=0)]))

    @property
    def surface_vertices(self) -> Points3 | None:
        """(U, 3) vertices that faces use, in their order; None where these are all of them, or there are no faces."""
        used = np.zeros(len(self.vertices), np.bool_)
        used[self.faces] = True
        return None if used.all() or not len(self.faces) else self.vertices[used]

    @property
    def _corners(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The faces' first, second and third corners, each (3, F): a row per coordinate."""
        points = np.ascontiguousarray(self.vertices.T)
        first, second, third = (points.take(self.faces[:, corner], 1) for corner in range(3))
        return first, second, third

    @cached_property
    def median_edge(self) -> float:
        """Median length of the faces' edges, world units; NaN without faces."""
        if not len(self.faces):
            return float("nan")
        corners = self._corners
        squares = np.concatenate([_length2(a - b) for a, b in zip(corners, corners[-1:] + corners[:-1], strict=True)])
        # The square root keeps the order, so the middle ones are enough.
        half = squares.size // 2
        middle = np.partition(squares, (half - 1, half))[half - 1 + squares.size % 2 : half + 1]
        return float(np.sqrt(middle).mean())

    @cached_property
    def vertex_normals(self) -> FloatArray:
        """(V, 3) unit normals: those given, else the area-weighted mean of the faces around each vertex's POSITION.

        Vertices at exactly the same position are smoothed together, so a texture seam is no edge. Zeros where no face
        is around.
        """
        if self.normals is not None:
            sums = self.normals
        else:
            first, second, third = self._corners
            (x, y, z), (u, v, w) = second - first, third - first
            places, count = same_positions(self.vertices)
            sums = np.zeros((count, 3))
            around = places.take(self.faces).ravel()
            for axis, normals in enumerate((y * w - z * v, z * u - x * w, x * v - y * u)):
                sums[:, axis] = np.bincount(around, np.repeat(normals, 3), minlength=count)
            sums = sums.take(places, 0)
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


def _length2(rows: FloatArray) -> FloatArray:
    """Return the (N,) squared lengths of (3, N) vectors."""
    x, y, z = rows * rows
    result: FloatArray = x + y + z
    return result


def _triangles(faces: ArrayLike) -> NDArray[np.int64]:
    """Return faces as (F, 3); anything else than triangles would be cut up into others."""
    if faces is None:
        raise ValueError("faces: expected shape (N, 3), got None; give [] for a cloud of points")
    given = np.asarray(faces)
    if not given.size:
        return np.zeros((0, 3), np.int64)
    if given.ndim == 2 and given.shape[1] == 4:
        raise ValueError(f"faces: expected triangles, shape (N, 3), got quads, {given.shape}; split each into two")
    checked: NDArray[np.int64] = as_array(faces, np.int64, (None, 3), "faces")
    return checked


def load_mesh(path: str | Path) -> Mesh:
    """Read a mesh file, keeping the order and number of its vertices and faces.

    Formats: PLY, OBJ, STL, OFF, glTF and GLB, and .npz with `vertices` and `faces`. Polygons are cut into triangles,
    concave ones too. Where a texture needs a vertex twice, its copies follow after all vertices of the file, and
    `Mesh.source_vertex` says whose they are; without a texture there are no copies. Corners of an STL at exactly the
    same position are one vertex, by first appearance. Scenes (glTF) are put into world space, node after node, with
    their skins and morph targets as they stand. A file without faces is a point cloud. What had to be left out is said
    in `Mesh.notes`.

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
        ...     _ = file.write_text("OFF 3 1 0  0 0 0  1 0 0  0 1 0  3 0 1 2".replace("  ", chr(10)) + chr(10))
        ...     mesh = rk.load_mesh(file)
        >>> len(mesh.vertices), len(mesh.faces), mesh.name
        (3, 1, 'triangle')
    """
    return Mesh.read(path)
