from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from renderkit.arrays import FloatArray
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.metrics.held_out import score_epipolar, score_held_out


def _rig(count: int = 8) -> list[Camera]:
    cameras = []
    for index, angle in enumerate(np.linspace(-1.0, 1.0, count)):
        turn = Pose.from_rotation_vector(np.array([0.1 * np.cos(3 * angle), angle, 0.0]), np.zeros(3))
        K = np.array([[4700.0, 0.0, 1220.0], [0.0, 4690.0, 1030.0], [0.0, 0.0, 1.0]])
        pose = Pose(turn.R, np.array([0.0, 0.0, 1.2]))
        cameras.append(Camera.from_opencv(K, (-0.2, 0.8, 0.001, -0.002, -2.0), pose, (2448, 2048), f"{index:02d}"))
    return cameras


def _points() -> FloatArray:
    return np.random.default_rng(0).uniform(-0.1, 0.1, (20, 3))


def _rotated(camera: Camera, degrees: float) -> Camera:
    error = Pose.from_rotation_vector(np.array([0.0, np.deg2rad(degrees), 0.0]), np.zeros(3))
    return replace(camera, cam_from_world=error @ camera.cam_from_world)


def test_a_rotated_camera_is_singled_out_without_3d() -> None:
    truth = _rig()
    pixels = np.stack([camera.project(_points()) for camera in truth])
    pixels += np.random.default_rng(1).normal(0, 0.5, pixels.shape)
    believed = [_rotated(camera, 0.3) if index == 3 else camera for index, camera in enumerate(truth)]
    score = score_held_out(believed, pixels)
    medians = [float(median) for median in np.nanmedian(np.hypot(*np.moveaxis(score.residuals, 2, 0)), axis=1)]
    assert int(np.argmax(medians)) == 3
    # 0.3 degrees at f = 4700 px.
    assert medians[3] == pytest.approx(24.6, abs=0.7)
    assert max(medians[:3] + medians[4:]) < 1.2
    assert score.camera_names[3] == "03"
    assert (score.num_missing, score.num_unsupported) == (0, 0)


def test_exact_detections_have_no_residual_and_gaps_are_counted() -> None:
    cameras = _rig(5)
    pixels = np.stack([camera.project(_points()) for camera in cameras])
    pixels[0, 0] = np.nan
    pixels[:3, 1] = np.nan
    score = score_held_out(cameras, pixels)
    assert np.nanmax(np.abs(score.residuals)) < 1e-6
    assert score.num_missing == 4
    # Landmark 1 is left in two views: neither has three others.
    assert score.num_unsupported == 2
    assert np.isnan(score.residuals[3:, 1]).all()
    assert score.num_views[1, 0] == 3
    pixels[3:, 2] = np.nan
    assert np.isnan(score_held_out(cameras, pixels).residuals[:, 2]).all()
    assert np.isfinite(score_held_out(cameras, pixels, min_views=2).residuals[:3, 2]).all()
    with pytest.raises(ValueError, match="min_views"):
        score_held_out(cameras, pixels, min_views=1)


def test_epipolar_distances_equal_opencv_lines() -> None:
    cameras = [camera.undistorted() for camera in _rig(3)]
    pixels = np.stack([camera.project(_points()) for camera in cameras])
    pixels += np.random.default_rng(3).normal(0, 2.0, pixels.shape)
    score = score_epipolar(cameras, pixels)
    relative = cameras[2].cam_from_world @ cameras[0].cam_from_world.inverse()
    x, y, z = relative.t
    essential = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) @ relative.R
    fundamental = np.linalg.inv(cameras[2].K).T @ essential @ np.linalg.inv(cameras[0].K)
    lines = cv2.computeCorrespondEpilines(pixels[0].reshape(-1, 1, 2), 1, fundamental).reshape(-1, 3)
    expected = np.abs((lines[:, :2] * pixels[2]).sum(axis=1) + lines[:, 2])
    np.testing.assert_allclose(score.distances_px[0, 2], expected, atol=1e-6)
    assert score.median_px[0, 2] == pytest.approx(float(np.median(expected)), abs=1e-6)
    assert np.isnan(score.median_px[1, 1])


def test_epipolar_distances_vanish_through_the_lens() -> None:
    cameras = _rig(3)
    pixels = np.stack([camera.project(_points()) for camera in cameras])
    pixels[1, 4] = np.nan
    score = score_epipolar(cameras, pixels)
    assert np.nanmax(score.distances_px) < 1e-6
    assert score.counts[0, 1] == 19
    assert score.counts[0, 2] == 20
    assert score.counts[0, 0] == 0
