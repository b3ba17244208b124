"""What a ball's roundness adds to slacks, against the ball's own contour."""

from __future__ import annotations

import numpy as np
import pytest

from renderkit.diagnosis.silhouettes.prepare import prepare_silhouette
from renderkit.diagnosis.silhouettes.roundness import depth_inside, touching_normals
from renderkit.geometry.camera import Camera

RADIUS = 0.1
SIZE = (400, 400)


def _camera(yaw: float) -> Camera:
    """A camera 2 m from the ball in the middle of the world."""
    center = 2.0 * np.array([np.sin(yaw), 0.0, np.cos(yaw)])
    return Camera.look_at(center, (0.0, 0.0, 0.0), size=SIZE, fov_deg=10.0, up=(0.0, 1.0, 0.0))


def _ball(camera: Camera) -> np.ndarray:
    """The ball's matte: it is round about the picture's middle."""
    radius = camera.K[0, 0] * np.tan(np.arcsin(RADIUS / 2.0))
    x, y = np.meshgrid(*(np.arange(side) - middle for side, middle in zip(SIZE, camera.K[:2, 2], strict=True)))
    return np.asarray(np.round(np.clip(radius - np.hypot(x, y) + 0.5, 0.0, 1.0) * 255.0), np.uint8)


def test_the_planes_through_a_contour_touch_the_ball() -> None:
    own = _camera(0.4)
    silhouette = prepare_silhouette(own, _ball(own))
    normals = touching_normals(silhouette)
    assert len(normals) > 300
    # They are as far from the ball's middle as it is large, on the side of their points, and hold the camera.
    assert normals @ -own.center_world == pytest.approx(RADIUS, abs=0.002)
    rays = own.unproject_world(silhouette.points)[1]
    assert np.abs((normals * rays).sum(axis=1)).max() < 1e-12


@pytest.mark.parametrize("yaw", [0.1, 0.35, 0.8])
def test_places_on_a_ball_lie_as_deep_in_another_picture_as_their_projections_do(yaw: float) -> None:
    own, other = _camera(0.0), _camera(yaw)
    turn, rise = np.linspace(0.0, 2.0 * np.pi, 50), RADIUS / 2.0
    ahead = own.center_world / 2.0
    right, up = np.cross([0.0, 1.0, 0.0], ahead), np.array([0.0, 1.0, 0.0])
    normals = np.sqrt(1.0 - rise**2) * (np.cos(turn)[:, None] * right + np.sin(turn)[:, None] * up) + rise * ahead
    places = RADIUS * normals
    contour = other.K[0, 0] * np.tan(np.arcsin(RADIUS / 2.0))
    truth = contour - np.linalg.norm(other.project(places) - other.K[:2, 2], axis=1)
    found = depth_inside(other, places, normals, RADIUS)
    assert found == pytest.approx(truth, rel=0.1, abs=0.01)
    assert truth.max() > 0.4 * contour * yaw**2
