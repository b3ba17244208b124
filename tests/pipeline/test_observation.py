"""Reading one view: thresholds, sizes, and the classic undistorted way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from ball_scene import SIZE, ball_camera, ball_view, encoded

from renderkit.capture import View
from renderkit.errors import DatasetError
from renderkit.geometry.landmarks import Landmarks
from renderkit.images.encoded import EncodedImage
from renderkit.images.matte import inside_matte
from renderkit.pipeline.observation import read_observation
from renderkit.pipeline.options import ValidationOptions


@pytest.mark.parametrize(("threshold", "first_inside"), [(0.5, 128), (1.0, 255), (1 / 255, 1), (0.001, 1), (0.25, 64)])
def test_alpha_from_which_a_pixel_is_inside(threshold: float, first_inside: int) -> None:
    ramp = np.arange(256, dtype=np.uint8)[None]
    assert int(np.argmax(inside_matte(ramp, threshold))) == first_inside


def test_absent_parts_stay_absent() -> None:
    observation = read_observation(View("0", ball_camera("00")), ValidationOptions())
    assert (observation.photo, observation.mask, observation.landmarks, observation.region) == (None, None, None, None)


def _with(view: View, part: str, picture: EncodedImage) -> View:
    return replace(view, image=picture) if part == "image" else replace(view, mask=picture)


@pytest.mark.parametrize("part", ["image", "mask"])
def test_a_picture_of_another_size_is_refused_with_what_to_do(part: str) -> None:
    view = ball_view("0", "00")
    small = encoded(np.zeros((60, 80), dtype=np.uint8))
    advice = "Camera.scaled" if part == "image" else "in their original size"
    with pytest.raises(DatasetError, match=rf"80 x 60 px, the calibration of its camera 160 x 120 px; .*{advice}"):
        read_observation(_with(view, part, small), ValidationOptions())
    turned = encoded(np.zeros(SIZE, dtype=np.uint8))
    with pytest.raises(DatasetError, match="width and height are swapped"):
        read_observation(_with(view, part, turned), ValidationOptions())


@pytest.mark.parametrize("undistort", [False, True])
def test_a_photograph_that_nobody_looks_at_is_not_decoded(*, undistort: bool) -> None:
    view = ball_view("0", "00")
    assert view.image is not None
    header_only = EncodedImage(lambda: encoded(np.zeros(SIZE[::-1], dtype=np.uint8)).read_bytes()[:64], Path("a.png"))
    observation = read_observation(
        replace(view, image=header_only), ValidationOptions(undistort=undistort), with_photo=False
    )
    assert observation.photo is None
    assert observation.mask is not None
    with pytest.raises(DatasetError):
        read_observation(replace(view, image=header_only), ValidationOptions())
    small = encoded(np.zeros((60, 80), dtype=np.uint8))
    with pytest.raises(DatasetError, match="80 x 60 px"):
        read_observation(replace(view, image=small), ValidationOptions(), with_photo=False)
    no_picture = EncodedImage(lambda: b"\xff\xd8\xff corrupt", Path("a.jpg"))
    with pytest.raises(DatasetError, match="cannot be decoded"):
        read_observation(replace(view, image=no_picture), ValidationOptions(), with_photo=False)


def test_undistorting_agrees_with_opencv() -> None:
    view = ball_view("0", "00")
    observation = read_observation(view, ValidationOptions(undistort=True))
    assert observation.camera.distortion.model == "none"
    assert view.image is not None
    expected = cv2.undistort(view.image.decode_color(), view.camera.K, view.camera.distortion.coefficients)
    assert observation.photo is not None
    # OpenCV rounds its map to 1/32 px.
    assert np.abs(observation.photo.astype(int) - expected)[20:100, 20:140].max() < 40
    assert np.abs(observation.photo.astype(int) - expected)[20:100, 20:140].mean() < 0.3
    landmarks = view.read_landmarks()
    assert landmarks is not None
    assert observation.landmarks is not None
    moved = cv2.undistortPoints(
        landmarks.points[:, None], view.camera.K, view.camera.distortion.coefficients, None, view.camera.K
    )
    np.testing.assert_allclose(observation.landmarks.points, moved.reshape(-1, 2), atol=0.01)


def test_landmarks_that_no_ray_reaches_become_invalid() -> None:
    # The radius r (1 - 0.9 r^2) turns over at r = 0.61, distorted 0.41: 164 px from the centre.
    camera = replace(ball_camera("00", [-0.9, 0.0, 0.0, 0.0]), width=600, height=500)
    landmarks = Landmarks.all_valid(np.array([[100.0, 70.0], [79.0 + 200.0, 60.0]]), "mesh")
    view = View("0", camera, read_landmarks=lambda: landmarks)
    observation = read_observation(view, ValidationOptions(undistort=True))
    assert observation.landmarks is not None
    assert observation.landmarks.valid.tolist() == [True, False]


def test_the_region_is_where_the_raw_picture_has_content() -> None:
    # Barrel distortion: the ideal picture's corners show what the raw picture does show; pincushion: what it does not.
    for k1, everywhere in ((-0.4, True), (0.4, False)):
        view = View("0", ball_camera("00", [k1, 0.0, 0.0, 0.0]))
        observation = read_observation(view, ValidationOptions(undistort=True))
        assert observation.region is not None
        assert bool(observation.region.mask[0, 0]) is everywhere
        assert observation.region.mask[60, 79]
