"""Wavefront .obj files: geometry, and the textures of their materials.

Read are v (with colours behind the coordinates), vt, vn, f, usemtl, mtllib, and lines continued by a backslash.
Numbers with a decimal comma ("v 1,5 0,25 3") are read as such and noted, since no list of an .obj is separated by
commas; "v 1,2,3" is refused. Lines and points (l, p) and everything else are ignored and noted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import ColorImage, Faces, FloatArray, Points3
from renderkit.errors import DatasetError
from renderkit.geometry.mesh_files.file_mesh import FileMesh, colors_of, unit_or_none
from renderkit.geometry.mesh_files.mtl import Material, read_materials
from renderkit.geometry.mesh_files.obj_lines import ObjLines, parse_lines
from renderkit.geometry.mesh_files.polygons import triangulate
from renderkit.geometry.mesh_files.textures import MeshTexture, TextureReader
from renderkit.geometry.surface_defaults import NEUTRAL_ALBEDO, Wrap
from renderkit.untrusted.files import read_bytes

MAX_OBJ_BYTES = 1 << 30
"""Files above this size are refused."""

_NEUTRAL = round(255 * NEUTRAL_ALBEDO)


@dataclass(frozen=True, eq=False)
class ObjGeometry:
    """The geometry of an .obj file.

    Attributes:
        vertices: (V, 3) in the file's order.
        faces: (F, 3) vertex indices.
        uv: (T, 2) texture coordinates, (0, 0) at the bottom left; empty when there are none.
        uv_faces: (F, 3) indices into `uv`, -1 for corners without one.
        normals: (V, 3) mean of the normals that corners give to each vertex; None unless every corner has one.
        materials: (F,) index into `material_names`, -1 before the first usemtl.
        material_names: As usemtl says.
        vertex_colors: (V, 3) RGB; or None.
        libraries: As mtllib says.
        notes: What was left out or assumed.
    """

    vertices: Points3
    faces: Faces
    uv: FloatArray
    uv_faces: Faces
    normals: Points3 | None = None
    materials: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    material_names: tuple[str, ...] = ()
    vertex_colors: ColorImage | None = None
    libraries: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_obj_geometry(path: Path, data: bytes | None = None) -> ObjGeometry:
    """Read an .obj file without its materials.

    Args:
        path: The file.
        data: Its bytes, where they are read already.

    Raises:
        DatasetError: If the file is missing, too large, or a line is malformed or points outside what came
            before.
    """
    if data is None:
        data = read_bytes(path, MAX_OBJ_BYTES)
    if len(data) > MAX_OBJ_BYTES:
        raise DatasetError(path, None, f"mesh file of {len(data)} bytes is over {MAX_OBJ_BYTES}")
    lines = parse_lines(path, data)
    sizes = np.array(lines.sizes, np.int64)
    table = np.array(lines.corners, np.int32).reshape(-1, 3)
    vertices = np.array(lines.vertices, np.float64).reshape(-1, 3)
    corners, polygon = triangulate(vertices, sizes, table[:, 0], path)
    normals = np.array(lines.normals, np.float64).reshape(-1, 3)
    return ObjGeometry(
        vertices,
        table[:, 0][corners],
        np.array(lines.uv, np.float64).reshape(-1, 2),
        table[:, 1][corners],
        _mean_normals(table, normals, len(vertices)),
        np.array(lines.materials, np.int32)[polygon],
        tuple(lines.material_names),
        _vertex_colors(lines),
        tuple(lines.libraries),
        lines.notes(),
    )


def read_obj(path: Path, data: bytes) -> FileMesh:
    """Read an .obj file and its materials.

    Raises:
        DatasetError: As `read_obj_geometry`; a material or texture that cannot be read is a note.
    """
    geometry = read_obj_geometry(path, data)
    reader = TextureReader(path)
    known, notes = read_materials(path, geometry.libraries)
    names, chosen = list(geometry.material_names), geometry.materials
    if not names and len(known) == 1 and geometry.libraries:
        names, chosen = list(known), np.zeros_like(chosen)
        notes.append(f"no face names a material; all get the only one, {names[0]!r}")
    materials = [known.get(name, Material()) for name in names]
    missing = [name for name in names if name not in known]
    if missing and geometry.libraries:
        notes.append(f"materials that no library defines: {', '.join(repr(name[:80]) for name in missing[:8])}")
    textures, texture_of = _textures(materials, reader)
    uv, uv_faces = _placed(geometry, materials, chosen)
    return FileMesh(
        geometry.vertices,
        geometry.faces,
        uv,
        uv_faces,
        textures,
        np.append(texture_of, -1).astype(np.int32)[chosen],
        geometry.vertex_colors,
        _material_colors(materials, chosen) if geometry.vertex_colors is None else None,
        unit_or_none(geometry.normals),
        (*geometry.notes, *notes, *reader.notes),
    )


def _textures(
    materials: list[Material], reader: TextureReader
) -> tuple[tuple[MeshTexture | None, ...], NDArray[np.int32]]:
    """Return the distinct textures, and which of them each material has (-1: none)."""
    places: dict[tuple[str, str, bool], int] = {}
    numbers = np.full(len(materials), -1, np.int32)
    found: list[MeshTexture | None] = []
    for index, material in enumerate(materials):
        if not material.texture:
            continue
        key = material.texture, material.subfolder, material.clamped
        if key not in places:
            places[key] = len(found)
            wrap: tuple[Wrap, Wrap] = ("clamp", "clamp") if material.clamped else ("repeat", "repeat")
            found.append(reader.from_file(material.texture, wrap, subfolder=material.subfolder))
        numbers[index] = places[key]
    return tuple(found), numbers


def _placed(geometry: ObjGeometry, materials: list[Material], chosen: NDArray[np.int32]) -> tuple[FloatArray, Faces]:
    """Return texture coordinates with each material's scale and offset (-s, -o) applied."""
    blocks, corners = [geometry.uv], np.array(geometry.uv_faces)
    for index, material in enumerate(materials):
        if material.is_placed and (chosen == index).any():
            own = (chosen == index)[:, None] & (corners >= 0)
            corners[own] += len(geometry.uv) * len(blocks)
            blocks.append(geometry.uv * material.scale + material.offset)
    return np.concatenate(blocks), corners


def _material_colors(materials: list[Material], chosen: NDArray[np.int32]) -> ColorImage | None:
    """Return the (F, 3) diffuse colours; None when they are one grey, which says nothing."""
    colors = np.full((len(materials) + 1, 3), _NEUTRAL, np.uint8)
    for index, material in enumerate(materials):
        if material.color is not None:
            colors[index] = np.rint(np.clip(material.color, 0.0, 1.0) * 255.0)
    used = np.unique(colors[chosen], axis=0)
    if len(used) == 1 and len(set(used[0].tolist())) == 1:
        return None
    result: ColorImage | None = colors[chosen] if len(used) else None
    return result


def _mean_normals(table: NDArray[np.int32], normals: FloatArray, count: int) -> Points3 | None:
    """Return for each vertex the mean of the distinct normals that its corners name."""
    if not len(table) or (table[:, 2] < 0).any():
        return None
    pairs = np.unique(table[:, [0, 2]], axis=0)
    sums = np.zeros((count, 3))
    np.add.at(sums, pairs[:, 0], normals[pairs[:, 1]])
    return sums


def _vertex_colors(lines: ObjLines) -> ColorImage | None:
    if not lines.colors:
        return None
    colors = np.full((lines.counts[0], 3), np.nan)
    colors[list(lines.colors)] = list(lines.colors.values())
    known = np.isfinite(colors).all(axis=1)
    result = np.full(colors.shape, _NEUTRAL, np.uint8)
    result[known] = colors_of(colors[known], "f")
    return result
