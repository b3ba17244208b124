"""What colour a mesh has at a point of its surface, unlit: the rule that every renderer follows, written in NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import ColorImage, FloatArray
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.surface_defaults import NEUTRAL_ALBEDO, Wrap


def surface_colors(mesh: Mesh, face: NDArray[np.int32], weights: FloatArray) -> FloatArray:
    """Return the unlit colours of points on a mesh: texture, else vertex colours, else face colours, else grey.

    Args:
        mesh: The mesh.
        face: (N,) the face of each point.
        weights: (N, 3) barycentric weights of the face's vertices.

    Returns:
        (N, 3) RGB in [0, 1].
    """
    corners = mesh.faces[face]
    if mesh.vertex_colors is not None:
        colors: FloatArray = np.einsum("ij,ijk->ik", weights, mesh.vertex_colors[corners] / 255.0)
    elif mesh.face_colors is not None:
        colors = mesh.face_colors[face] / 255.0
    else:
        colors = np.full((len(face), 3), NEUTRAL_ALBEDO)
    if mesh.uv is not None:
        chosen = np.zeros(len(face), np.int32) if mesh.face_textures is None else mesh.face_textures[face]
        for number, (texture, wrap) in enumerate(mesh.all_textures):
            own = chosen == number
            uv = np.einsum("ij,ijk->ik", weights[own], mesh.uv[corners[own]])
            colors[own] = _sample_bilinear(texture, uv, wrap)
    return colors


def _sample_bilinear(texture: ColorImage, uv: FloatArray, wrap: tuple[Wrap, Wrap]) -> FloatArray:
    """Return (N, 3) RGB in [0, 1] at (N, 2) texture coordinates, (0, 0) bottom-left, from the four nearest texels."""
    height, width = texture.shape[:2]
    x, y = uv[:, 0] * width - 0.5, (1.0 - uv[:, 1]) * height - 0.5
    x0, y0 = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    right, down = (x - x0)[:, None], (y - y0)[:, None]
    columns = [_texel(index, width, wrap[0]) for index in (x0, x0 + 1)]
    rows = [_texel(index, height, wrap[1]) for index in (y0, y0 + 1)]
    top = texture[rows[0], columns[0]] * (1.0 - right) + texture[rows[0], columns[1]] * right
    bottom = texture[rows[1], columns[0]] * (1.0 - right) + texture[rows[1], columns[1]] * right
    result: FloatArray = (top * (1.0 - down) + bottom * down) / 255.0
    return result


def _texel(index: NDArray[np.int64], size: int, wrap: Wrap) -> NDArray[np.int64]:
    """Return which of `size` texels an index beyond them means."""
    if wrap == "clamp":
        return np.clip(index, 0, size - 1)
    if wrap == "repeat":
        return index % size
    turned = index % (2 * size)
    return np.minimum(turned, 2 * size - 1 - turned)
