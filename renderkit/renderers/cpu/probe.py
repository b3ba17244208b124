"""Which face is nearest at a few pixels: what `zbuffer` would hold there, without drawing anything.

Each key is computed as drawing does it, in the same steps, so that it is the same to the last bit.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import Faces, FloatArray
from renderkit.compiled import inlined_kernel, kernel
from renderkit.renderers.cpu.camera_numbers import SUBPIXELS
from renderkit.renderers.cpu.chunks import CHUNK, bound_chunks
from renderkit.renderers.cpu.resolve import resolve_pixels
from renderkit.renderers.cpu.scratch import Scratch
from renderkit.renderers.cpu.zbuffer import (
    LAST_NUMBER,
    SPAN_ROWS,
    edge_value,
    face_plane,
    float_bits,
    grow_window,
    start_edge,
)

GROUP = 4
"""Pixels whose bounding box is looked at first: the four around a landmark come one after the other."""

_NEAR_PX = 16
"""Pixels of a group lie at most so far apart."""

Layer: TypeAlias = tuple[
    Faces, NDArray[np.int32], NDArray[np.float32], NDArray[np.int8], NDArray[np.int32], NDArray[np.int32]
]
"""Faces of a mesh, or pieces: (F, 3) faces; (V, 2) vertices in 1/256 px; (V, 3) u, v in px and 1 / z; (F,) sign of the
projected area, 0 for faces that are not drawn; and `vertices` and `start` of `Chunks`."""

ProbeScratch: TypeAlias = tuple[
    NDArray[np.int64], NDArray[np.int32], NDArray[np.float32], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64],
    NDArray[np.int32], NDArray[np.int32], NDArray[np.int64], FloatArray,
]  # fmt: skip
"""Working memory of `probe_depths` for C chunks of faces or of pieces, whichever are more, and N pixels in G groups:
(4,) window, (C, 4) boxes, (C,) nearest, (C,) order, (G,) chosen, (G, 4) groups, (4, CHUNK) spans, (CHUNK + 1,) found,
(N,) keys, (3, 1) traced."""


def probe_scratch(scratch: Scratch, num_chunks: int, num_pixels: int) -> ProbeScratch:
    """Return the working memory of `probe_depths`."""
    groups = -(-num_pixels // GROUP)
    return (
        scratch.get("bounds", (4,), np.int64), scratch.get("boxes", (num_chunks, 4), np.int32),
        scratch.get("nearest", (num_chunks,), np.float32), scratch.get("order", (num_chunks,), np.int64),
        scratch.get("chosen groups", (groups,), np.int64), scratch.get("groups", (groups, 4), np.int64),
        scratch.get("spans of faces", (4, CHUNK), np.int32), scratch.get("chosen", (CHUNK + 1,), np.int32),
        scratch.get("probed keys", (num_pixels,), np.int64), scratch.get("traced", (3, 1), np.float64),
    )  # fmt: skip


@kernel
def are_grouped(pixels: NDArray[np.int64]) -> bool:
    """Say whether each four of (N, 2) pixels lie near each other."""
    for first in range(0, pixels.shape[0], GROUP):
        for axis in range(2):
            low, high = pixels[first, axis], pixels[first, axis]
            for pixel in range(first + 1, min(first + GROUP, pixels.shape[0])):
                low, high = min(low, pixels[pixel, axis]), max(high, pixels[pixel, axis])
            if high - low > _NEAR_PX:
                return False
    return True


@kernel
def probe_depths(
    mesh: Layer, pieces: Layer, state: NDArray[np.uint8], camera: FloatArray, points: FloatArray, rays: FloatArray,
    sources: NDArray[np.int32], width: int, pixels: NDArray[np.int64], scratch: ProbeScratch,
    depths: NDArray[np.float32],
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
        scratch: From `probe_scratch`.
        depths: (N,) receives camera z, +inf on the background.
    """
    window, boxes, nearest, order, chosen, groups, spans, found, keys, traced = scratch
    window[0], window[1], window[2], window[3] = 2**40, 2**40, -(2**40), -(2**40)
    grow_window(mesh[1], state, window)
    grow_window(pieces[1], state[:0], window)
    # As wide as a whole picture's bands: rounded depth depends on the column in which a face begins.
    left = min(max((window[0] + (SUBPIXELS - 1)) >> 8, 0), width)
    right = max(min((window[2] + (SUBPIXELS - 1)) >> 8, width), left)
    keys[:] = 0
    _bound_groups(pixels, groups)
    # A literal would have Numba compile one more version, for it alone.
    first = int(np.int64(0))
    _probe_layer(mesh, first, left, right, pixels, boxes, nearest, order, chosen, groups, spans, found, keys)
    _probe_layer(
        pieces, mesh[0].shape[0], left, right, pixels, boxes, nearest, order, chosen, groups, spans, found, keys
    )
    resolve_pixels(keys, pixels, camera, points, mesh[0], pieces[2], rays, sources, traced, depths)


@kernel
def _probe_layer(
    layer: Layer, first_number: int, left: int, right: int, pixels: NDArray[np.int64],
    boxes: NDArray[np.int32], nearest: NDArray[np.float32], order: NDArray[np.int64],
    chosen: NDArray[np.int64], groups: NDArray[np.int64], spans: NDArray[np.int32], found: NDArray[np.int32],
    keys: NDArray[np.int64],
) -> None:  # fmt: skip
    faces, snapped, exact, signs, vertices, start = layer
    count = start.shape[0] - 1
    zero = int(np.int64(0))
    bound_chunks(vertices, start, zero, count, snapped, exact, boxes, nearest)
    _order_near_first(nearest[:count], order[:count])
    probe_chunks(
        order[:count], boxes, nearest, faces, snapped, exact, signs, first_number, left, right,
        pixels, chosen, groups, spans, found, keys,
    )  # fmt: skip


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
    pixels: NDArray[np.int64], chosen: NDArray[np.int64], groups: NDArray[np.int64],
    spans: NDArray[np.int32], found: NDArray[np.int32], keys: NDArray[np.int64],
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
        chosen: (G,) scratch.
        groups: (G, 4) bounds of each four pixels, from `_bound_groups`.
        spans: (4, CHUNK) scratch.
        found: (CHUNK + 1,) scratch.
        keys: (N,) grow to those of the nearest faces; 0 where nothing is.
    """
    for chunk in order:
        count = _choose_groups(groups, keys, boxes[chunk], nearest[chunk], chosen)
        if count == 0:
            continue
        first = chunk * CHUNK
        size = min(CHUNK, faces.shape[0] - first)
        _bound_faces(faces[first : first + size], snapped, signs[first : first + size], left, right, spans)
        for group in chosen[:count]:
            hits = _choose_faces(groups[group], spans, size, found)
            start, last = GROUP * group, min(GROUP * group + GROUP, pixels.shape[0])
            for hit in range(hits):
                face, column0 = first + found[hit], int(spans[0, found[hit]])
                _probe_face(
                    face, faces, snapped, exact, int(signs[face]), LAST_NUMBER - first_number - face, column0, left,
                    pixels[start:last], keys[start:last],
                )  # fmt: skip


@kernel
def _bound_faces(
    faces: Faces, snapped: NDArray[np.int32], signs: NDArray[np.int8], left: int, right: int, spans: NDArray[np.int32]
) -> None:
    """Write the pixels x0, y0, x1, y1, ends excluded, that each face can cover: none where it is not drawn.

    Without a branch, and the next step as well: where a face lies cannot be foreseen by the processor.
    """
    for i in range(faces.shape[0]):
        # Unsigned: a signed index costs a test for negative ones.
        a, b, c = np.uint32(faces[i, 0]), np.uint32(faces[i, 1]), np.uint32(faces[i, 2])
        xa, xb, xc = int(snapped[a, 0]), int(snapped[b, 0]), int(snapped[c, 0])
        ya, yb, yc = int(snapped[a, 1]), int(snapped[b, 1]), int(snapped[c, 1])
        spans[0, i] = max((min(xa, xb, xc) + (SUBPIXELS - 1)) >> 8, left)
        spans[1, i] = (min(ya, yb, yc) + (SUBPIXELS - 1)) >> 8
        spans[2, i] = min((max(xa, xb, xc) + (SUBPIXELS - 1)) >> 8, right) if signs[i] != 0 else -(2**31)
        spans[3, i] = (max(ya, yb, yc) + (SUBPIXELS - 1)) >> 8


@kernel
def _choose_faces(box: NDArray[np.int64], spans: NDArray[np.int32], size: int, found: NDArray[np.int32]) -> int:
    """List the faces that reach into the box of a group; returns their number."""
    x0, y0, x1, y1 = np.int32(box[0]), np.int32(box[1]), np.int32(box[2]), np.int32(box[3])
    count = 0
    for i in range(size):
        found[count] = i
        count += int((spans[0, i] < x1) & (spans[2, i] > x0) & (spans[1, i] < y1) & (spans[3, i] > y0))
    return count


@kernel
def _probe_face(
    face: int, faces: Faces, snapped: NDArray[np.int32], exact: NDArray[np.float32], sign: int, number: int,
    column0: int, left: int, pixels: NDArray[np.int64], keys: NDArray[np.int64],
) -> None:  # fmt: skip
    """Grow the keys of those pixels that one face covers; its pixels begin at `column0`."""
    a, b, c = np.uint32(faces[face, 0]), np.uint32(faces[face, 1]), np.uint32(faces[face, 2])
    xa, xb, xc = int(snapped[a, 0]), int(snapped[b, 0]), int(snapped[c, 0])
    ya, yb, yc = int(snapped[a, 1]), int(snapped[b, 1]), int(snapped[c, 1])
    for pixel in range(pixels.shape[0]):
        x, y = pixels[pixel, 0], pixels[pixel, 1]
        # Small and larger faces cover the same pixels, and this is the faster way to ask about one.
        if not _covers(xa, ya, xb, yb, xc, yc, sign, x, y):
            continue
        plane = face_plane(exact, a, b, c)
        if ((max(ya, yb, yc) + (SUBPIXELS - 1)) >> 8) - ((min(ya, yb, yc) + (SUBPIXELS - 1)) >> 8) <= SPAN_ROWS:
            near = _near_in_small(plane, column0, x, y)
        else:
            near = _near_in_span(xa, ya, xb, yb, xc, yc, plane, left, x, y)
        keys[pixel] = max(keys[pixel], (float_bits(near) << 32) | number)


@kernel
def _bound_groups(pixels: NDArray[np.int64], groups: NDArray[np.int64]) -> None:
    """Write x0, y0, x1, y1 of each group of pixels, ends excluded."""
    for group in range(groups.shape[0]):
        first, last = GROUP * group, min(GROUP * group + GROUP, pixels.shape[0])
        x0, y0 = pixels[first, 0], pixels[first, 1]
        x1, y1 = x0, y0
        for pixel in range(first + 1, last):
            x0, x1 = min(x0, pixels[pixel, 0]), max(x1, pixels[pixel, 0])
            y0, y1 = min(y0, pixels[pixel, 1]), max(y1, pixels[pixel, 1])
        groups[group, 0], groups[group, 1], groups[group, 2], groups[group, 3] = x0, y0, x1 + 1, y1 + 1


@inlined_kernel
def _choose_groups(
    groups: NDArray[np.int64],
    keys: NDArray[np.int64],
    box: NDArray[np.int32],
    nearest: np.float32,
    chosen: NDArray[np.int64],
) -> int:
    """List the groups that reach into a chunk's box with a pixel at which nothing nearer is known; returns how many."""
    count, bits = 0, float_bits(nearest)
    for group in range(groups.shape[0]):
        one = groups[group]
        if (one[0] >= box[2]) | (one[2] <= box[0]) | (one[1] >= box[3]) | (one[3] <= box[1]):
            continue
        is_open = False
        for pixel in range(GROUP * group, min(GROUP * group + GROUP, keys.shape[0])):
            is_open |= keys[pixel] >> 32 <= bits
        chosen[count] = group
        count += 1 if is_open else 0
    return count


@kernel
def _covers(xa: int, ya: int, xb: int, yb: int, xc: int, yc: int, sign: int, x: int, y: int) -> bool:
    """Whether a face covers the centre of the pixel (x, y)."""
    ux, uy, vx, vy = (xb - xa) * sign, (yb - ya) * sign, (xc - xb) * sign, (yc - yb) * sign
    wx, wy = (xa - xc) * sign, (ya - yc) * sign
    px, py = x * SUBPIXELS, y * SUBPIXELS
    e0 = edge_value(ux, uy, px - xa, py - ya)
    e1 = edge_value(vx, vy, px - xb, py - yb)
    e2 = edge_value(wx, wy, px - xc, py - yc)
    return (e0 | e1 | e2) >= 0


@kernel
def _near_in_small(plane: tuple[float, float, float, float, float], column0: int, x: int, y: int) -> np.float32:
    """Inverse depth of a small face at a pixel that it covers; its bounding box begins at `column0`."""
    slope, low, high = np.float32(plane[1]), np.float32(plane[3]), np.float32(plane[4])
    near = np.float32(plane[0] + plane[1] * column0 + plane[2] * y)
    # Step by step, not multiplied: rounding adds up as it does in drawing.
    for _ in range(x - column0):
        near += slope
    return np.float32(min(max(near, low), high))


@kernel
def _near_in_span(
    xa: int, ya: int, xb: int, yb: int, xc: int, yc: int,
    plane: tuple[float, float, float, float, float], left: int, x: int, y: int,
) -> np.float32:  # fmt: skip
    """Inverse depth of a larger face at a pixel that it covers."""
    if ya > yb:
        xa, ya, xb, yb = xb, yb, xa, ya
    if yb > yc:
        xb, yb, xc, yc = xc, yc, xb, yb
    if ya > yb:
        xa, ya, xb, yb = xb, yb, xa, ya
    # The left edge of the span is the long one, or that of the two short ones which crosses the row.
    if (xb - xa) * (yc - ya) - (yb - ya) * (xc - xa) > 0:
        start = start_edge(xa, ya, xc, yc, y)[0]
    elif y < (yb + (SUBPIXELS - 1)) >> 8:
        start = start_edge(xa, ya, xb, yb, y)[0]
    else:
        start = start_edge(xb, yb, xc, yc, y)[0]
    start = max(start, left)
    slope, low, high = np.float32(plane[1]), np.float32(plane[3]), np.float32(plane[4])
    near = np.float32(plane[0] + plane[1] * start + plane[2] * y) + slope * np.float32(x - start)
    near = near if near > low else low
    return np.float32(near if near < high else high)
