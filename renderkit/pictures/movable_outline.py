"""The outline of a rendered mesh lifted into space, for a page that moves it: rings of points in the camera's frame.

Each point lies on the ray through its pixel, at the depth of the nearest pixel that the mesh covers.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray, MaskImage
from renderkit.images.outlines import Segments, trace_level
from renderkit.renderers.base import Rendering
from renderkit.results.page_pictures import MovableOutline
from renderkit.results.picture_evidence import PictureEvidence

MAX_POINTS = 1500
"""Points that the outline of one view may have; one with more is simplified further."""

_TOLERANCE_PX = 0.1
_LEAST_AREA_PX = 4.0
_NEIGHBOURS = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [-1, 0], [0, -1], [2, 0], [0, 2], [-1, -1], [2, 2]])


def movable_outline(evidence: PictureEvidence) -> MovableOutline | None:
    """Return a view's rendered outline in space; None where no mesh was rendered or none of it is seen."""
    rendering = evidence.rendering
    if rendering is None or not rendering.mask.any():
        return None
    rings, tolerance = _rings(evidence.outline, rendering.mask), _TOLERANCE_PX
    simple = _simplified(rings, tolerance)
    while sum(map(len, simple)) > MAX_POINTS:
        tolerance *= 2.0
        simple = _simplified(rings, tolerance)
    lifted = [_lifted(ring, evidence, rendering) for ring in simple]
    kept = tuple(ring for ring in lifted if len(ring) > 2)
    _, _, width, height = evidence.window or (0, 0, *evidence.camera.size)
    return MovableOutline(evidence.camera.scaled((width, height)), kept) if kept else None


def chain_segments(segments: Segments) -> tuple[list[FloatArray], bool]:
    """Join segments that share ends into rings.

    Returns:
        (N, 2) points of each ring without a repeated end, and whether all of them are closed.
    """
    # Two float32 read as one number: sorting those is many times faster than sorting rows. -0.0 becomes 0.0.
    pairs = np.ascontiguousarray(segments.reshape(-1, 2).astype(np.float32) + np.float32(0.0))
    keys, places = np.unique(pairs.view(np.uint64)[:, 0], return_inverse=True)
    points = keys.view(np.float32).reshape(-1, 2).astype(np.float64)
    # Segment i has the ends 2 i and 2 i + 1: flipping the last bit of one gives the other.
    joined, loose = _joined_ends(places.reshape(-1))
    following = joined[np.arange(len(joined)) ^ 1].tolist()
    used = [False] * len(segments)
    rings: list[FloatArray] = []
    closed = True
    # Open chains are walked from one of their ends.
    for first in (*loose.tolist(), *range(1, len(joined), 2)):
        if used[first >> 1]:
            continue
        path, end = [first], first
        while end >= 0 and not used[end >> 1]:
            used[end >> 1] = True
            path.append(end ^ 1)
            end = following[end]
        ring = places[path]
        is_closed = ring[0] == ring[-1]
        closed &= bool(is_closed)
        rings.append(points[ring[:-1] if is_closed else ring])
    return rings, closed


def _joined_ends(places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Join the ends of segments at the same place, two by two.

    Args:
        places: (2 N,) where each end is.

    Returns:
        (2 N,) for each end the one that it is joined to, -1 for none; and the ends without one, in order of places.
    """
    order = np.argsort(places, kind="stable")
    counts = np.bincount(places)
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    left = np.repeat(counts, counts) - rank
    first = np.flatnonzero((rank % 2 == 0) & (left > 1))
    joined = np.full(len(order), -1, np.int64)
    joined[order[first]], joined[order[first + 1]] = order[first + 1], order[first]
    return joined, order[(rank % 2 == 0) & (left == 1)]


def _rings(outline: Segments | None, mask: MaskImage) -> list[FloatArray]:
    """Return the outline as rings; a mesh that leaves the picture is closed along the picture's border."""
    if outline is not None and len(outline):
        rings, closed = chain_segments(outline)
        if closed:
            return rings
    padded = np.pad(mask.astype(np.uint8) * np.uint8(255), 1)
    return [ring - 1.0 for ring in chain_segments(trace_level(padded, 128.0))[0]]


def _area(ring: FloatArray) -> float:
    x, y = ring[:, 0], ring[:, 1]
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))


def _simplified(rings: list[FloatArray], tolerance: float) -> list[FloatArray]:
    """Return rings with fewer points; those that are too small to be seen at this tolerance are left out."""
    least = max(_LEAST_AREA_PX, tolerance * tolerance)
    return [
        np.asarray(cv2.approxPolyDP(ring.astype(np.float32)[:, None], tolerance, True)[:, 0], np.float64)
        for ring in rings
        if _area(ring) >= least
    ]


def _lifted(ring: FloatArray, evidence: PictureEvidence, rendering: Rendering) -> FloatArray:
    height, width = rendering.depth.shape
    corner = np.floor(ring).astype(np.int64)
    near = corner[:, None] + _NEIGHBOURS
    inside = ((near >= 0) & (near < [width, height])).all(axis=2)
    x, y = np.clip(near[..., 0], 0, width - 1), np.clip(near[..., 1], 0, height - 1)
    depth = np.where(inside & rendering.mask[y, x], rendering.depth[y, x], np.inf)
    depth = np.where(depth > 0.0, depth, np.inf)
    away = np.linalg.norm(near - ring[:, None], axis=2)
    nearest = np.argmin(np.where(np.isfinite(depth), away, np.inf), axis=1)
    chosen = depth[np.arange(len(ring)), nearest]
    points = evidence.camera.unproject(ring) * chosen[:, None]
    lifted: FloatArray = points[np.isfinite(points).all(axis=1)]
    return lifted
