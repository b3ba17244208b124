"""Mattes as programs write them, made with Pillow and OpenCV; the truth is the array they were made from."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from renderkit.errors import DatasetError
from renderkit.images.encoded import EncodedImage
from renderkit.images.matte import Matte, matte_of_pixels

OBJECT = np.zeros((13, 21), np.bool_)
OBJECT[3:9, 4:15] = True
OBJECT[5, 2:19] = True
ALPHA = np.where(OBJECT, 255, 0).astype(np.uint8)


def saved(picture: Image.Image, suffix: str, **options: Any) -> EncodedImage:
    stream = io.BytesIO()
    picture.save(stream, suffix, **options)
    return EncodedImage(stream.getvalue, Path("m"), "k")


def palette(indices: NDArray[np.bool_ | np.uint8], colors: list[tuple[int, int, int]], bits: int = 8) -> EncodedImage:
    indexed = Image.new("P", indices.shape[::-1])
    indexed.putdata(indices.astype(np.uint8).ravel().tolist())
    indexed.putpalette([value for color in colors for value in color])
    return saved(indexed, "PNG", bits=bits)


def as_alpha(matte: Matte) -> tuple[list[int], str]:
    assert np.array_equal(matte.alpha >= 128, OBJECT)
    return np.unique(matte.alpha).tolist(), matte.note


def test_plain_grey_says_nothing() -> None:
    assert as_alpha(saved(Image.fromarray(ALPHA), "PNG").decode_matte()) == ([0, 255], "")
    soft = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(saved(Image.fromarray(soft), "PNG").decode_matte().alpha, soft)


@pytest.mark.parametrize("scale", [1, 2, 31])
def test_small_values_are_labels(scale: int) -> None:
    values, note = as_alpha(saved(Image.fromarray(OBJECT.astype(np.uint8) * np.uint8(scale)), "PNG").decode_matte())
    assert values == [0, 255]
    assert ("0 and 1" if scale == 1 else f"0 to {scale}") in note


def test_32_is_a_dark_grey() -> None:
    dark = OBJECT.astype(np.uint8) * np.uint8(32)
    assert saved(Image.fromarray(dark), "PNG").decode_matte().alpha.max() == 32


def test_an_empty_matte_stays_empty() -> None:
    empty = saved(Image.fromarray(np.zeros((4, 4), np.uint8)), "PNG").decode_matte()
    assert (empty.alpha.max(), empty.note) == (0, "")


@pytest.mark.parametrize("top", [0, 1, 31, 32, 200, 255])
@pytest.mark.parametrize("threshold", [0.001, 0.5, 1.0])
@pytest.mark.parametrize("suffix", ["PNG", "TIFF"])
def test_inside_is_where_the_matte_reaches_the_threshold(top: int, threshold: float, suffix: str) -> None:
    values = (np.linspace(0, top, OBJECT.size).round().reshape(OBJECT.shape) * OBJECT).astype(np.uint8)
    values[5, 5] = top
    picture = saved(Image.fromarray(values), suffix)
    found = picture.decode_inside(threshold, reduced_to=3)
    expected = values > 0 if top <= 31 else values >= np.ceil(threshold * 255)
    assert np.array_equal(found.bits.unpack(), expected)
    assert found.note == picture.decode_matte().note


def test_one_bit() -> None:
    assert as_alpha(saved(Image.fromarray(OBJECT), "PNG").decode_matte()) == ([0, 255], "")


def test_16_bit_is_scaled_by_its_own_range() -> None:
    ramp = np.array([[0, 128, 129, 257, 32767, 65535]], np.uint16)
    found = saved(Image.fromarray(ramp), "PNG").decode_matte()
    assert found.alpha.tolist() == np.rint(ramp / 257).astype(int).tolist()
    assert "16-bit" in found.note
    narrow = saved(Image.fromarray(ALPHA.astype(np.uint16)), "PNG").decode_matte()
    assert as_alpha(narrow)[0] == [0, 255]


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("white", [0, 1])
def test_a_palette_of_black_and_white_goes_by_its_colours(bits: int, white: int) -> None:
    colors = [(0, 0, 0)] * 2
    colors[white] = (255, 255, 255)
    indices = OBJECT if white == 1 else ~OBJECT
    values, note = as_alpha(palette(indices, colors, bits).decode_matte())
    assert values == [0, 255]
    assert "white" in note


@pytest.mark.parametrize("inked", [0, 1])
def test_a_palette_of_black_and_one_colour_takes_the_colour(inked: int) -> None:
    colors = [(0, 0, 0)] * 2
    colors[inked] = (128, 0, 0)
    assert "colour" in as_alpha(palette(OBJECT if inked == 1 else ~OBJECT, colors).decode_matte())[1]


def test_other_palettes_are_labels_by_index() -> None:
    labels = OBJECT.astype(np.uint8) * np.uint8(2)
    labels[4, 6] = 1
    assert "3 labels" in as_alpha(palette(labels, [(9, 90, 9), (200, 0, 0), (30, 30, 90)]).decode_matte())[1]


def test_the_alpha_of_a_palette_wins() -> None:
    indexed = Image.new("P", OBJECT.shape[::-1])
    indexed.putdata(OBJECT.astype(np.uint8).ravel().tolist())
    indexed.putpalette([200, 100, 90, 10, 20, 30])
    assert "alpha" in as_alpha(saved(indexed, "PNG", transparency=b"\x00\xff").decode_matte())[1]


@pytest.mark.parametrize("suffix", ["PNG", "TIFF"])
def test_alpha_that_differs_is_the_matte(suffix: str) -> None:
    photo = np.random.default_rng(0).integers(60, 230, (*OBJECT.shape, 3)).astype(np.uint8)
    found = saved(Image.fromarray(np.dstack([photo, ALPHA])), suffix).decode_matte()
    assert "alpha channel" in as_alpha(found)[1]
    gray_alpha = Image.merge("LA", [Image.fromarray(photo[..., 0]), Image.fromarray(ALPHA)])
    assert "alpha channel" in as_alpha(saved(gray_alpha, "PNG").decode_matte())[1]


def test_constant_alpha_leaves_the_colours() -> None:
    opaque = np.dstack([ALPHA, ALPHA, ALPHA, np.full_like(ALPHA, 255)])
    assert as_alpha(saved(Image.fromarray(opaque), "PNG").decode_matte()) == ([0, 255], "")


@pytest.mark.parametrize("channels", [(1, 1, 0), (1, 0, 0), (0, 0, 1), (0, 1, 1)])
def test_colour_is_read_by_its_brightest_channel(channels: tuple[int, int, int]) -> None:
    colour = np.dstack([ALPHA * channel for channel in channels])
    alpha, note = as_alpha(saved(Image.fromarray(colour), "PNG").decode_matte())
    assert alpha == [0, 255]
    assert "brightest" in note


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpegs_of_all_modes(mode: str) -> None:
    large = np.kron(OBJECT, np.ones((8, 8), np.bool_))
    picture = Image.fromarray(np.where(large, 255, 0).astype(np.uint8)).convert("RGB").convert(mode)
    found = saved(picture, "JPEG", quality=95).decode_matte()
    assert np.array_equal(found.alpha >= 128, large)


def test_the_noise_of_a_dark_jpeg_is_no_label() -> None:
    dark = Image.fromarray(np.random.default_rng(0).integers(0, 20, (64, 64)).astype(np.uint8))
    found = saved(dark, "JPEG").decode_matte()
    assert found.alpha.max() < 64
    assert found.note == ""


def test_a_16_bit_or_cmyk_picture_is_a_photograph() -> None:
    wide = cv2.imencode(".png", np.full((5, 4, 3), [100 * 257, 50 * 257, 7 * 257], np.uint16))[1].tobytes()
    assert EncodedImage(lambda: wide, Path("p")).decode_color()[0, 0].tolist() == [7, 50, 100]
    cmyk = saved(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=100).decode_color()
    assert np.abs(cmyk[8, 8].astype(int) - [255, 0, 0]).max() < 8


def test_floats() -> None:
    share = OBJECT.astype(np.float32) * np.float32(0.8)
    assert as_alpha(matte_of_pixels(share))[0] == [0, 204]
    with pytest.raises(ValueError, match="finite"):
        matte_of_pixels(np.full((2, 2), np.nan, np.float32))


def test_interlaced_palettes_are_left_to_opencv() -> None:
    gray = Image.fromarray(ALPHA)
    data = saved(gray.convert("P"), "PNG").read_bytes()
    interlaced = bytearray(data)
    interlaced[28] = 1
    with pytest.raises(DatasetError):  # its checksum is wrong now: OpenCV says so
        EncodedImage(lambda: bytes(interlaced), Path("m")).decode_matte()
