from __future__ import annotations

import numpy as np
import pytest

from renderkit.geometry.landmarks import Landmarks


def test_points_that_are_not_finite_become_invalid() -> None:
    landmarks = Landmarks.all_valid(np.array([[1.0, 2.0], [np.nan, 0.0], [np.inf, 1.0]]), "ibug51")
    assert landmarks.valid.tolist() == [True, False, False]
    assert len(landmarks) == 3


@pytest.mark.parametrize(
    ("points", "valid"), [(np.zeros((3, 4)), np.ones(3)), (np.zeros(3), np.ones(3)), (np.zeros((3, 2)), np.ones(2))]
)
def test_wrong_shapes_are_refused(points: np.ndarray, valid: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected shape"):
        Landmarks(points, valid.astype(np.bool_), "ibug51")
