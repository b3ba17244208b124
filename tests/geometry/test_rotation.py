from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from renderkit.geometry.rotation import (
    matrix_from_quaternion,
    matrix_from_rotation_vector,
    quaternion_from_matrix,
    rotation_vector_from_matrix,
)

angles = st.one_of(st.floats(0.0, np.pi), st.floats(np.pi - 1e-6, np.pi), st.floats(0.0, 1e-9), st.just(np.pi))
axes = st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1)).filter(lambda axis: np.linalg.norm(axis) > 1e-3)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(angles, axes)
def test_every_rotation_survives_both_forms(angle: float, axis: tuple[float, float, float]) -> None:
    vector = angle * np.array(axis) / np.linalg.norm(axis)
    matrix = matrix_from_rotation_vector(vector)
    np.testing.assert_allclose(matrix, Rotation.from_rotvec(vector).as_matrix(), atol=4e-15)
    np.testing.assert_allclose(matrix_from_rotation_vector(rotation_vector_from_matrix(matrix)), matrix, atol=4e-15)
    np.testing.assert_allclose(matrix_from_quaternion(quaternion_from_matrix(matrix)), matrix, atol=4e-15)


def test_quaternions_are_scalar_first() -> None:
    quarter_turn_about_z = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(quaternion_from_matrix(quarter_turn_about_z), np.sqrt(0.5) * np.array([1, 0, 0, 1]))
    scaled = matrix_from_quaternion(np.array([2.0, 0.0, 0.0, 2.0]))
    np.testing.assert_allclose(scaled, quarter_turn_about_z, atol=1e-15)


@pytest.mark.parametrize("quaternion", [np.zeros(4), np.full(4, np.nan)])
def test_a_quaternion_of_no_length_is_no_rotation(quaternion: np.ndarray) -> None:
    assert np.isnan(matrix_from_quaternion(quaternion)).all()
