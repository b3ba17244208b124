"""Which face is nearest at a few pixels: what `zbuffer` would hold there, without drawing anything.

Each key is computed as drawing does it, in the same steps, so that it is the same to the last bit.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import Faces, FloatArray
from renderkit.compiled import inlined_kernel, kernel
from renderkit.renderers.cpu.chunks import CHUNK, bound_chunks
from renderkit.renderers.cpu.lens import SUBPIXELS
from renderkit.renderers.cpu.resolve import resolve_pixels
from renderkit.renderers.cpu.zbuffer import LAST_NUMBER, SPAN_ROWS, face_plane, float_bits, grow_window, start_edge

Layer: TypeAlias = tuple[
    Faces, NDArray[np.int32], NDArray[np.float32], NDArray[np.int8], NDArray[np.int32], NDArray[np.int32]
]
"""Faces of a mesh, or pieces: (F, 3) faces; (V, 2) vertices in 1/256 px; (V, 3) u, v in px and 1 / z; (F,) sign of the
projected area, 0 for faces that are not drawn; and `vertices` and `start` of `Chunks`."""


@kernel
def probe_depths(
    mesh: Layer, pieces: Layer, state: NDArray[np.uint8], camera: FloatArray, points: FloatArray, rays: FloatArray,
    sources: NDArray[np.int32], width: int, pixels: NDArray[np.int64],
    window: NDArray[np.int64], boxes: NDArray[np.int32], nearest: NDArray[np.float32], order: NDArray[np.int64],
    chosen: NDArray[np.int64], keys: NDArray[np.int64], traced: FloatArray, depths: NDArray[np.float32],
) -> None:  # fmt: skip
    """Find the depth at some pixels.

    Args:
        mesh: The faces.
        pieces: What is drawn instead of some of them.
        state: (V,) of the mesh's vertices; no rows when all are OK.
        camera: The packed camera.
        points: (3, V) world coordinates.
        rays: (3 M, 2) undistorted normalised coordinates of the pieces' corners.
        sources: (M,) face of each piece.
        width: Of the picture, px.
        pixels: (N, 2) x, y in px inside the picture.
        window: (4,) scratch.
        boxes: (C, 4) scratch, C the number of chunks of faces or of pieces, whichever is larger.
        nearest: (C,) scratch.
        order: (C,) scratch.
        chosen: (N + 1,) scratch.
        keys: (N,) scratch.
        traced: (3, 1) scratch.
        depths: (N,) receives camera z, +inf on the background.
    """
    window[0], window[1], window[2], window[3] = 2**40, 2**40, -(2**40), -(2**40)
    grow_window(mesh[1], state, window)
    grow_window(pieces[1], state[:0], window)
    # As wide as a whole picture's bands: rounded depth depends on the column in which a face begins.
    left = min(max((window[0] + (SUBPIXELS - 1)) >> 8, 0), width)
    right = max(min((window[2] + (SUBPIXELS - 1)) >> 8, width), left)
    keys[:] = 0
    # A literal would have Numba compile one more version, for it alone.
    first = int(np.int64(0))
    _probe_layer(mesh, first, left, right, pixels, boxes, nearest, order, chosen, keys)
    _probe_layer(pieces, mesh[0].shape[0], left, right, pixels, boxes, nearest, order, chosen, keys)
    resolve_pixels(keys, pixels, camera, points, mesh[0], pieces[2], rays, sources, traced, depths)


@kernel
def _probe_layer(
    layer: Layer, first_number: int, left: int, right: int, pixels: NDArray[np.int64],
    boxes: NDArray[np.int32], nearest: NDArray[np.float32], order: NDArray[np.int64],
    chosen: NDArray[np.int64], keys: NDArray[np.int64],
) -> None:  # fmt: skip
    faces, snapped, exact, signs, vertices, start = layer
    count = start.shape[0] - 1
    zero = int(np.int64(0))
    bound_chunks(vertices, start, zero, count, snapped, exact, boxes, nearest)
    _order_near_first(nearest[:count], order[:count])
    probe_chunks(
        order[:count], boxes, nearest, faces, snapped, exact, signs, first_number, left, right, pixels, chosen, keys
    )


@kernel
def _order_near_first(nearest: NDArray[np.float32], order: NDArray[np.int64]) -> None:
    """Write the order of descending inverse depth (Shell 1959); equal ones may come in any order."""
    count = order.shape[0]
    for i in range(count):
        order[i] = i
    gap = 1
    while gap < count // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(gap, count):
            moved, at = order[i], i
            while at >= gap and nearest[order[at - gap]] < nearest[moved]:
                order[at] = order[at - gap]
                at -= gap
            order[at] = moved
        gap //= 3


@kernel
def probe_chunks(
    order: NDArray[np.int64], boxes: NDArray[np.int32], nearest: NDArray[np.float32],
    faces: Faces, snapped: NDArray[np.int32], exact: NDArray[np.float32],
    signs: NDArray[np.int8], first_number: int, left: int, right: int,
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
        left: The first column that the whole mesh covers, px.
        right: The column after the last one.
        pixels: (N, 2) x, y in px.
        chosen: (N + 1,) scratch.
        keys: (N,) grow to those of the nearest faces; 0 where nothing is.
    """
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
