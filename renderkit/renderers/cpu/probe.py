"""Which face is nearest at a few pixels: what `zbuffer` would hold there, without drawing anything.

Each key is computed as drawing does it, in the same steps, so that it is the same to the last bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import Faces
from renderkit.compiled import inlined_kernel, kernel
from renderkit.renderers.cpu.chunks import CHUNK
from renderkit.renderers.cpu.lens import SUBPIXELS
from renderkit.renderers.cpu.zbuffer import LAST_NUMBER, SPAN_ROWS, face_plane, float_bits, start_edge


@kernel
def start_rows(pixels: NDArray[np.int64], top: int, starts: NDArray[np.int32]) -> None:
    """Write where each row's pixels begin.

    Args:
        pixels: (N, 2) x, y in px, by row.
        top: The first row.
        starts: (rows + 1,) receives the first pixel at or below each row; the last row is below all pixels.
    """
    pixel = 0
    for row in range(starts.shape[0]):
        while pixel < pixels.shape[0] and pixels[pixel, 1] < top + row:
            pixel += 1
        starts[row] = pixel


@kernel
def probe_chunks(
    boxes: NDArray[np.int32], faces: Faces, snapped: NDArray[np.int32], exact: NDArray[np.float32],
    signs: NDArray[np.int8], first_number: int, window: NDArray[np.int64],
    pixels: NDArray[np.int64], starts: NDArray[np.int32], keys: NDArray[np.int64],
) -> None:  # fmt: skip
    """Find the nearest face at each pixel.

    Args:
        boxes: (C, 4) from `bound_chunks`.
        faces: (F, 3).
        snapped: (V, 2) in 1/256 px.
        exact: (V, 3) u, v in px and 1 / z.
        signs: (F,) sign of the projected area, 0 for faces that are not drawn.
        first_number: Number of the first face.
        window: (4,) x0, y0, x1, y1 in px, ends excluded: the columns that the whole mesh covers, the rows of `pixels`.
        pixels: (N, 2) x, y in px inside the window, by row.
        starts: (rows + 1,) from `start_rows`.
        keys: (N,) grow to those of the nearest faces; 0 where nothing is.
    """
    left, top, right, bottom = window[0], window[1], window[2], window[3]
    for chunk in range(boxes.shape[0]):
        row0, row1 = max(boxes[chunk, 1], top), min(boxes[chunk, 3], bottom)
        if row0 >= row1 or not _any_between(pixels, starts[row0 - top], starts[row1 - top], boxes[chunk]):
            continue
        for face in range(chunk * CHUNK, min(chunk * CHUNK + CHUNK, faces.shape[0])):
            # Unsigned: a signed index costs a test for negative ones.
            a, b, c = np.uint32(faces[face, 0]), np.uint32(faces[face, 1]), np.uint32(faces[face, 2])
            ya, yb, yc = int(snapped[a, 1]), int(snapped[b, 1]), int(snapped[c, 1])
            first, end = (min(ya, yb, yc) + (SUBPIXELS - 1)) >> 8, (max(ya, yb, yc) + (SUBPIXELS - 1)) >> 8
            row0, row1 = max(first, top), min(end, bottom)
            if row0 >= row1 or signs[face] == 0 or starts[row0 - top] == starts[row1 - top]:
                continue
            xa, xb, xc = int(snapped[a, 0]), int(snapped[b, 0]), int(snapped[c, 0])
            column0 = max((min(xa, xb, xc) + (SUBPIXELS - 1)) >> 8, left)
            column1 = min((max(xa, xb, xc) + (SUBPIXELS - 1)) >> 8, right)
            for pixel in range(starts[row0 - top], starts[row1 - top]):
                x, y = pixels[pixel, 0], pixels[pixel, 1]
                if x < column0 or x >= column1:
                    continue
                plane = face_plane(exact, a, b, c)
                if end - first <= SPAN_ROWS:
                    near = _probe_small(xa, ya, xb, yb, xc, yc, int(signs[face]), plane, column0, x, y)
                else:
                    near = _probe_span(xa, ya, xb, yb, xc, yc, plane, left, right, x, y)
                if near > np.float32(0.0):
                    keys[pixel] = max(keys[pixel], (float_bits(near) << 32) | (LAST_NUMBER - first_number - face))


@inlined_kernel
def _any_between(pixels: NDArray[np.int64], first: int, end: int, box: NDArray[np.int32]) -> bool:
    """Whether one of some pixels lies in the columns of a box."""
    found = False
    for pixel in range(first, end):
        found |= (pixels[pixel, 0] >= box[0]) & (pixels[pixel, 0] < box[2])
    return found


@kernel
def _probe_small(
    xa: int, ya: int, xb: int, yb: int, xc: int, yc: int, sign: int,
    plane: tuple[float, float, float, float, float], column0: int, x: int, y: int,
) -> np.float32:  # fmt: skip
    """Inverse depth of a small face at the pixel (x, y) of its bounding box that begins at `column0`; 0 outside."""
    ux, uy, vx, vy = (xb - xa) * sign, (yb - ya) * sign, (xc - xb) * sign, (yc - yb) * sign
    wx, wy = (xa - xc) * sign, (ya - yc) * sign
    px, py = x * SUBPIXELS, y * SUBPIXELS
    # The half-open rule, as in `zbuffer`.
    e0 = ux * (py - ya) - uy * (px - xa) - (0 if uy < 0 or (uy == 0 and ux > 0) else 1)
    e1 = vx * (py - yb) - vy * (px - xb) - (0 if vy < 0 or (vy == 0 and vx > 0) else 1)
    e2 = wx * (py - yc) - wy * (px - xc) - (0 if wy < 0 or (wy == 0 and wx > 0) else 1)
    if (e0 | e1 | e2) < 0:
        return np.float32(0.0)
    slope, low, high = np.float32(plane[1]), np.float32(plane[3]), np.float32(plane[4])
    near = np.float32(plane[0] + plane[1] * column0 + plane[2] * y)
    # Step by step, not multiplied: rounding adds up as it does in drawing.
    for _ in range(x - column0):
        near += slope
    return np.float32(min(max(near, low), high))


@kernel
def _probe_span(
    xa: int, ya: int, xb: int, yb: int, xc: int, yc: int,
    plane: tuple[float, float, float, float, float], left: int, right: int, x: int, y: int,
) -> np.float32:  # fmt: skip
    """Inverse depth of a larger face at the pixel (x, y) of one of its rows; 0 outside."""
    if ya > yb:
        xa, ya, xb, yb = xb, yb, xa, ya
    if yb > yc:
        xb, yb, xc, yc = xc, yc, xb, yb
    if ya > yb:
        xa, ya, xb, yb = xb, yb, xa, ya
    long_is_left = (xb - xa) * (yc - ya) - (yb - ya) * (xc - xa) > 0
    long_column = start_edge(xa, ya, xc, yc, y)[0]
    upper = y < (yb + (SUBPIXELS - 1)) >> 8
    short_column = start_edge(xa, ya, xb, yb, y)[0] if upper else start_edge(xb, yb, xc, yc, y)[0]
    start = max(long_column if long_is_left else short_column, left)
    end = min(short_column if long_is_left else long_column, right)
    if x < start or x >= end:
        return np.float32(0.0)
    slope, low, high = np.float32(plane[1]), np.float32(plane[3]), np.float32(plane[4])
    near = np.float32(plane[0] + plane[1] * start + plane[2] * y) + slope * np.float32(x - start)
    near = near if near > low else low
    return np.float32(near if near < high else high)
