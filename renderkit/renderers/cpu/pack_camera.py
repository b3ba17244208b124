"""A camera as one flat array of numbers: what its file says, and the limits that are worked out from it once."""

from __future__ import annotations

import threading
import weakref

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.compiled import kernel
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.lens_model import Distortion
from renderkit.renderers.cpu.camera_numbers import (
    ARC_LENGTH,
    BEND_TOLERANCE,
    BROWN_CONRADY,
    CX,
    CY,
    DISC_RADIUS,
    FISHEYE,
    FOLD_RADIUS,
    FX,
    FY,
    HEIGHT,
    K1,
    KEEP_TOLERANCE,
    MODEL,
    NEAR,
    NUM_NUMBERS,
    PINHOLE,
    ROTATION,
    SAFE_RADIUS,
    SKEW,
    SNAP_LIMIT,
    STRAIGHT_LENGTH,
    STRAIGHT_UNDISTORTED,
    SUBPIXELS,
    TILT,
    TILTED,
    TRANSLATION,
    VALID_RADIUS,
    WIDTH,
)
from renderkit.renderers.cpu.lens import radial

_BEND_PX, _BEND_RAD = 0.01, 2e-6
_NEAR_SHARE = 1e-10
_SAFE_SHARE = 0.9
_DISC_MARGIN = 1.1
_SAGITTA_PX = 0.01
_MAX_RADIUS = 1e4

_PACKED: weakref.WeakKeyDictionary[Camera, tuple[FloatArray, FloatArray]] = weakref.WeakKeyDictionary()
"""What was worked out for each camera, as long as it lives: for depth, and for silhouettes."""

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
    return _seen_from(reach, _packed(camera)[silhouette])


def pack_for_both(camera: Camera, reach: float) -> tuple[FloatArray, FloatArray]:
    """Return what `pack_camera` does for depth, and for silhouettes."""
    depth, silhouette = _packed(camera)
    return _seen_from(reach, depth), _seen_from(reach, silhouette)


def _seen_from(reach: float, known: FloatArray) -> FloatArray:
    numbers = known.copy()
    numbers[NEAR] = max(_NEAR_SHARE * reach, 1e-300)
    return numbers


def _packed(camera: Camera) -> tuple[FloatArray, FloatArray]:
    with _lock:
        known = _PACKED.get(camera)
        if known is None:
            known = _PACKED[camera] = _pack(camera)
    return known


def _pack(camera: Camera) -> tuple[FloatArray, FloatArray]:
    numbers = plain_numbers(camera)
    numbers[BEND_TOLERANCE] = _BEND_PX
    numbers[WIDTH], numbers[HEIGHT] = camera.width, camera.height
    numbers[VALID_RADIUS] = camera.distortion.outer_radius
    depth, silhouette, corner = numbers.copy(), numbers, _corner_reach(camera)
    # A ray that is off by an angle is off in depth by that angle times the surface's slope.
    depth[KEEP_TOLERANCE] = min(_BEND_RAD * float(camera.K[0, 0]), _BEND_PX)
    silhouette[KEEP_TOLERANCE] = _BEND_PX
    _set_radii(depth, corner)
    _set_radii(silhouette, corner)
    return depth, silhouette


def plain_numbers(camera: Camera) -> FloatArray:
    """Return the (NUM_NUMBERS,) numbers of a camera's pose, K and lens; zeros for all that is worked out from them."""
    numbers = np.zeros(NUM_NUMBERS)
    numbers[ROTATION : ROTATION + 9] = camera.cam_from_world.R.ravel()
    numbers[TRANSLATION : TRANSLATION + 3] = camera.cam_from_world.t
    numbers[FX : FX + 3] = camera.K[0]
    numbers[FY : FY + 2] = camera.K[1, 1:]
    numbers[MODEL], numbers[K1 : TILT + 9] = packed_lens(camera.distortion)
    numbers[FOLD_RADIUS] = camera.distortion.valid_radius
    return numbers


def packed_lens(lens: Distortion) -> tuple[int, FloatArray]:
    """Return the kernels' number of a lens model, and the (23,) numbers from K1 on: coefficients, and the tilt."""
    return _model_of(lens), _coefficients(lens)


def _model_of(lens: Distortion) -> int:
    """Return the kernels' number of a lens model."""
    if isinstance(lens, BrownConrady):
        return TILTED if _is_tilted(lens) else BROWN_CONRADY
    return FISHEYE if lens.model == "kannala_brandt" else PINHOLE


def _is_tilted(lens: BrownConrady) -> bool:
    return bool(lens.padded[12:].any())


def _coefficients(lens: Distortion) -> FloatArray:
    """Return the (23,) numbers from K1 on: coefficients, and the sensor's tilt."""
    result = np.concatenate([np.zeros(TILT - K1), np.eye(3).ravel()])
    if isinstance(lens, BrownConrady):
        result[:14] = lens.padded
        if _is_tilted(lens):
            result[TILT - K1 :] = lens.tilt.ravel()
    elif lens.model == "kannala_brandt":
        result[:4] = lens.coefficients
    return result


def _corner_reach(camera: Camera) -> float:
    """Return the largest distorted normalised radius of the image's corners, seen through a tilted sensor too."""
    (fx, skew, cx), (_, fy, cy), _ = camera.K
    reach = 0.0
    lens = camera.distortion
    level = np.linalg.inv(lens.tilt) if isinstance(lens, BrownConrady) and _is_tilted(lens) else np.eye(3)
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
    landed = max(radial(numbers, disc), 1e-9) * focal
    numbers[ARC_LENGTH] = disc * np.sqrt(8.0 * _SAGITTA_PX / landed)
    _set_straight_lengths(numbers, numbers[SAFE_RADIUS], focal)


@kernel
def _radius_reaching(numbers: FloatArray, target: float, top: float) -> float:
    """Return the smallest undistorted radius whose distorted one is at least `target`, or `top` when none is."""
    low, high = 0.0, top
    # The curve rises up to the valid radius, so bisection finds the one crossing.
    if radial(numbers, high) < target:
        return top
    for _ in range(60):
        middle = 0.5 * (low + high)
        if radial(numbers, middle) < target:
            low = middle
        else:
            high = middle
    return high


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
        below, here, above = radial(numbers, r - h), radial(numbers, r), radial(numbers, r + h)
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
