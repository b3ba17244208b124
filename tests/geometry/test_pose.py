from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from renderkit.geometry.pose import Pose


def random_pose(seed: int) -> Pose:
    rng = np.random.default_rng(seed)
    return Pose(Rotation.random(random_state=rng).as_matrix(), rng.normal(size=3))


@given(st.integers(0, 10_000))
def test_inverse_and_composition_agree_with_homogeneous_matrices(seed: int) -> None:
    first, second = random_pose(seed), random_pose(seed + 1)
    assert np.allclose((first @ second).matrix, first.matrix @ second.matrix, atol=1e-14)
    assert np.allclose(first.inverse().matrix, np.linalg.inv(first.matrix), atol=1e-12)


def test_apply_moves_points_like_the_matrix() -> None:
    pose = random_pose(3)
    points = np.random.default_rng(0).normal(size=(10, 3))
    expected = (np.column_stack([points, np.ones(10)]) @ pose.matrix.T)[:, :3]
    assert np.allclose(pose.apply(points), expected, atol=1e-14)


@given(st.integers(0, 10_000))
def test_rotation_vector_is_scipys(seed: int) -> None:
    pose = random_pose(seed)
    expected = Rotation.from_matrix(pose.R)
    assert np.allclose(pose.rotation_vector, expected.as_rotvec(), atol=1e-9)
    assert pose.angle_rad == pytest.approx(expected.magnitude(), abs=1e-9)
    back = Pose.from_rotation_vector(pose.rotation_vector, pose.t)
    assert np.allclose(back.R, cv2.Rodrigues(pose.rotation_vector)[0], atol=1e-12)


def test_small_angles_keep_their_digits() -> None:
    pose = Pose.from_rotation_vector([1e-9, 0.0, 0.0], [0.0, 0.0, 0.0])
    assert pose.angle_rad == pytest.approx(1e-9, rel=1e-6)


def test_a_rotation_in_float32_becomes_exact_and_inverts_back_to_itself() -> None:
    pose = random_pose(5)
    rounded = Pose(pose.R.astype(np.float32), pose.t)
    assert np.abs(rounded.R @ rounded.R.T - np.eye(3)).max() < 1e-14
    assert np.abs(rounded.inverse().inverse().matrix - rounded.matrix).max() < 1e-14


@pytest.mark.parametrize(
    ("rotation", "message"),
    [
        (np.diag([1.0, 1.0, -1.0]), "det R = -1"),
        (np.eye(3) * 1.1, "not a rotation"),
        (np.full((3, 3), np.nan), "NaN"),
        (np.eye(2), r"expected shape \(3, 3\), got \(2, 2\)"),
    ],
)
def test_what_is_no_rotation_is_refused(rotation: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Pose(rotation, np.zeros(3))


def test_arrays_cannot_be_written_and_do_not_follow_their_source() -> None:
    translation = np.zeros(3)
    pose = Pose(np.eye(3), translation)
    translation[0] = 5.0
    assert pose.t[0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        pose.t[0] = 1.0


@pytest.mark.parametrize("matrix", [np.eye(3), np.diag([1.0, 1.0, 1.0, 2.0])])
def test_from_matrix_wants_a_rigid_matrix(matrix: np.ndarray) -> None:
    with pytest.raises(ValueError, match="matrix: expected"):
        Pose.from_matrix(matrix)


def test_opencvs_columns_are_vectors() -> None:
    rvec, tvec = np.array([[0.1], [-0.2], [0.3]]), np.array([[1.0], [2.0], [3.0]])
    pose = Pose.from_rotation_vector(rvec, tvec)  # the shapes that cv2.solvePnP returns
    assert pose == Pose.from_rotation_vector(rvec.ravel(), tvec.ravel())
    assert Pose(pose.R, tvec.T) == pose
    with pytest.raises(ValueError, match=r"t: expected shape \(3,\), got \(3, 3\)"):
        Pose(np.eye(3), np.eye(3))
