"""PLY files (G. Turk, "The PLY Polygon File Format", 1994) in the dialects that programs write.

Text and binary of both byte orders; lists with counts of any whole type; further elements and properties; texture
coordinates per vertex (s t, u v, texture_u texture_v) or per corner (the list `texcoord`, with `texnumber`); the files
of `comment TextureFile`; colours of vertices and faces as bytes, 16 bits or floats.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import ColorImage, Faces, FloatArray
from renderkit.errors import DatasetError
from renderkit.geometry.mesh_files.file_mesh import FileMesh, colors_of, unit_or_none
from renderkit.geometry.mesh_files.ply_body import Column, Table, read_ply_body
from renderkit.geometry.mesh_files.ply_header import PlyElement, PlyHeader, read_ply_header
from renderkit.geometry.mesh_files.polygons import check_indices, triangulate
from renderkit.geometry.mesh_files.textures import MeshTexture, TextureReader
from renderkit.wording import counted

_UV_NAMES = (("s", "t"), ("u", "v"), ("texture_u", "texture_v"), ("texture_s", "texture_t"))
_COLOR_NAMES = (("red", "green", "blue"), ("r", "g", "b"), ("diffuse_red", "diffuse_green", "diffuse_blue"))
_LIST_NAMES = ("vertex_indices", "vertex_index")
_NOT_READ = {
    "multi_texture_face": (
        "texture coordinates in the elements multi_texture_vertex and multi_texture_face, as Artec Studio writes them, "
        "are not read: export an .obj for the texture"
    )
}
"""What is said of elements that hold something which is left out."""


def read_ply(path: Path, data: bytes) -> FileMesh:
    """Read a PLY file.

    Raises:
        DatasetError: If it is damaged, cut off, or contradicts itself.
    """
    header = read_ply_header(path, data)
    tables, left = read_ply_body(path, data, header)
    notes = [f"ignored: {counted(left, 'byte')} after the last element"] if left > 2 else []
    if "vertex" not in tables:
        raise DatasetError(path, "vertex", "cannot be read as a mesh: the header has no element 'vertex'")
    vertex = tables["vertex"]
    kinds = {element.name: element for element in header.elements}
    vertices = _columns(vertex, ("x", "y", "z"))
    if vertices is None:
        raise DatasetError(path, "vertex", "cannot be read as a mesh: expected the properties x, y, z")
    notes += [note for name, note in _NOT_READ.items() if name in tables]
    faces = _Faces(path, _face_table(path, tables, len(vertices)), vertices)
    notes += faces.notes
    textures = TextureReader(path)
    images = _textures(header, textures)
    uv, uv_faces = faces.texture_coordinates(vertex)
    if images and uv is None:
        notes.append("the file names a texture and has no texture coordinates")
    return FileMesh(
        vertices,
        faces.faces,
        uv,
        uv_faces,
        images,
        faces.texture_numbers(len(images)) if images else None,
        _colors(vertex, kinds["vertex"]),
        faces.per_triangle(_colors(tables["face"], kinds["face"])) if tables.get("face") else None,
        unit_or_none(_columns(vertex, ("nx", "ny", "nz"))),
        (*notes, *textures.notes),
    )


def _face_table(path: Path, tables: dict[str, Table], num_vertices: int) -> Table:
    """Return the polygons: those of `face`, else the triangles of `tristrips`."""
    faces, strips = tables.get("face", {}), tables.get("tristrips", {})
    column = next((strips[name] for name in _LIST_NAMES if name in strips), None)
    if column is None or column.counts is None:
        return faces
    if any(len(known.values) for known in faces.values()):
        raise DatasetError(path, "tristrips", "the file has faces and triangle strips; export it as triangles alone")
    check_indices(np.where(column.values == -1, 0, column.values), num_vertices, path)
    triangles = _strip_triangles(column.values, column.counts)
    return {_LIST_NAMES[0]: Column(triangles.ravel(), np.full(len(triangles), 3, np.int64))}


def _strip_triangles(values: NDArray[Any], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the (F, 3) triangles of strips: a list is one strip or several with -1 between; every other one is turned.

    Source: G. Turk and B. Curless' ply and vrip tools, whose `tristrips` are lists of whole numbers.
    """
    corners = np.asarray(values, np.int64)
    starts = np.unique(np.concatenate([[0], np.cumsum(counts), np.flatnonzero(corners == -1) + 1]))
    place = np.arange(len(corners))
    in_strip = place - starts[np.searchsorted(starts, place, side="right") - 1]
    third = np.flatnonzero((in_strip >= 2) & (corners != -1))
    odd = in_strip[third] % 2
    triangles = np.column_stack([corners[third - 2 + odd], corners[third - 1 - odd], corners[third]])
    # Strips are joined to one by triangles without area.
    a, b, c = triangles.T
    whole: NDArray[np.int64] = triangles[(a != b) & (b != c) & (a != c)]
    return whole


class _Faces:
    """The polygons of a file, cut into triangles."""

    def __init__(self, path: Path, table: Table, vertices: FloatArray) -> None:
        self._path, self._table = path, table
        self.notes: list[str] = []
        column = next((table[name] for name in _LIST_NAMES if name in table), None)
        if table and column is None:
            raise DatasetError(path, "face", f"expected the list {' or '.join(_LIST_NAMES)}; found {', '.join(table)}")
        if column is None or column.counts is None:
            if column is not None:
                raise DatasetError(path, "face", "vertex_indices is not a list")
            column = Column(np.empty(0, np.int32), np.empty(0, np.int64))
        counts = column.counts if column.counts is not None else np.empty(0, np.int64)
        self._counts = counts
        self._whole = counts >= 3
        corners = check_indices(column.values, len(vertices), path)
        if not self._whole.all():
            self.notes.append(f"left out: {counted(int((~self._whole).sum()), 'face')} of fewer than three corners")
            corners = corners[np.repeat(self._whole, counts)]
        self._corners, self._polygon = triangulate(vertices, counts[self._whole], corners, path)
        self.faces: Faces = corners[self._corners]

    def per_triangle(self, values: NDArray[Any] | None) -> NDArray[Any] | None:
        """Return the values of polygons for the triangles that they were cut into."""
        return None if values is None else values[self._whole][self._polygon]

    def texture_numbers(self, num_textures: int) -> NDArray[np.int32]:
        """Return the texture of each triangle: `texnumber`, else the first.

        Raises:
            DatasetError: If one names no texture.
        """
        column = self._table.get("texnumber")
        if column is None or column.counts is not None:
            return np.zeros(len(self.faces), np.int32)
        numbers = self.per_triangle(column.values)
        if numbers is None or (numbers.size and not ((numbers >= -1) & (numbers < num_textures)).all()):
            raise DatasetError(self._path, "texnumber", f"expected 0..{num_textures - 1}, one per 'TextureFile'")
        return np.asarray(numbers, np.int32)

    def texture_coordinates(self, vertex: Table) -> tuple[FloatArray | None, Faces | None]:
        """Return the texture coordinates, and which each corner of a triangle has.

        Raises:
            DatasetError: If a face has another number of them than corners.
        """
        column = self._table.get("texcoord")
        if column is None or column.counts is None:
            uv = next((found for names in _UV_NAMES if (found := _columns(vertex, names)) is not None), None)
            return (None, None) if uv is None or not np.isfinite(uv).all() else (uv, self.faces)
        has_all = column.counts == 2 * self._counts
        if not (has_all | (column.counts == 0)).all():
            row = int(np.flatnonzero(~has_all & (column.counts != 0))[0])
            raise DatasetError(
                self._path, f"face {row}",
                f"expected {2 * self._counts[row]} texture coordinates, found {column.counts[row]}",
            )  # fmt: skip
        with np.errstate(invalid="ignore"):
            uv = np.asarray(column.values, np.float64).reshape(-1, 2)
        numbers = np.full(int(self._counts.sum()), -1, np.int64)
        numbers[np.repeat(has_all, self._counts)] = np.arange(len(uv))
        own = numbers[np.repeat(self._whole, self._counts)]
        return np.nan_to_num(uv), np.asarray(own[self._corners], np.int32)


def _textures(header: PlyHeader, reader: TextureReader) -> tuple[MeshTexture | None, ...]:
    parts = (text.partition(" ") for text in header.comments)
    names = [rest.strip() for word, _, rest in parts if word.lower() == "texturefile"]
    return tuple(reader.from_file(name) for name in names[:256])


def _columns(table: Table, names: tuple[str, ...]) -> FloatArray | None:
    """Return scalar properties side by side, or None when one is missing."""
    if not all(name in table and table[name].counts is None for name in names):
        return None
    result = np.empty((len(table[names[0]].values), len(names)))
    # Signalling NaNs are refused later, in words.
    with np.errstate(invalid="ignore"):
        for column, name in enumerate(names):
            result[:, column] = table[name].values
    return result


def _colors(table: Table, element: PlyElement) -> ColorImage | None:
    types = {known.name: known.type for known in element.properties}
    for names in _COLOR_NAMES:
        values = _columns(table, names)
        if values is not None:
            kind = types[names[0]]
            return colors_of(values, "f" if kind[0] == "f" else kind if kind == "u2" else "u1")
    return None
