"""Faces that no straight triangle can stand for: cut at the camera plane and the lens's edge, split where they bend.

A corner is a record (x, y, 1 / z): undistorted normalised coordinates and inverse depth. All three are affine in the
undistorted picture, so a midpoint is a mean. Every decision about an edge depends on its two ends alone, symmetrically:
two faces that share an edge split it alike, and no gap or overlap appears between them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import Faces, FloatArray
from renderkit.compiled import kernel
from renderkit.renderers.cpu.camera_numbers import (
    ARC_LENGTH,
    BEND_TOLERANCE,
    DISC_RADIUS,
    FISHEYE,
    FOLD_RADIUS,
    FX,
    FY,
    HEIGHT,
    KEEP_TOLERANCE,
    MODEL,
    NEAR,
    PINHOLE,
    WIDTH,
)
from renderkit.renderers.cpu.lens import (
    INVALID,
    distort_point,
    is_folded,
    pixel_of,
    snap,
    to_camera,
)

TOO_MANY = -1
"""What `refine_faces` returns for a mesh that a lens would tear into more pieces than any lens of a camera does."""

_MAX_STEPS, _STEPS_PER_FACE = 1 << 22, 64
_CLIP_MARGIN = 2.0

STACK = 512
"""Triangles of one face that may wait at a time."""

POLYGON = 8
"""Corners of a triangle that five planes have cut; two such polygons are the scratch."""


@kernel
def refine_faces(
    numbers: FloatArray,
    points: FloatArray,
    faces: Faces,
    state: NDArray[np.uint8],
    pending: NDArray[np.int32],
    signs: NDArray[np.int8],
    snapped: NDArray[np.int32],
    exact: NDArray[np.float32],
    rays: FloatArray,
    sources: NDArray[np.int32],
    stack: FloatArray,
    polygon: FloatArray,
) -> int:
    """Look closely at the `pending` faces; take out of `signs` those that need pieces, and write the pieces.

    Args:
        numbers: From `pack_camera`.
        points: (3, V) world coordinates.
        faces: (F, 3).
        state: (V,) of the vertices.
        pending: (N,) faces to look at.
        signs: (F,) set to 0 for faces that are not drawn, or drawn as pieces.
        snapped: (3 * M, 2) receives the pieces' corners, as for vertices.
        exact: (3 * M, 3) likewise.
        rays: (3 * M, 2) receives their undistorted normalised coordinates.
        sources: (M,) receives the source face of each piece.
        stack: (STACK + 1, 3, 3) scratch.
        polygon: (2 POLYGON, 3) scratch.

    Returns:
        The number of pieces; more than M means that nothing beyond M was written and the call must be repeated.
        TOO_MANY when the faces take more than four million steps, and 64 for each face.
    """
    corners = stack[STACK]
    # A literal would have Numba compile one more version of `_emit`, for it alone.
    count, steps = int(np.int64(0)), int(np.int64(0))
    max_steps = _MAX_STEPS + _STEPS_PER_FACE * pending.shape[0]
    for i in range(pending.shape[0]):
        face = pending[i]
        whole = True
        for k in range(3):
            v = faces[face, k]
            x, y, z = to_camera(numbers, points[0, v], points[1, v], points[2, v])
            corners[k, 0], corners[k, 1], corners[k, 2] = x, y, z
            whole = whole and state[v] != INVALID
        if whole and _is_straight(numbers, corners):
            continue
        top = _push_in_front(numbers, corners, polygon, stack)
        if top == 1 and whole and _marks(numbers, stack[0]) == 0 and not _reaches_fold(numbers, stack[0]):
            continue
        signs[face] = 0
        while top > 0:
            steps += 1
            if steps > max_steps:
                return TOO_MANY
            top -= 1
            mark = _marks(numbers, stack[top])
            if mark & 7 and mark > 0 and top + 4 <= STACK:
                top = _split(numbers, stack, top, mark & 7, polygon)
            elif mark >= 0 and not (_reaches_fold(numbers, stack[top]) and _is_beyond_fold(numbers, stack[top])):
                count = _emit(numbers, stack[top], polygon, face, count, snapped, exact, rays, sources)
    return count


@kernel
def _is_straight(numbers: FloatArray, corners: FloatArray) -> bool:
    """Whether a face (camera coordinates) lies inside the disc and bends nowhere: most faces, told at little cost.

    The same arithmetic as `_bend`, so that both agree on every edge.
    """
    if min(corners[0, 2], corners[1, 2], corners[2, 2]) < numbers[NEAR]:
        return False
    wa, wb, wc = 1.0 / corners[0, 2], 1.0 / corners[1, 2], 1.0 / corners[2, 2]
    ax, ay, bx, by = corners[0, 0] * wa, corners[0, 1] * wa, corners[1, 0] * wb, corners[1, 1] * wb
    cx, cy = corners[2, 0] * wc, corners[2, 1] * wc
    inside = min(numbers[DISC_RADIUS], numbers[FOLD_RADIUS])
    if max(ax * ax + ay * ay, bx * bx + by * by, cx * cx + cy * cy) > inside * inside:
        return False
    if int(numbers[MODEL]) == PINHOLE:
        return True
    au, av = distort_point(numbers, ax, ay)
    bu, bv = distort_point(numbers, bx, by)
    cu, cv = distort_point(numbers, cx, cy)
    abu, abv = distort_point(numbers, 0.5 * (ax + bx), 0.5 * (ay + by))
    bcu, bcv = distort_point(numbers, 0.5 * (bx + cx), 0.5 * (by + cy))
    cau, cav = distort_point(numbers, 0.5 * (cx + ax), 0.5 * (cy + ay))
    bend_u = max(abs(abu - 0.5 * (au + bu)), abs(bcu - 0.5 * (bu + cu)), abs(cau - 0.5 * (cu + au)))
    bend_v = max(abs(abv - 0.5 * (av + bv)), abs(bcv - 0.5 * (bv + cv)), abs(cav - 0.5 * (cv + av)))
    return bool(max(bend_u * numbers[FX], bend_v * numbers[FY]) <= numbers[KEEP_TOLERANCE])


@kernel
def _push_in_front(numbers: FloatArray, corners: FloatArray, polygon: FloatArray, stack: FloatArray) -> int:
    """Cut a face (camera coordinates) at z = near and around the disc; push what is left as triangles.

    What lies far outside the disc is cut off by a square around it. Halving edges that run to the camera plane, which
    is infinitely far out in the undistorted picture, would make needles by the million.
    """
    near, bound = numbers[NEAR], _CLIP_MARGIN * numbers[DISC_RADIUS]
    one, two = polygon[:POLYGON], polygon[POLYGON:]
    size = _clip(corners, 3, one, 0.0, 0.0, 1.0, near)
    for k in range(size):
        one[k, 2] = max(one[k, 2], near)
    size = _clip(one, size, two, 1.0, 0.0, bound, 0.0)
    size = _clip(two, size, one, -1.0, 0.0, bound, 0.0)
    size = _clip(one, size, two, 0.0, 1.0, bound, 0.0)
    size = _clip(two, size, one, 0.0, -1.0, bound, 0.0)
    for k in range(size):
        w = 1.0 / one[k, 2]
        one[k, 0] *= w
        one[k, 1] *= w
        one[k, 2] = w
    for k in range(size - 2):
        _copy(one[0], stack[k, 0])
        _copy(one[k + 1], stack[k, 1])
        _copy(one[k + 2], stack[k, 2])
    return max(size - 2, 0)


@kernel
def _clip(
    source: FloatArray, size: int, target: FloatArray, along_x: float, along_y: float, along_z: float, offset: float
) -> int:
    """Write the part of a convex polygon with along_x x + along_y y + along_z z >= offset; returns its corners."""
    count = 0
    for k in range(size):
        a, b = source[k], source[k + 1 if k + 1 < size else 0]
        a_side = along_x * a[0] + along_y * a[1] + along_z * a[2] - offset
        b_side = along_x * b[0] + along_y * b[1] + along_z * b[2] - offset
        if a_side >= 0.0:
            _copy(a, target[count])
            count += 1
        if (a_side >= 0.0) != (b_side >= 0.0):
            # From the inner to the outer end, whichever face asks.
            inner, outer = (a, b) if a_side >= 0.0 else (b, a)
            t = max(a_side, b_side) / (max(a_side, b_side) - min(a_side, b_side))
            for j in range(3):
                target[count, j] = inner[j] + t * (outer[j] - inner[j])
            count += 1
    return count


@kernel
def _copy(source: FloatArray, target: FloatArray) -> None:
    for j in range(3):
        target[j] = source[j]


@kernel
def _marks(numbers: FloatArray, triangle: FloatArray) -> int:
    """Return a bit for each edge that must be split (edge k runs from corner k); -1 when nothing is visible.

    Bit 3 says that an edge bends by more than exact depth allows, though not enough to be split.
    """
    disc = numbers[DISC_RADIUS]
    touching, marks, around, outside = 0, 0, 0, 0
    bends, left, above, right, below = 0.0, np.inf, np.inf, -np.inf, -np.inf
    for k in range(3):
        a, b = triangle[k], triangle[(k + 1) % 3]
        turn = a[0] * b[1] - a[1] * b[0]
        around += 1 if turn > 0.0 else (-1 if turn < 0.0 else 0)
        if a[0] * a[0] + a[1] * a[1] > disc * disc:
            outside += 1
        else:
            u, v = pixel_of(numbers, a[0], a[1])
            left, above, right, below = min(left, u), min(above, v), max(right, u), max(below, v)
        if _distance_to_origin(a, b) <= disc:
            touching += 1
            bend = _bend(numbers, a, b)
            bends += bend
            marks |= (1 << k) if bend > numbers[BEND_TOLERANCE] else (8 if bend > numbers[KEEP_TOLERANCE] else 0)
    if touching == 0:
        return 7 if abs(around) == 3 else -1
    if outside == 0:
        # The curved triangle stays near its corners' box; what misses the picture need not be split further.
        room = 2.0 * bends + 2.0
        if right < -room or below < -room or left > numbers[WIDTH] + room or above > numbers[HEIGHT] + room:
            return -1
    return marks


@kernel
def _reaches_fold(numbers: FloatArray, triangle: FloatArray) -> bool:
    """Whether a corner lies where the map may have folded along its direction, though not yet along all of them."""
    fold2 = numbers[FOLD_RADIUS] * numbers[FOLD_RADIUS]
    if numbers[FOLD_RADIUS] >= numbers[DISC_RADIUS]:
        return False
    reaches = False
    for k in range(3):
        reaches = reaches or triangle[k, 0] * triangle[k, 0] + triangle[k, 1] * triangle[k, 1] > fold2
    return reaches


@kernel
def _is_beyond_fold(numbers: FloatArray, triangle: FloatArray) -> bool:
    """Whether a piece that bends no more lies beyond the fold; one across it is flatter than the tolerance."""
    x = (triangle[0, 0] + triangle[1, 0] + triangle[2, 0]) / 3.0
    y = (triangle[0, 1] + triangle[1, 1] + triangle[2, 1]) / 3.0
    return is_folded(numbers, x, y)


@kernel
def _distance_to_origin(a: FloatArray, b: FloatArray) -> float:
    """Distance from the optical axis to the segment between two corners, in the undistorted normalised picture."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length2 = dx * dx + dy * dy
    nearest_end = np.sqrt(min(a[0] * a[0] + a[1] * a[1], b[0] * b[0] + b[1] * b[1]))
    along_a, along_b = -(a[0] * dx + a[1] * dy), b[0] * dx + b[1] * dy
    if along_a <= 0.0 or along_b <= 0.0 or length2 == 0.0:
        return float(nearest_end)
    return float(min(nearest_end, abs(a[0] * b[1] - a[1] * b[0]) / np.sqrt(length2)))


@kernel
def _bend(numbers: FloatArray, a: FloatArray, b: FloatArray) -> float:
    """How far an edge's middle lies from the middle of its chord, in px; inf for a long edge across the rim."""
    disc = numbers[DISC_RADIUS]
    dx, dy = b[0] - a[0], b[1] - a[1]
    far2 = max(a[0] * a[0] + a[1] * a[1], b[0] * b[0] + b[1] * b[1])
    if far2 > disc * disc:
        return np.inf if dx * dx + dy * dy > numbers[ARC_LENGTH] * numbers[ARC_LENGTH] else 0.0
    if int(numbers[MODEL]) == PINHOLE:
        return 0.0
    ax, ay = distort_point(numbers, a[0], a[1])
    bx, by = distort_point(numbers, b[0], b[1])
    mx, my = distort_point(numbers, 0.5 * (a[0] + b[0]), 0.5 * (a[1] + b[1]))
    return float(max(abs(mx - 0.5 * (ax + bx)) * numbers[FX], abs(my - 0.5 * (ay + by)) * numbers[FY]))


@kernel
def _split(numbers: FloatArray, stack: FloatArray, top: int, marks: int, p: FloatArray) -> int:
    """Replace the triangle at `top` by its parts; returns the new height of the stack. Uses `p` (6, 3) as scratch."""
    fisheye = int(numbers[MODEL]) == FISHEYE
    # Turn the triangle so that the pattern starts at corner 0: one mark on edge 0, or no mark on edge 2.
    turn = 0
    if marks == 2 or marks == 6:  # noqa: PLR1714 - sets are slow to compile
        turn = 1
    elif marks == 4 or marks == 5:  # noqa: PLR1714
        turn = 2
    for k in range(3):
        _copy(stack[top, (k + turn) % 3], p[k])
    for k in range(3):
        a, b = p[k], p[(k + 1) % 3]
        share_a, share_b = 0.5, 0.5
        if fisheye:
            # Half the angle between the rays: the middle of 45 and 89.99 degrees would be at 89.98.
            length_a, length_b = np.sqrt(a[0] * a[0] + a[1] * a[1] + 1.0), np.sqrt(b[0] * b[0] + b[1] * b[1] + 1.0)
            share_a, share_b = length_b / (length_a + length_b), length_a / (length_a + length_b)
        for j in range(3):
            p[3 + k, j] = share_a * a[j] + share_b * b[j]
    if marks == 7:
        parts = ((0, 3, 5), (3, 1, 4), (5, 4, 2), (3, 4, 5))
        size = 4
    elif marks == 3 or marks >= 5:
        parts = ((3, 1, 4), (0, 3, 4), (0, 4, 2), (0, 0, 0))
        size = 3
    else:
        parts = ((0, 3, 2), (3, 1, 2), (0, 0, 0), (0, 0, 0))
        size = 2
    for i in range(size):
        part = parts[i]
        _copy(p[part[0]], stack[top + i, 0])
        _copy(p[part[1]], stack[top + i, 1])
        _copy(p[part[2]], stack[top + i, 2])
    return top + size


@kernel
def _emit(
    numbers: FloatArray,
    triangle: FloatArray,
    polygon: FloatArray,
    face: int,
    count: int,
    snapped: NDArray[np.int32],
    exact: NDArray[np.float32],
    rays: FloatArray,
    sources: NDArray[np.int32],
) -> int:
    """Write what lies inside the disc; returns the new number of pieces."""
    size = _cut_at_disc(numbers[DISC_RADIUS], triangle, polygon)
    for piece in range(size - 2):
        if count < sources.shape[0]:
            sources[count] = face
            for k in range(3):
                corner = polygon[0] if k == 0 else polygon[piece + k]
                row = 3 * count + k
                u, v = pixel_of(numbers, corner[0], corner[1])
                snapped[row, 0], snapped[row, 1] = snap(u), snap(v)
                exact[row, 0], exact[row, 1], exact[row, 2] = u, v, corner[2]
                rays[row, 0], rays[row, 1] = corner[0], corner[1]
        count += 1
    return count


@kernel
def _cut_at_disc(disc: float, triangle: FloatArray, polygon: FloatArray) -> int:
    """Write the corners inside the disc and the exact crossings of its rim; returns their number."""
    disc2 = disc * disc
    size = 0
    for k in range(3):
        a, b = triangle[k], triangle[(k + 1) % 3]
        a_inside = a[0] * a[0] + a[1] * a[1] <= disc2
        b_inside = b[0] * b[0] + b[1] * b[1] <= disc2
        if a_inside:
            _copy(a, polygon[size])
            size += 1
        if a_inside != b_inside:
            inner, outer = (a, b) if a_inside else (b, a)
            dx, dy = outer[0] - inner[0], outer[1] - inner[1]
            along = inner[0] * dx + inner[1] * dy
            length2 = dx * dx + dy * dy
            room = disc2 - (inner[0] * inner[0] + inner[1] * inner[1])
            t = (np.sqrt(along * along + length2 * room) - along) / length2
            for j in range(3):
                polygon[size, j] = inner[j] + t * (outer[j] - inner[j])
            size += 1
    return size
