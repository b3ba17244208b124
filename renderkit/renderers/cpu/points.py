"""Single points projected as `Camera.project_cam` does it, in one native call where the lens is simple enough."""

from __future__ import annotations

import numpy as np

from renderkit.arrays import FloatArray, Pixels, Points3
from renderkit.compiled import kernel
from renderkit.geometry.camera import Camera
from renderkit.geometry.lens_model import Distortion
from renderkit.renderers.cpu.camera_numbers import (
    BROWN_CONRADY,
    FOLD_RADIUS,
    K1,
    MODEL,
    NUM_NUMBERS,
    PINHOLE,
    ROTATION,
    TILT,
    TRANSLATION,
)
from renderkit.renderers.cpu.lens import distort_point, pixel_of, to_camera
from renderkit.renderers.cpu.pack_camera import pack_camera, packed_lens

_SAFE = 1.0 - 1e-9


def project_points(camera: Camera, points_cam: Points3) -> Pixels:
    """Return what `camera.project_cam(points_cam)` does for (N, 3) points, to the last bit."""
    given = np.ascontiguousarray(points_cam, np.float64)
    pixels = np.empty((len(given), 2))
    if _project_simple(pack_camera(camera, 1.0, silhouette=True), given, pixels):
        return pixels
    return camera.project_cam(points_cam)


def project_unchecked(
    points_world: Points3, cam_from_world: FloatArray, K: FloatArray, lens: Distortion, times: int
) -> Pixels:
    """Project (N, 3) points by numbers that need not be a camera's; NaN at or behind the camera plane.

    Args:
        points_world: World units.
        cam_from_world: (3, 4), of which the left part need not be a rotation.
        K: (3, 3) px, of any shape.
        lens: Bends every ray, also where it does not map one to one.
        times: How often it does.
    """
    numbers = np.zeros(NUM_NUMBERS)
    numbers[ROTATION : ROTATION + 9], numbers[TRANSLATION : TRANSLATION + 3] = (
        cam_from_world[:, :3].ravel(),
        cam_from_world[:, 3],
    )
    numbers[MODEL], numbers[K1 : TILT + 9] = packed_lens(lens)
    pixels = np.empty((len(points_world), 2))
    given = np.ascontiguousarray(points_world, np.float64).view()
    given.flags.writeable = False
    _project_unchecked(numbers, given, np.ascontiguousarray(K[:2]).ravel(), times, pixels)
    return pixels


@kernel
def _project_unchecked(
    numbers: FloatArray, points: FloatArray, intrinsics: FloatArray, times: int, pixels: FloatArray
) -> None:
    """Project points.

    Args:
        numbers: Of the pose and the lens.
        points: (N, 3) world units.
        intrinsics: (6,) the first two rows of K.
        times: How often the lens bends a ray.
        pixels: (N, 2) receives px.
    """
    a, b, c, d, e, f = intrinsics[0], intrinsics[1], intrinsics[2], intrinsics[3], intrinsics[4], intrinsics[5]
    for i in range(points.shape[0]):
        x, y, z = to_camera(numbers, points[i, 0], points[i, 1], points[i, 2])
        if not z > 0.0:
            pixels[i, 0], pixels[i, 1] = np.nan, np.nan
            continue
        x, y = x / z, y / z
        for _ in range(times):
            x, y = distort_point(numbers, x, y)
        pixels[i, 0], pixels[i, 1] = a * x + b * y + c, d * x + e * y + f


@kernel
def _project_simple(numbers: FloatArray, points: FloatArray, pixels: FloatArray) -> bool:
    """Project points, all of them safely inside the radius up to which a simple lens is valid; else return False."""
    model = int(numbers[MODEL])
    if model != PINHOLE and model != BROWN_CONRADY:  # noqa: PLR1714 - sets are slow to compile
        return False
    radius = _SAFE * numbers[FOLD_RADIUS]
    for i in range(points.shape[0]):
        x, y = points[i, 0] / points[i, 2], points[i, 1] / points[i, 2]
        if not (points[i, 2] > 0.0 and x * x + y * y <= radius * radius and abs(x) < np.inf and abs(y) < np.inf):
            return False
        pixels[i, 0], pixels[i, 1] = pixel_of(numbers, x, y)
    return True
