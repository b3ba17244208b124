"""Depth pictures: colours where both meshes are, the photograph elsewhere, a scale below."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.pictures.heat import draw_depth_heat, heat_files
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


def test_without_differences_there_is_no_picture() -> None:
    for values in (None, np.full((400, 600), np.nan)):
        assert heat_files(replace(_evidence(), depth_difference=values)) == {}


def test_it_stays_in_the_run_folder() -> None:
    ((path, data),) = heat_files(_evidence()).items()
    assert Path(path).parent == Path("surfaces")
    assert Path(path).name == Path(path).resolve().name
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) is not None
