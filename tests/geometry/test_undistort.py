from __future__ import annotations

import cv2
import numpy as np
import pytest

from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.geometry.undistort import undistort_image, undistort_map

K = np.array([[300.0, 0.0, 99.5], [0.0, 310.0, 79.5], [0.0, 0.0, 1.0]])
D = np.array([-0.2, 0.05, 0.001, -0.001, 0.0])


def test_the_map_is_opencvs_inside_the_valid_radius() -> None:
    camera = Camera.from_opencv(K, D, Pose.identity(), (200, 160))
    ours = np.stack(undistort_map(camera))
    theirs = np.stack(cv2.initUndistortRectifyMap(K, D, np.eye(3), K, (200, 160), cv2.CV_32FC1))
    assert np.abs(ours - theirs).max() < 1e-3


def test_beyond_the_valid_radius_the_map_points_outside() -> None:
    camera = Camera.from_opencv(K, [-2.5, 0.0, 0.0, 0.0], Pose.identity(), (200, 160))
    map_x, map_y = undistort_map(camera)
    assert map_x[0, 0] < -1
    assert map_y[0, 0] < -1
    assert map_x[80, 100] == pytest.approx(100, abs=0.01)
    white = np.full((160, 200), 255, np.uint8)
    undistorted = undistort_image(white, camera)
    assert undistorted[0, 0] == 0
    assert undistorted[80, 100] == 255


@pytest.mark.parametrize("interpolation", [cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC])
def test_the_rim_keeps_its_own_values_up_to_the_edge(interpolation: int) -> None:
    # A shift by a quarter pixel, so that the outermost pixels are looked up beyond the last centres.
    camera = Camera.from_opencv(K, [0.0, 0.0, 0.0008, 0.0], Pose.identity(), (200, 160))
    even = undistort_image(np.full((160, 200), 200, np.uint8), camera, interpolation)
    u, v = np.stack(cv2.initUndistortRectifyMap(K, np.array([0, 0, 0.0008, 0]), np.eye(3), K, (200, 160), cv2.CV_32FC1))
    outside = np.maximum(np.maximum(-u, u - 199.0), np.maximum(-v, v - 159.0))
    assert ((outside > 0.05) & (outside < 0.45)).any()
    assert (even[outside < 0.49] == 200).all()
    assert (even[outside > 0.51] == 0).all()


def test_a_picture_of_another_size_is_refused() -> None:
    camera = Camera.from_opencv(K, D, Pose.identity(), (200, 160))
    with pytest.raises(ValueError, match=r"expected shape \(160, 200, 3\), got \(200, 160, 3\)"):
        undistort_image(np.zeros((200, 160, 3), np.uint8), camera)
