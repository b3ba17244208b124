"""Outlines of masks and mattes: on the edges between pixels, to a part of a pixel where the values say so."""

from __future__ import annotations

import numpy as np
import pytest

from renderkit.images.outlines import Crossings, trace_level


def test_the_level_of_a_disc_is_its_circle() -> None:
    x, y = np.meshgrid(np.arange(90), np.arange(70))
    radius = np.hypot(x - 41.3, y - 33.8)
    values = np.clip(127.5 + 40.0 * (25.0 - radius), 0, 255).astype(np.uint8)
    ends = trace_level(values, 127.5).reshape(-1, 2)
    assert len(ends) > 200
    np.testing.assert_allclose(np.hypot(ends[:, 0] - 41.3, ends[:, 1] - 33.8), 25.0, atol=0.03)


def test_a_box_is_closed_and_half_a_pixel_outside_of_its_centres() -> None:
    mask = np.zeros((12, 16), np.bool_)
    mask[3:8, 4:9] = True
    segments = Crossings.of(mask).trace()
    assert len(segments) == 2 * (5 + 5) - 4 + 4
    ends, counts = np.unique(segments.reshape(-1, 2), axis=0, return_counts=True)
    assert (counts == 2).all()
    assert ends.min(axis=0).tolist() == [3.5, 2.5]
    assert ends.max(axis=0).tolist() == [8.5, 7.5]


@pytest.mark.parametrize("value", [False, True])
def test_the_pictures_border_is_no_outline(value: bool) -> None:
    assert len(Crossings.of(np.full((5, 6), value)).trace()) == 0
    half = np.zeros((5, 6), np.bool_)
    half[:, :3] = True
    assert {tuple(row[[0, 2]]) for row in Crossings.of(half).trace()} == {(2.5, 2.5)}


def test_two_pixels_that_touch_at_a_corner_stay_joined() -> None:
    mask = np.zeros((4, 4), np.bool_)
    mask[1, 1] = mask[2, 2] = True
    ends, counts = np.unique(Crossings.of(mask).trace().reshape(-1, 2), axis=0, return_counts=True)
    assert len(ends) == 8
    assert (counts == 2).all()
    segments = Crossings.of(mask).trace()
    middle = segments[(np.abs(segments - 1.5).max(axis=1) <= 0.5)]
    # Neither of the two in the middle square separates them.
    assert sorted((row[:2] + row[2:]).sum() / 2 for row in middle) == pytest.approx([3.0, 3.0])


def test_many_segments_need_no_room_ahead() -> None:
    x, y = np.meshgrid(np.arange(400), np.arange(400))
    assert len(Crossings.of((x + y) % 2 == 0).trace()) == 2 * 399 * 399
