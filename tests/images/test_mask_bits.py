"""Masks as bits against OpenCV on bytes; widths around the word size are where bits go astray."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from renderkit.arrays import AlphaImage, MaskImage
from renderkit.images.mask_bits import MaskBits, joint_box

SHAPES = [(1, 1), (5, 7), (60, 83), (70, 64), (20, 63), (20, 65), (130, 200), (64, 129)]


def _mask(shape: tuple[int, int], kind: str) -> MaskImage:
    generator = np.random.default_rng(sum(shape))
    if kind == "holes":
        holes = (generator.random(shape) < 0.999).astype(np.uint8)
        return np.asarray(cv2.erode(holes, np.ones((3, 3))), dtype=np.bool_)
    share = {"empty": 0.0, "sparse": 0.02, "half": 0.5, "full": 1.1}[kind]
    return np.asarray(generator.random(shape) < share, dtype=np.bool_)


def _unpacked(bits: MaskBits, shape: tuple[int, int]) -> AlphaImage:
    image = np.zeros(shape, np.uint8)
    points = bits.points()
    image[points[:, 1], points[:, 0]] = 1
    return image


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["empty", "sparse", "half", "holes", "full"])
def test_bits_equal_opencv_on_bytes(shape: tuple[int, int], kind: str) -> None:
    mask = _mask(shape, kind)
    pixels = mask.view(np.uint8)
    bits = MaskBits.pack(mask)
    assert bits.count == cv2.countNonZero(pixels)
    assert np.array_equal(_unpacked(bits, shape), pixels)
    assert np.array_equal(bits.points(), np.argwhere(mask)[:, ::-1]), "by row, then column"
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    assert np.array_equal(_unpacked(bits.boundary(), shape), pixels - cv2.erode(pixels, cross))
    for width in (1, 2, 8, 31, 32, 33, 63, 64, 65, 140):
        expected = pixels - cv2.erode(pixels, np.ones((2 * width + 1, 2 * width + 1), np.uint8))
        band = bits.inner_band(width)
        assert np.array_equal(_unpacked(band, shape), expected), width
        assert band.count == cv2.countNonZero(expected)
        grown = bits.grown(width)
        wider = cv2.dilate(pixels, np.ones((2 * width + 1, 2 * width + 1), np.uint8))
        assert np.array_equal(grown.unpack(), wider != 0), width
        assert grown.count == cv2.countNonZero(wider)


@pytest.mark.parametrize("shape", SHAPES)
def test_box_and_crop(shape: tuple[int, int]) -> None:
    mask = _mask(shape, "sparse")
    mask[shape[0] // 2, shape[1] - 1] = True
    bits = MaskBits.pack(mask)
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    assert bits.box() == (x, y, x + width, y + height)
    word = (shape[1] - 1) // 64
    rows = slice(shape[0] // 2, shape[0])
    cropped = bits.crop(rows, slice(word, word + 1))
    assert np.array_equal(_unpacked(cropped, (shape[0] - rows.start, cropped.width)), mask[rows, 64 * word :])
    assert MaskBits.pack(np.zeros(shape, np.bool_)).box() is None


@pytest.mark.parametrize("shape", SHAPES)
def test_joint_box(shape: tuple[int, int]) -> None:
    generator = np.random.default_rng(shape[1])
    for _ in range(20):
        one, other = (generator.random(shape) < generator.choice([0.0, 2.0 / (shape[0] * shape[1])]) for _ in range(2))
        x, y, width, height = cv2.boundingRect((one | other).view(np.uint8))
        expected = (x, y, x + width, y + height) if width else None
        assert joint_box(MaskBits.pack(one), MaskBits.pack(other)) == expected


def test_points_are_sorted_by_row_then_column() -> None:
    points = MaskBits.pack(_mask((40, 150), "half")).points()
    assert np.array_equal(np.lexsort((points[:, 0], points[:, 1])), np.arange(len(points)))


def test_intersection() -> None:
    first, second = _mask((30, 90), "half"), _mask((30, 90), "sparse")
    assert (MaskBits.pack(first) & MaskBits.pack(second)).count == np.count_nonzero(first & second)


@pytest.mark.parametrize("width", range(1, 131))
def test_every_width_against_plain_numpy(width: int) -> None:
    generator = np.random.default_rng(width)
    height = int(generator.integers(1, 9))
    # Runs of some length, so that words that are all alike occur beside ragged ones.
    mask = np.repeat(generator.random((height, width)) < 0.5, int(generator.integers(1, 90)), axis=1)[:, :width]
    mask = np.ascontiguousarray(mask)
    bits = MaskBits.pack(mask)
    assert bits.shape == mask.shape
    assert bits.count == mask.sum()
    assert np.array_equal(bits.unpack(), mask)
    padded = np.pad(mask, 1, constant_values=True)
    neighbours = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    assert np.array_equal(bits.boundary().unpack(), mask & ~neighbours)
    ys, xs = np.divmod(np.arange(mask.size), width)
    assert np.array_equal(bits.at(np.column_stack([xs, ys]).astype(np.int32)), mask.ravel())
    x0, x1 = sorted(generator.integers(0, width + 1, 2).tolist())
    y0, y1 = sorted(generator.integers(0, height + 1, 2).tolist())
    window = np.zeros_like(mask)
    bits.unpack_into(window, (x0, y0, x1, y1))
    expected = np.zeros_like(mask)
    expected[y0:y1, x0:x1] = mask[y0:y1, x0:x1]
    assert np.array_equal(window, expected)


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5, 8])
@pytest.mark.parametrize("width", [1, 63, 64, 101])
def test_every_nth_pixel_is_that_of_the_mask(step: int, width: int) -> None:
    mask = np.random.default_rng(width).random((17, width)) > 0.5
    np.testing.assert_array_equal(MaskBits.pack(mask).every(step), mask[::step, ::step])
