"""Outlines as rings of points: segments chained, and the depth of what is seen beside a point."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import AlphaImage, BoolArray, DepthImage, FloatArray, MaskImage
from renderkit.compiled import kernel
from renderkit.images.outlines import Segments

_NEIGHBOURS: Final = (
    (0, 0), (1, 0), (0, 1), (1, 1), (-1, 0), (0, -1), (2, 0), (0, 2), (-1, -1), (2, 2),
)  # fmt: skip
"""From the pixel left of and above a point of the outline to those whose depth it may have."""


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


def depths_near(points: FloatArray, depth: DepthImage, mask: MaskImage) -> FloatArray:
    """Return the depth at the covered pixel that is nearest to each point of an outline, at most two pixels away.

    Args:
        points: (N, 2) px.
        depth: (height, width) camera z.
        mask: (height, width) True where a pixel is covered.

    Returns:
        (N,) depths; inf where there is none.
    """
    found = np.empty(len(points))
    _find_depths(points, np.ascontiguousarray(depth), np.ascontiguousarray(mask).view(np.uint8), found)
    return found


@kernel
def _find_depths(points: FloatArray, depth: DepthImage, inside: AlphaImage, found: FloatArray) -> None:
    """Do so; `found` receives the depths."""
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
