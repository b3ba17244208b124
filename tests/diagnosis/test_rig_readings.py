from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from renderkit.diagnosis.convergence import Reading, invert_poses, read_every_way


def inward(count: int = 10) -> np.ndarray:
    """(N, 3, 4) world-to-camera matrices of cameras on a dome that look at (0.1, 0.2, 0.3) from 2 away."""
    random = np.random.default_rng(4)
    rotations = Rotation.random(count, rng=random).as_matrix()
    point = np.array([0.1, 0.2, 0.3])
    translations = np.array([0.0, 0.0, 2.0]) - rotations @ point
    return np.concatenate([rotations, translations[:, :, None]], axis=2)


def homogeneous(poses: np.ndarray) -> np.ndarray:
    return np.concatenate([poses, np.tile([[[0.0, 0.0, 0.0, 1.0]]], (len(poses), 1, 1))], axis=1)


FLIP = np.diag([1.0, -1.0, -1.0, 1.0])


@pytest.mark.parametrize(
    ("reading", "stated"),
    [
        ("as given", homogeneous(inward())),
        ("inverted", np.linalg.inv(homogeneous(inward()))),
        ("OpenGL axes", FLIP @ homogeneous(inward())),
        ("inverted, OpenGL axes", np.linalg.inv(FLIP @ homogeneous(inward()))),
    ],
)
def test_one_reading_makes_the_axes_meet_and_gives_the_cameras_back(reading: Reading, stated: np.ndarray) -> None:
    readings = read_every_way(stated[:, :3])
    best = min(readings.values(), key=lambda one: one.convergence.median_angle_deg)
    assert best.reading == reading
    assert [one.reading for one in readings.values() if one.is_good] == [reading]
    np.testing.assert_allclose(best.cam_from_world, inward(), atol=1e-12)
    np.testing.assert_allclose(best.convergence.point, [0.1, 0.2, 0.3], atol=1e-9)


def test_inverses_are_inverses() -> None:
    np.testing.assert_allclose(
        homogeneous(invert_poses(inward())) @ homogeneous(inward()), np.tile(np.eye(4), (10, 1, 1)), atol=1e-14
    )
