"""A camera as one flat array of numbers, and the compiled projection that reads it.

Formulas as in renderkit.geometry.brown_conrady and kannala_brandt, operation by operation the same in
the vectorised loop and in the scalar functions, so that both give the same bits.
"""

from __future__ import annotations

import threading
import weakref

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray
from renderkit.compiled import kernel
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera

SUBPIXELS = 256
"""Projected vertices are rounded to this fraction of a pixel, for every pass alike."""

SNAP_LIMIT = float(1 << 21)
"""Vertices farther out than this (px) are clipped: beyond it the exact integer arithmetic could overflow."""

BLOCK = 512
"""Vertices per block of the vectorised loop: its scratch stays in the first-level cache."""

# Where the numbers of a camera lie: R 0..8, t 9..11, then
FX, SKEW, CX, FY, CY = 12, 13, 14, 15, 16
MODEL = 17
K1 = 18  # 14 coefficients
TILT = 32  # 9 of them
VALID_RADIUS, SAFE_RADIUS, DISC_RADIUS, ARC_LENGTH, STRAIGHT_LENGTH, NEAR = 41, 42, 43, 44, 45, 46
BEND_TOLERANCE, STRAIGHT_UNDISTORTED, KEEP_TOLERANCE, WIDTH, HEIGHT, FOLD_RADIUS = 47, 48, 49, 50, 51, 52
NUM_NUMBERS = 53

PINHOLE, BROWN_CONRADY, TILTED, FISHEYE = 0, 1, 2, 3

OK, SUSPECT, INVALID = 0, 1, 2
"""State of a projected vertex: drawn as it is, near the edge of validity, not projectable."""

_BEND_PX, _BEND_RAD = 0.01, 2e-6
_NEAR_SHARE = 1e-10
_SAFE_SHARE = 0.9
_DISC_MARGIN = 1.1
_SAGITTA_PX = 0.01
_MAX_RADIUS = 1e4
_POLE = 1e-9

_PACKED: dict[bool, weakref.WeakKeyDictionary[Camera, FloatArray]] = {
    silhouette: weakref.WeakKeyDictionary() for silhouette in (False, True)
}
"""What was worked out for each camera, as long as it lives."""

_lock = threading.Lock()


def pack_camera(camera: Camera, reach: float, *, silhouette: bool) -> FloatArray:
    """Return the numbers that the kernels need.

    Args:
        camera: Any camera.
        reach: Largest distance of a vertex from the camera's centre, in world units; sets the near plane.
        silhouette: Whether only the outline matters, or faces that bend by very little need exact depth as well.

    Returns:
        (NUM_NUMBERS,) float64.
    """
    with _lock:
        known = _PACKED[silhouette].get(camera)
        if known is None:
            known = _PACKED[silhouette][camera] = _pack(camera, silhouette=silhouette)
    numbers = known.copy()
    numbers[NEAR] = max(_NEAR_SHARE * reach, 1e-300)
    return numbers


def _pack(camera: Camera, *, silhouette: bool) -> FloatArray:
    lens = camera.distortion
    numbers = np.zeros(NUM_NUMBERS)
    numbers[:9] = camera.cam_from_world.R.ravel()
    numbers[9:12] = camera.cam_from_world.t
    numbers[12:15] = camera.K[0]
    numbers[15:17] = camera.K[1, 1:]
    numbers[TILT : TILT + 9] = np.eye(3).ravel()
    if isinstance(lens, BrownConrady):
        numbers[K1 : K1 + 14] = lens.padded
        tilted = bool(lens.padded[12:].any())
        numbers[MODEL] = TILTED if tilted else BROWN_CONRADY
        if tilted:
            numbers[TILT : TILT + 9] = lens.tilt.ravel()
    elif lens.model == "kannala_brandt":
        numbers[MODEL] = FISHEYE
        numbers[K1 : K1 + 4] = lens.coefficients
    numbers[BEND_TOLERANCE] = _BEND_PX
    # A ray that is off by an angle is off in depth by that angle times the surface's slope.
    numbers[KEEP_TOLERANCE] = _BEND_PX if silhouette else min(_BEND_RAD * float(camera.K[0, 0]), _BEND_PX)
    numbers[WIDTH], numbers[HEIGHT] = camera.width, camera.height
    numbers[VALID_RADIUS], numbers[FOLD_RADIUS] = lens.outer_radius, lens.valid_radius
    _set_radii(numbers, _corner_reach(camera))
    return numbers


def _corner_reach(camera: Camera) -> float:
    """Return the largest distorted normalised radius of the image's corners, seen through a tilted sensor too."""
    (fx, skew, cx), (_, fy, cy), _ = camera.K
    reach = 0.0
    tilt = camera.distortion.tilt if isinstance(camera.distortion, BrownConrady) else np.eye(3)
    level = np.linalg.inv(tilt)
    for u in (-0.5, camera.width - 0.5):
        for v in (-0.5, camera.height - 0.5):
            y = (v - cy) / fy
            bent = level @ np.array([(u - cx - skew * y) / fx, y, 1.0])
            reach = max(reach, float(np.hypot(bent[0], bent[1]) / bent[2]) if bent[2] > 0.0 else np.inf)
    return reach


@kernel
def _set_radii(numbers: FloatArray, corner: float) -> None:
    """Find the disc of rays that matter and the longest edge that is straight enough without a closer look.

    The disc holds every ray that lands in the picture, with a margin; it never exceeds the valid radius.
    """
    model = int(numbers[MODEL])
    valid = numbers[VALID_RADIUS]
    focal = max(numbers[FX], numbers[FY])
    if model == PINHOLE:
        numbers[DISC_RADIUS] = 2.0 * corner
        numbers[ARC_LENGTH] = 0.5 * numbers[DISC_RADIUS]
        numbers[STRAIGHT_LENGTH] = np.inf
        limit = SNAP_LIMIT / (focal + abs(numbers[SKEW]))
        centre = (abs(numbers[CX]) + abs(numbers[CY])) / focal
        numbers[VALID_RADIUS] = max(limit - centre, 0.0)
        numbers[SAFE_RADIUS] = numbers[VALID_RADIUS]
        return
    c = numbers[K1 : K1 + 14]
    slack = 0.0
    if model != FISHEYE:
        wide = 2.25 * corner * corner
        slack = wide * (
            4.0 * (abs(c[2]) + abs(c[3])) + 2.0 * (abs(c[8]) + abs(c[10]) + wide * (abs(c[9]) + abs(c[11])))
        )
    target = corner * _DISC_MARGIN + slack
    disc = _radius_reaching(numbers, target, min(valid, _MAX_RADIUS))
    numbers[DISC_RADIUS] = disc
    # Not up to a pole: pixels are infinite there.
    numbers[VALID_RADIUS] = _radius_reaching(numbers, 2.0 * target, min(valid, 1.25 * disc))
    numbers[SAFE_RADIUS] = min(_SAFE_SHARE * numbers[FOLD_RADIUS], disc)
    landed = max(_radial(numbers, disc), 1e-9) * focal
    numbers[ARC_LENGTH] = disc * np.sqrt(8.0 * _SAGITTA_PX / landed)
    _set_straight_lengths(numbers, numbers[SAFE_RADIUS], focal)


@kernel
def _radius_reaching(numbers: FloatArray, target: float, top: float) -> float:
    """Return the smallest undistorted radius whose distorted one is at least `target`, or `top` when none is."""
    low, high = 0.0, top
    # The curve rises up to the valid radius, so bisection finds the one crossing.
    if _radial(numbers, high) < target:
        return top
    for _ in range(60):
        middle = 0.5 * (low + high)
        if _radial(numbers, middle) < target:
            low = middle
        else:
            high = middle
    return high


@kernel
def _radial(numbers: FloatArray, radius: float) -> float:
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
def _set_straight_lengths(numbers: FloatArray, radius: float, focal: float) -> None:
    """Find the lengths, undistorted and in 1/256 px, below which no edge inside `radius` bends beyond the tolerance.

    An edge of undistorted length a departs from its chord by at most M a^2 / 8, with M the largest second derivative.
    """
    steps = 64
    h = radius / steps
    c = numbers[K1 : K1 + 14]
    bend, shrink = 1e-12, 1.0
    for i in range(1, steps):
        r = i * h
        below, here, above = _radial(numbers, r - h), _radial(numbers, r), _radial(numbers, r + h)
        slope = (above - below) / (2.0 * h)
        bend = max(bend, _largest_second_derivative((above - 2.0 * here + below) / (h * h), (slope - here / r) / r))
        shrink = min(shrink, slope, here / r)
    if int(numbers[MODEL]) != FISHEYE:
        bend += 6.0 * (abs(c[2]) + abs(c[3]))
        bend += (2.0 + 12.0 * radius * radius) * (abs(c[8]) + abs(c[9]) + abs(c[10]) + abs(c[11]))
    tilt = abs(numbers[TILT + 6]) + abs(numbers[TILT + 7])
    bend = (bend + 2.0 * tilt) * (1.0 + 4.0 * tilt)
    length = np.sqrt(8.0 * numbers[KEEP_TOLERANCE] / (focal * 1.25 * bend))
    numbers[STRAIGHT_UNDISTORTED] = length
    numbers[STRAIGHT_LENGTH] = SUBPIXELS * 0.8 * max(shrink, 0.0) * length * min(numbers[FX], numbers[FY])


@kernel
def _largest_second_derivative(radial: float, across: float) -> float:
    """Largest length of the second derivative of x -> f(|x|) x / |x| along unit vectors, at the radius r.

    Along u = (cos a, sin a), a from the radius on, it is (A cos^2 a + B sin^2 a, 2 B sin a cos a) with A = f'' and
    B = (f' - f / r) / r; its square is quadratic in cos^2 a.

    Args:
        radial: A.
        across: B.
    """
    quadratic = (radial - across) ** 2 - 4.0 * across * across
    linear = 2.0 * across * (radial - across) + 4.0 * across * across
    largest = max(radial * radial, across * across)
    if quadratic < 0.0 and 0.0 < linear < -2.0 * quadratic:
        largest = max(largest, across * across - linear * linear / (4.0 * quadratic))
    return float(np.sqrt(largest))


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
        scale = _radial(numbers, radius) / radius if radius > 0.0 else 1.0
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
