"""The mask without filling triangles: only edges on a contour or a border are drawn.

The number of faces that cover a pixel centre is the winding number of the chain sum_f s_f boundary(f), with s_f the
sign of face f's projected area. An edge that two faces run in opposite directions has the coefficient s_f - s_g, which
is zero unless it lies on a contour. What remains is deposited on the scanlines; a running sum along the row is the
number of covering faces. All of it is integer arithmetic on vertices rounded to 1/256 px, so the mask equals
rasterising every triangle by the half-open rule: top and left edges belong to the triangle.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import Faces, FloatArray
from renderkit.compiled import kernel
from renderkit.images.mask_bits import WORD
from renderkit.renderers.cpu.camera_numbers import STRAIGHT_LENGTH, SUBPIXELS
from renderkit.renderers.cpu.lens import OK, project_vertices


@kernel
def face_signs(faces: Faces, snapped: NDArray[np.int32], signs: NDArray[np.int8]) -> None:
    """Write the sign (-1, 0, 1) of each face's projected area, exactly."""
    for face in range(faces.shape[0]):
        # Unsigned: a signed index costs a test for negative ones.
        a, b, c = np.uint32(faces[face, 0]), np.uint32(faces[face, 1]), np.uint32(faces[face, 2])
        x, y = np.int64(snapped[a, 0]), np.int64(snapped[a, 1])
        ux, uy = snapped[b, 0] - x, snapped[b, 1] - y
        vx, vy = snapped[c, 0] - x, snapped[c, 1] - y
        area = ux * vy - uy * vx
        signs[face] = (area > 0) - (area < 0)


@kernel
def find_pending(
    faces: Faces,
    snapped: NDArray[np.int32],
    state: NDArray[np.uint8],
    longest: float,
    pending: NDArray[np.int32],
) -> int:
    """List the faces with a vertex that is not OK or an edge longer than `longest` (1/256 px); returns their number."""
    count = 0
    limit = np.int64(min(longest, 2.0**40))
    for face in range(faces.shape[0]):
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        x0, x1, x2 = np.int64(snapped[a, 0]), np.int64(snapped[b, 0]), np.int64(snapped[c, 0])
        y0, y1, y2 = np.int64(snapped[a, 1]), np.int64(snapped[b, 1]), np.int64(snapped[c, 1])
        wide = max(x0, x1, x2) - min(x0, x1, x2)
        high = max(y0, y1, y2) - min(y0, y1, y2)
        pending[count] = face
        count += (max(wide, high) > limit) | (state[a] != OK) | (state[b] != OK) | (state[c] != OK)
    return count


@kernel
def prepare_faces(
    numbers: FloatArray,
    points: FloatArray,
    faces: Faces,
    snapped: NDArray[np.int32],
    exact: NDArray[np.float32],
    state: NDArray[np.uint8],
    signs: NDArray[np.int8],
    block: FloatArray,
    pending: NDArray[np.int32],
    all_straight: bool,
) -> tuple[int, int]:
    """Project all vertices and look at all faces in one call, for meshes that are done in less time than it takes.

    Arguments are those of `project_vertices`, `face_signs` and `find_pending`; with `all_straight` no edge is too long.

    Returns:
        The worst state of a vertex, and the number of pending faces.
    """
    # A literal would have Numba compile one more version, for it alone.
    zero = int(np.int64(0))
    worst = project_vertices(numbers, points, snapped, exact, state, block, zero, points.shape[1])
    face_signs(faces, snapped, signs)
    if worst == OK and all_straight:
        return worst, 0
    return worst, find_pending(faces, snapped, state, numbers[STRAIGHT_LENGTH], pending)


@kernel
def collect_contour(
    faces: Faces,
    snapped: NDArray[np.int32],
    signs: NDArray[np.int8],
    edges: NDArray[np.int32],
    contour: NDArray[np.int32],
    count: int,
) -> int:
    """Append the edges whose coefficient is not zero: rows (x0, y0, x1, y1, coefficient), y0 < y1, to `contour`.

    Args:
        faces: (F, 3).
        snapped: (V, 2) in 1/256 px.
        signs: (F,) from `face_signs`, 0 for faces that are not drawn.
        edges: (E, 2) from the topology.
        contour: (N, 5) receives the rows.
        count: Rows already there.

    Returns:
        The number of rows; more than N means that the call must be repeated with more room.
    """
    for i in range(edges.shape[0]):
        half, twin = edges[i, 0], edges[i, 1]
        face = np.uint32(half >> 2)
        coefficient = np.int32(signs[face]) - (np.int32(signs[np.uint32(twin)]) if twin >= 0 else np.int32(0))
        if coefficient == 0:
            continue
        corner = half & 3
        a, b = faces[face, corner], faces[face, corner + 1 if corner < 2 else 0]
        if snapped[a, 1] == snapped[b, 1]:
            continue
        if snapped[a, 1] > snapped[b, 1]:
            a, b, coefficient = b, a, -coefficient
        if count < contour.shape[0]:
            contour[count, 0], contour[count, 1] = snapped[a, 0], snapped[a, 1]
            contour[count, 2], contour[count, 3] = snapped[b, 0], snapped[b, 1]
            contour[count, 4] = coefficient
        count += 1
    return count


@kernel
def find_outline(
    faces: Faces, snapped: NDArray[np.int32], signs: NDArray[np.int8], edges: NDArray[np.int32],
    piece_faces: Faces, piece_snapped: NDArray[np.int32], piece_signs: NDArray[np.int8], piece_edges: NDArray[np.int32],
    contour: NDArray[np.int32], bounds: NDArray[np.int64],
) -> int:  # fmt: skip
    """Collect the contour of faces and pieces, and its bounds.

    Args:
        faces: (F, 3); these and the next three as for `collect_contour`.
        snapped: (V, 2) in 1/256 px.
        signs: (F,).
        edges: (E, 2).
        piece_faces: (M, 3) likewise of the pieces.
        piece_snapped: (3 M, 2).
        piece_signs: (M,).
        piece_edges: (3 M, 2).
        contour: (N, 5) receives the rows.
        bounds: (4,) receives x0, y0, x1, y1 in 1/256 px; inverted when there are no rows.

    Returns:
        The number of rows; more than N means that the call must be repeated with more room.
    """
    count = int(np.int64(0))
    count = collect_contour(faces, snapped, signs, edges, contour, count)
    count = collect_contour(piece_faces, piece_snapped, piece_signs, piece_edges, contour, count)
    x0, y0, x1, y1 = np.int32(2**31 - 1), np.int32(2**31 - 1), np.int32(-(2**31)), np.int32(-(2**31))
    for i in range(min(count, contour.shape[0])):
        x0, x1 = min(x0, contour[i, 0], contour[i, 2]), max(x1, contour[i, 0], contour[i, 2])
        y0, y1 = min(y0, contour[i, 1]), max(y1, contour[i, 3])
    bounds[0], bounds[1], bounds[2], bounds[3] = x0, y0, x1, y1
    return count


@kernel
def _first_row(y: int) -> int:
    """Return the first pixel row at or below a height in 1/256 px."""
    return (y + SUBPIXELS - 1) // SUBPIXELS


@kernel
def _count_crossings(contour: NDArray[np.int32], first_row: int, rows: NDArray[np.int64]) -> None:
    """Write how many edges cross each row of a band into the first column of `rows`."""
    num_rows = rows.shape[0]
    rows[:, 0] = 0
    for i in range(contour.shape[0]):
        top = max(_first_row(int(contour[i, 1])) - first_row, 0)
        bottom = min(_first_row(int(contour[i, 3])) - first_row, num_rows)
        if top < bottom:
            rows[top, 0] += 1
            if bottom < num_rows:
                rows[bottom, 0] -= 1
    for row in range(1, num_rows):
        rows[row, 0] += rows[row - 1, 0]


@kernel
def _list_crossings(
    contour: NDArray[np.int32],
    first_row: int,
    left: int,
    right: int,
    rows: NDArray[np.int64],
    crossings: NDArray[np.int32],
) -> None:
    """List, row by row, the first pixel at or right of each crossing, and the edge's coefficient.

    Args:
        contour: (N, 5) from `collect_contour`.
        first_row: The first image row.
        left: The first column; it stands for all to its left.
        right: The column after the last; what lies beyond is left out.
        rows: (rows, 2) where the crossings of each row begin; their end is written beside it.
        crossings: (M, 2) receives the column, counted from `left`, and the coefficient.
    """
    num_rows = rows.shape[0]
    for row in range(num_rows):
        rows[row, 1] = rows[row, 0]
    for i in range(contour.shape[0]):
        y0, y1 = int(contour[i, 1]), int(contour[i, 3])
        top = max(_first_row(y0), first_row)
        bottom = min(_first_row(y1), first_row + num_rows)
        if top >= bottom:
            continue
        dx, dy = np.int64(contour[i, 2]) - contour[i, 0], y1 - y0
        # ceil(crossing / 256 px) = floor((x0 dy + (Y - y0) dx + 256 dy - 1) / (256 dy)), stepped exactly row by row.
        divisor = SUBPIXELS * dy
        reach = contour[i, 0] * dy + (top * SUBPIXELS - y0) * dx + divisor - 1
        column = reach // divisor
        rest = reach - column * divisor
        step = (SUBPIXELS * dx) // divisor
        step_rest = SUBPIXELS * dx - step * divisor
        for row in range(top - first_row, bottom - first_row):
            if column < right:
                at = rows[row, 1]
                crossings[at, 0] = max(column - left, 0)
                crossings[at, 1] = contour[i, 4]
                rows[row, 1] = at + 1
            column += step
            rest += step_rest
            if rest >= divisor:
                rest -= divisor
                column += 1


@kernel
def row_spans(
    crossings: NDArray[np.int32],
    deposits: NDArray[np.int32],
    marks: NDArray[np.uint64],
    left: int,
    right: int,
    spans: NDArray[np.int32],
) -> int:
    """Turn one row of crossings into covered spans [start, end); returns the number of spans.

    Args:
        crossings: (N, 2) from `_list_crossings`, in any order.
        deposits: (padded columns,) zeros, and zeros again afterwards.
        marks: (words,) likewise; a bit for each pixel with a deposit.
        left: The first column.
        right: The column after the last one.
        spans: (width + 1, 2) receives the spans.
    """
    for i in range(crossings.shape[0]):
        at = crossings[i, 0]
        deposits[at] += crossings[i, 1]
        marks[at >> 6] |= np.uint64(1) << np.uint64(at & 63)
    running = np.int32(0)
    count = 0
    for word in range(marks.shape[0]):
        bits = marks[word]
        marks[word] = 0
        while bits:
            # The exponent of the lowest bit as a number is its place.
            lowest = bits & (~bits + np.uint64(1))
            bits ^= lowest
            x = np.uint64(word * WORD) + (np.float64(lowest).view(np.uint64) >> np.uint64(52)) - np.uint64(1023)
            change = deposits[x]
            deposits[x] = 0
            before = running
            running += change
            if before == 0 and running != 0:
                spans[count, 0] = left + np.int64(x)
            elif before != 0 and running == 0:
                spans[count, 1] = left + np.int64(x)
                count += 1
    if running != 0:
        spans[count, 1] = right
        count += 1
    return count


@kernel
def fill_rows(
    contour: NDArray[np.int32], first_row: int, rows: NDArray[np.int64], crossings: NDArray[np.int32],
    deposits: NDArray[np.int32], marks: NDArray[np.uint64], spans: NDArray[np.int32],
    words: NDArray[np.uint64], left: int, right: int,
) -> None:  # fmt: skip
    """Draw a band of the mask.

    Crossings are sorted by rows first: deposits of one row stay in the first-level cache, those of a picture do not.

    Args:
        contour: (N, 5) from `collect_contour`.
        first_row: The band's first image row.
        rows: (rows, 2) scratch.
        crossings: (M, 2) scratch, M at least N; more rows are done at a time when it is larger.
        deposits: (padded columns,) zeros, and zeros again afterwards.
        marks: (words,) likewise.
        spans: (width + 1, 2) scratch.
        words: (rows, words) receives the band, as bits.
        left: The first column that can be covered; nothing is covered to either side.
        right: The column after the last one.
    """
    _count_crossings(contour, first_row, rows)
    first = 0
    while first < rows.shape[0]:
        end, total = first, np.int64(0)
        while end < rows.shape[0] and total + rows[end, 0] <= crossings.shape[0]:
            total, rows[end, 0] = total + rows[end, 0], total
            end += 1
        _list_crossings(contour, first_row + first, left, right, rows[first:end], crossings)
        for row in range(first, end):
            found = crossings[rows[row, 0] : rows[row, 1]]
            _fill_words(spans, row_spans(found, deposits, marks, left, right, spans), words[row])
        first = end


@kernel
def _fill_words(spans: NDArray[np.int32], count: int, words: NDArray[np.uint64]) -> None:
    """Write one row of a mask from its covered spans."""
    ones = np.uint64(0xFFFFFFFFFFFFFFFF)
    words[:] = 0
    for i in range(count):
        start, last = np.int64(spans[i, 0]), np.int64(spans[i, 1]) - 1
        first_bits, last_bits = ones << np.uint64(start & 63), ones >> np.uint64(63 - (last & 63))
        if start >> 6 == last >> 6:
            words[start >> 6] |= first_bits & last_bits
            continue
        words[start >> 6] |= first_bits
        words[(start >> 6) + 1 : last >> 6] = ones
        words[last >> 6] |= last_bits
