"""Single points projected as `Camera.project_cam` does it, in one native call where the lens is simple enough."""

from __future__ import annotations

import numpy as np

from renderkit.arrays import FloatArray, Pixels, Points3
from renderkit.compiled import kernel
from renderkit.geometry.camera import Camera
from renderkit.renderers.cpu.camera_numbers import BROWN_CONRADY, FOLD_RADIUS, MODEL, PINHOLE
from renderkit.renderers.cpu.lens import pixel_of
from renderkit.renderers.cpu.pack_camera import pack_camera

_SAFE = 1.0 - 1e-9


def project_points(camera: Camera, points_cam: Points3) -> Pixels:
    """Return what `camera.project_cam(points_cam)` does for (N, 3) points, to the last bit."""
    given = np.ascontiguousarray(points_cam, np.float64)
    pixels = np.empty((len(given), 2))
    if _project_simple(pack_camera(camera, 1.0, silhouette=True), given, pixels):
        return pixels
    return camera.project_cam(points_cam)


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
