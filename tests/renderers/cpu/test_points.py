"""Single points, against OpenCV and to the last bit as the camera itself projects them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.lens_model import Distortion, NoDistortion
from renderkit.renderers.cpu.points import project_points

K = np.array([[4700.0, 3.0, 1220.3], [0.0, 4650.0, 1031.7], [0.0, 0.0, 1.0]])
LENSES: dict[str, Distortion] = {
    "none": NoDistortion(),
    "barrel": BrownConrady(np.array([-0.12, 0.9, 5e-4, -3e-4, -2.0])),
    "rational": BrownConrady(np.array([0.1, -0.02, 5e-4, 3e-4, 0.01, 0.2, -0.01, 0.003])),
    "prism": BrownConrady(np.array([-0.05, 0.0, 1e-3, 0.0, 0.0, 0.0, 0.0, 0.0, 2e-3, 1e-3, -1e-3, 2e-3])),
    "tilted": BrownConrady(np.array([-0.05, *np.zeros(11), 0.02, -0.01])),
    "fisheye": KannalaBrandt(np.array([0.1, -0.02, 0.0, 0.0])),
}


@pytest.mark.parametrize("name", LENSES)
def test_points_in_front_of_the_lens(name: str) -> None:
    camera = Camera(K, 2448, 2048, LENSES[name])
    depth = np.random.default_rng(1).uniform(0.5, 3.0, (300, 1))
    rays = np.random.default_rng(2).uniform(-0.25, 0.25, (300, 2))
    points = np.hstack([rays * depth, depth])
    found = project_points(camera, points)
    assert np.array_equal(found, camera.project_cam(points))
    if name != "fisheye":
        pixels, _ = cv2.projectPoints(
            np.hstack([rays, np.ones((300, 1))]), np.zeros(3), np.zeros(3),
            np.diag([1.0, 1.0, 1.0]), LENSES[name].coefficients if name != "none" else None,
        )  # fmt: skip
        expected = np.column_stack([pixels.reshape(-1, 2), np.ones(300)]) @ K.T
        np.testing.assert_allclose(found, expected[:, :2], atol=1e-9)


@pytest.mark.parametrize("name", LENSES)
def test_points_that_no_lens_shows(name: str) -> None:
    camera = Camera(K, 2448, 2048, LENSES[name])
    not_in_front = [[0.0, 0.0, -1.0], [0.1, 0.0, 0.0], [0.0, 0.0, 0.0]]
    for odd in (*not_in_front, [900.0, 20.0, 1.0], [0.9, 0.2, 1.0], [np.nan, 0.0, 1.0], [np.inf, 0.0, 1.0]):
        points = np.array([[0.01, 0.02, 1.0], odd])
        found = project_points(camera, points)
        assert np.array_equal(found, camera.project_cam(points), equal_nan=True)
        assert np.isfinite(found[0]).all()
        assert np.isnan(found[1]).all() or odd not in not_in_front


def test_no_points() -> None:
    assert project_points(Camera(K, 2448, 2048), np.zeros((0, 3))).shape == (0, 2)
