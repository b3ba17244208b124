"""Depth pictures: colours where both meshes are, the photograph elsewhere, a scale below."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.pictures.heat import draw_depth_heat, write_depth_heat
from renderkit.results.picture_evidence import PictureEvidence
from renderkit.results.rows import Failure, ViewKey, ViewResult


def _evidence() -> PictureEvidence:
    camera = Camera.from_opencv([[500, 0, 300], [0, 500, 200], [0, 0, 1]], [], Pose.identity(), (600, 400), "05")
    values = np.full((400, 600), np.nan)
    values[100:300, 200:300] = 0.0
    values[100:300, 300:400] = -0.01
    row = ViewResult(ViewKey("take", "0", "../05", "scan"), failure=Failure("x", "y"))
    photo = np.full((400, 600, 3), 200, np.uint8)
    return PictureEvidence(row, camera, photo=photo, depth_difference=values)


def test_colours_say_how_far() -> None:
    picture = draw_depth_heat(_evidence())
    assert picture is not None
    assert picture.shape == (464, 600, 3)
    ramp = cv2.applyColorMap(np.array([[0, 255]], np.uint8), cv2.COLORMAP_VIRIDIS)[0, :, ::-1]
    np.testing.assert_array_equal(picture[200, 250], ramp[0])
    np.testing.assert_array_equal(picture[200, 350], ramp[1])
    np.testing.assert_array_equal(picture[20, 20], (70, 70, 70))


def test_without_differences_there_is_no_picture(tmp_path: Path) -> None:
    for values in (None, np.full((400, 600), np.nan)):
        assert write_depth_heat(replace(_evidence(), depth_difference=values), tmp_path) is None
    assert not list(tmp_path.iterdir())


def test_it_stays_in_the_run_folder(tmp_path: Path) -> None:
    path = write_depth_heat(_evidence(), tmp_path)
    assert path is not None
    assert (tmp_path / path).resolve().parent == (tmp_path / "surfaces").resolve()
    assert cv2.imread(str(tmp_path / path)) is not None


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    first = write_depth_heat(_evidence(), tmp_path)
    assert first is not None
    (tmp_path / first).unlink()
    (tmp_path / first).mkdir()
    with pytest.raises(DatasetError, match="cannot be written"):
        write_depth_heat(_evidence(), tmp_path)
