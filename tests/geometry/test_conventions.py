"""Each convention is checked by looking through a camera whose picture is known beforehand."""

from __future__ import annotations

import numpy as np

from renderkit.geometry.camera import Camera
from renderkit.geometry.conventions import (
    gl_cam_from_world,
    gl_world_from_cam,
    intrinsics_from_corner_origin,
    intrinsics_to_corner_origin,
    pose_from_gl_cam_from_world,
    pose_from_gl_world_from_cam,
    pose_from_world_from_cam,
)
from renderkit.geometry.pose import Pose

K = np.array([[100.0, 0.0, 50.0], [0.0, 100.0, 40.0], [0.0, 0.0, 1.0]])


def test_an_opengl_camera_at_the_origin_looks_along_minus_z_with_y_up() -> None:
    camera = Camera(K, 101, 81, cam_from_world=pose_from_gl_world_from_cam(np.eye(4)))
    pixels = camera.project([[0.0, 0.0, -2.0], [1.0, 0.0, -2.0], [0.0, 1.0, -2.0], [0.0, 0.0, 2.0]])
    assert np.allclose(pixels[:3], [[50, 40], [100, 40], [50, -10]])
    assert np.isnan(pixels[3]).all()


def test_a_camera_to_world_matrix_places_the_camera_where_its_last_column_says() -> None:
    world_from_cam = np.eye(4)
    world_from_cam[:3, 3] = 1.0, 2.0, 3.0
    camera = Camera(K, 101, 81, cam_from_world=pose_from_world_from_cam(world_from_cam))
    assert np.allclose(camera.center_world, [1, 2, 3])
    assert np.allclose(camera.project([[1.0, 2.0, 4.0]]), [[50, 40]])


def test_opengl_matrices_go_there_and_back() -> None:
    pose = Pose.from_rotation_vector([0.3, -0.2, 0.5], [0.1, 0.2, 0.3])
    assert np.allclose(gl_cam_from_world(pose).matrix, np.diag([1, -1, -1, 1]) @ pose.matrix)
    assert np.allclose(pose_from_gl_cam_from_world(gl_cam_from_world(pose).matrix).matrix, pose.matrix)
    assert np.allclose(pose_from_gl_world_from_cam(gl_world_from_cam(pose).matrix).matrix, pose.matrix)


def test_the_half_pixel_of_corner_origins() -> None:
    # The centre of a 100 px wide image is at 50 from its left edge, at 49.5 from the centre of its first pixel.
    corner = np.array([[100.0, 0.0, 50.0], [0.0, 100.0, 40.0], [0.0, 0.0, 1.0]])
    ours = intrinsics_from_corner_origin(corner)
    assert ours[0, 2] == 49.5
    assert ours[1, 2] == 39.5
    assert np.array_equal(intrinsics_to_corner_origin(ours), corner)
