"""Frusta, distances and directions against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.frustum import frustum_corners, up_direction, viewing_distance
from renderkit.geometry.pose import Pose

K = np.array([[100.0, 0.0, 49.5], [0.0, 50.0, 39.5], [0.0, 0.0, 1.0]])


def test_corners_are_the_image_s_borders_at_the_depth_whatever_the_lens() -> None:
    camera = Camera(K, 100, 80, BrownConrady(np.array([-0.4, 0.1, 0.0, 0.0])), Pose(np.eye(3), np.ones(3)))
    # Half of 100 px at 100 px per unit, half of 80 at 50.
    expected = [[-1.0, -1.6, 2.0], [1.0, -1.6, 2.0], [1.0, 1.6, 2.0], [-1.0, 1.6, 2.0]]
    assert frustum_corners(camera, 2.0) == pytest.approx(np.array(expected))


def _camera(eye: tuple[float, float, float], up: tuple[float, float, float] = (0.0, 1.0, 0.0)) -> Camera:
    return Camera.look_at(eye, (0.0, 0.0, 0.0), up=up, size=(64, 48))


def test_distance_is_the_median_from_the_subject_else_from_the_cameras_middle() -> None:
    cameras = [_camera((0.0, 0.0, 3.0)), _camera((4.0, 0.0, 0.0)), _camera((0.0, 0.0, -9.0))]
    assert viewing_distance(cameras, [np.zeros((0, 3)), np.array([[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])]) == 4.0
    assert viewing_distance(cameras[::2]) == 6.0
    assert viewing_distance(cameras[:1]) == viewing_distance([]) == 1.0


def test_up_is_the_mean_of_the_pictures_up_and_of_length_1() -> None:
    # All look down by 45 degrees: each one's own up leans inwards, and the mean stands upright.
    ring = [_camera((5.0 * np.cos(angle), 5.0, 5.0 * np.sin(angle))) for angle in np.radians([0, 90, 180, 270])]
    assert up_direction(ring) == pytest.approx([0.0, 1.0, 0.0])
    opposed = [_camera((0.0, 0.0, 3.0)), _camera((0.0, 0.0, 3.0), (0.0, -1.0, 0.0))]
    assert up_direction(opposed).tolist() == [0.0, -1.0, 0.0]
