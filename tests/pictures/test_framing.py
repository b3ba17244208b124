"""What part of a photograph is shown and how large; and styles as people state them."""

from __future__ import annotations

import numpy as np
import pytest

from renderkit.errors import ArgumentError
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.metrics.scored_view import PairedLandmarks
from renderkit.pictures.framing import choose_window, picture_camera, picture_size
from renderkit.pictures.presets import PRESETS, find_preset
from renderkit.pictures.style import OverlayStyle, parse_crop, style_with

CAMERA = Camera.look_at(eye=(0, 0, 4), target=(0, 0, 0), size=(1200, 900), fov_deg=40, name="7")
SQUARE = Mesh(
    np.array([[-0.5, -0.5, 0], [0.5, -0.5, 0], [0.5, 0.5, 0], [-0.5, 0.5, 0]]),
    np.array([[0, 1, 2], [0, 2, 3]], np.int32),
)


def test_a_mesh_is_framed_with_a_margin_that_jpegs_can_be_cut_at() -> None:
    x0, y0, width, height = choose_window(CAMERA, OverlayStyle(crop="mesh"), SQUARE, None)
    pixels = CAMERA.project(SQUARE.vertices)
    assert x0 < pixels[:, 0].min() - 8
    assert x0 + width > pixels[:, 0].max() + 8
    assert width < 1.3 * np.ptp(pixels[:, 0])
    assert not any(number % 8 for number in (x0, y0, width, height))


def test_a_face_is_framed_by_its_landmarks_and_else_the_mesh_is() -> None:
    pixels = np.array([[500.0, 400.0], [700.0, 600.0], [np.nan, np.nan]])
    landmarks = PairedLandmarks(pixels, pixels, np.ones(3), np.zeros(3, np.bool_))
    x0, y0, width, height = choose_window(CAMERA, OverlayStyle(crop="face"), SQUARE, landmarks)
    assert (x0 + width / 2, y0 + height / 2) == pytest.approx((600, 500), abs=8)
    assert 300 < width < 450
    mesh = choose_window(CAMERA, OverlayStyle(crop="mesh"), SQUARE, landmarks)
    assert choose_window(CAMERA, OverlayStyle(crop="face"), SQUARE, None) == mesh
    assert choose_window(CAMERA, OverlayStyle(crop="face"), None, None) == (0, 0, 1200, 900)


def test_a_stated_window_is_cut_to_the_photograph() -> None:
    assert choose_window(CAMERA, OverlayStyle(crop=(1000, -5, 500, 50)), None, None) == (1000, 0, 200, 45)
    with pytest.raises(ArgumentError, match="camera 7: the photograph is 1200 x 900"):
        choose_window(CAMERA, OverlayStyle(crop=(2000, 0, 10, 10)), None, None)


@pytest.mark.parametrize(
    ("window", "max_size", "size"),
    [
        ((0, 0, 2448, 2048), 1600, (1600, 1339)),
        ((0, 0, 1224, 1024), 1600, (1224, 1024)),
        ((0, 0, 100, 80), 1600, (900, 720)),
        ((0, 0, 100, 80), 64, (64, 51)),
        ((0, 0, 2048, 2448), 1600, (1339, 1600)),
    ],
)
def test_pictures_fit_and_small_ones_are_enlarged(
    window: tuple[int, int, int, int], max_size: int, size: tuple[int, int]
) -> None:
    assert picture_size(window, OverlayStyle(max_size=max_size)) == size


def test_two_side_by_side_fit_together() -> None:
    for window in ((0, 0, 2448, 2048), (0, 0, 2048, 2448), (0, 0, 300, 200)):
        width, height = picture_size(window, OverlayStyle(max_size=1000, side_by_side=True))
        assert max(2 * width + 6, height) <= 1000
        assert width / height == pytest.approx(window[2] / window[3], rel=0.01)


def test_the_pictures_camera_sees_what_the_window_shows() -> None:
    window, size = (200, 100, 400, 300), (800, 600)
    points = np.array([[0.1, 0.2, 0.3], [-0.4, 0.1, 0.0]])
    expected = (CAMERA.project(points) - (200, 100) + 0.5) * 2.0 - 0.5
    np.testing.assert_allclose(picture_camera(CAMERA, window, size).project(points), expected)


def test_styles_are_read_from_texts_and_numbers() -> None:
    style = style_with(
        OverlayStyle(),
        {"layers": "depth, outline", "colors": "rendered=#00ff10", "crop": "1,2,30,40", "opacity": 1, "caption": False},
        "preset x",
    )
    assert style.layers == ("depth", "outline")
    assert style.color("rendered") == (0, 255, 16)
    assert style.crop == (1, 2, 30, 40)
    assert style.color("captured") == OverlayStyle().color("captured")


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"layer": "depth"}, "did you mean 'layers'"),
        ({"opacity": 2.0}, "expected 0 to 1"),
        ({"opacity": "much"}, "expected a number"),
        ({"caption": 1}, "expected true or false"),
        ({"colors": "skin=#ffffff"}, "there is no 'skin'; There are: captured"),
        ({"colors": {"captured": "blue"}}, "such as #ffd000"),
        ({"colors": {"captured": [1, 2, 300]}}, "from 0 to 255"),
        ({"colors": 3}, "expected colours by name"),
        ({"crop": "head"}, "mesh, face or X,Y,W,H"),
        ({"crop": "1,2,0,4"}, "mesh, face or X,Y,W,H"),
        ({"crop": 7}, "mesh, face or X,Y,W,H"),
        ({"background": "sea"}, "photo, transparent, plain"),
        ({"max_size": 1}, "expected 16 to"),
        ({"line_px": -1.0}, "expected 0 to 100"),
    ],
)
def test_what_is_wrong_with_a_style_is_said(values: dict[str, object], why: str) -> None:
    with pytest.raises(ArgumentError, match=why) as caught:
        style_with(OverlayStyle(), values, "preset x")
    assert "preset x" in str(caught.value)


def test_presets_are_valid_and_own_ones_come_first() -> None:
    for name, preset in PRESETS.items():
        style_with(OverlayStyle(), {k: v for k, v in preset.items() if k not in {"format", "name"}}, name)
    assert find_preset("wire", {"wire": {"opacity": 0.1}}) == {"opacity": 0.1}
    with pytest.raises(ArgumentError, match="did you mean 'outline'"):
        find_preset("outlin", {})


def test_crops_that_are_words() -> None:
    assert parse_crop("face") == "face"
