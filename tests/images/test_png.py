"""The fast greyscale PNG path, held against OpenCV's decoder and Python's own zlib."""

from __future__ import annotations

import itertools
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderkit.errors import DatasetError
from renderkit.images.encoded import EncodedImage
from renderkit.images.png import SIGNATURE, decode_gray_png, read_gray_rows


def encoded(data: bytes) -> EncodedImage:
    return EncodedImage(lambda: data, Path("a.smc"), "Camera/00/mask/0")


def chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def header(width: int, height: int, depth: int = 8, color: int = 0, interlace: int = 0) -> bytes:
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return SIGNATURE + chunk(b"IHDR", size + bytes([depth, color, 0, 0, interlace]))


def filtered_rows(pixels: np.ndarray, kinds: list[int]) -> bytes:
    """Apply the given filter to each row, as an encoder does, by the specification's definitions."""
    rows = []
    above = [0] * pixels.shape[1]
    for line, kind in zip(pixels.tolist(), kinds, strict=True):
        stored = [kind]
        for x, value in enumerate(line):
            a, b, c = (line[x - 1] if x else 0), above[x], (above[x - 1] if x else 0)
            estimate = a + b - c
            paeth = min((a, b, c), key=lambda p: abs(estimate - p))
            stored.append((value - (0, a, b, (a + b) // 2, paeth)[kind]) % 256)
        rows.append(bytes(stored))
        above = line
    return b"".join(rows)


def png(pixels: np.ndarray, kinds: list[int], pieces: int = 1) -> bytes:
    height, width = pixels.shape
    body = zlib.compress(filtered_rows(pixels, kinds))
    cuts = np.linspace(0, len(body), pieces + 1).astype(int)
    idat = b"".join(chunk(b"IDAT", body[start:end]) for start, end in itertools.pairwise(cuts))
    return header(width, height) + idat + chunk(b"IEND", b"")


@given(
    size=st.tuples(st.integers(1, 300), st.integers(1, 12)),
    seed=st.integers(0, 2**32 - 1),
    pieces=st.integers(1, 4),
    smooth=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_every_filter_gives_the_pixels_that_opencv_gives(
    size: tuple[int, int], seed: int, pieces: int, smooth: bool
) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, size[::-1]).astype(np.uint8)
    if smooth:
        pixels = np.where(pixels > 128, 255, 0).astype(np.uint8).repeat(37, axis=1)[:, : size[0]]
    data = png(pixels, rng.integers(0, 5, len(pixels)).tolist(), pieces)
    fast = decode_gray_png(data)
    assert fast is not None
    assert np.array_equal(fast, pixels)
    assert np.array_equal(fast, np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)))
    for least in (1, 128, 255):
        rows = read_gray_rows(data)
        assert rows is not None
        thresholded = rows.threshold(least)
        assert np.array_equal(thresholded[0].unpack(), pixels >= least)
        assert thresholded[1] == pixels.max()


@pytest.mark.parametrize("strategy", [cv2.IMWRITE_PNG_STRATEGY_DEFAULT, cv2.IMWRITE_PNG_STRATEGY_RLE])
def test_a_large_matte_written_by_opencv_comes_back(strategy: int) -> None:
    y, x = np.mgrid[:700, :900]
    matte = np.clip(600.0 - 2.0 * np.hypot(x - 450, y - 350), 0, 255).astype(np.uint8)
    data = cv2.imencode(".png", matte, [cv2.IMWRITE_PNG_STRATEGY, strategy])[1].tobytes()
    fast = decode_gray_png(data)
    assert fast is not None
    assert np.array_equal(fast, matte)
    assert np.array_equal(encoded(data).decode_gray(), matte)


@pytest.mark.parametrize(
    "data",
    [
        cv2.imencode(".png", np.zeros((5, 5, 3), np.uint8))[1].tobytes(),
        cv2.imencode(".png", np.full((5, 5), 40_000, np.uint16))[1].tobytes(),
        cv2.imencode(".png", np.zeros((5, 5), np.uint8), [cv2.IMWRITE_PNG_BILEVEL, 1])[1].tobytes(),
        cv2.imencode(".jpg", np.zeros((5, 5), np.uint8))[1].tobytes(),
        header(5, 5) + chunk(b"tRNS", b"\x00\x01"),
        header(5, 5, interlace=1),
        b"",
    ],
    ids=["colour", "16 bit", "1 bit", "jpeg", "transparent", "interlaced", "empty"],
)
def test_other_pictures_are_left_to_opencv(data: bytes) -> None:
    assert decode_gray_png(data) is None


def test_a_colour_png_still_decodes_to_opencvs_grey() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (9, 7, 3)).astype(np.uint8)
    data = cv2.imencode(".png", pixels)[1].tobytes()
    expected = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE))
    assert np.array_equal(encoded(data).decode_gray(), expected)


GOOD = png(np.arange(64, dtype=np.uint8).reshape(8, 8), [1] * 8)


@pytest.mark.parametrize("position", [len(GOOD) - 20, 20, 29])
def test_a_wrong_byte_is_found(position: int) -> None:
    broken = bytearray(GOOD)
    broken[position] ^= 0x01
    with pytest.raises(DatasetError, match=r"a\.smc \[Camera/00/mask/0\]: .*(checksum|corrupt|hold|cut off)"):
        encoded(bytes(broken)).decode_gray()


@pytest.mark.parametrize("length", [34, 50, len(GOOD) - 13, len(GOOD) - 1])
def test_a_truncated_file_is_found(length: int) -> None:
    with pytest.raises(DatasetError, match="cut off"):
        encoded(GOOD[:length]).decode_gray()


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (b"\x00" * 72 + b"\x00" * 1000, "corrupt or does not fit"),
        (b"\x00" * 71, "expected 72 bytes"),
        (b"\x05" + b"\x00" * 71, "row 0 has a filter type"),
    ],
    ids=["too much", "too little", "unknown filter"],
)
def test_rows_that_do_not_fit_the_header_are_refused(rows: bytes, why: str) -> None:
    data = header(8, 8) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    with pytest.raises(DatasetError, match=why):
        encoded(data).decode_gray()
    with pytest.raises(DatasetError, match=why):
        encoded(data).decode_inside(0.5)


def test_a_bomb_is_refused_before_memory_is_taken() -> None:
    data = header(16_000, 16_000) + chunk(b"IDAT", zlib.compress(b"\x00" * 1000)) + chunk(b"IEND", b"")
    with pytest.raises(DatasetError, match="cannot hold the header's picture"):
        encoded(data).decode_gray()


def test_a_picture_of_no_size_is_refused() -> None:
    with pytest.raises(DatasetError, match="0 x 8 px"):
        encoded(header(0, 8) + chunk(b"IEND", b"")).decode_gray()


@pytest.mark.parametrize("step", [1, 2, 3, 5, 70])
def test_reduced_rows_are_the_means_that_opencv_takes_of_the_whole_picture(step: int) -> None:
    rng = np.random.default_rng(step)
    noise = rng.integers(0, 256, (61, 93), dtype=np.uint8)
    soft = np.asarray(cv2.GaussianBlur(np.where(noise > 250, 255, 0).astype(np.uint8), (0, 0), 2.0), np.uint8)
    for pixels in (noise, soft):
        rows = read_gray_rows(bytes(cv2.imencode(".png", pixels)[1]))
        assert rows is not None
        height, width = (step * max(1, side // step) for side in pixels.shape)
        size = (width // step, height // step)
        expected = cv2.resize(pixels[:height, :width], size, interpolation=cv2.INTER_AREA)
        np.testing.assert_array_equal(rows.reduced(step), expected)
