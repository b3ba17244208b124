"""The compiled projection of world points, which reads a packed camera.

Formulas as in renderkit.geometry.brown_conrady and kannala_brandt, operation by operation the same in
the vectorised loop and in the scalar functions, so that both give the same bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray
from renderkit.compiled import kernel
from renderkit.renderers.cpu.camera_numbers import (
    BROWN_CONRADY,
    CX,
    CY,
    FISHEYE,
    FX,
    FY,
    K1,
    MODEL,
    PINHOLE,
    SAFE_RADIUS,
    SKEW,
    SUBPIXELS,
    TILT,
    TILTED,
    VALID_RADIUS,
)

BLOCK = 512
"""Vertices per block of the vectorised loop: its scratch stays in the first-level cache."""

OK, SUSPECT, INVALID = 0, 1, 2
"""State of a projected vertex: drawn as it is, near the edge of validity, not projectable."""

_POLE = 1e-9


@kernel
def radial(numbers: FloatArray, radius: float) -> float:
    """The radial curve of the lens; inf at a pole."""
    m = numbers
    if int(m[MODEL]) == FISHEYE:
        theta = np.arctan(radius)
        t2 = theta * theta
        return float(theta * (1.0 + t2 * (m[K1] + t2 * (m[K1 + 1] + t2 * (m[K1 + 2] + t2 * m[K1 + 3])))))
    r2 = radius * radius
    bottom = 1.0 + r2 * (m[K1 + 5] + r2 * (m[K1 + 6] + r2 * m[K1 + 7]))
    if bottom <= _POLE:
        return np.inf
    return float(radius * (1.0 + r2 * (m[K1] + r2 * (m[K1 + 1] + r2 * m[K1 + 4]))) / bottom)


@kernel
def _brown_conrady(m: FloatArray, x: float, y: float) -> tuple[float, float]:
    # Indexed in place: a slice of `m` would cost more than the arithmetic.
    q = x * x + y * y
    top = 1.0 + q * (m[K1] + q * (m[K1 + 1] + q * m[K1 + 4]))
    bottom = 1.0 + q * (m[K1 + 5] + q * (m[K1 + 6] + q * m[K1 + 7]))
    f = top / bottom
    cross = 2.0 * x * y
    p1, p2 = m[K1 + 2], m[K1 + 3]
    u = x * f + p1 * cross + p2 * (q + 2.0 * x * x) + q * (m[K1 + 8] + m[K1 + 9] * q)
    v = y * f + p1 * (q + 2.0 * y * y) + p2 * cross + q * (m[K1 + 10] + m[K1 + 11] * q)
    return u, v


@kernel
def distort_point(numbers: FloatArray, x: float, y: float) -> tuple[float, float]:
    """Distort one undistorted normalised point."""
    model = int(numbers[MODEL])
    if model == PINHOLE:
        return x, y
    if model == FISHEYE:
        radius = np.sqrt(x * x + y * y)
        scale = radial(numbers, radius) / radius if radius > 0.0 else 1.0
        return x * scale, y * scale
    u, v = _brown_conrady(numbers, x, y)
    if model == TILTED:
        m = numbers
        w = m[TILT + 6] * u + m[TILT + 7] * v + m[TILT + 8]
        x, y = m[TILT] * u + m[TILT + 1] * v + m[TILT + 2], m[TILT + 3] * u + m[TILT + 4] * v + m[TILT + 5]
        return x / w, y / w
    return u, v


@kernel
def is_folded(numbers: FloatArray, x: float, y: float) -> bool:
    """Whether the map turns the picture over around an undistorted normalised point: its Jacobian is not positive."""
    h = 1e-6 * (abs(x) + abs(y) + 1e-3)
    right, left = distort_point(numbers, x + h, y), distort_point(numbers, x - h, y)
    below, above = distort_point(numbers, x, y + h), distort_point(numbers, x, y - h)
    along, across = (right[0] - left[0]) * (below[1] - above[1]), (right[1] - left[1]) * (below[0] - above[0])
    return bool(along - across <= 0.0)


@kernel
def pixel_of(numbers: FloatArray, x: float, y: float) -> tuple[float, float]:
    """Project one undistorted normalised point to distorted px."""
    u, v = distort_point(numbers, x, y)
    return numbers[FX] * u + numbers[SKEW] * v + numbers[CX], numbers[FY] * v + numbers[CY]


@kernel
def land(numbers: FloatArray, us: FloatArray, vs: FloatArray) -> None:
    """Project many undistorted normalised points in place, to the same bits as `pixel_of`."""
    m = numbers
    fx, skew, cx, fy, cy = m[FX], m[SKEW], m[CX], m[FY], m[CY]
    model = int(m[MODEL])
    if model == BROWN_CONRADY:
        for i in range(us.shape[0]):
            us[i], vs[i] = _brown_conrady(m, us[i], vs[i])
    elif model != PINHOLE:
        for i in range(us.shape[0]):
            us[i], vs[i] = distort_point(numbers, us[i], vs[i])
    for i in range(us.shape[0]):
        us[i] = fx * us[i] + skew * vs[i] + cx
        vs[i] = fy * vs[i] + cy


@kernel
def snap(coordinate: float) -> int:
    """Round a coordinate in px to the nearest 1/256 px."""
    return int(np.int32(np.floor(coordinate * SUBPIXELS + 0.5)))


@kernel
def to_camera(numbers: FloatArray, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Move one world point into the camera's frame."""
    m = numbers
    return (
        m[0] * x + m[1] * y + m[2] * z + m[9],
        m[3] * x + m[4] * y + m[5] * z + m[10],
        m[6] * x + m[7] * y + m[8] * z + m[11],
    )


@kernel
def _project_block(numbers: FloatArray, points: FloatArray, start: int, count: int, block: FloatArray) -> None:
    """Fill `block` (4, BLOCK): distorted u, v in px, 1 / z, and the squared undistorted radius (inf behind)."""
    m = numbers
    r0, r1, r2, r3, r4, r5, r6, r7, r8 = m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7], m[8]
    t0, t1, t2 = m[9], m[10], m[11]
    xs, ys, zs = points[0, start : start + count], points[1, start : start + count], points[2, start : start + count]
    us, vs, inverse_z, radius2 = block[0], block[1], block[2], block[3]
    for i in range(count):
        a, b, d = xs[i], ys[i], zs[i]
        z = r6 * a + r7 * b + r8 * d + t2
        w = 1.0 / z
        us[i] = (r0 * a + r1 * b + r2 * d + t0) * w
        vs[i] = (r3 * a + r4 * b + r5 * d + t1) * w
        inverse_z[i] = w
        radius2[i] = us[i] * us[i] + vs[i] * vs[i] if z > 0.0 else np.inf
    land(numbers, us[:count], vs[:count])


@kernel
def project_vertices(
    numbers: FloatArray,
    points: FloatArray,
    snapped: NDArray[np.int32],
    exact: NDArray[np.float32],
    state: NDArray[np.uint8],
    block: FloatArray,
    first: int,
    last: int,
) -> int:
    """Project the vertices first to last - 1.

    Args:
        numbers: From `pack_camera`.
        points: (3, V) world coordinates, one row per axis.
        snapped: (V, 2) receives px in units of 1 / SUBPIXELS; 0 for invalid vertices.
        exact: (V, 3) receives u, v in px and 1 / z; may have no rows when only the silhouette is wanted.
        state: (V,) receives OK, SUSPECT or INVALID.
        block: (4, BLOCK) scratch.
        first: A multiple of BLOCK.
        last: The first vertex that is left alone.

    Returns:
        The worst state.
    """
    valid2 = numbers[VALID_RADIUS] * numbers[VALID_RADIUS]
    safe2 = numbers[SAFE_RADIUS] * numbers[SAFE_RADIUS]
    keep_exact = exact.shape[0] > 0
    worst = 0
    for start in range(first, last, BLOCK):
        count = min(BLOCK, last - start)
        _project_block(numbers, points, start, count, block)
        unsafe = 0
        for i in range(count):
            unsafe += 0 if block[3, i] <= safe2 else 1
        marks = state[start : start + count]
        if unsafe == 0:
            marks[:] = OK
        else:
            worst = max(worst, _mark(block, marks, safe2, valid2))
        for i in range(count):
            snapped[start + i, 0] = np.int32(np.floor(block[0, i] * SUBPIXELS + 0.5))
            snapped[start + i, 1] = np.int32(np.floor(block[1, i] * SUBPIXELS + 0.5))
        if keep_exact:
            for i in range(count):
                exact[start + i, 0] = block[0, i]
                exact[start + i, 1] = block[1, i]
                exact[start + i, 2] = block[2, i]
    return worst


@kernel
def _mark(block: FloatArray, marks: NDArray[np.uint8], safe2: float, valid2: float) -> int:
    """Set the state of one block's vertices; invalid ones move to the origin, where nothing overflows."""
    worst = 0
    for i in range(marks.shape[0]):
        radius2 = block[3, i]
        marks[i] = OK if radius2 <= safe2 else (SUSPECT if radius2 <= valid2 else INVALID)
        worst = max(worst, int(marks[i]))
        if marks[i] == INVALID:
            block[0, i] = 0.0
            block[1, i] = 0.0
            block[2, i] = 0.0
    return worst
