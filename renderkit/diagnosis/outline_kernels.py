"""The loops of measuring outlines, compiled: they run beside other threads."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import AlphaImage, FloatArray, Pixels
from renderkit.compiled import inlined_kernel, kernel


@kernel
def find_rim(
    planes: FloatArray,
    center: FloatArray,
    sides: NDArray[np.int32],
    ends: NDArray[np.int32],
    front: NDArray[np.uint8],
    places: NDArray[np.int32],
    rim: NDArray[np.int32],
    used: NDArray[np.int64],
) -> tuple[int, int]:
    """Find the edges between a face that is turned to a point and one that is not, and those of one face.

    Args:
        planes: (F, 4) normal of each face, and its product with a corner.
        center: (3,) the point.
        sides: (2, E) faces of each edge; the second is -1 where there is one only.
        ends: (E, 2) vertices of each edge.
        front: (F,) scratch.
        places: (V,) scratch, -1 everywhere.
        rim: (E, 2) receives the edges, as places among the vertices that they use.
        used: (V,) receives these vertices.

    Returns:
        How many edges there are, and how many vertices.
    """
    x, y, z = center[0], center[1], center[2]
    for face in range(planes.shape[0]):
        product = planes[face, 0] * x + planes[face, 1] * y + planes[face, 2] * z
        front[face] = 1 if planes[face, 3] > product else 0
    num_edges, num_vertices = 0, 0
    for edge in range(ends.shape[0]):
        other = sides[1, edge]
        if other >= 0 and front[sides[0, edge]] == front[other]:
            continue
        for end in range(2):
            vertex = ends[edge, end]
            if places[vertex] < 0:
                places[vertex] = num_vertices
                used[num_vertices] = vertex
                num_vertices += 1
            rim[num_edges, end] = places[vertex]
        num_edges += 1
    return num_edges, num_vertices


@kernel
def scale_samples(
    points: Pixels,
    outward: FloatArray,
    loops: NDArray[np.int64],
    chosen: NDArray[np.int64],
    scale: tuple[float, float, int],
    pixels: Pixels,
    normals: FloatArray,
) -> None:
    """Place samples of a smoothed outline in a picture of another size, with normals across chords of neighbours.

    Args:
        points: (M, 2) the outline, px.
        outward: (M, 2) its smoothed normals.
        loops: (M,) its closed curves.
        chosen: (N,) places of the samples.
        scale: How many px of the other picture are one along x and y, and how far away the chord's ends are.
        pixels: (N, 2) receives the samples, px of the other picture.
        normals: (N, 2) receives unit normals.
    """
    scale_x, scale_y, reach = scale
    last = points.shape[0] - 1
    for sample in range(chosen.shape[0]):
        at = chosen[sample]
        before, after = max(at - reach, 0), min(at + reach, last)
        before = before if loops[before] == loops[at] else at
        after = after if loops[after] == loops[at] else at
        x = -(points[after, 1] * scale_y - points[before, 1] * scale_y)
        y = points[after, 0] * scale_x - points[before, 0] * scale_x
        side = x * outward[at, 0] + y * outward[at, 1]
        sign = 1.0 if side > 0.0 else (-1.0 if side < 0.0 else 0.0)
        length = max(np.sqrt(x * x + y * y), 1e-12)
        pixels[sample, 0] = (points[at, 0] + 0.5) * scale_x - 0.5
        pixels[sample, 1] = (points[at, 1] + 0.5) * scale_y - 0.5
        normals[sample, 0], normals[sample, 1] = sign * x / length, sign * y / length


NUM_BANDS: Final = 64
"""Bands of rows into which `cut_lines` sorts lines."""


@kernel
def cut_lines(
    origins: Pixels,
    normals: FloatArray,
    points: Pixels,
    ends: NDArray[np.int32],
    reach: float,
    order: NDArray[np.int64],
    place: FloatArray,
    where: FloatArray,
) -> None:
    """Cut lines with segments, and keep for each line the outermost crossing within reach.

    Args:
        origins: (N, 2) a point of each line.
        normals: (N, 2) unit direction of each line.
        points: (M, 2) ends of segments; NaN for those that are not known.
        ends: (K, 2) the segments.
        reach: How far from its point a line reaches, either way.
        order: (N + NUM_BANDS + 1,) scratch.
        place: (N,) receives the signed distance to the crossing; NaN without one.
        where: (N, 2) receives its segment, and the share of the segment there.
    """
    count = origins.shape[0]
    place[:] = np.nan
    slack = reach + 1e-6
    lowest, highest = np.inf, -np.inf
    for line in range(count):
        lowest, highest = min(lowest, origins[line, 1]), max(highest, origins[line, 1])
    per_px = NUM_BANDS / max(highest - lowest, 1e-9)
    # A segment is held against the lines of a few bands of rows only.
    first = order[count:]
    _sort_into_bands(origins, lowest, per_px, order, first)
    for segment in range(ends.shape[0]):
        ax, ay = points[ends[segment, 0], 0], points[ends[segment, 0], 1]
        bx, by = points[ends[segment, 1], 0], points[ends[segment, 1], 1]
        left, right = min(ax, bx) - slack, max(ax, bx) + slack
        top, bottom = min(ay, by) - slack, max(ay, by) + slack
        if not (top <= highest and bottom >= lowest):
            continue
        upper, lower = _band(max(top, lowest), lowest, per_px), _band(min(bottom, highest), lowest, per_px)
        for index in range(first[upper - 1] if upper else 0, first[lower]):
            line = order[index]
            x, y = origins[line, 0], origins[line, 1]
            if not ((x >= left) & (x <= right) & (y >= top) & (y <= bottom)):
                continue
            nx, ny = normals[line, 0], normals[line, 1]
            # A segment is cut where its ends lie on different sides of the line.
            first_side, second_side = (ay - y) * nx - (ax - x) * ny, (by - y) * nx - (bx - x) * ny
            if not first_side * second_side <= 0.0 or first_side == second_side:
                continue
            share = first_side / (first_side - second_side)
            distance = (ax + share * (bx - ax) - x) * nx + (ay + share * (by - ay) - y) * ny
            if abs(distance) <= reach and not distance < place[line]:
                place[line], where[line, 0], where[line, 1] = distance, segment, share


@kernel
def _sort_into_bands(
    origins: Pixels, lowest: float, per_px: float, order: NDArray[np.int64], first: NDArray[np.int64]
) -> None:
    """Sort lines by the bands of their rows; `first[b]` becomes the number of lines in the bands up to b."""
    first[:] = 0
    for line in range(origins.shape[0]):
        first[_band(origins[line, 1], lowest, per_px) + 1] += 1
    for band in range(NUM_BANDS):
        first[band + 1] += first[band]
    for line in range(origins.shape[0]):
        band = _band(origins[line, 1], lowest, per_px)
        order[first[band]] = line
        first[band] += 1


@inlined_kernel
def _band(row: float, lowest: float, per_px: float) -> int:
    """Return the band of a row that lies between the first line and the last."""
    return min(int((row - lowest) * per_px), NUM_BANDS - 1)


@kernel
def find_falls(
    alpha: AlphaImage,
    starts: NDArray[np.float32],
    ways: NDArray[np.float32],
    steps: FloatArray,
    along: NDArray[np.float32],
    threshold: float,
    sums: NDArray[np.int32],
    result: FloatArray,
) -> None:
    """Find where a picture falls through a threshold along lines, nearest to step 0; only what is near is looked at.

    A line's level at a step is the sum over A parallel lines, smoothed by 1, 2, 1 along the line: 4 A times the alpha.

    Args:
        alpha: (h, w) the picture; what lies beyond it is like its border.
        starts: (A, N, 2) px of the picture at step 0, of the parallel lines of each line.
        ways: (N, 2) px for a step of 1.
        steps: (M,) steps, ascending, some on either side of 0.
        along: (M,) the same in the precision in which places are computed.
        threshold: Of the levels.
        sums: (M,) scratch.
        result: (N,) receives the steps, between the given ones; NaN where there is no fall.
    """
    count = steps.shape[0]
    middle = 0
    while middle < count - 1 and steps[middle] < 0.0:
        middle += 1
    for line in range(result.shape[0]):
        sums[:] = -1
        result[line] = np.nan
        best = np.inf
        # Pairs of neighbouring steps: the next ones to be looked at inwards and outwards.
        inward, outward = middle - 2, middle - 1
        while inward >= 0 or outward < count - 1:
            before = max(-steps[inward + 1], 0.0) if inward >= 0 else np.inf
            after = max(steps[outward], 0.0) if outward < count - 1 else np.inf
            if min(before, after) > best:
                break
            if before <= after:
                at = inward
                inward -= 1
            else:
                at = outward
                outward += 1
            if at < 0:
                continue
            high = _level(alpha, starts, ways, along, line, at, sums)
            low = _level(alpha, starts, ways, along, line, at + 1, sums)
            if high >= threshold > low:
                place = steps[at] + (steps[at + 1] - steps[at]) * (high - threshold) / (high - low)
                if abs(place) < best:
                    best = abs(place)
                    result[line] = place


@inlined_kernel
def _level(
    alpha: AlphaImage,
    starts: NDArray[np.float32],
    ways: NDArray[np.float32],
    along: NDArray[np.float32],
    line: int,
    step: int,
    sums: NDArray[np.int32],
) -> int:
    """Return the level of a line at a step; at the ends of the line it is not smoothed."""
    here = _sum_across(alpha, starts, ways, along, line, step, sums)
    if step == 0 or step == along.shape[0] - 1:
        return 4 * here
    before = _sum_across(alpha, starts, ways, along, line, step - 1, sums)
    return before + 2 * here + _sum_across(alpha, starts, ways, along, line, step + 1, sums)


@kernel
def _sum_across(
    alpha: AlphaImage,
    starts: NDArray[np.float32],
    ways: NDArray[np.float32],
    along: NDArray[np.float32],
    line: int,
    step: int,
    sums: NDArray[np.int32],
) -> int:
    """Return the sum of the picture over the parallel lines at a step, and keep it."""
    if sums[step] < 0:
        total = 0
        for across in range(starts.shape[0]):
            x = starts[across, line, 0] + along[step] * ways[line, 0]
            y = starts[across, line, 1] + along[step] * ways[line, 1]
            total += _sample(alpha, x, y)
        sums[step] = total
    return int(sums[step])


@inlined_kernel
def _sample(alpha: AlphaImage, x: np.float32, y: np.float32) -> int:
    """Return a picture's value at a place, linear between pixels, as a whole number: sums of those are exact.

    In single precision and in the order of OpenCV 5's `remap`, with products added before they are rounded.
    """
    height, width = alpha.shape
    column, row = np.floor(x), np.floor(y)
    right, down = x - column, y - row
    x0, x1 = int(min(max(column, 0), width - 1)), int(min(max(column + 1, 0), width - 1))
    y0, y1 = int(min(max(row, 0), height - 1)), int(min(max(row + 1, 0), height - 1))
    a, b, c, d = float(alpha[y0, x0]), float(alpha[y0, x1]), float(alpha[y1, x0]), float(alpha[y1, x1])
    upper, lower = np.float32(a + float(right) * (b - a)), np.float32(c + float(right) * (d - c))
    return int(np.rint(np.float32(float(upper) + float(down) * float(lower - upper))))


@kernel
def count_lacking(
    inner: AlphaImage, alpha: AlphaImage, rows: NDArray[np.int64], columns: NDArray[np.int64], least: int
) -> tuple[int, int]:
    """Count the pixels of a mask, and those of them where a picture of another size is less than a value.

    Args:
        inner: (h, w) the mask, not 0 inside.
        alpha: The picture.
        rows: (h,) its row for each row of the mask.
        columns: (w,) likewise.
        least: The value.
    """
    total, lacking = 0, 0
    for y in range(inner.shape[0]):
        line, values = inner[y], alpha[rows[y]]
        for x in range(inner.shape[1]):
            if line[x]:
                total += 1
                lacking += 1 if values[columns[x]] < least else 0
    return total, lacking
