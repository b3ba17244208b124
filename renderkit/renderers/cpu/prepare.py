"""The faces of a projected mesh: which way each faces, and which need a closer look."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import Faces, FloatArray
from renderkit.compiled import inlined_kernel, kernel
from renderkit.renderers.cpu.camera_numbers import STRAIGHT_LENGTH
from renderkit.renderers.cpu.lens import OK, project_vertices


@kernel
def face_signs(faces: Faces, snapped: NDArray[np.int32], signs: NDArray[np.int8]) -> None:
    """Write the sign (-1, 0, 1) of each face's projected area, exactly."""
    for face in range(faces.shape[0]):
        # Unsigned: a signed index costs a test for negative ones.
        a, b, c = np.uint32(faces[face, 0]), np.uint32(faces[face, 1]), np.uint32(faces[face, 2])
        signs[face] = _sign(snapped, a, b, c)


@inlined_kernel
def _sign(snapped: NDArray[np.int32], a: np.uint32, b: np.uint32, c: np.uint32) -> int:
    x, y = np.int64(snapped[a, 0]), np.int64(snapped[a, 1])
    ux, uy = snapped[b, 0] - x, snapped[b, 1] - y
    vx, vy = snapped[c, 0] - x, snapped[c, 1] - y
    area = ux * vy - uy * vx
    return int(area > 0) - int(area < 0)


@inlined_kernel
def _reach(snapped: NDArray[np.int32], a: np.uint32, b: np.uint32, c: np.uint32) -> np.int64:
    """Return the longer side of a face's bounding box in 1/256 px."""
    x0, x1, x2 = np.int64(snapped[a, 0]), np.int64(snapped[b, 0]), np.int64(snapped[c, 0])
    y0, y1, y2 = np.int64(snapped[a, 1]), np.int64(snapped[b, 1]), np.int64(snapped[c, 1])
    wide = max(x0, x1, x2) - min(x0, x1, x2)
    high = max(y0, y1, y2) - min(y0, y1, y2)
    return max(wide, high)


@inlined_kernel
def _is_pending(
    snapped: NDArray[np.int32], state: NDArray[np.uint8], a: np.uint32, b: np.uint32, c: np.uint32, limit: np.int64
) -> bool:
    return bool((_reach(snapped, a, b, c) > limit) | (state[a] != OK) | (state[b] != OK) | (state[c] != OK))


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
        a, b, c = np.uint32(faces[face, 0]), np.uint32(faces[face, 1]), np.uint32(faces[face, 2])
        pending[count] = face
        count += _is_pending(snapped, state, a, b, c, limit)
    return count


@kernel
def keep_pending(
    faces: Faces,
    snapped: NDArray[np.int32],
    state: NDArray[np.uint8],
    longest: float,
    pending: NDArray[np.int32],
    kept: NDArray[np.int32],
) -> int:
    """List those of the `pending` faces that `find_pending` lists with a greater `longest`; returns their number."""
    count = 0
    limit = np.int64(min(longest, 2.0**40))
    for i in range(pending.shape[0]):
        face = pending[i]
        a, b, c = np.uint32(faces[face, 0]), np.uint32(faces[face, 1]), np.uint32(faces[face, 2])
        kept[count] = face
        count += _is_pending(snapped, state, a, b, c, limit)
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
    if worst == OK and all_straight:
        face_signs(faces, snapped, signs)
        return worst, zero
    if worst != OK:
        face_signs(faces, snapped, signs)
        return worst, find_pending(faces, snapped, state, numbers[STRAIGHT_LENGTH], pending)
    # Both in one pass: to fetch the corners takes longer than either.
    count, limit = zero, np.int64(min(numbers[STRAIGHT_LENGTH], 2.0**40))
    for face in range(faces.shape[0]):
        a, b, c = np.uint32(faces[face, 0]), np.uint32(faces[face, 1]), np.uint32(faces[face, 2])
        signs[face] = _sign(snapped, a, b, c)
        pending[count] = face
        count += int(_reach(snapped, a, b, c) > limit)
    return worst, count
