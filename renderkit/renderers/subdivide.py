"""Triangles cut up until straight edges are good enough for a lens that bends lines.

Edges are halved, never corners of a grid: whether an edge is halved depends on that edge alone, so two faces that share
it agree and no crack opens. Triangles that the lens's limit runs through are cut until they are smaller than a pixel,
and what lies wholly outside is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import BoolArray, FloatArray
from renderkit.renderers.lens_bounds import LensBounds

STRAIGHTNESS_PX = 0.01
"""Largest distance between a bent edge and the straight one that is drawn."""

_MAX_ROUNDS = 16
_MAX_PIECES = 4_000_000
_SAMPLES = (0.25, 0.5, 0.75)
_START, _END = np.array([0, 1, 2]), np.array([1, 2, 0])

# What a triangle 0 1 2 becomes, by which of its edges 01, 12, 20 are halved (bits 1, 2, 4); 3 4 5 are their middles.
_PATTERNS: dict[int, tuple[tuple[int, int, int], ...]] = {
    1: ((0, 3, 2), (3, 1, 2)),
    2: ((0, 1, 4), (0, 4, 2)),
    4: ((0, 1, 5), (5, 1, 2)),
    3: ((3, 1, 4), (0, 3, 4), (0, 4, 2)),
    6: ((4, 2, 5), (0, 1, 4), (0, 4, 5)),
    5: ((0, 3, 5), (3, 1, 2), (3, 2, 5)),
    7: ((0, 3, 5), (3, 1, 4), (5, 4, 2), (3, 4, 5)),
}


@dataclass(frozen=True, eq=False)
class Pieces:
    """Parts of faces.

    Attributes:
        face: (N,) int32 index of the face that each piece is part of.
        weights: (N, 3, 3) for each corner of each piece, the weights of the face's three vertices.
    """

    face: NDArray[np.int32]
    weights: FloatArray

    def __len__(self) -> int:
        """Return the number of pieces."""
        return len(self.face)


def subdivide(corners_cam: FloatArray, face: NDArray[np.int32], bounds: LensBounds) -> Pieces:
    """Cut faces up until each drawn edge is within `STRAIGHTNESS_PX` of the bent one.

    Args:
        corners_cam: (F, 3, 3) corners of the faces in the camera's frame.
        face: (F,) their indices in the mesh.
        bounds: The camera's lens.

    Returns:
        The pieces; faces that nothing is seen of have none, faces that need no cut have one.
    """
    pieces = corners_cam
    face = np.asarray(face, dtype=np.int32)
    weights = np.broadcast_to(np.eye(3), corners_cam.shape)
    done: list[tuple[NDArray[np.int32], FloatArray, FloatArray]] = []
    num_done = 0
    for round_number in range(_MAX_ROUNDS):
        kept = ~bounds.separated(pieces)
        pieces, face, weights = pieces[kept], face[kept], weights[kept]
        inside = bounds.inside(pieces.reshape(-1, 3)).reshape(-1, 3)
        inside = inside[:, _START] & inside[:, _END]
        halved = _edges_to_halve(pieces, inside, bounds)
        last = round_number == _MAX_ROUNDS - 1 or num_done + 4 * len(pieces) > _MAX_PIECES
        ready = np.ones(len(pieces), dtype=np.bool_) if last else ~halved.any(axis=1)
        done.append((face[ready], weights[ready], pieces[ready]))
        num_done += int(np.count_nonzero(ready))
        if ready.all():
            break
        shares = _middle(pieces[~ready], inside[~ready], bounds)
        pieces, face, weights = _split(pieces[~ready], face[~ready], weights[~ready], halved[~ready], shares)
    return _collect(done, bounds)


def _edges_to_halve(corners: FloatArray, both: BoolArray, bounds: LensBounds) -> BoolArray:
    """Return (N, 3) True for the edges 01, 12, 20 of (N, 3, 3) triangles that are still too coarse.

    `both` (N, 3) says which edges lie inside the limit with both ends.
    """
    start, end = corners[:, _START], corners[:, _END]
    halved = np.zeros(both.shape, dtype=np.bool_)
    halved[both] = _bends(start[both], end[both], bounds)
    across = bounds.pixels(start[~both]) - bounds.pixels(end[~both])
    halved[~both] = np.hypot(across[:, 0], across[:, 1]) > bounds.border_px
    return halved


def _bends(start: FloatArray, end: FloatArray, bounds: LensBounds) -> BoolArray:
    """Return (E,) True where the lens bends an edge by more than `STRAIGHTNESS_PX`; all ends are inside the limit."""
    ideal_start, ideal_end = start[:, :2] / start[:, 2:], end[:, :2] / end[:, 2:]
    radius = np.maximum(np.hypot(*ideal_start.T), np.hypot(*ideal_end.T))
    length_squared = ((ideal_end - ideal_start) ** 2).sum(axis=1)
    suspect = np.flatnonzero(bounds.curvature_within(radius) * length_squared > 8.0 * STRAIGHTNESS_PX)
    start, end = start[suspect], end[suspect]
    # Homogeneous pixels, because that is how the rasteriser interpolates.
    scaled_start, scaled_end = bounds.pixels(start) * start[:, 2:], bounds.pixels(end) * end[:, 2:]
    worst = np.zeros(len(suspect))
    for part in _SAMPLES:
        point = (1.0 - part) * start + part * end
        drawn = ((1.0 - part) * scaled_start + part * scaled_end) / point[:, 2:]
        worst = np.maximum(worst, np.linalg.norm(bounds.pixels(point) - drawn, axis=1))
    result = np.zeros(len(radius), dtype=np.bool_)
    result[suspect] = worst > STRAIGHTNESS_PX
    return result


def _split(
    corners: FloatArray,
    face: NDArray[np.int32],
    weights: FloatArray,
    halved: BoolArray,
    shares: tuple[FloatArray, FloatArray],
) -> tuple[FloatArray, NDArray[np.int32], FloatArray]:
    """Replace triangles by the pattern that their halved edges ask for."""
    code = halved @ np.array([1, 2, 4])
    all_corners = np.concatenate([corners, _mix(corners, shares)], axis=1)
    all_weights = np.concatenate([weights, _mix(weights, shares)], axis=1)
    new_corners, new_face, new_weights = [], [], []
    for pattern, triangles in _PATTERNS.items():
        chosen = np.flatnonzero(code == pattern)
        if chosen.size:
            take = np.array(triangles)
            new_corners.append(all_corners[chosen][:, take].reshape(-1, 3, 3))
            new_weights.append(all_weights[chosen][:, take].reshape(-1, 3, 3))
            new_face.append(np.repeat(face[chosen], len(triangles)))
    return np.concatenate(new_corners), np.concatenate(new_face), np.concatenate(new_weights)


def _middle(corners: FloatArray, inside: BoolArray, bounds: LensBounds) -> tuple[FloatArray, FloatArray]:
    """Return the weights of both ends of the edges of (N, 3, 3) triangles, (N, 3, 1) each, where they are halved.

    That is where the undistorted picture has their middle; a fisheye halves the angle between their rays, because near
    90 degrees the middle of the undistorted picture is at its rim. The CPU renderer halves edges there, too. Other
    edges that reach outside of the limit are halved in space, where that brings them to it sooner. Both weights are
    divided out: whoever runs along the edge the other way finds the same.
    """
    fisheye = bounds.camera.distortion.model == "kannala_brandt"
    length = np.linalg.norm(corners, axis=2, keepdims=True) if fisheye else corners[..., 2:]
    start, end = length[:, _START], length[:, _END]
    total = start + end
    known = total > 0.0 if fisheye else inside[..., None]
    half = np.full_like(start, 0.5)
    return np.divide(end, total, out=half.copy(), where=known), np.divide(start, total, out=half, where=known)


def _mix(corners: FloatArray, shares: tuple[FloatArray, FloatArray]) -> FloatArray:
    mixed: FloatArray = shares[0] * corners[:, _START] + shares[1] * corners[:, _END]
    return mixed


def _collect(done: list[tuple[NDArray[np.int32], FloatArray, FloatArray]], bounds: LensBounds) -> Pieces:
    face, weights, corners = (np.concatenate(parts) for parts in zip(*done, strict=True))
    inside = bounds.inside(corners.reshape(-1, 3)).reshape(-1, 3)
    # What is left outside or reaches behind the camera is smaller than a pixel and lies on the limit.
    seen = inside.any(axis=1) & (corners[..., 2] > 0.0).all(axis=1) & ~bounds.beyond_fold(corners)
    return Pieces(face[seen], weights[seen])
