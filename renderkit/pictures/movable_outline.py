"""The outline of a rendered mesh lifted into space, for a page that moves it: rings of points in the camera's frame.

Each point lies on the ray through its pixel, at the depth of the nearest pixel that the mesh covers.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import AlphaImage, BoolArray, DepthImage, FloatArray, MaskImage
from renderkit.compiled import kernel
from renderkit.geometry.camera import Camera
from renderkit.images.outlines import Segments, trace_level
from renderkit.results.page_pictures import MovableOutline
from renderkit.results.picture_evidence import PictureEvidence

MAX_POINTS = 1500
"""Points that the outline of one view may have; one with more is simplified further."""

_TOLERANCE_PX = 0.1
_LEAST_AREA_PX = 4.0
_NEIGHBOURS = (
    (0, 0), (1, 0), (0, 1), (1, 1), (-1, 0), (0, -1), (2, 0), (0, 2), (-1, -1), (2, 2),
)  # fmt: skip
"""From the pixel left of and above a point of the outline to those whose depth it may have."""


def movable_outline(evidence: PictureEvidence) -> MovableOutline | None:
    """Return a view's rendered outline in space; None where no mesh was rendered or none of it is seen."""
    rendering = evidence.rendering
    mask = None if rendering is None else rendering.mask
    if rendering is None or mask is None or not mask.any():
        return None
    rings, tolerance = _rings(evidence.outline, mask), _TOLERANCE_PX
    simple = _simplified(rings, tolerance)
    while sum(map(len, simple)) > MAX_POINTS:
        tolerance *= 2.0
        simple = _simplified(rings, tolerance)
    kept = tuple(ring for ring in _lifted(simple, evidence.camera, rendering.depth, mask) if len(ring) > 2)
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
    places = places.reshape(-1)
    joined, loose = _joined_ends(places)
    path, starts = np.empty(len(joined), np.int64), np.empty(len(segments) + 1, np.int64)
    count = _walk(joined, loose, np.zeros(len(segments), np.bool_), path, starts)
    rings: list[FloatArray] = []
    closed = True
    for first, end in pairwise(starts[: count + 1].tolist()):
        ring = places[path[first:end]]
        is_closed = ring[0] == ring[-1]
        closed &= bool(is_closed)
        rings.append(points[ring[:-1] if is_closed else ring])
    return rings, closed


@kernel
def _walk(
    joined: NDArray[np.int64], loose: NDArray[np.int64], used: BoolArray,
    path: NDArray[np.int64], starts: NDArray[np.int64],
) -> int:  # fmt: skip
    """Follow joined segments as long as there are any; returns how many chains there are.

    Args:
        joined: (2 N,) from `_joined_ends`.
        loose: Likewise: open chains are walked from one of their ends.
        used: (N,) False for each segment.
        path: (2 N,) receives the ends that are passed, chain after chain.
        starts: (N + 1,) receives where in `path` each chain begins, and where the last one ends.
    """
    count, length = 0, 0
    for i in range(loose.shape[0] + used.shape[0]):
        end = loose[i] if i < loose.shape[0] else 2 * (i - loose.shape[0]) + 1
        if used[end >> 1]:
            continue
        starts[count] = length
        path[length] = end
        length += 1
        while end >= 0 and not used[end >> 1]:
            used[end >> 1] = True
            path[length] = end ^ 1
            length += 1
            end = joined[end ^ 1]
        count += 1
    starts[count] = length
    return count


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
    # The outline does not run along the border: where the mask reaches it, rings are open.
    leaves = mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
    if outline is not None and len(outline) and not leaves:
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


def _lifted(rings: list[FloatArray], camera: Camera, depth: DepthImage, mask: MaskImage) -> Iterator[FloatArray]:
    """Yield rings as (N, 3) points in the camera's frame; those without a depth nearby are left out."""
    points = np.concatenate([*rings, np.empty((0, 2))])
    depths = np.empty(len(points))
    _find_depths(points, np.ascontiguousarray(depth), np.ascontiguousarray(mask).view(np.uint8), depths)
    lifted = camera.unproject(points) * depths[:, None]
    ends = np.cumsum([len(ring) for ring in rings])
    for ring, end in zip(rings, ends, strict=True):
        part = lifted[end - len(ring) : end]
        yield part[np.isfinite(part).all(axis=1)]


@kernel
def _find_depths(points: FloatArray, depth: DepthImage, inside: AlphaImage, found: FloatArray) -> None:
    """Write for each of (N, 2) points the depth of the nearest pixel around it that the mesh covers; inf for none."""
    height, width = depth.shape
    for i in range(points.shape[0]):
        left, top = int(np.floor(points[i, 0])), int(np.floor(points[i, 1]))
        found[i], least = np.inf, np.inf
        for right, down in _NEIGHBOURS:
            x, y = left + right, top + down
            if 0 <= x < width and 0 <= y < height and inside[y, x] != 0 and 0.0 < depth[y, x] < np.inf:
                away = (x - points[i, 0]) ** 2 + (y - points[i, 1]) ** 2
                if away < least:
                    found[i], least = depth[y, x], away
