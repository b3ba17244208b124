"""Derivatives of projections by the point."""

from __future__ import annotations

import numpy as np

from renderkit.arrays import BoolArray, FloatArray, Points3
from renderkit.geometry.camera import Camera


def pixels_by_seen_point(camera: Camera, points_cam: Points3) -> FloatArray:
    """Return the exact (N, 2, 3) derivatives of pixels by (N, 3) points in the camera's frame, px per world unit.

    The camera must see the points.
    """
    depth = points_cam[:, 2]
    xy = points_cam[:, :2] / depth[:, None]
    pinhole = np.zeros((len(xy), 2, 3))
    pinhole[:, 0, 0] = pinhole[:, 1, 1] = 1.0 / depth
    pinhole[:, :, 2] = -xy / depth[:, None]
    result: FloatArray = camera.K[:2, :2] @ camera.distortion.jacobian(xy) @ pinhole
    return result


def pixels_by_world_point(camera: Camera, points_world: Points3) -> FloatArray:
    """Return the (N, 2, 3) derivatives of (N, 3) points' projections by the points; zero where one is not seen."""
    _, seen, good = seen_points(camera, points_world)
    return np.where(good[:, None, None], pixels_by_seen_point(camera, seen) @ camera.cam_from_world.R, 0.0)


def seen_points(camera: Camera, points_world: Points3) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Return (N, 2) projections, the (N, 3) points in the camera's frame, on its axis if not seen, and which are."""
    seen = camera.cam_from_world.apply(points_world)
    pixels = camera.project_cam(seen)
    good = np.isfinite(pixels[:, 0])
    return pixels, np.where(good[:, None], seen, (0.0, 0.0, 1.0)), good


def cross(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the cross products of (..., 3) vectors.

    NumPy's own spends most of its time on moving axes where there are few vectors.
    """
    result = np.empty(np.broadcast_shapes(first.shape, second.shape))
    for axis, (i, j) in enumerate(((1, 2), (2, 0), (0, 1))):
        result[..., axis] = first[..., i] * second[..., j] - first[..., j] * second[..., i]
    return result
