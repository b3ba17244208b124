from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from renderkit.geometry.pose import Pose
from renderkit.geometry.similarity import Similarity, best_similarity


def poses(count: int, centers: str = "spread") -> list[Pose]:
    random = np.random.default_rng(3)
    result = []
    for rotation in Rotation.random(count, rng=random).as_matrix():
        center = random.normal(size=3) if centers == "spread" else np.zeros(3)
        if centers == "line":
            center = random.normal() * np.array([1.0, 2.0, 3.0])
        result.append(Pose(rotation, -rotation @ center))
    return result


def moved(pose: Pose, motion: Similarity) -> Pose:
    """The camera `pose` after the world, it included, has been moved: its centre goes along, its view turns."""
    center = motion.apply(pose.inverse().t[None])[0]
    rotation = pose.R @ motion.R.T
    return Pose(rotation, -rotation @ center)


@pytest.mark.parametrize(("count", "centers"), [(6, "spread"), (2, "spread"), (4, "line")])
def test_a_known_motion_is_found(count: int, centers: str) -> None:
    motion = Similarity(2.5, Rotation.from_rotvec([0.3, -0.8, 0.4]).as_matrix(), np.array([4.0, -5.0, 6.0]))
    source = poses(count, centers)
    found = best_similarity(source, [moved(pose, motion) for pose in source])
    assert found.scale == pytest.approx(2.5, rel=1e-12)
    np.testing.assert_allclose(found.R, motion.R, atol=1e-12)
    np.testing.assert_allclose(found.t, motion.t, atol=1e-11)


@pytest.mark.parametrize("count", [1, 3])
def test_cameras_in_one_place_leave_the_scale_at_one(count: int) -> None:
    motion = Similarity(3.0, Rotation.from_rotvec([0.3, -0.8, 0.4]).as_matrix(), np.array([4.0, -5.0, 6.0]))
    source = poses(count, "one place")
    found = best_similarity(source, [moved(pose, motion) for pose in source])
    assert found.scale == 1.0
    np.testing.assert_allclose(found.R, motion.R, atol=1e-12)


def test_a_pulled_back_camera_sees_the_same() -> None:
    motion = Similarity(2.5, Rotation.from_rotvec([0.3, -0.8, 0.4]).as_matrix(), np.array([4.0, -5.0, 6.0]))
    camera = poses(1)[0]
    points = np.random.default_rng(1).normal(size=(20, 3))
    in_target = camera.apply(motion.apply(points))
    in_source = motion.pull_back(camera).apply(points)
    np.testing.assert_allclose(in_source * motion.scale, in_target, atol=1e-12)


def test_a_mirror_image_is_met_by_a_rotation() -> None:
    source = poses(5)
    mirrored = [Pose(pose.R, pose.t * np.array([-1.0, 1.0, 1.0])) for pose in source]
    assert np.linalg.det(best_similarity(source, mirrored).R) == pytest.approx(1.0)


def test_lists_must_match() -> None:
    with pytest.raises(ValueError, match="at least one, got 0 and 0"):
        best_similarity([], [])
    with pytest.raises(ValueError, match="got 1 and 2"):
        best_similarity(poses(1), poses(2))
