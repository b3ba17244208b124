"""Vertices that share a position: copies along texture seams, and how to find them again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import Faces, FloatArray, Points3


def split_seams(
    faces: Faces, uv_faces: Faces, uv: FloatArray, num_vertices: int
) -> tuple[NDArray[np.int32], Faces, FloatArray]:
    """Give every corner's vertex one texture coordinate, by copying vertices along seams.

    Corners of one vertex with equal coordinates share them, however often the file states them.

    Args:
        faces: (F, 3) vertex indices.
        uv_faces: (F, 3) indices into `uv`, one per corner; -1 for corners without one, which need no copy.
        uv: (T, 2) texture coordinates.
        num_vertices: V.

    Returns:
        (V + C,) the vertex that each vertex is or is a copy of, the first V in their order; (F, 3) faces; and
        (V + C, 2) texture coordinates, zeros for vertices of no textured face.
    """
    vertex, coordinate = faces.ravel().astype(np.int64), uv_faces.ravel().astype(np.int64)
    textured = np.flatnonzero(coordinate >= 0)
    unique, corner = _pairs(vertex[textured], coordinate[textured], len(uv))
    if len(unique) > len(np.unique(vertex[textured])):
        # Sorted as complex numbers, pairs take a tenth of the time that rows take.
        merged, number = np.unique(np.ascontiguousarray(uv, np.float64).view(np.complex128), return_inverse=True)
        uv, coordinate = merged.view(np.float64).reshape(-1, 2), number.reshape(-1)[coordinate]
        unique, corner = _pairs(vertex[textured], coordinate[textured], len(uv))
    owner, used = np.divmod(unique, max(len(uv), 1))
    is_copy = np.ones(len(unique), np.bool_)
    is_copy[np.unique(owner, return_index=True)[1]] = False
    source = np.concatenate([np.arange(num_vertices), owner[is_copy]]).astype(np.int32)
    place = owner.copy()
    place[is_copy] = np.arange(num_vertices, len(source))
    coordinates = np.zeros((len(source), 2))
    coordinates[place] = uv[used]
    vertex[textured] = place[corner.reshape(-1)]
    return source, vertex.reshape(-1, 3).astype(np.int32), coordinates


def _pairs(
    vertex: NDArray[np.int64], coordinate: NDArray[np.int64], num_coordinates: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct pairs of a vertex and a coordinate as numbers, sorted, and which of them each corner has."""
    unique, corner = np.unique(vertex * max(num_coordinates, 1) + coordinate, return_inverse=True)
    return unique, corner.reshape(-1)


def same_positions(points: Points3) -> tuple[NDArray[np.int64], int]:
    """Number the distinct positions of (N, 3) points: (N,) numbers by first appearance, and how many there are."""
    # Zeros of both signs are one position.
    bits = (np.asarray(points, np.float64) + 0.0).view(np.uint64)
    mixed = bits[:, 0] * np.uint64(0x9E3779B97F4A7C15)
    for axis in (1, 2):
        mixed = (mixed ^ (mixed >> np.uint64(29)) ^ bits[:, axis]) * np.uint64(0xBF58476D1CE4E5B9)
    order = np.argsort(mixed)
    ordered = points[order]
    starts = np.ones(len(points), np.bool_)
    starts[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    group = np.cumsum(starts) - 1
    first = np.minimum.reduceat(order, np.flatnonzero(starts)) if len(points) else order
    number = np.empty(len(first), np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    places = np.empty(len(points), np.int64)
    places[order] = number[group]
    return places, len(first)
