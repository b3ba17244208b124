"""Pieces of faces on the device, for one drawing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray
from renderkit.geometry.mesh import Mesh
from renderkit.renderers.egl.gl import Buffer, Gl, GlOwner, VertexArray
from renderkit.renderers.egl.mesh import OFFSET, PIECE_FACE, Inputs, surface_attributes
from renderkit.renderers.subdivide import Pieces


class DevicePieces(GlOwner):
    """The corners of pieces, each with what the faces' own vertices give it."""

    def __init__(self, gl: Gl, mesh: Mesh, pieces: Pieces, center: FloatArray, *, shaded: bool) -> None:
        """Upload them.

        Args:
            gl: The entry points.
            mesh: The mesh.
            pieces: Parts of its faces.
            center: (3,) world point that the corners are to be relative to.
            shaded: Whether normals, colours and texture coordinates are needed.
        """
        super().__init__(gl)
        self._count = 3 * len(pieces)
        corners = mesh.faces[pieces.face]
        content: dict[int, NDArray[np.generic]] = {
            OFFSET: _blend(pieces.weights, mesh.vertices[corners] - center),
            PIECE_FACE: np.repeat(pieces.face, 3).astype(np.int32),
        }
        if shaded:
            for location, values in surface_attributes(mesh).items():
                scale = 1.0 / 255.0 if values.dtype == np.uint8 else 1.0
                content[location] = _blend(pieces.weights, values[corners] * scale)
        self._inputs: Inputs = {location: (Buffer(gl, values), values[:0]) for location, values in content.items()}
        self._array = VertexArray(gl, self._inputs)

    def draw(self) -> None:
        """Draw all pieces."""
        self._array.draw(self._count)

    def close(self) -> None:
        """Release the buffers."""
        self._array.close()
        for buffer, _ in self._inputs.values():
            buffer.close()


def _blend(weights: FloatArray, values: FloatArray) -> NDArray[np.float32]:
    """Return (3 N, C) values at the corners of N pieces, from (N, 3, C) values at their faces' vertices."""
    blended = np.einsum("nij,njk->nik", weights, values)
    return np.ascontiguousarray(blended.reshape(-1, values.shape[2]), dtype=np.float32)
