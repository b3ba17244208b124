"""The unlit colour of a rendered mesh: its texture or its vertex colours, as the photograph is compared with."""

from __future__ import annotations

import cv2
import numpy as np

from renderkit.arrays import ColorImage, FloatArray
from renderkit.geometry.mesh import Mesh
from renderkit.render.base import Rendering


def base_color(mesh: Mesh, rendering: Rendering) -> ColorImage:
    """Return the unlit colour of a rendering: its texture, bilinear, else its vertex colours.

    Args:
        mesh: With a texture or vertex colours.
        rendering: With barycentric weights.

    Returns:
        (height, width, 3) RGB; zeros on the background.

    Raises:
        ValueError: If the mesh has neither, or the rendering has no weights.
    """
    if rendering.barycentric is None or (mesh.texture is None and mesh.vertex_colors is None):
        raise ValueError("expected barycentric weights, and a mesh with a texture or vertex colours")
    mask = rendering.mask
    corners = mesh.faces[rendering.face_index[mask]]
    weights = rendering.barycentric[mask].astype(np.float64)
    picture = np.zeros((*mask.shape, 3), np.uint8)
    if mesh.texture is not None and mesh.uv is not None:
        u, v = np.einsum("ij,ijk->ki", weights, mesh.uv[corners])
        height, width = mesh.texture.shape[:2]
        # (0, 0) is the texture's bottom-left corner; OpenCV counts from the centre of the top-left pixel.
        map_x, map_y = (u * width - 0.5).astype(np.float32), ((1.0 - v) * height - 0.5).astype(np.float32)
        picture[mask] = _remap(mesh.texture, map_x, map_y)
    elif mesh.vertex_colors is not None:
        picture[mask] = np.rint(np.einsum("ij,ijk->ik", weights, mesh.vertex_colors[corners].astype(np.float64)))
    return picture


def _remap(texture: ColorImage, map_x: FloatArray, map_y: FloatArray) -> ColorImage:
    """Sample N pixels; in rows, since OpenCV's pictures are at most 32767 wide."""
    count = len(map_x)
    columns = 16384
    rows = -(-count // columns)
    maps = [np.resize(values, rows * columns).reshape(rows, columns) if count else None for values in (map_x, map_y)]
    if maps[0] is None or maps[1] is None:
        return np.zeros((0, 3), np.uint8)
    sampled = cv2.remap(texture, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sampled, np.uint8).reshape(-1, 3)[:count]
