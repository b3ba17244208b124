"""Rigs that the tests of camera formats share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from renderkit.arrays import FloatArray
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.lens_model import Distortion, NoDistortion
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig


def look_at(center: FloatArray, target: FloatArray) -> Pose:
    """Return cam_from_world of a camera at `center` that looks at `target`, world y down."""
    forward = (target - center) / np.linalg.norm(target - center)
    right = np.cross([0.0, 1.0, 0.0], forward)
    right /= np.linalg.norm(right)
    rotation = np.array([right, np.cross(forward, right), forward])
    return Pose(rotation, -rotation @ center)


def ring(
    count: int = 12, lens: Distortion | None = None, skew: float = 0.0, size: tuple[int, int] = (1200, 900)
) -> Rig:
    """Return cameras on a ring of radius 2 about a point near the origin, each with intrinsics of its own."""
    random = np.random.default_rng(7)
    cameras = {}
    for index in range(count):
        angle = 2.0 * np.pi * index / count
        center = np.array([2.0 * np.sin(angle), random.uniform(-0.5, 0.5), 2.0 * np.cos(angle)])
        width, height = size
        focal = 1500.0 + random.uniform(-9.0, 9.0)
        center_px = np.array([0.5 * width, 0.5 * height]) + random.uniform(-8.0, 8.0, 2)
        K = np.array([[focal, skew, center_px[0]], [0.0, focal + 2.5, center_px[1]], [0.0, 0.0, 1.0]])
        name = f"{index:02d}"
        pose = look_at(center, np.array([0.01, -0.02, 0.03]) + random.uniform(-0.01, 0.01, 3))
        cameras[name] = Camera(K, width, height, lens or NoDistortion(), pose, name)
    return Rig(cameras, "m", "ring")


@pytest.fixture
def make_ring() -> Callable[..., Rig]:
    """The function `ring`."""
    return ring


@pytest.fixture
def brown_ring() -> Rig:
    """Twelve cameras with five Brown-Conrady coefficients."""
    return ring(lens=BrownConrady(np.array([-0.12, 0.05, 0.0011, -0.0007, 0.01])))


@pytest.fixture
def fisheye_ring() -> Rig:
    """Twelve fisheye cameras."""
    return ring(lens=KannalaBrandt(np.array([0.02, -0.01, 0.003, -0.0005])))


@pytest.fixture
def pinhole_ring() -> Rig:
    """Twelve cameras without distortion."""
    return ring()


@pytest.fixture
def worst_pixel_error() -> Callable[[Rig, Rig], float]:
    """Largest distance in px between what two rigs, camera by camera in order, see of the same world points."""

    def measure(first: Rig, second: Rig) -> float:
        assert len(first) == len(second)
        worst = 0.0
        for one, other in zip(first, second, strict=True):
            u, v = np.meshgrid(np.linspace(0, one.width - 1, 9), np.linspace(0, one.height - 1, 7))
            origin, directions = one.unproject_world(np.column_stack([u.ravel(), v.ravel()]))
            known = ~np.isnan(directions).any(axis=1)
            points = origin + 2.0 * directions[known]
            seen = one.project(points)
            # A ray on the very edge of the valid radius may fall either way; all others must come back.
            kept = np.isfinite(seen).all(axis=1)
            again = other.project(points[kept])
            worst = max(worst, float(np.max(np.abs(again - seen[kept]))))
        return worst

    return measure
