"""The 106-73 map is tested, and said not to hold where it does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from renderkit.diagnosis.landmark_map import check_landmark_map
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.pose import Pose

K = np.array([[4700.0, 0.0, 1224.0], [0.0, 4700.0, 1024.0], [0.0, 0.0, 1.0]])


def capture(
    order: np.ndarray[Any, Any] | None = None, noise_px: float = 1.0, shift_px: float = 0.0
) -> tuple[list[Camera], list[Landmarks], list[Landmarks]]:
    """Five cameras, 106 points on a face-sized patch, 3D points = the last 73 in a given order."""
    random = np.random.default_rng(8)
    points = np.column_stack(
        [random.uniform(-0.08, 0.08, 106), random.uniform(-0.1, 0.1, 106), random.uniform(0, 0.05, 106)]
    )
    cameras, detected, world = [], [], []
    for index in range(5):
        camera = Camera.from_opencv(
            K, [-0.05, 0.1, 0, 0, 0], Pose.from_rotation_vector([0, 0.1 * index, 0], [0, 0, 1.1]), (2448, 2048)
        )
        pixels = camera.project(points) + random.normal(0.0, noise_px, (106, 2)) + shift_px * (index == 2)
        inner = points[33:] if order is None else points[order]
        cameras.append(camera)
        detected.append(Landmarks.all_valid(pixels, "renderme106"))
        world.append(Landmarks.all_valid(inner, "renderme73"))
    return cameras, detected, world


@pytest.mark.parametrize("shift_px", [0.0, 60.0])
def test_contour_first_holds_even_with_a_camera_off(shift_px: float) -> None:
    check = check_landmark_map(*capture(shift_px=shift_px))
    assert check.holds
    assert (check.best, check.num_views, check.num_pairs) == (33, 5, 365)
    assert check.residuals_px[33] == pytest.approx(1.18, abs=0.15)  # median of a Rayleigh distribution
    assert check.margin_px > 100.0
    assert "33 holds" in str(check)


@pytest.mark.parametrize(
    "order",
    [
        np.arange(73),
        np.arange(105, 32, -1),
        33 + np.random.default_rng(0).permutation(73),
        np.r_[33:60, 61:106, 60],
        np.r_[33:76, np.roll(np.arange(76, 106), 1)],
    ],
    ids=["contour last", "reversed", "shuffled", "partly shifted", "less than half wrong"],
)
def test_other_orders_do_not_hold(order: np.ndarray[Any, Any]) -> None:
    check = check_landmark_map(*capture(order))
    assert not check.holds
    assert "DOES NOT HOLD" in str(check)


def test_contour_last_is_found() -> None:
    assert check_landmark_map(*capture(np.arange(73))).best == 0


def test_missing_points_and_nothing_to_test() -> None:
    cameras, detected, world = capture()
    gaps = np.ones(106, np.bool_)
    gaps[::3] = False
    detected = [Landmarks(each.points, gaps, each.scheme) for each in detected]
    check = check_landmark_map(cameras, detected, world)
    assert check.holds
    assert check.num_pairs == 5 * int(gaps[33:].sum())
    assert "not testable" in str(check_landmark_map([], [], []))
    assert not check_landmark_map([], [], []).holds
    with pytest.raises(ValueError, match="does not fit"):
        check_landmark_map(cameras, detected, world, expected=34)
    with pytest.raises(ValueError, match="one of each"):
        check_landmark_map(cameras, detected, world[:2])
