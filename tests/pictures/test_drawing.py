"""Drawing: blending, sizes, text that cannot break a picture, files that come back."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from renderkit.errors import DatasetError
from renderkit.images.palette import CAPTURED, ERROR, PREDICTED
from renderkit.pictures.drawing import (
    draw_texts,
    encode_picture,
    fitted,
    font,
    resized,
    shortened,
    text_width,
    wrapped,
    write_picture,
)


def test_fitting_keeps_the_shape_and_never_enlarges() -> None:
    assert fitted((2448, 2048), 1224) == (1224, 1024)
    assert fitted((100, 50), 1000) == (100, 50)
    assert fitted((10_000, 1), 100) == (100, 1)


def test_shrinking_averages_and_keeps_positions() -> None:
    image = np.zeros((40, 40, 3), dtype=np.uint8)
    image[10:14, 20:24] = 255
    small = resized(image, (10, 10))
    bright = np.argwhere(small[:, :, 0] > 0)
    # The square of centre (21.5, 11.5) becomes pixel (5, 2.5): c' = (c + 0.5) / 4 - 0.5.
    np.testing.assert_allclose(bright.mean(axis=0), [2.5, 5.0])
    assert resized(image, (40, 40)) is image


def test_text_changes_only_its_own_place() -> None:
    image = np.zeros((60, 200, 3), dtype=np.uint8)
    drawn = draw_texts(image, [("camera 05", (10, 30), 20, (255, 255, 255))])
    rows, columns = np.nonzero(drawn[:, :, 0])
    assert 15 < np.min(rows) < np.max(rows) < 45
    assert 8 < np.min(columns) < np.max(columns) < 130
    assert not image.any()


@pytest.mark.parametrize("text", ["", "\x00\n\t\u202e", "\U0001f9d1 名前", "x" * 3000])
def test_hostile_text_is_drawn_without_harm(text: str) -> None:
    assert draw_texts(np.zeros((30, 50, 3), dtype=np.uint8), [(text, (2, 15), 14, (9, 9, 9))]).shape == (30, 50, 3)


@pytest.mark.parametrize(("name", "tolerance"), [("a.png", 0), ("a.jpg", 12), ("a.webp", 16)])
def test_pictures_come_back_in_their_colours(tmp_path: Path, name: str, tolerance: int) -> None:
    image = np.zeros((48, 96, 3), dtype=np.uint8)
    for index, color in enumerate((CAPTURED, PREDICTED, ERROR)):
        image[:, 32 * index : 32 * index + 32] = color
    write_picture(image, tmp_path / name)
    read = cv2.imread(str(tmp_path / name), cv2.IMREAD_COLOR)
    assert read is not None
    back = read[:, :, ::-1]
    assert np.abs(back[20, [16, 48, 80]].astype(int) - image[20, [16, 48, 80]]).max() <= tolerance


def test_a_picture_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be written"):
        write_picture(np.zeros((4, 4, 3), dtype=np.uint8), tmp_path / "missing" / "a.png")


def test_the_three_colours_differ_for_the_colour_blind() -> None:
    # Projections of Vienot, Brettel and Mollon (1999) for protanopes and deuteranopes, on linear RGB.
    lms_from_rgb = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])
    protan = np.array([[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]])
    deutan = np.array([[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]])
    colors = np.array([CAPTURED, PREDICTED, ERROR], dtype=np.float64)
    linear = (colors / 255.0) ** 2.2
    for loss in (protan, deutan):
        seen = linear @ lms_from_rgb.T @ loss.T @ np.linalg.inv(lms_from_rgb).T
        values = 255.0 * np.clip(seen, 0.0, 1.0) ** (1 / 2.2)
        for first in range(3):
            for second in range(first):
                assert np.linalg.norm(values[first] - values[second]) > 90.0


def test_transparency_is_kept_where_the_format_can(tmp_path: Path) -> None:
    image = np.zeros((8, 9, 4), np.uint8)
    image[2:5, 3:6] = (10, 200, 30, 255)
    write_picture(image, tmp_path / "a.png")
    read = cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED)
    assert read is not None
    np.testing.assert_array_equal(read[:, :, [2, 1, 0, 3]], image)
    with pytest.raises(DatasetError, match="cannot be transparent"):
        encode_picture(image, Path("a.jpg"))
    with pytest.raises(DatasetError, match=r"ends in \.jpg"):
        encode_picture(image, Path("a.bmp"))


def test_long_texts_are_cut() -> None:
    assert shortened("camera 05", 20, 500) == "camera 05"
    assert shortened("camera 05" * 40, 20, 100).endswith("...")


def test_text_is_broken_at_spaces_into_lines_that_fit() -> None:
    text = "contour that the other mattes contradict by over 1 px"
    lines = wrapped(text, 15, 150)
    assert len(lines) > 2
    assert " ".join(lines) == text
    assert max(text_width(line, 15) for line in lines) <= 150
    assert wrapped("", 15, 150) == []
    assert text_width(wrapped("w" * 100, 15, 150)[0], 15) <= 150


def test_texts_are_pillows_to_the_bit_also_beyond_the_picture() -> None:
    rng = np.random.default_rng(3)
    picture = rng.integers(0, 256, (60, 200, 3), np.uint8)
    texts = [
        (text, (int(rng.integers(-30, 210)), int(rng.integers(-15, 75))), size, (int(rng.integers(256)), 128, 7))
        for text in ("camera 07", "Ágjy|q", "", " ", "3.4 px, a text that leaves the picture on the right")
        for size in (9, 17, 30)
    ]
    expected = Image.fromarray(picture)
    pen = ImageDraw.Draw(expected)
    for text, place, size, color in texts:
        pen.text(place, text, fill=color, font=font(size), anchor="lm")
    assert np.array_equal(draw_texts(picture, texts), np.asarray(expected))
