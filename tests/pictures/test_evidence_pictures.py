"""Pictures of evidence that joins many views."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from renderkit.capture import View
from renderkit.diagnosis.evidence.kind import ViewMarks
from renderkit.geometry.camera import Camera
from renderkit.images.encoded import EncodedImage
from renderkit.images.palette import CAPTURED, ERROR
from renderkit.pictures.evidence_pictures import draw_marks, draw_matrix
from renderkit.results.findings import CameraMatrix

CAMERA = Camera(np.array([[700.0, 0.0, 320.0], [0.0, 700.0, 240.0], [0.0, 0.0, 1.0]]), 640, 480, name="a")


def _view(image: EncodedImage | None = None, mask: EncodedImage | None = None) -> View:
    return View("0", CAMERA, image, mask)


def test_points_lie_where_they_were_seen() -> None:
    photo = np.full((480, 640, 3), 100, np.uint8)
    view = _view(image=EncodedImage.from_array(photo, Path("memory"), "a"))
    seen, wrong = np.array([[100.0, 50.0], [np.nan, 0.0]]), np.array([[600.0, 400.0]])
    marks = ViewMarks("0", "a", "caption", good=seen, bad=wrong, arrows=np.array([[300.0, 200.0, 340.0, 200.0]]))
    picture = draw_marks(view, marks)
    assert picture.shape[1] == 640
    assert tuple(picture[50, 100]) == CAPTURED
    assert tuple(picture[400, 600]) == ERROR
    assert np.abs(picture[200, 320] - np.array(ERROR)).max() < 30
    assert (picture[300, 200] == 60).all()


def test_a_matte_stands_in_for_a_photograph_and_points_far_outside_do_no_harm() -> None:
    alpha = np.zeros((480, 640), np.uint8)
    alpha[100:300, 100:300] = 255
    view = _view(mask=EncodedImage.from_array(alpha, Path("memory"), "a"))
    picture = draw_marks(view, ViewMarks("0", "a", "x", bad=np.array([[1e12, -1e12]])))
    assert picture[200, 200].mean() > picture[400, 400].mean()
    assert draw_marks(_view(), ViewMarks("0", "a", "x")).shape[1] == 640


def test_a_matrix_is_brightest_at_its_largest_value() -> None:
    values = np.full((3, 3), 0.1)
    values[2, 0] = 0.9
    values[1, 1] = np.nan
    picture = draw_matrix(CameraMatrix("refuted", ("one", "two", "three"), values)).astype(int)
    yellow = (picture == (253, 231, 37)).all(axis=2) | (picture == (37, 231, 253)).all(axis=2)
    rows, columns = np.nonzero(yellow)
    assert len(rows) == 14 * 14
    assert rows.min() > picture.shape[0] // 2
    assert columns.max() < picture.shape[1] // 1.5


def test_a_long_caption_goes_on_in_further_lines() -> None:
    caption = "a camera with a name, frame 0: contour that the other mattes contradict by over 1 px (pink): 78 of 800"
    short, long = (draw_marks(_view(), ViewMarks("0", "a", words)) for words in ("a camera", f"{caption} {caption}"))
    assert long.shape[1] == short.shape[1]
    assert long.shape[0] > short.shape[0]
    # Nothing is written into the right margin.
    assert (long[480:, -12:] == long[-1, -1]).all()
