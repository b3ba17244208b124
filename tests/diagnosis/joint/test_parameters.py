"""Derivatives of projections against differences of projections, for every model of a lens."""

from __future__ import annotations

import numpy as np
import pytest

from renderkit.diagnosis.joint.parameters import NUM, linearise
from renderkit.diagnosis.joint.parameters import changed_camera as changed
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.lens_model import Distortion, NoDistortion
from renderkit.geometry.pose import Pose

K = np.array([[1500.0, 3.0, 620.3], [0.0, 1480.0, 511.7], [0.0, 0.0, 1.0]])
POSE = Pose.from_rotation_vector([0.1, -0.2, 0.3], [0.02, -0.01, 1.5])
LENSES: dict[str, Distortion] = {
    "none": NoDistortion(),
    "five": BrownConrady(np.array([-0.12, 0.2, 5e-4, -3e-4, -0.1])),
    "rational": BrownConrady(np.array([0.1, -0.02, 5e-4, 3e-4, 0.01, 0.2, -0.01, 0.003])),
    "prism": BrownConrady(np.array([-0.05, 0.0, 1e-3, 0.0, 0.0, 0.0, 0.0, 0.0, 2e-3, 1e-3, -1e-3, 2e-3])),
    "fisheye": KannalaBrandt(np.array([0.1, -0.02, 0.0, 0.0])),
}


def points(count: int = 30) -> np.ndarray:
    return np.random.default_rng(3).uniform(-0.3, 0.3, (count, 3))


@pytest.mark.parametrize("name", LENSES)
def test_derivatives_are_differences_of_projections(name: str) -> None:
    camera, step = Camera(K, 1224, 1024, LENSES[name], POSE), 1e-6
    found = linearise(camera, points())
    np.testing.assert_allclose(found.pixels, camera.project(points()), atol=1e-9)
    for index in range(NUM):
        amounts = np.zeros(NUM)
        amounts[index] = step
        # A fisheye lens has no tangential coefficients, and its k1 and k2 are of another formula.
        if not (name == "fisheye" and index >= NUM - 2):
            more, less = (changed(camera, sign * amounts).project(points()) for sign in (1.0, -1.0))
            np.testing.assert_allclose(found.by_camera[:, :, index], (more - less) / (2.0 * step), atol=1e-4)
    for axis in range(3):
        away = np.eye(3)[axis] * step
        numeric = (camera.project(points() + away) - camera.project(points() - away)) / (2.0 * step)
        np.testing.assert_allclose(found.by_point[:, :, axis], numeric, atol=1e-4)


@pytest.mark.parametrize("name", ["none", "five", "fisheye"])
def test_a_point_behind_the_camera_has_no_derivatives_and_changes_no_other(name: str) -> None:
    camera = Camera(K, 1224, 1024, LENSES[name], POSE)
    behind = points()
    behind[4] = POSE.inverse().apply(np.array([0.0, 0.0, -1.0]))
    found, whole = linearise(camera, behind), linearise(camera, points())
    assert np.isnan(found.pixels[4]).all()
    assert not found.by_camera[4].any()
    assert not found.by_point[4].any()
    others = np.arange(len(behind)) != 4
    np.testing.assert_allclose(found.by_camera[others], whole.by_camera[others], rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(found.by_point[others], whole.by_point[others], rtol=1e-12, atol=1e-9)
