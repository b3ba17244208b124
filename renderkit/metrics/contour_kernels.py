"""The loops of tracing outlines, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray
from renderkit.compiled import kernel


@kernel
def smooth_curve(
    curve: NDArray[np.int32],
    weights: FloatArray,
    wrapped: FloatArray,
    sums: FloatArray,
    points: FloatArray,
    normals: FloatArray,
    lengths: FloatArray,
) -> None:
    """Smooth a closed curve of boundary pixels, and move it out to the true outline.

    Args:
        curve: (N, 2) pixels (x, y), in order.
        weights: (2, 2 R + 1) of the pixels before and after, for places and for directions.
        wrapped: (2, N + 2 R) scratch.
        sums: (4, N) scratch.
        points: (N, 2) receives the smoothed places, px.
        normals: (N, 2) receives unit normals to the left of the curve's direction of y down: out of the mask.
        lengths: (N,) receives the lengths, px, of the chords that the normals are across.
    """
    count, reach = curve.shape[0], weights.shape[1] // 2
    for place in range(wrapped.shape[1]):
        at = (place - reach) % count
        wrapped[0, place], wrapped[1, place] = curve[at, 0], curve[at, 1]
    sums[:] = 0.0
    for tap in range(weights.shape[1]):
        near, wide = weights[0, tap], weights[1, tap]
        xs, ys = wrapped[0, tap : tap + count], wrapped[1, tap : tap + count]
        for i in range(count):
            sums[0, i] += near * xs[i]
            sums[1, i] += near * ys[i]
            sums[2, i] += wide * xs[i]
            sums[3, i] += wide * ys[i]
    for i in range(count):
        after, before = (i + 1) % count, (i - 1) % count
        along_x, along_y = sums[2, after] - sums[2, before], sums[3, after] - sums[3, before]
        length = np.sqrt(along_x * along_x + along_y * along_y)
        normal_x, normal_y = -along_y / max(length, 1e-12), along_x / max(length, 1e-12)
        # A boundary pixel's centre lies inside the edge by 0 to max |n| px, evenly: by half of that on average.
        out = 0.5 * max(abs(normal_x), abs(normal_y))
        points[i, 0], points[i, 1] = sums[0, i] + out * normal_x, sums[1, i] + out * normal_y
        normals[i, 0], normals[i, 1], lengths[i] = normal_x, normal_y, length
