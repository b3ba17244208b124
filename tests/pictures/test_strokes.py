"""Lines, dots and surfaces on a canvas: coverage by exact distance, blending, transparency."""

from __future__ import annotations

import numpy as np
import pytest

from renderkit.arrays import ColorImage
from renderkit.pictures.canvas import Canvas


def _canvas(value: int = 0, size: tuple[int, int] = (40, 30)) -> Canvas:
    return Canvas(np.full((size[1], size[0], 3), value, np.uint8), size)


@pytest.mark.parametrize("place", [10.0, 10.25, 10.4, 10.5, 10.8])
@pytest.mark.parametrize("width", [1.0, 2.0, 3.5])
def test_a_line_is_as_wide_as_stated_and_where_it_is_stated(place: float, width: float) -> None:
    canvas = _canvas()
    canvas.lines([[place, -5.0, place, 40.0]], (255, 255, 255), width, casing=False)
    profile = canvas.pixels[15, :, 0] / 255.0
    assert profile.sum() == pytest.approx(width, abs=0.02)
    assert (profile * np.arange(40)).sum() / profile.sum() == pytest.approx(place, abs=0.05)


def test_slanted_and_steep_lines_cover_the_same_area_per_length() -> None:
    for end in ([30.0, 12.0], [14.0, 26.0], [30.0, 26.0]):
        canvas = _canvas()
        canvas.lines([[5.0, 4.0, *end]], (255, 255, 255), 2.0, casing=False)
        length = np.hypot(end[0] - 5.0, end[1] - 4.0)
        # A rounded end adds half a disc.
        assert canvas.pixels[:, :, 0].sum() / 255.0 == pytest.approx(2.0 * length + np.pi, rel=0.03)


def test_lines_that_meet_cover_no_pixel_twice() -> None:
    once, twice = _canvas(), _canvas()
    once.lines([[5.3, 5.0, 25.0, 20.0]], (255, 200, 0), 2.0, opacity=0.5)
    twice.lines([[5.3, 5.0, 25.0, 20.0]] * 3, (255, 200, 0), 2.0, opacity=0.5)
    np.testing.assert_array_equal(once.pixels, twice.pixels)


def test_a_dot_is_round_and_in_place() -> None:
    canvas = _canvas()
    canvas.dots(np.array([[20.3, 12.6], [np.nan, 3.0], [-1e9, 4.0]]), (0, 255, 0), 1.9)
    weight = canvas.pixels[:, :, 1].astype(float)
    y, x = np.mgrid[:30, :40]
    assert (weight * x).sum() / weight.sum() == pytest.approx(20.3, abs=0.05)
    assert (weight * y).sum() / weight.sum() == pytest.approx(12.6, abs=0.05)
    assert weight.sum() / 255.0 == pytest.approx(np.pi * 1.9**2, rel=0.05)


def test_lines_far_outside_leave_the_picture_alone() -> None:
    canvas = _canvas(7)
    canvas.lines([[-1e8, -50.0, 1e8, -50.0], [np.nan, 0.0, 5.0, 5.0]], (255, 0, 0), 4.0)
    assert (canvas.pixels == 7).all()


def test_surfaces_are_blended_by_coverage_and_opacity() -> None:
    canvas = _canvas(100)
    cover = np.zeros((30, 40), np.uint8)
    cover[0, :3] = (0, 51, 255)
    canvas.fill((200, 0, 100), cover, 0.5)
    assert canvas.pixels[0, :3].tolist() == [[100, 100, 100], [110, 90, 100], [150, 50, 100]]
    assert (canvas.pixels[1:] == 100).all()


@pytest.mark.parametrize("backdrop", [True, False])
def test_one_colour_covers_long_runs_and_single_pixels_alike(backdrop: bool) -> None:
    rng = np.random.default_rng(3)
    cover = rng.integers(0, 256, (20, 150)).astype(np.uint8)
    cover[2:8], cover[9:14], cover[5, 40], cover[11, 70] = 255, 0, 254, 3
    below = rng.integers(0, 256, (20, 150, 3)).astype(np.uint8)
    canvas = Canvas(below if backdrop else None, (150, 20))
    canvas.fill((250, 120, 3), cover, 0.6)
    share = cover[:, :, None] / 255.0 * 0.6
    if backdrop:
        np.testing.assert_allclose(canvas.finished(), below + share * (np.array([250, 120, 3]) - below), atol=0.51)
        return
    found = canvas.finished()
    np.testing.assert_allclose(found[:, :, 3], 255.0 * share[:, :, 0], atol=0.51)
    assert (found[found[:, :, 3] > 0][:, :3] == (250, 120, 3)).all()


def test_edges_of_a_surface_are_smooth_along_its_outline() -> None:
    canvas = _canvas(0)
    mask = np.zeros((30, 40), np.bool_)
    mask[:, :11] = True
    image: ColorImage = np.where(mask[:, :, None], np.uint8(200), np.uint8(0)).repeat(3, axis=2)
    # The true edge at x = 10.2: pixel 10 is covered from 9.5 on, by 0.7.
    canvas.paint_surface(image, mask, np.array([[10.2, -1.0, 10.2, 31.0]], np.float32), 1.0)
    assert canvas.pixels[10, 8:13, 0].tolist() == pytest.approx([200, 200, 140, 0, 0], abs=1)
    canvas = _canvas(0)
    canvas.paint_surface(image, mask, np.array([[10.8, -1.0, 10.8, 31.0]], np.float32), 1.0)
    # Pixel 11 is covered by 0.3, in its neighbour's colour.
    assert canvas.pixels[10, 8:13, 0].tolist() == pytest.approx([200, 200, 200, 60, 0], abs=1)


def test_without_a_backdrop_the_picture_has_alpha() -> None:
    canvas = Canvas(None, (20, 10))
    cover = np.zeros((10, 20), np.uint8)
    cover[:, :5], cover[:, 5:10] = 255, 51
    canvas.fill((200, 100, 50), cover, 1.0)
    canvas.fill((0, 0, 0), cover, 0.5)
    found = canvas.finished()
    assert found.shape == (10, 20, 4)
    assert found[3, 2].tolist() == [100, 50, 25, 255]
    # 0.2 of the colour, then 0.1 of black over it: alpha 0.28, colour weighted by 0.18 / 0.28.
    np.testing.assert_allclose(found[3, 7], [200 * 0.643, 100 * 0.643, 50 * 0.643, 0.28 * 255], atol=2)
    assert not found[:, 12:].any()
