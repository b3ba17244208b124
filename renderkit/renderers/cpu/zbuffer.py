"""Which face is nearest at each pixel, and how far.

Coverage is decided on vertices rounded to 1/256 px with exact integers and the same half-open rule as the contour mask,
so that both give the same pixels. Inverse depth is affine in the picture; its plane is laid through the vertices as
projected, not as rounded.

A band of rows at a time is drawn into a scratch buffer of 64-bit keys: the bits of the (positive, single precision)
inverse depth above, the complement of the face's number below, 0 where nothing is. The nearest face has the largest
key, and of equally near faces the first wins, in whatever order they are drawn.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import Faces
from renderkit.compiled import inlined_kernel, kernel
from renderkit.renderers.cpu.camera_numbers import SUBPIXELS
from renderkit.renderers.cpu.chunks import CHUNK
from renderkit.renderers.cpu.lens import INVALID

LAST_NUMBER = 0x7FFFFFFF
"""Faces are stored as their distance from this number."""

BLOCK_PX = 8
"""Side of the square blocks whose farthest key tells at once that a face is hidden."""

SPAN_ROWS = 6
"""Faces of more rows than this are drawn as spans between their edges, smaller ones by testing each pixel."""


@kernel
def float_bits(value: float | np.floating[Any]) -> int:
    """The bits of a single-precision number."""
    return int(np.int64(np.float32(value).view(np.int32)))


@kernel
def float_of_key(key: int) -> float:
    """The inverse depth of a key."""
    return float(np.int32(key >> 32).view(np.float32))


@kernel
def grow_window(snapped: NDArray[np.int32], state: NDArray[np.uint8], window: NDArray[np.int64]) -> None:
    """Grow `window` (x0, y0, x1, y1), in 1/256 px, to hold all vertices that are not invalid.

    Args:
        snapped: (V, 2) in 1/256 px.
        state: (V,), or no rows when all vertices count.
        window: (4,) changed in place.
    """
    x0, y0 = np.int32(min(window[0], 2**31 - 1)), np.int32(min(window[1], 2**31 - 1))
    x1, y1 = np.int32(max(window[2], -(2**31))), np.int32(max(window[3], -(2**31)))
    choosy = state.shape[0] > 0
    for i in range(snapped.shape[0]):
        if choosy and state[i] == INVALID:
            continue
        x, y = snapped[i, 0], snapped[i, 1]
        x0, x1 = min(x0, x), max(x1, x)
        y0, y1 = min(y0, y), max(y1, y)
    window[0], window[1], window[2], window[3] = x0, y0, x1, y1


@kernel
def draw_chunks(
    boxes: NDArray[np.int32], nearest: NDArray[np.float32],
    faces: Faces, snapped: NDArray[np.int32], exact: NDArray[np.float32], signs: NDArray[np.int8],
    wanted: int, first_number: int, window: NDArray[np.int64], blocks: NDArray[np.float32],
    chosen: NDArray[np.int32], keys: NDArray[np.int64],
) -> None:  # fmt: skip
    """Draw the faces of one orientation into one band, chunk by chunk.

    Args:
        boxes: (C, 4) from `bound_chunks`.
        nearest: (C,) likewise.
        faces: (F, 3).
        snapped: (V, 2) in 1/256 px.
        exact: (V, 3) u, v in px and 1 / z.
        signs: (F,) sign of the projected area, 0 for faces that are not drawn.
        wanted: Draw the faces of this sign.
        first_number: Number of the first face.
        window: (4,) x0, y0, x1, y1 of the band in px, ends excluded.
        blocks: (rows, columns) inverse depth behind which a block and its neighbours are hidden, from
            `summarise_blocks`; no rows when nothing was drawn before.
        chosen: (CHUNK + 1,) scratch.
        keys: (rows * columns,) the band.
    """
    for chunk in range(boxes.shape[0]):
        row0, row1 = max(boxes[chunk, 1], window[1]), min(boxes[chunk, 3], window[3])
        column0, column1 = max(boxes[chunk, 0], window[0]), min(boxes[chunk, 2], window[2])
        if row0 >= row1 or column0 >= column1:
            continue
        if blocks.shape[0] and _is_hidden(
            nearest[chunk], blocks, row0 - window[1], row1 - window[1], column0 - window[0], column1 - window[0]
        ):
            continue
        start, end = chunk * CHUNK, min(chunk * CHUNK + CHUNK, faces.shape[0])
        count = _select_faces(start, end, faces, snapped, exact, signs, wanted, window, blocks, chosen)
        _draw_faces(chosen[:count], faces, snapped, exact, wanted, first_number, window, keys)


@kernel
def _select_faces(
    start: int, end: int,
    faces: Faces, snapped: NDArray[np.int32], exact: NDArray[np.float32], signs: NDArray[np.int8],
    wanted: int, window: NDArray[np.int64], blocks: NDArray[np.float32], chosen: NDArray[np.int32],
) -> int:  # fmt: skip
    """List those of some faces that may be seen in the band; returns their number."""
    left, top, right, bottom = window[0], window[1], window[2], window[3]
    count = 0
    for face in range(start, end):
        if signs[face] != wanted:
            continue
        # Unsigned: a signed index costs a test for negative ones.
        a, b, c = np.uint32(faces[face, 0]), np.uint32(faces[face, 1]), np.uint32(faces[face, 2])
        xa, xb, xc = int(snapped[a, 0]), int(snapped[b, 0]), int(snapped[c, 0])
        ya, yb, yc = int(snapped[a, 1]), int(snapped[b, 1]), int(snapped[c, 1])
        row0 = max((min(ya, yb, yc) + (SUBPIXELS - 1)) >> 8, top)
        row1 = min((max(ya, yb, yc) + (SUBPIXELS - 1)) >> 8, bottom)
        column0 = max((min(xa, xb, xc) + (SUBPIXELS - 1)) >> 8, left)
        column1 = min((max(xa, xb, xc) + (SUBPIXELS - 1)) >> 8, right)
        if row0 >= row1 or column0 >= column1:
            continue
        hidden = False
        if blocks.shape[0]:
            near = max(exact[a, 2], exact[b, 2], exact[c, 2])
            hidden = _is_hidden(near, blocks, row0 - top, row1 - top, column0 - left, column1 - left)
        chosen[count] = face
        count += 0 if hidden else 1
    return count


@kernel
def _is_hidden(
    nearest: np.float32, blocks: NDArray[np.float32], row0: int, row1: int, column0: int, column1: int
) -> bool:
    """Whether all blocks under a bounding box are nearer; each block tells for its neighbours below and right too."""
    row = row0 // BLOCK_PX
    while row * BLOCK_PX < row1:
        column = column0 // BLOCK_PX
        while column * BLOCK_PX < column1:
            if nearest >= blocks[np.uint64(row), np.uint64(column)]:
                return False
            column += 2
        row += 2
    return True


@kernel
def _draw_faces(
    chosen: NDArray[np.int32],
    faces: Faces,
    snapped: NDArray[np.int32],
    exact: NDArray[np.float32],
    wanted: int,
    first_number: int,
    window: NDArray[np.int64],
    keys: NDArray[np.int64],
) -> None:
    """Draw the chosen faces, all of one orientation, into one band."""
    left, top, right, bottom = window[0], window[1], window[2], window[3]
    for i in range(chosen.shape[0]):
        face = chosen[i]
        a, b, c = np.uint32(faces[face, 0]), np.uint32(faces[face, 1]), np.uint32(faces[face, 2])
        xa, xb, xc = int(snapped[a, 0]), int(snapped[b, 0]), int(snapped[c, 0])
        ya, yb, yc = int(snapped[a, 1]), int(snapped[b, 1]), int(snapped[c, 1])
        # First pixel centre at or after the smallest coordinate, and after the largest: half-open.
        first, end = (min(ya, yb, yc) + (SUBPIXELS - 1)) >> 8, (max(ya, yb, yc) + (SUBPIXELS - 1)) >> 8
        column0 = max((min(xa, xb, xc) + (SUBPIXELS - 1)) >> 8, left)
        column1 = min((max(xa, xb, xc) + (SUBPIXELS - 1)) >> 8, right)
        plane = face_plane(exact, a, b, c)
        number = LAST_NUMBER - first_number - face
        # The whole face's rows, not the band's, choose the way: depth must not depend on where bands begin.
        if end - first <= SPAN_ROWS:
            row0, row1 = max(first, top), min(end, bottom)
            _draw_small(
                xa, ya, xb, yb, xc, yc, wanted, plane, number, row0, row1, column0, column1, left, top, right, keys
            )
        else:
            _draw_spans(xa, ya, xb, yb, xc, yc, plane, number, left, top, right, bottom, keys)


@inlined_kernel
def face_plane(
    exact: NDArray[np.float32], a: np.uint32, b: np.uint32, c: np.uint32
) -> tuple[float, float, float, float, float]:
    """Inverse depth of a face: its value at the pixel (0, 0), the slopes in x and y, the smallest and the largest."""
    x, y, w = np.float64(exact[a, 0]), np.float64(exact[a, 1]), np.float64(exact[a, 2])
    ux, uy, uw = exact[b, 0] - x, exact[b, 1] - y, exact[b, 2] - w
    vx, vy, vw = exact[c, 0] - x, exact[c, 1] - y, exact[c, 2] - w
    area = ux * vy - uy * vx
    # A face seen exactly edge-on has no plane in the picture; its middle depth stands for all of it.
    scale = 0.0 if area == 0.0 else 1.0 / area
    slope_x = (uw * vy - vw * uy) * scale
    slope_y = (vw * ux - uw * vx) * scale
    middle = (uw + vw) / 3.0 if area == 0.0 else 0.0
    low = uw if uw < vw else vw
    high = uw if uw > vw else vw
    low = low if low < 0.0 else 0.0
    high = high if high > 0.0 else 0.0
    return w + middle - slope_x * x - slope_y * y, slope_x, slope_y, w + low, w + high


@inlined_kernel
def edge_value(dx: int, dy: int, x: int, y: int) -> int:
    """Return the edge function of the edge (dx, dy) at a point from its start: >= 0 on the face's side.

    Left and top edges belong to the face; one is taken off the others, so that all are tested by >= 0.
    """
    return dx * y - dy * x - (0 if dy < 0 or (dy == 0 and dx > 0) else 1)


@inlined_kernel
def _draw_small(
    xa: int, ya: int, xb: int, yb: int, xc: int, yc: int, sign: int,
    plane: tuple[float, float, float, float, float], number: int,
    row0: int, row1: int, column0: int, column1: int, left: int, top: int, right: int,
    keys: NDArray[np.int64],
) -> None:  # fmt: skip
    """Test the few pixel centres of a small face against its three edges."""
    ux, uy, vx, vy = (xb - xa) * sign, (yb - ya) * sign, (xc - xb) * sign, (yc - yb) * sign
    wx, wy = (xa - xc) * sign, (ya - yc) * sign
    x, y = column0 * SUBPIXELS, row0 * SUBPIXELS
    e0 = edge_value(ux, uy, x - xa, y - ya)
    e1 = edge_value(vx, vy, x - xb, y - yb)
    e2 = edge_value(wx, wy, x - xc, y - yc)
    slope, low, high = np.float32(plane[1]), np.float32(plane[3]), np.float32(plane[4])
    start = (row0 - top) * (right - left) - left
    for row in range(row0, row1):
        f0, f1, f2 = e0, e1, e2
        near = np.float32(plane[0] + plane[1] * column0 + plane[2] * row)
        for column in range(column0, column1):
            # Without a branch: which pixels are inside is hard to predict.
            key = (float_bits(min(max(near, low), high)) << 32) | number
            at = np.uint64(start + column)
            keys[at] = max(keys[at], key if (f0 | f1 | f2) >= 0 else 0)
            f0 -= uy * SUBPIXELS
            f1 -= vy * SUBPIXELS
            f2 -= wy * SUBPIXELS
            near += slope
        e0 += ux * SUBPIXELS
        e1 += vx * SUBPIXELS
        e2 += wx * SUBPIXELS
        start += right - left


@kernel
def _draw_spans(
    xa: int, ya: int, xb: int, yb: int, xc: int, yc: int,
    plane: tuple[float, float, float, float, float], number: int,
    left: int, top: int, right: int, bottom: int, keys: NDArray[np.int64],
) -> None:  # fmt: skip
    """Draw a larger face row by row between its edges."""
    if ya > yb:
        xa, ya, xb, yb = xb, yb, xa, ya
    if yb > yc:
        xb, yb, xc, yc = xc, yc, xb, yb
    if ya > yb:
        xa, ya, xb, yb = xb, yb, xa, ya
    long_is_left = (xb - xa) * (yc - ya) - (yb - ya) * (xc - xa) > 0
    slope, low, high = np.float32(plane[1]), np.float32(plane[3]), np.float32(plane[4])
    row = max((ya + (SUBPIXELS - 1)) >> 8, top)
    long_column, long_rest, long_step, long_step_rest, long_divisor = start_edge(xa, ya, xc, yc, row)
    for half in range(2):
        end_row = min(((yb if half == 0 else yc) + (SUBPIXELS - 1)) >> 8, bottom)
        if half == 1:
            xa, ya, xb, yb = xb, yb, xc, yc
        if row >= end_row:
            continue
        short_column, short_rest, short_step, short_step_rest, short_divisor = start_edge(xa, ya, xb, yb, row)
        while row < end_row:
            start = max(long_column if long_is_left else short_column, left)
            end = min(short_column if long_is_left else long_column, right)
            base = np.float32(plane[0] + plane[1] * start + plane[2] * row)
            at = np.uint64((row - top) * (right - left) + start - left)
            for i in range(max(end - start, 0)):
                near = base + slope * np.float32(i)
                near = near if near > low else low
                near = near if near < high else high
                key = (float_bits(near) << 32) | number
                old = keys[at + np.uint64(i)]
                keys[at + np.uint64(i)] = key if key > old else old
            row += 1
            long_rest += long_step_rest
            long_column += long_step + (1 if long_rest >= long_divisor else 0)
            long_rest -= long_divisor if long_rest >= long_divisor else 0
            short_rest += short_step_rest
            short_column += short_step + (1 if short_rest >= short_divisor else 0)
            short_rest -= short_divisor if short_rest >= short_divisor else 0


@inlined_kernel
def start_edge(x0: int, y0: int, x1: int, y1: int, row: int) -> tuple[int, int, int, int, int]:
    """First pixel at or right of an edge in `row`, as in the contour mask: column, remainder, both steps, divisor."""
    dx, divisor = x1 - x0, SUBPIXELS * (y1 - y0)
    reach = x0 * (y1 - y0) + (row * SUBPIXELS - y0) * dx + divisor - 1
    column = floor_divide(reach, divisor)
    step = floor_divide(SUBPIXELS * dx, divisor)
    return column, reach - column * divisor, step, SUBPIXELS * dx - step * divisor, divisor


@inlined_kernel
def floor_divide(value: int, divisor: int) -> int:
    """Exact floor division by a positive divisor; a floating-point guess is much faster than the processor's own."""
    guess = int(np.int64(np.floor(float(value) / float(divisor))))
    rest = value - guess * divisor
    return guess + (1 if rest >= divisor else 0) - (1 if rest < 0 else 0)


@kernel
def summarise_blocks(
    keys: NDArray[np.int64], window: NDArray[np.int64], blocks: NDArray[np.float32], lowest: NDArray[np.int64]
) -> None:
    """Write the farthest inverse depth of each block and its neighbours below and right: 0 where a pixel is empty.

    One look at a block is then enough for a face that is no larger than a block, wherever in the block it begins.
    `lowest` is scratch for one row.
    """
    columns, rows = window[2] - window[0], window[3] - window[1]
    for block_row in range(blocks.shape[0]):
        lowest[:] = 2**62
        for row in range(block_row * BLOCK_PX, min(block_row * BLOCK_PX + BLOCK_PX, rows)):
            line = keys[row * columns : row * columns + columns]
            for column in range(columns):
                lowest[column] = min(lowest[column], line[column])
        for block_column in range(blocks.shape[1]):
            start = block_column * BLOCK_PX
            farthest = np.int64(2**62)
            for column in range(start, min(start + BLOCK_PX, columns)):
                farthest = min(farthest, lowest[column])
            blocks[block_row, block_column] = float_of_key(int(farthest))
    for block_row in range(blocks.shape[0]):
        below = min(block_row + 1, blocks.shape[0] - 1)
        for block_column in range(blocks.shape[1]):
            right = min(block_column + 1, blocks.shape[1] - 1)
            near = min(blocks[block_row, block_column], blocks[block_row, right])
            blocks[block_row, block_column] = min(near, blocks[below, block_column], blocks[below, right])
