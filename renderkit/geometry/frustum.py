"""What drawings of a rig need: the corners of its frusta, how far its cameras stand away, which direction is up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray, Points3
from renderkit.geometry.camera import Camera

_CANCELLED: Final = 1e-6


def frustum_corners(camera: Camera, depth: float) -> Points3:
    """Return the image's corners at a depth, without distortion: it would bend the lines between them.

    Args:
        camera: Any camera.
        depth: Camera z, world units.

    Returns:
        (4, 3) points in the camera's frame: top left, top right, bottom right, bottom left.
    """
    right, bottom = camera.width - 0.5, camera.height - 0.5
    pixels = np.array([[-0.5, -0.5], [right, -0.5], [right, bottom], [-0.5, bottom]])
    corners: Points3 = depth * camera.undistorted().unproject(pixels)
    return corners


def viewing_distance(cameras: Iterable[Camera], subjects: Sequence[Points3] = ()) -> float:
    """Return the median distance of cameras from the middle of what they look at, world units.

    Args:
        cameras: Any.
        subjects: (N, 3) points each, in world units; without any the middle is that of the cameras themselves.

    Returns:
        1 without cameras, and where all of them are in the middle.
    """
    centers = np.array([camera.center_world for camera in cameras])
    if not len(centers):
        return 1.0
    known = [points for points in subjects if len(points)]
    middle = np.concatenate(known).mean(axis=0) if known else centers.mean(axis=0)
    return float(np.median(np.linalg.norm(centers - middle, axis=1))) or 1.0


def up_direction(cameras: Sequence[Camera]) -> FloatArray:
    """Return the (3,) unit direction in the world that is up in the pictures, on average; -Y where they cancel out."""
    up: FloatArray = -np.array([camera.cam_from_world.R[1] for camera in cameras]).mean(axis=0)
    length = float(np.linalg.norm(up))
    return up / length if length > _CANCELLED else np.array([0.0, -1.0, 0.0])
