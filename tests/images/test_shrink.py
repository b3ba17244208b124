"""Smaller pictures against the integral of the picture, taken at the borders of the new pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from renderkit.images.shrink import shrink


def _mean_of_parts(values: NDArray[Any], axis: int, count: int) -> NDArray[np.float64]:
    """Means over `count` equal parts of an axis: differences of the running sum, straight between pixels' borders."""
    moved = np.moveaxis(values.astype(np.float64), axis, 0)
    length = len(moved)
    running = np.concatenate([np.zeros((1, *moved.shape[1:])), moved.cumsum(axis=0)])
    borders = np.linspace(0.0, length, count + 1)
    flat = running.reshape(length + 1, -1).T
    at = np.array([np.interp(borders, np.arange(length + 1), line) for line in flat]).T
    means = np.diff(at, axis=0) * (count / length)
    return np.moveaxis(means.reshape(count, *moved.shape[1:]), 0, axis)


@pytest.mark.parametrize("channels", [(), (3,), (4,)])
@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        ((97, 61), (50, 31)), ((97, 61), (20, 7)), ((97, 61), (96, 60)), ((97, 61), (97, 30)), ((97, 61), (48, 61)),
        ((64, 48), (32, 16)), ((64, 48), (32, 15)), ((5, 3), (1, 2)), ((1, 7), (1, 3)), ((700, 3), (1, 1)),
    ],
)  # fmt: skip
def test_each_pixel_is_the_mean_of_what_it_covers(
    size: tuple[int, int], wanted: tuple[int, int], channels: tuple[int, ...]
) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (size[1], size[0], *channels)).astype(np.uint8)
    expected = _mean_of_parts(_mean_of_parts(picture, 0, wanted[1]), 1, wanted[0])
    found = shrink(picture, wanted)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=0.502)


def test_plain_pictures_stay_plain() -> None:
    for value in (0, 1, 128, 254, 255):
        assert (shrink(np.full((71, 83, 3), value, np.uint8), (37, 29)) == value).all()


def test_larger_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="expected 1 x 1 to 10 x 8 px, got 11 x 8"):
        shrink(np.zeros((8, 10), np.uint8), (11, 8))
    with pytest.raises(ValueError, match="got 5 x 0"):
        shrink(np.zeros((8, 10), np.uint8), (5, 0))
