"""The mask without filling triangles: only edges on a contour or a border are drawn.

The number of faces that cover a pixel centre is the winding number of the chain sum_f s_f boundary(f), with s_f the
sign of face f's projected area. An edge that two faces run in opposite directions has the coefficient s_f - s_g, which
is zero unless it lies on a contour. What remains is deposited on the scanlines; a running sum along the row is the
number of covering faces. All of it is integer arithmetic on vertices rounded to 1/256 px, so the mask equals
rasterising every triangle by the half-open rule: top and left edges belong to the triangle.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import Faces
from renderkit.compiled import kernel
from renderkit.images.mask_bits import WORD
from renderkit.renderers.cpu.camera_numbers import SUBPIXELS

OutlineScratch: TypeAlias = tuple[
    NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], NDArray[np.int32],
    NDArray[np.int32], NDArray[np.uint64], NDArray[np.int32],
]  # fmt: skip
"""Working memory of `draw_outline`: (N, 5) contour and (4,) bounds, as for `find_outline`; (height, 2) rows,
(M, 2) crossings, M at least N, (padded width,) deposits, (words,) marks, (width + 1, 2) spans, as for `fill_rows`."""


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
def covered_pixels(x0: int, y0: int, x1: int, y1: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the pixels (left, top, right, bottom), ends excluded, of a picture within bounds in 1/256 px."""
    width, height = size
    left, top = max(_first_row(x0), 0), max(_first_row(y0), 0)
    right, bottom = min(_first_row(x1), width), min(_first_row(y1), height)
    if left >= right or top >= bottom:
        # A literal would be of another type.
        zero = int(np.int64(0))
        return zero, zero, zero, zero
    return left, top, right, bottom


@kernel
def draw_outline(
    faces: Faces, snapped: NDArray[np.int32], signs: NDArray[np.int8], edges: NDArray[np.int32],
    piece_faces: Faces, piece_snapped: NDArray[np.int32], piece_signs: NDArray[np.int8], piece_edges: NDArray[np.int32],
    scratch: OutlineScratch, words: NDArray[np.uint64], width: int,
) -> tuple[int, int, int, int, int]:  # fmt: skip
    """Draw the mask of faces and pieces in one call, for what a single thread draws.

    Args:
        faces: (F, 3); these and the others of faces and pieces as for `find_outline`.
        snapped: (V, 2).
        signs: (F,).
        edges: (E, 2).
        piece_faces: (M, 3).
        piece_snapped: (3 M, 2).
        piece_signs: (M,).
        piece_edges: (3 M, 2).
        scratch: Working memory.
        words: (height, words) receives the mask.
        width: Of the picture, px.

    Returns:
        The number of rows of the contour; more than N means that nothing is drawn and the call must be repeated with
        more room. And the pixels (left, top, right, bottom) that the mask can cover, ends excluded.
    """
    contour, bounds, rows, crossings, deposits, marks, spans = scratch
    count = find_outline(
        faces, snapped, signs, edges, piece_faces, piece_snapped, piece_signs, piece_edges, contour, bounds
    )
    size = (width, words.shape[0])
    left, top, right, bottom = covered_pixels(bounds[0], bounds[1], bounds[2], bounds[3], size)
    if count > contour.shape[0]:
        return count, left, top, right, bottom
    words[:top] = 0
    words[bottom:] = 0
    fill_rows(
        contour[:count], top, rows[: bottom - top], crossings, deposits, marks[: (right - left + WORD - 1) // WORD],
        spans, words[top:bottom], left, right,
    )  # fmt: skip
    return count, left, top, right, bottom


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
