"""An order of faces and vertices in which neighbours in space are neighbours in memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import Faces, Points3

_BITS = 10


def locality_order(vertices: Points3, faces: Faces) -> tuple[NDArray[np.int32], NDArray[np.int32], Faces]:
    """Sort faces along a Morton curve through their centroids, and vertices by the first face that uses them.

    Args:
        vertices: (V, 3) world units.
        faces: (F, 3) vertex indices.

    Returns:
        (F,) original index of each face in the new order, (V,) original index of each vertex in the new order, and the
        (F, 3) faces reordered and renumbered. The corners keep their order inside a face.
    """
    centroids = vertices[faces[:, 0]] + vertices[faces[:, 1]] + vertices[faces[:, 2]]
    face_order = np.argsort(_morton_codes(centroids), kind="stable").astype(np.int32)
    sorted_faces = faces[face_order]
    first_use = np.full(len(vertices), 3 * len(faces), np.int64)
    # Assigned backwards, the earliest use of a vertex is written last.
    first_use[sorted_faces.ravel()[::-1]] = np.arange(3 * len(faces) - 1, -1, -1)
    vertex_order = np.argsort(first_use, kind="stable").astype(np.int32)
    new_index = np.empty(len(vertices), np.int32)
    new_index[vertex_order] = np.arange(len(vertices), dtype=np.int32)
    return face_order, vertex_order, new_index[sorted_faces]


def _morton_codes(points: Points3) -> NDArray[np.uint32]:
    """Return (N,) codes: the bits of the three quantised coordinates, interleaved."""
    low: Points3 = points.min(axis=0)
    extent = float(np.max(np.ptp(points, axis=0))) or 1.0
    cells = ((points - low) * ((2**_BITS - 1) / extent)).astype(np.uint32)
    x, y, z = (_spread(cells[:, axis]) << np.uint32(axis) for axis in range(3))
    codes: NDArray[np.uint32] = x | y | z
    return codes


def _spread(cells: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Move each of the ten bits three places apart."""
    x: NDArray[np.uint32] = cells
    for shift, mask in ((16, 0x030000FF), (8, 0x0300F00F), (4, 0x030C30C3), (2, 0x09249249)):
        x = (x | (x << np.uint32(shift))) & np.uint32(mask)
    return x
