"""Cameras from the numbers that a dataset stores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from renderkit.errors import CalibrationError
from renderkit.formats.calibration import make_camera


def test_direction_and_absurd_sizes() -> None:
    matrix = np.eye(4)
    matrix[:3, 3] = (1.0, 2.0, 3.0)
    K = np.diag([9.0, 9.0, 1.0])
    there = make_camera(Path("x"), "7", K, [], matrix, "cam_from_world", (64, 48))
    back = make_camera(Path("x"), "7", K, [], matrix, "world_from_cam", (64, 48))
    np.testing.assert_array_equal(there.center_world, [-1, -2, -3])
    np.testing.assert_array_equal(back.center_world, [1, 2, 3])
    with pytest.raises(CalibrationError, match="over 65536"):
        make_camera(Path("x"), "7", K, [], matrix, "cam_from_world", (64, 10**6))
