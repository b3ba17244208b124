"""Pictures decoded small: every spot stays where full decoding and area averaging put it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from renderkit.arrays import ColorImage, FloatArray
from renderkit.images.encoded import EncodedImage
from renderkit.images.outlines import trace_level
from renderkit.images.reduced import choose_reduction, resample


def _spots(size: tuple[int, int], centers: FloatArray, sigma: float = 12.0) -> ColorImage:
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    value = np.zeros(size[::-1])
    for u, v in centers:
        value += 200.0 * np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2.0 * sigma**2))
    return np.rint(value)[:, :, None].repeat(3, axis=2).astype(np.uint8)


def _centroid(image: ColorImage, around: FloatArray, radius: float) -> FloatArray:
    x, y = np.meshgrid(np.arange(image.shape[1]), np.arange(image.shape[0]))
    weight = image[:, :, 1].astype(float) * (np.hypot(x - around[0], y - around[1]) < radius)
    return np.asarray([(weight * x).sum() / weight.sum(), (weight * y).sum() / weight.sum()], np.float64)


def _encoded(image: ColorImage, suffix: str) -> EncodedImage:
    data = cv2.imencode(suffix, image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes()
    return EncodedImage(lambda: data, Path("a"))


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("size", [(616, 512), (400, 332), (367, 306), (308, 256), (154, 128), (77, 64), (76, 64)])
@pytest.mark.parametrize("window", [None, (16, 40, 528, 400), (13, 7, 500, 450)])
def test_spots_keep_their_place(suffix: str, size: tuple[int, int], window: tuple[int, int, int, int] | None) -> None:
    centers = np.array([[100.0, 90.0], [430.3, 120.7], [120.2, 380.4], [450.9, 370.1]])
    picture = _encoded(_spots((616, 512), centers), suffix)
    x0, y0, width, height = window or (0, 0, 616, 512)
    small = picture.decode_color_at(size, window)
    assert small.shape == (size[1], size[0], 3)
    ratio = np.array(size) / (width, height)
    for center in centers:
        expected = (center - (x0, y0) + 0.5) * ratio - 0.5
        np.testing.assert_allclose(_centroid(small, expected, 45.0 * ratio.mean()), expected, atol=0.02)


def test_jpegs_are_decoded_as_small_as_the_size_allows() -> None:
    whole = (0, 0, 2448, 2048)
    sizes = {(306, 256): 8, (612, 512): 4, (1224, 1024): 2, (1280, 1071): 2, (1600, 1339): 1, (2448, 2048): 1}
    assert {size: choose_reduction(whole, size) for size in sizes} == sizes
    assert choose_reduction((3, 0, 2400, 2000), (300, 250)) == 1
    assert choose_reduction((4, 8, 2400, 2000), (300, 250)) == 4
    # The last pixel of the smaller picture would reach beyond the whole one.
    assert choose_reduction((0, 0, 2449, 2048), (300, 250)) == 1


def test_a_reduced_picture_differs_little_from_area_averages() -> None:
    rng = np.random.default_rng(3)
    image = cv2.GaussianBlur(rng.integers(0, 256, (400, 640, 3), np.uint8), (0, 0), 4.0)
    grey = np.repeat(image[:, :, 1:2], 3, axis=2)
    picture = _encoded(np.ascontiguousarray(grey), ".jpg")
    small = picture.decode_color_at((160, 100))
    np.testing.assert_allclose(small, cv2.resize(grey, (160, 100), interpolation=cv2.INTER_AREA), atol=4)


@pytest.mark.parametrize("size", [(400, 332), (300, 250), (61, 51)])
def test_every_pixel_counts_when_a_picture_shrinks(size: tuple[int, int]) -> None:
    grid = np.zeros((512, 616), np.uint8)
    grid[::20, ::20] = 250
    small = resample(grid, 1, (0, 0, 616, 512), size).astype(float)
    rows, columns = np.mgrid[0:512:20, 0:616:20]
    x, y = ((columns + 0.5) * size[0] / 616 - 0.5, (rows + 0.5) * size[1] / 512 - 0.5)
    seen = [
        small[int(max(v - 1, 0)) : int(v + 2.5), int(max(u - 1, 0)) : int(u + 2.5)].sum()
        for u, v in zip(x.ravel(), y.ravel(), strict=True)
    ]
    assert min(seen) >= 250 * 0.2 * (size[0] / 616) ** 2


def test_rounded_sizes_are_filled() -> None:
    image = np.full((10, 10, 3), 9, np.uint8)
    for size in ((3, 7), (1, 1), (23, 4), (10, 10)):
        assert (resample(image, 1, (0, 0, 10, 10), size) == 9).all()


@pytest.mark.parametrize("size", [(1280, 1071), (640, 535), (1600, 1339), (320, 268)])
def test_the_outline_of_a_smaller_matte_is_that_of_the_disc(size: tuple[int, int]) -> None:
    center, radius = np.array([1203.3, 1011.7]), 701.4
    v, u = np.ogrid[0:2048, 0:2448]
    inside = radius - np.hypot(u - center[0], v - center[1])
    matte = np.clip(inside / 1.5 * 127.5 + 127.5, 0.0, 255.0).astype(np.uint8)
    found = trace_level(np.ascontiguousarray(resample(matte, 1, (0, 0, 2448, 2048), size)), 128)
    ratio = np.array(size) / (2448, 2048)
    away = np.hypot(*((found[:, :2] + 0.5) / ratio - 0.5 - center).T) - radius
    assert np.abs(away * ratio[0]).max() < 0.15
    assert abs(away.mean() * ratio[0]) < 0.01
