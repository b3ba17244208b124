"""Pictures without lens distortion, the classic way: resampled into the ideal pinhole of the same K."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import as_array
from renderkit.geometry.camera import Camera

_ROWS = 128
OUTSIDE_PX = -10.0
"""Where a pixel lies that no ray reaches."""

_REACH = 0.5
"""A pixel reaches half a pixel beyond its centre; beyond that nothing was captured."""


def undistort_map(camera: Camera, into: Camera | None = None) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return where each pixel of the undistorted picture lies in the raw one.

    Unlike cv2.initUndistortRectifyMap this honours skew and every lens model, and pixels whose ray lies beyond the
    distortion's valid radius point outside the picture instead of at a folded-back place.

    Args:
        camera: The raw camera.
        into: The pinhole of the undistorted picture, turned as the raw camera is; `camera.undistorted()` by default.

    Returns:
        Two (height, width) float32 arrays of `into`'s size of raw u and v in px, as cv2.remap takes them.
    """
    ideal = into or camera.undistorted()
    map_x = np.empty((ideal.height, ideal.width), np.float32)
    map_y = np.empty_like(map_x)
    columns = np.arange(ideal.width, dtype=np.float64)
    for top in range(0, ideal.height, _ROWS):
        rows = np.arange(top, min(top + _ROWS, ideal.height), dtype=np.float64)
        pixels = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
        raw = camera.project_cam(ideal.unproject(pixels))
        raw[np.isnan(raw).any(axis=1)] = OUTSIDE_PX
        map_x[top : top + len(rows)] = raw[:, 0].reshape(len(rows), -1)
        map_y[top : top + len(rows)] = raw[:, 1].reshape(len(rows), -1)
    return map_x, map_y


def undistort_image(
    image: NDArray[np.uint8], camera: Camera, interpolation: int = cv2.INTER_LINEAR, *, into: Camera | None = None
) -> NDArray[np.uint8]:
    """Resample a raw picture into a pinhole's; black where the raw picture has nothing.

    Args:
        image: (height, width) or (height, width, 3) raw picture of the camera's own size.
        camera: The raw camera.
        interpolation: An OpenCV interpolation flag.
        into: See `undistort_map`.

    Raises:
        ValueError: If the picture does not have the camera's size.
    """
    shape = (camera.height, camera.width) + ((3,) if image.ndim == 3 else ())
    picture = as_array(image, np.uint8, shape, "image")
    map_x, map_y = undistort_map(camera, into)
    # The border's own values continue up to the edge; cv2's constant border would mix black into the outermost pixels.
    result = np.asarray(
        cv2.remap(picture, map_x, map_y, interpolation, borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8
    )
    across = (map_x < -_REACH) | (map_x > camera.width - 1 + _REACH)
    result[across | (map_y < -_REACH) | (map_y > camera.height - 1 + _REACH)] = 0
    return result
