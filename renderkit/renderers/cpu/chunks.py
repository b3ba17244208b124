"""Faces in chunks: one look at a chunk's bounds often tells about all of its faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import Faces, frozen
from renderkit.compiled import kernel
from renderkit.renderers.cpu.camera_numbers import SUBPIXELS

CHUNK = 128
"""Faces in a chunk; in an order with locality they lie close together."""


@dataclass(frozen=True, eq=False)
class Chunks:
    """The vertices that each chunk of faces uses, every one listed once.

    Attributes:
        vertices: (N,) vertex indices, chunk after chunk.
        start: (C + 1,) where each chunk's begin.
    """

    vertices: NDArray[np.int32]
    start: NDArray[np.int32]

    def __len__(self) -> int:
        """Return the number of chunks."""
        return len(self.start) - 1


def chunk_faces(faces: Faces, num_vertices: int) -> Chunks:
    """List the vertices of each chunk of (F, 3) faces."""
    num_chunks = -(-len(faces) // CHUNK)
    vertices, start = np.empty(3 * len(faces), np.int32), np.zeros(num_chunks + 1, np.int32)
    _list_vertices(faces, np.full(num_vertices, -1, np.int32), vertices, start)
    return Chunks(frozen(vertices[: start[-1]]), frozen(start))


@kernel
def _list_vertices(
    faces: Faces, seen: NDArray[np.int32], vertices: NDArray[np.int32], start: NDArray[np.int32]
) -> None:
    """Fill `vertices` and `start`; `seen` (V,) holds -1 everywhere."""
    count = 0
    for chunk in range(start.shape[0] - 1):
        for face in range(chunk * CHUNK, min(chunk * CHUNK + CHUNK, faces.shape[0])):
            for corner in range(3):
                vertex = faces[face, corner]
                if seen[vertex] != chunk:
                    seen[vertex] = chunk
                    vertices[count] = vertex
                    count += 1
        start[chunk + 1] = count


@kernel
def bound_chunks(
    vertices: NDArray[np.int32],
    start: NDArray[np.int32],
    first: int,
    last: int,
    snapped: NDArray[np.int32],
    exact: NDArray[np.float32],
    boxes: NDArray[np.int32],
    nearest: NDArray[np.float32],
) -> None:
    """Find what the chunks first to last - 1 reach in one view.

    Args:
        vertices: From `Chunks`.
        start: From `Chunks`.
        first: The first chunk.
        last: The first one that is left alone.
        snapped: (V, 2) in 1/256 px.
        exact: (V, 3) u, v in px and 1 / z.
        boxes: (C, 4) receives x0, y0, x1, y1: the first pixel centres at or after each end, as faces are drawn.
        nearest: (C,) receives the largest 1 / z.
    """
    for chunk in range(first, last):
        x0, y0, x1, y1 = np.int32(2**31 - 1), np.int32(2**31 - 1), np.int32(-(2**31)), np.int32(-(2**31))
        near = np.float32(0.0)
        for i in range(start[chunk], start[chunk + 1]):
            vertex = np.uint32(vertices[i])
            x0, x1 = min(x0, snapped[vertex, 0]), max(x1, snapped[vertex, 0])
            y0, y1 = min(y0, snapped[vertex, 1]), max(y1, snapped[vertex, 1])
            near = max(near, exact[vertex, 2])
        boxes[chunk, 0], boxes[chunk, 1] = (int(x0) + (SUBPIXELS - 1)) >> 8, (int(y0) + (SUBPIXELS - 1)) >> 8
        boxes[chunk, 2], boxes[chunk, 3] = (int(x1) + (SUBPIXELS - 1)) >> 8, (int(y1) + (SUBPIXELS - 1)) >> 8
        nearest[chunk] = near
