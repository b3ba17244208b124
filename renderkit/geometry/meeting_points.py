"""Points where the rays of several cameras meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.geometry.camera import Camera

MIN_RAYS_ANGLE: Final = 1e-3
"""Rays that are nearer to parallel, rad, do not make a point."""


def meeting_points(cameras: Sequence[Camera], pixels: FloatArray) -> FloatArray:
    """Return (L, 3) points nearest to all rays, by linear least squares; NaN where fewer than two rays are known.

    Args:
        cameras: C cameras.
        pixels: (C, L, 2) px; NaN where not known.
    """
    length = pixels.shape[1]
    normal, right = np.zeros((length, 3, 3)), np.zeros((length, 3))
    for camera, seen in zip(cameras, pixels, strict=True):
        origin, directions = camera.unproject_world(np.nan_to_num(seen))
        known = np.isfinite(seen).all(axis=1) & np.isfinite(directions).all(axis=1)
        unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
        across = np.where(known[:, None, None], np.eye(3) - unit[:, :, None] * unit[:, None, :], 0.0)
        normal += across
        right += across @ origin
    # The least eigenvalue of two rays' matrix is 1 - cos of their angle.
    good = np.linalg.eigvalsh(np.nan_to_num(normal))[:, 0] > 0.5 * MIN_RAYS_ANGLE**2
    points = np.full((length, 3), np.nan)
    points[good] = np.linalg.solve(normal[good], right[good][..., None])[..., 0]
    return points
