"""The silhouette's outline as line segments, exact to the 1/256 px to which vertices are rounded.

The mask says which pixel centres are covered. Between a covered centre and one that is not, the outline crosses where
the edge of the mesh does that is nearest to the uncovered one: walking from there, it is the first to change the number
of covering faces. Edges that lie on no contour change nothing; see `contour`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import AlphaImage, Faces, MaskImage
from renderkit.compiled import kernel
from renderkit.images.outlines import Crossings, Segments
from renderkit.renderers.cpu.camera_numbers import SUBPIXELS
from renderkit.renderers.cpu.projection import Projection


def trace_outline(projection: Projection, mask: MaskImage) -> Segments:
    """Return the outline of a projected mesh.

    Args:
        projection: The mesh, still in this thread's scratch.
        mask: (height, width) its mask in the same picture.
    """
    found = Crossings.of(mask)
    topology, pieces = projection.mesh.topology, projection.pieces
    for faces, snapped, signs, edges in (
        (topology.faces, projection.snapped, projection.signs, topology.edges),
        (pieces.faces, pieces.snapped, pieces.signs, pieces.edges),
    ):
        _cross_edges(faces, snapped, signs, edges, found.inside, found.across, found.down)
    return found.trace()


@kernel
def _cross_edges(
    faces: Faces,
    snapped: NDArray[np.int32],
    signs: NDArray[np.int8],
    edges: NDArray[np.int32],
    inside: AlphaImage,
    across: NDArray[np.float32],
    down: NDArray[np.float32],
) -> None:
    height, width = inside.shape
    for i in range(edges.shape[0]):
        half, twin = edges[i, 0], edges[i, 1]
        face = np.uint32(half >> 2)
        coefficient = np.int32(signs[face]) - (np.int32(signs[np.uint32(twin)]) if twin >= 0 else np.int32(0))
        if coefficient == 0:
            continue
        corner = half & 3
        a, b = faces[face, corner], faces[face, corner + 1 if corner < 2 else 0]
        x0, y0 = snapped[a, 0] / SUBPIXELS, snapped[a, 1] / SUBPIXELS
        x1, y1 = snapped[b, 0] / SUBPIXELS, snapped[b, 1] / SUBPIXELS
        if y0 != y1:
            slope = (x1 - x0) / (y1 - y0)
            for y in range(_first(min(y0, y1)), _last(max(y0, y1), height) + 1):
                x = x0 + (y - y0) * slope
                k = int(np.floor(x))
                if 0 <= k < width - 1 and inside[y, k] != inside[y, k + 1]:
                    across[y, k] = _nearer(across[y, k], x - k, inside[y, k] != 0)
        if x0 != x1:
            slope = (y1 - y0) / (x1 - x0)
            for x in range(_first(min(x0, x1)), _last(max(x0, x1), width) + 1):
                y = y0 + (x - x0) * slope
                k = int(np.floor(y))
                if 0 <= k < height - 1 and inside[k, x] != inside[k + 1, x]:
                    down[k, x] = _nearer(down[k, x], y - k, inside[k, x] != 0)


@kernel
def _first(low: float) -> int:
    return int(max(np.ceil(low), 0.0))


@kernel
def _last(high: float, size: int) -> int:
    return int(min(np.floor(high), size - 1.0))


@kernel
def _nearer(known: float, found: float, first_is_inside: bool) -> float:
    """Return which of two crossings is nearer to the pixel outside."""
    if known < 0.0:
        return found
    return max(known, found) if first_is_inside else min(known, found)
