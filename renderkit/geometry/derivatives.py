"""Derivatives of projections by the point."""

from __future__ import annotations

import numpy as np

from renderkit.arrays import FloatArray, Points3
from renderkit.geometry.camera import Camera


def pixels_by_point(camera: Camera, points_cam: Points3) -> FloatArray:
    """Return the exact (N, 2, 3) derivatives of pixels by (N, 3) points in the camera's frame, px per world unit.

    Points that the camera does not see have derivatives of 0.
    """
    depth = points_cam[:, 2]
    good = (depth > 0.0) & np.isfinite(camera.project_cam(points_cam)[:, 0])
    safe = np.where(good[:, None], points_cam, (0.0, 0.0, 1.0))
    xy = safe[:, :2] / safe[:, 2:]
    pinhole = np.zeros((len(safe), 2, 3))
    pinhole[:, 0, 0] = pinhole[:, 1, 1] = 1.0 / safe[:, 2]
    pinhole[:, :, 2] = -xy / safe[:, 2:]
    result: FloatArray = camera.K[:2, :2] @ camera.distortion.jacobian(xy) @ pinhole
    result[~good] = 0.0
    return result
