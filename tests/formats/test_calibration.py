"""A picture must have the size that its camera was calibrated for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats.calibration import check_picture_size, make_camera
from renderkit.images.encoded import EncodedImage


def test_picture_size_is_checked_against_the_calibration() -> None:
    camera = make_camera(Path("x"), "7", np.diag([9.0, 9.0, 1.0]), [], np.eye(4), "cam_from_world", (64, 48))
    source = EncodedImage(lambda: b"", Path("x.jpg"), "key")
    check_picture_size(np.zeros((48, 64, 3), np.uint8), camera, source)
    check_picture_size(np.zeros((48, 64), np.uint8), camera, source)
    with pytest.raises(DatasetError, match=r"x\.jpg \[key\].*48 x 64 px but camera 7 is calibrated for 64 x 48 px"):
        check_picture_size(np.zeros((64, 48), np.uint8), camera, source)


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
