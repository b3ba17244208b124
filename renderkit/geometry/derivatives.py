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
    result = pixels_by_seen_point(camera, np.where(good[:, None], points_cam, (0.0, 0.0, 1.0)))
    result[~good] = 0.0
    return result


def pixels_by_seen_point(camera: Camera, points_cam: Points3) -> FloatArray:
    """Return what `pixels_by_point` does, of points that the camera sees."""
    depth = points_cam[:, 2]
    xy = points_cam[:, :2] / depth[:, None]
    pinhole = np.zeros((len(xy), 2, 3))
    pinhole[:, 0, 0] = pinhole[:, 1, 1] = 1.0 / depth
    pinhole[:, :, 2] = -xy / depth[:, None]
    result: FloatArray = camera.K[:2, :2] @ camera.distortion.jacobian(xy) @ pinhole
    return result
