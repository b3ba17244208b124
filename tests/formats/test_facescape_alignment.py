"""X_TU = R (s X_mv) + t, and back."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import renderkit
from renderkit.errors import DatasetError
from renderkit.formats.facescape_alignment import TuAlignment, read_tu_alignment
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose


def test_points_and_cameras_move_together(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rotation, _ = cv2.Rodrigues(np.array([0.3, -0.2, 0.5]))
    shift, scale = np.array([1.0, -20.0, 300.0]), 87.5
    file = tmp_path / "Rt_scale_dict.json"
    file.write_text(json.dumps({"122": {"4": [scale, np.column_stack([rotation, shift]).tolist()]}}))
    alignment = read_tu_alignment(file, 122, "4_anger")
    points = random.normal(size=(20, 3))
    expected = np.array([rotation @ (scale * point) + shift for point in points])
    np.testing.assert_allclose(alignment.to_tu(points), expected, atol=1e-9)
    back = np.array([rotation.T @ (point - shift) / scale for point in expected])
    np.testing.assert_allclose(alignment.from_tu(expected), back, atol=1e-12)
    np.testing.assert_allclose(back, points, atol=1e-12)
    pose = Pose.from_rotation_vector([0.1, 0.2, 0.3], [0.0, 0.1, 6.0])
    camera = Camera.from_opencv([[900, 0, 320], [0, 900, 240], [0, 0, 1]], [0.01, 0, 0, 0, 0], pose, (640, 480))
    np.testing.assert_allclose(alignment.camera_in_tu(camera).project(expected), camera.project(points), atol=1e-8)
    np.testing.assert_allclose(alignment.camera_in_tu(camera).depth(expected), scale * camera.depth(points), atol=1e-8)


def test_it_is_public() -> None:
    assert renderkit.read_tu_alignment is read_tu_alignment


def test_what_is_no_alignment(tmp_path: Path) -> None:
    file = tmp_path / "Rt_scale_dict.json"
    matrix = np.eye(4)[:3].tolist()
    file.write_text(
        json.dumps({"1": {"1": [1.0], "2": [0.0, matrix], "3": [1.0, [[2, 0, 0, 0]] * 3], "4": [1.0, matrix]}, "2": 5})
    )
    for subject, expression, why in (
        (1, 1, "expected"),
        (1, 2, "positive"),
        (1, 3, "rotation"),
        (1, 9, "not in"),
        (2, 1, "not in"),
    ):
        with pytest.raises(DatasetError, match=why):
            read_tu_alignment(file, subject, expression)
    assert read_tu_alignment(file, "1", 4).scale == 1.0
    with pytest.raises(ValueError, match="positive"):
        TuAlignment(float("nan"), Pose.identity())
