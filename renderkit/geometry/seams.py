"""Texture seams: where one vertex has different texture coordinates on its different faces."""

from __future__ import annotations

import numpy as np

from renderkit.arrays import Faces, FloatArray, Points3


def split_seams(vertices: Points3, faces: Faces, uv: FloatArray, uv_faces: Faces) -> tuple[Points3, Faces, FloatArray]:
    """Give every corner's vertex one texture coordinate, by copying vertices along seams.

    Args:
        vertices: (V, 3).
        faces: (F, 3) vertex indices.
        uv: (T, 2) texture coordinates.
        uv_faces: (F, 3) indices into `uv`, one per corner.

    Returns:
        (V + C, 3) vertices, the first V as given and in their order, C copies after them; (F, 3) faces of them; and
        (V + C, 2) texture coordinates, zeros for vertices of no face.
    """
    pairs = np.column_stack([faces.ravel(), uv_faces.ravel()]).astype(np.int64)
    unique, corner = np.unique(pairs, axis=0, return_inverse=True)
    is_copy = np.ones(len(unique), np.bool_)
    is_copy[np.unique(unique[:, 0], return_index=True)[1]] = False
    count, copies = len(vertices), int(is_copy.sum())
    place = unique[:, 0].copy()
    place[is_copy] = count + np.arange(copies)
    coordinates = np.zeros((count + copies, 2))
    coordinates[place] = uv[unique[:, 1]]
    split = place[corner.reshape(-1)].reshape(-1, 3).astype(np.int32)
    return np.vstack([vertices, vertices[unique[is_copy, 0]]]), split, coordinates
