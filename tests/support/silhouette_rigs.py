"""Mattes of a few balls from cameras all around, by the closed form of a ray and a ball; no renderer."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from renderkit.arrays import AlphaImage
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose

SIZE = (306, 256)
_BALLS = np.array(
    [
        [0.0, 0.0, 0.0, 0.10],
        [0.0, 0.13, 0.02, 0.07],
        [0.10, -0.06, 0.03, 0.05],
        [-0.11, -0.02, -0.04, 0.05],
        [0.03, 0.05, 0.11, 0.04],
        [-0.02, -0.12, -0.05, 0.06],
    ]
)
"""x, y, z, radius in m."""


def around(count: int, size: tuple[int, int] = SIZE, seed: int = 0) -> dict[str, Camera]:
    """Cameras at three heights all around, 1.1 m away, each a little irregular."""
    rng = np.random.default_rng([seed, 1])
    cameras = {}
    for index in range(count):
        yaw = 2.0 * np.pi * index / count + rng.normal() * 0.03
        rise = np.deg2rad((-25.0, 5.0, 35.0)[index % 3]) + rng.normal() * 0.03
        center = 1.1 * np.array([np.sin(yaw) * np.cos(rise), np.sin(rise), np.cos(yaw) * np.cos(rise)])
        forward = -center / np.linalg.norm(center)
        right = np.cross(forward, [0.0, 1.0, 0.0])
        right /= np.linalg.norm(right)
        R = np.stack([right, np.cross(forward, right), forward])
        focal = 2.2 * size[1]
        K = np.array(
            [[focal, 0.0, size[0] / 2 + rng.normal() * 3], [0.0, focal, size[1] / 2 + rng.normal() * 3], [0, 0, 1]]
        )
        cameras[f"{index:02d}"] = Camera(K, *size, cam_from_world=Pose(R, -R @ center), name=f"{index:02d}")
    return cameras


def matte(camera: Camera, rng: np.random.Generator | None = None, noise_px: float = 0.0) -> AlphaImage:
    """The balls' coverage, 2 x 2 rays a pixel; with an edge that wanders by `noise_px`, correlated over 6 px."""
    ways = 2
    columns, rows = (np.arange(n * ways) / ways - (ways - 1) / (2 * ways) for n in (camera.width, camera.height))
    pixels = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    origin, rays = camera.unproject_world(pixels)
    rays = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    inside = np.zeros(len(rays), np.bool_)
    for ball in _BALLS:
        along = rays @ (ball[:3] - origin)
        inside |= np.linalg.norm(ball[:3] - origin) ** 2 - along**2 < ball[3] ** 2
    cover = inside.reshape(camera.height, ways, camera.width, ways).mean(axis=(1, 3)).astype(np.float32)
    if rng is not None and noise_px:
        cover = _wandering(cover, rng, noise_px)
    return np.asarray(np.round(cover * 255.0), np.uint8)


def _wandering(cover: np.ndarray, rng: np.random.Generator, noise_px: float) -> np.ndarray:
    inside = (cover >= 0.5).astype(np.uint8)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5) - cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    distance -= np.where(inside > 0, 0.5, -0.5)
    near = np.abs(distance) < 1.0
    distance[near] = cover[near] - 0.5
    field = cv2.GaussianBlur(rng.normal(size=cover.shape).astype(np.float32), (0, 0), 6.0)
    moved: np.ndarray = np.clip(distance + field * (noise_px / field.std()) + 0.5, 0.0, 1.0)
    return moved


def shifted(camera: Camera, dx: float, dy: float) -> Camera:
    """The camera with a principal point that is off: its picture lies (-dx, -dy) beside the calibration."""
    K = camera.K.copy()
    K[:2, 2] += dx, dy
    return replace(camera, K=K)
