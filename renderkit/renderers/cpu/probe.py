"""Which face is nearest at a few pixels: what `zbuffer` would hold there, without drawing anything.

Each key is computed as drawing does it, in the same steps, so that it is the same to the last bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import Faces
from renderkit.compiled import inlined_kernel, kernel
from renderkit.renderers.cpu.camera_numbers import SUBPIXELS
from renderkit.renderers.cpu.chunks import CHUNK
from renderkit.renderers.cpu.zbuffer import LAST_NUMBER, SPAN_ROWS, face_plane, float_bits, start_edge


@kernel
def probe_chunks(
    order: NDArray[np.int64], boxes: NDArray[np.int32], nearest: NDArray[np.float32],
    faces: Faces, snapped: NDArray[np.int32], exact: NDArray[np.float32],
    signs: NDArray[np.int8], first_number: int, window: NDArray[np.int64],
    pixels: NDArray[np.int64], chosen: NDArray[np.int64], keys: NDArray[np.int64],
) -> None:  # fmt: skip
    """Find the nearest face at each pixel.

    Args:
        order: (C,) the chunks; those come first that are near: what they hide is not looked at.
        boxes: (C, 4) from `bound_chunks`.
        nearest: (C,) likewise.
        faces: (F, 3).
        snapped: (V, 2) in 1/256 px.
        exact: (V, 3) u, v in px and 1 / z.
        signs: (F,) sign of the projected area, 0 for faces that are not drawn.
        first_number: Number of the first face.
        window: (4,) x0, y0, x1, y1 in px, ends excluded: the columns that the whole mesh covers, the rows of `pixels`.
        pixels: (N, 2) x, y in px inside the window.
        chosen: (N,) scratch.
        keys: (N,) grow to those of the nearest faces; 0 where nothing is.
    """
    left, right = window[0], window[2]
    for chunk in order:
        count = _choose_pixels(pixels, keys, boxes[chunk], nearest[chunk], chosen)
        if count == 0:
            continue
        x0, y0, x1, y1 = _bound_pixels(pixels, chosen[:count])
        for face in range(chunk * CHUNK, min(chunk * CHUNK + CHUNK, faces.shape[0])):
            # Unsigned: a signed index costs a test for negative ones.
            a, b, c = np.uint32(faces[face, 0]), np.uint32(faces[face, 1]), np.uint32(faces[face, 2])
            ya, yb, yc = int(snapped[a, 1]), int(snapped[b, 1]), int(snapped[c, 1])
            first, end = (min(ya, yb, yc) + (SUBPIXELS - 1)) >> 8, (max(ya, yb, yc) + (SUBPIXELS - 1)) >> 8
            xa, xb, xc = int(snapped[a, 0]), int(snapped[b, 0]), int(snapped[c, 0])
            column0 = max((min(xa, xb, xc) + (SUBPIXELS - 1)) >> 8, left)
            column1 = min((max(xa, xb, xc) + (SUBPIXELS - 1)) >> 8, right)
            if (first >= y1) | (end <= y0) | (column0 >= x1) | (column1 <= x0) | (signs[face] == 0):
                continue
            for pixel in chosen[:count]:
                x, y = pixels[pixel, 0], pixels[pixel, 1]
                if (x < column0) | (x >= column1) | (y < first) | (y >= end):
                    continue
                plane = face_plane(exact, a, b, c)
                if end - first <= SPAN_ROWS:
                    near = _probe_small(xa, ya, xb, yb, xc, yc, int(signs[face]), plane, column0, x, y)
                else:
                    near = _probe_span(xa, ya, xb, yb, xc, yc, plane, left, right, x, y)
                if near > np.float32(0.0):
                    keys[pixel] = max(keys[pixel], (float_bits(near) << 32) | (LAST_NUMBER - first_number - face))


@inlined_kernel
def _choose_pixels(
    pixels: NDArray[np.int64],
    keys: NDArray[np.int64],
    box: NDArray[np.int32],
    nearest: np.float32,
    chosen: NDArray[np.int64],
) -> int:
    """List the pixels inside a chunk's box at which nothing nearer than the chunk is known; returns their number."""
    count = 0
    bits = float_bits(nearest)
    for pixel in range(pixels.shape[0]):
        x, y = pixels[pixel, 0], pixels[pixel, 1]
        chosen[count] = pixel
        inside = (x >= box[0]) & (x < box[2]) & (y >= box[1]) & (y < box[3])
        count += 1 if inside & (keys[pixel] >> 32 <= bits) else 0
    return count


@inlined_kernel
def _bound_pixels(pixels: NDArray[np.int64], chosen: NDArray[np.int64]) -> tuple[int, int, int, int]:
    """Return x0, y0, x1, y1 of some pixels, ends excluded."""
    x0, y0 = pixels[chosen[0], 0], pixels[chosen[0], 1]
    x1, y1 = x0, y0
    for pixel in chosen:
        x0, x1 = min(x0, pixels[pixel, 0]), max(x1, pixels[pixel, 0])
        y0, y1 = min(y0, pixels[pixel, 1]), max(y1, pixels[pixel, 1])
    return x0, y0, x1 + 1, y1 + 1


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
