from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from board_scenes import make_cameras, make_poses, make_sightings
from scipy.optimize import least_squares

from renderkit.arrays import FloatArray
from renderkit.boards.poses import BoardPoses, estimate_poses, fits_alone, without_cameras
from renderkit.boards.spec import read_board
from renderkit.geometry.pose import Pose

BOARD = read_board("charuco:9x7:0.025:0.018:DICT_5X5")


def _estimated(count: int = 3, **changes: float) -> BoardPoses:
    views = make_sightings(make_cameras(5), BOARD, make_poses(BOARD, count, changes.get("size", 1.0)), **changes)
    found = estimate_poses(views, BOARD, 1.0)
    assert found is not None
    return found


def test_exact_corners_give_exact_poses_and_size() -> None:
    found = _estimated(noise=0.0)
    for frame, pose in make_poses(BOARD, 3).items():
        assert np.linalg.norm(pose.t - found.poses[frame].t) < 1e-8
        assert (pose.inverse() @ found.poses[frame]).angle_rad < 1e-8
    assert found.fit.scale == pytest.approx(1.0, abs=1e-9)


def test_residuals_are_those_of_opencv() -> None:
    found = _estimated()
    for one in found.sightings:
        world = found.points_world(one.frame)
        camera = one.camera
        turn, _ = cv2.Rodrigues(camera.cam_from_world.R)
        lens = camera.distortion.coefficients
        projected, _ = cv2.projectPoints(world, turn, camera.cam_from_world.t, camera.K, lens)
        np.testing.assert_allclose(found.residuals(one), projected[:, 0] - one.pixels, atol=1e-6)


def test_the_minimum_is_that_of_scipy() -> None:
    found = _estimated(2)
    start = [np.concatenate([pose.rotation_vector, pose.t]) for pose in found.poses.values()]
    names = list(found.poses)

    def residuals(values: FloatArray) -> FloatArray:
        parts = []
        for one in found.sightings:
            at = values[6 * names.index(one.frame) :][:6]
            world = Pose.from_rotation_vector(at[:3], at[3:]).apply(BOARD.points * np.exp(values[-1]))
            parts.append((one.camera.project(world) - one.pixels).ravel())
        every = np.concatenate(parts)
        return every[np.isfinite(every)]

    moved = np.concatenate([*start, [np.log(found.fit.scale)]]) + 1e-4
    best = least_squares(
        residuals, moved, loss="huber", f_scale=found.fit.huber_px, x_scale="jac", xtol=1e-14, ftol=1e-14, gtol=1e-14
    )
    own = np.concatenate([*start, [np.log(found.fit.scale)]])
    np.testing.assert_allclose(best.x, own, atol=2e-7)


def test_a_board_printed_small_is_found_with_its_error() -> None:
    found = _estimated(8, size=0.997)
    assert abs(found.fit.scale - 0.997) < 4.0 * found.fit.scale_error
    assert found.fit.scale_error < 3e-4


def test_the_unit_need_not_be_known() -> None:
    cameras = [
        replace(one, cam_from_world=Pose(one.cam_from_world.R, 1000.0 * one.cam_from_world.t))
        for one in make_cameras(4)
    ]
    poses = {frame: Pose(pose.R, 1000.0 * pose.t) for frame, pose in make_poses(BOARD, 3).items()}
    views = make_sightings(cameras, replace(BOARD, size=25.0), poses)
    for given in (None, 1.0):
        found = estimate_poses(views, BOARD, given)
        assert found is not None
        assert found.fit.scale == pytest.approx(1000.0, rel=1e-3)


def test_one_wrong_camera_does_not_move_the_poses() -> None:
    cameras = make_cameras(6)
    views = make_sightings(cameras, BOARD, make_poses(BOARD, 4))
    wrong = [replace(one, pixels=one.pixels + 60.0) if one.camera.name == "2" else one for one in views]
    found = estimate_poses(wrong, BOARD, 1.0)
    assert found is not None
    for frame, pose in make_poses(BOARD, 4).items():
        assert np.linalg.norm(pose.t - found.poses[frame].t) < 2e-4
    assert [one.camera.name for one, good in zip(found.sightings, found.used, strict=True) if not good] == ["2"] * 4


def test_views_of_a_chessboard_may_be_upside_down() -> None:
    board = read_board("chessboard:8x6:0.025")
    views = make_sightings(make_cameras(5), board, make_poses(board, 4))
    turned = [replace(one, pixels=one.pixels[::-1]) if index % 2 else one for index, one in enumerate(views)]
    found = estimate_poses(turned, board, 1.0)
    assert found is not None
    assert all(found.used)
    assert found.fit.noise_px == pytest.approx(0.1, rel=0.1)


def test_a_frame_that_two_cameras_contradict_stays_in_front_of_them() -> None:
    """A pose behind a camera has no residuals there: it must not look like the best one."""
    views = [one for one in make_sightings(make_cameras(5), BOARD, make_poses(BOARD, 3)) if one.camera.name in "012"]
    for size in (3.0, 6.0, 12.0):
        moved = [replace(one, pixels=one.pixels + size) if one.camera.name == "1" else one for one in views]
        kept = [one for one in moved if one.frame != "2" or one.camera.name in "01"]
        found = estimate_poses(kept, BOARD, 1.0)
        assert found is not None
        for one in (without_cameras(found, ()), without_cameras(found, {"0"})):
            assert all(np.isfinite(one.residuals(view)).any() for view in one.sightings)


def test_one_camera_alone_is_not_enough() -> None:
    assert estimate_poses(make_sightings(make_cameras(1), BOARD, make_poses(BOARD, 3)), BOARD, 1.0) is None


def test_corners_of_another_board_are_strangers() -> None:
    views = make_sightings(make_cameras(2), BOARD, make_poses(BOARD, 2))
    assert all(fits_alone(one, BOARD) for one in views)
    rng = np.random.default_rng(0)
    mixed = [replace(one, pixels=rng.permutation(one.pixels)) for one in views]
    assert not any(fits_alone(one, BOARD) for one in mixed)
