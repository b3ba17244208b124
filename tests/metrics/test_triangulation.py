from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from renderkit.arrays import FloatArray
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.metrics.triangulation import MAX_PAIRS, make_hypotheses, pixel_jacobian, triangulate

CENTER = np.array([0.1, -0.2, 0.3])


def _rig(count: int, distortion: tuple[float, ...] = ()) -> list[Camera]:
    """Cameras on an arc of 120 degrees, 1.2 away from CENTER and looking at it."""
    cameras = []
    for index, angle in enumerate(np.linspace(-1.0, 1.0, count)):
        turn = Pose.from_rotation_vector(np.array([0.1 * np.cos(3 * angle), angle, 0.05 * angle]), np.zeros(3))
        pose = Pose(turn.R, np.array([0.0, 0.0, 1.2]) - turn.R @ CENTER)
        K = np.array([[4700.0, 1.5, 1220.0 + index], [0.0, 4690.0, 1030.0], [0.0, 0.0, 1.0]])
        cameras.append(Camera.from_opencv(K, distortion, pose, (2448, 2048), f"{index:02d}"))
    return cameras


def _seen(cameras: list[Camera], points: FloatArray) -> FloatArray:
    return np.stack([camera.project(points) for camera in cameras])


def _cloud(count: int, seed: int = 0) -> FloatArray:
    return CENTER + np.random.default_rng(seed).uniform(-0.1, 0.1, (count, 3))


def test_exact_pixels_give_the_exact_points() -> None:
    cameras, points = _rig(6, (-0.2, 0.8, 0.001, -0.002, -2.0)), _cloud(40)
    found = triangulate(cameras, _seen(cameras, points))
    np.testing.assert_allclose(found.points, points, atol=1e-11)
    assert found.agreeing.all()
    assert np.abs(found.residuals).max() < 1e-7


def test_real_cameras_with_strong_distortion(real_calibration: dict[str, Any]) -> None:
    cameras = []
    for name in sorted(real_calibration)[18:33]:
        entry = real_calibration[name]
        pose = Pose.from_matrix(np.array(entry["RT"])).inverse()
        cameras.append(Camera.from_opencv(entry["K"], entry["D"], pose, (2448, 2048), name))
    axes = [camera.optical_axis_world for camera in cameras]
    matrix = sum((np.eye(3) - np.outer(axis, axis) for axis in axes), np.zeros((3, 3)))
    vector = sum(
        ((np.eye(3) - np.outer(axis, axis)) @ camera.center_world for axis, camera in zip(axes, cameras, strict=True)),
        np.zeros(3),
    )
    points = np.linalg.solve(matrix, vector) + np.random.default_rng(1).uniform(-0.08, 0.08, (30, 3))
    pixels = _seen(cameras, points) + np.random.default_rng(2).normal(0, 1.0, (15, 30, 2))
    found = triangulate(cameras, pixels)
    assert float(np.max(np.linalg.norm(found.points - points, axis=1))) < 1e-3


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_two_views_equal_opencv_optimal_triangulation(noise: float) -> None:
    """OpenCV's correctMatches is the exact least-squares solution for two pinhole views."""
    cameras, points = _rig(2), _cloud(25)
    pixels = _seen(cameras, points) + np.random.default_rng(5).normal(0, noise, (2, 25, 2))
    matrices = [camera.K @ camera.cam_from_world.matrix[:3] for camera in cameras]
    relative = cameras[1].cam_from_world @ cameras[0].cam_from_world.inverse()
    x, y, z = relative.t
    essential = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) @ relative.R
    fundamental = np.linalg.inv(cameras[1].K).T @ essential @ np.linalg.inv(cameras[0].K)
    first, second = cv2.correctMatches(fundamental, pixels[:1], pixels[1:])
    homogeneous = cv2.triangulatePoints(matrices[0], matrices[1], first[0].T, second[0].T)
    expected = (homogeneous[:3] / homogeneous[3]).T
    np.testing.assert_allclose(triangulate(cameras, pixels).points, expected, atol=2e-7)


def test_covariance_matches_the_spread_of_a_thousand_draws() -> None:
    cameras = _rig(5, (-0.2, 0.8, 0.001, -0.002, -2.0))
    point = CENTER + np.array([0.03, 0.05, -0.06])
    exact = _seen(cameras, np.tile(point, (1000, 1)))
    found = triangulate(cameras, exact + np.random.default_rng(11).normal(0, 1.5, exact.shape))
    spread = np.cov(found.points.T)
    reported = found.covariance.mean(axis=0)
    np.testing.assert_allclose(np.sqrt(np.diag(reported)), np.sqrt(np.diag(spread)), rtol=0.08)
    whitened = np.linalg.cholesky(np.linalg.inv(reported)).T
    np.testing.assert_allclose(whitened @ spread @ whitened.T, np.eye(3), atol=0.15)
    assert np.linalg.norm(whitened @ (found.points.mean(axis=0) - point)) < 0.12


def test_a_wrong_view_is_voted_out() -> None:
    cameras, points = _rig(6), _cloud(20)
    pixels = _seen(cameras, points)
    pixels[2] += np.array([60.0, -25.0])
    pixels[4, 7] = (5.0, 5.0)
    found = triangulate(cameras, pixels)
    np.testing.assert_allclose(found.points, points, atol=1e-9)
    assert not found.agreeing[2].any()
    assert found.num_views.tolist() == [4 if index == 7 else 5 for index in range(20)]
    np.testing.assert_allclose(found.residuals[2], np.tile([-60.0, 25.0], (20, 1)), atol=1e-5)


def test_missing_detections_and_too_few_views_are_nan() -> None:
    cameras, points = _rig(4), _cloud(3)
    pixels = _seen(cameras, points)
    pixels[1:, 0] = np.nan
    pixels[2:, 1] = np.nan
    found = triangulate(cameras, pixels)
    assert np.isnan(found.points[0]).all()
    assert np.isnan(found.covariance[0]).all()
    assert found.num_views.tolist() == [0, 2, 4]
    np.testing.assert_allclose(found.points[1:], points[1:], atol=1e-9)
    alone = triangulate(cameras[:1], pixels[:1])
    assert np.isnan(alone.points).all()
    with pytest.raises(ValueError, match="pixels"):
        triangulate(cameras, pixels[:2])


def test_parallel_rays_have_no_point() -> None:
    camera = _rig(1)[0]
    aside = Pose(np.eye(3), np.array([0.1, 0.0, 0.0])) @ camera.cam_from_world
    moved = replace(camera, cam_from_world=aside)
    same = np.array([[[1000.0, 1000.0]], [[1000.0, 1000.0]]])
    assert np.isnan(triangulate([camera, moved], same).points).all()


def test_jacobian_equals_finite_differences() -> None:
    camera, points = _rig(3, (-0.2, 0.8, 0.001, -0.002, -2.0))[2], _cloud(6)
    jacobian = pixel_jacobian(camera, points)
    for axis in range(3):
        step = np.zeros(3)
        step[axis] = 1e-6
        difference = (camera.project(points + step) - camera.project(points - step)) / 2e-6
        np.testing.assert_allclose(jacobian[:, :, axis], difference, atol=1e-4)


def test_large_rigs_use_a_bounded_share_of_pairs() -> None:
    cameras, points = _rig(40), _cloud(2)
    hypotheses = make_hypotheses(cameras, _seen(cameras, points))
    assert len(hypotheses.pairs) <= MAX_PAIRS
    assert set(np.bincount(hypotheses.pairs.ravel(), minlength=40).tolist()) == {12}
