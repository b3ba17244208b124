"""What every reader returns: a mesh with one texture coordinate per corner, before vertices are copied along seams."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import BoolArray, ColorImage, Faces, FloatArray, Points3
from renderkit.errors import DatasetError
from renderkit.geometry.mesh_files.textures import MeshTexture
from renderkit.geometry.seams import split_seams
from renderkit.wording import counted

MAX_COORDINATE = 1e60
"""Coordinates beyond this are taken for infinite: areas of such faces could not be computed."""


@dataclass(frozen=True, eq=False)
class FileMesh:
    """The content of a mesh file.

    Attributes:
        vertices: (V, 3) in the file's order.
        faces: (F, 3) vertex indices; polygons are cut into triangles.
        uv: (T, 2) texture coordinates, (0, 0) at the bottom left; or None.
        uv_faces: (F, 3) indices into `uv`, -1 for corners without one; or None.
        textures: What the faces may show; those that cannot be read are None.
        face_textures: (F,) index into `textures`, -1 for none; None when all faces show the first.
        vertex_colors: (V, 3) uint8 RGB; or None.
        face_colors: (F, 3) uint8 RGB; or None.
        normals: (V, 3); or None.
        notes: What was left out or assumed.
    """

    vertices: Points3
    faces: Faces
    uv: FloatArray | None = None
    uv_faces: Faces | None = None
    textures: tuple[MeshTexture | None, ...] = ()
    face_textures: NDArray[np.int32] | None = None
    vertex_colors: ColorImage | None = None
    face_colors: ColorImage | None = None
    normals: Points3 | None = None
    notes: tuple[str, ...] = ()

    def mesh_fields(self, file: Path) -> dict[str, Any]:
        """Return the fields of a `Mesh`, with copies of vertices where a texture needs them.

        Raises:
            DatasetError: If there are no vertices, or a face has a vertex that is not finite.
        """
        if not len(self.vertices):
            why = "; ".join(("the mesh has no vertices", *self.notes))
            raise DatasetError(file, "vertices", why)
        sound = self._with_finite_vertices(file)
        notes = list(sound.notes)
        if not len(sound.faces):
            notes.append(
                f"a point cloud of {counted(len(sound.vertices), 'vertex')}: it can be projected, not rendered"
            )
        return {**sound._textured(), "name": file.stem, "notes": tuple(notes)}

    def _textured(self) -> dict[str, Any]:
        """Return the fields with the textures that could be read."""
        plain = {
            "vertices": self.vertices,
            "faces": self.faces,
            "vertex_colors": self.vertex_colors,
            "face_colors": self.face_colors,
            "normals": self.normals,
        }
        if self.uv is None or self.uv_faces is None or not len(self.faces):
            return plain
        chosen = np.zeros(len(self.faces), np.int32) if self.face_textures is None else self.face_textures
        number = np.full(len(self.textures) + 1, -1, np.int32)
        found = [index for index, texture in enumerate(self.textures) if texture is not None]
        number[found] = np.arange(len(found))
        chosen = np.where((self.uv_faces >= 0).all(axis=1), number[chosen], -1).astype(np.int32)
        if not (chosen >= 0).any():
            return plain
        corners = np.where((chosen >= 0)[:, None], self.uv_faces, -1).astype(np.int32)
        source, faces, uv = split_seams(self.faces, corners, self.uv, len(self.vertices))
        images = [texture for texture in self.textures if texture is not None]
        one = len(images) == 1
        return {
            "vertices": self.vertices[source],
            "faces": faces,
            "uv": uv,
            "texture": images[0].pixels if one else None,
            "vertex_colors": _taken(self.vertex_colors, source),
            "textures": () if one else tuple(image.pixels for image in images),
            "face_textures": None if one and bool((chosen == 0).all()) else chosen,
            "wraps": tuple(image.wrap for image in images),
            "face_colors": self.face_colors,
            "normals": _taken(self.normals, source),
            "source_vertex": source if len(source) > len(self.vertices) else None,
        }

    def _with_finite_vertices(self, file: Path) -> FileMesh:
        """Deal with vertices that are NaN, infinite or beyond `MAX_COORDINATE`: no face may use them.

        At the end of the list they are left out. Elsewhere the vertices after them must keep their numbers, so they
        are put where the first finite vertex is.
        """
        # NaN compares as False.
        bad: BoolArray = np.asarray(~(np.abs(self.vertices) <= MAX_COORDINATE).all(axis=1), np.bool_)
        if not bad.any():
            return self
        used = np.flatnonzero(bad[self.faces].any(axis=1))
        if used.size:
            first = int(used[0])
            vertex = int(self.faces[first][bad[self.faces[first]]][0])
            raise DatasetError(
                file, f"face {first}", f"cannot be read as a mesh: its vertex {vertex} is {self.vertices[vertex]}"
            )
        if bad.all():
            raise DatasetError(file, "vertices", "no vertex is finite")
        kept = int(np.flatnonzero(~bad)[-1]) + 1
        vertices = np.array(self.vertices[:kept])
        vertices[bad[:kept]] = vertices[~bad[:kept]][0]
        inner, last = int(bad[:kept].sum()), len(bad) - kept
        notes = [f"left out: {counted(last, 'vertex')} of no face at the end, NaN or infinite"] if last else []
        if inner:
            notes.append(f"moved to the first finite vertex: {counted(inner, 'vertex')} of no face, NaN or infinite")
        return replace(
            self,
            vertices=vertices,
            vertex_colors=None if self.vertex_colors is None else self.vertex_colors[:kept],
            normals=None if self.normals is None else self.normals[:kept],
            notes=(*self.notes, *notes),
        )


def _taken(values: NDArray[Any] | None, source: NDArray[np.int32]) -> NDArray[Any] | None:
    return None if values is None else values[source]


def colors_of(values: NDArray[Any], kind: str) -> ColorImage:
    """Return (N, 3) bytes from colours as files store them.

    Args:
        values: (N, 3) values.
        kind: "u1", "u2" (0 to 65535) or "f": 0 to 1 when no value is larger, else 0 to 255.
    """
    numbers = np.nan_to_num(np.asarray(values, np.float64), nan=0.0, posinf=255.0, neginf=0.0)
    if kind == "u2":
        numbers /= 257.0
    elif kind == "f" and (not numbers.size or numbers.max() <= 1.0):
        numbers *= 255.0
    return np.asarray(np.clip(np.rint(numbers), 0, 255), np.uint8)


def unit_or_none(normals: Points3 | None) -> Points3 | None:
    """Return normals unless one is not finite or all are zero."""
    if normals is None or not np.isfinite(normals).all() or not normals.any():
        return None
    return normals
