from __future__ import annotations

import numpy as np
import pytest

from renderkit.arrays import MaskImage
from renderkit.metrics.contour_offset import ContourOffsets, measure_offsets
from renderkit.metrics.outline import measure_outlines

ROWS, COLUMNS = np.mgrid[:200, :240]


def _disc(x: float, radius: float) -> MaskImage:
    inside: MaskImage = (COLUMNS - x) ** 2 + (ROWS - 100) ** 2 <= radius * radius
    return inside


def _offsets(rendered: MaskImage, captured: MaskImage) -> ContourOffsets:
    return measure_offsets(measure_outlines(rendered, captured), captured)


def test_a_disc_drawn_too_large_is_positive_all_around() -> None:
    bins = _offsets(_disc(120, 65), _disc(120, 60)).by_angle(12)
    np.testing.assert_allclose(bins.median_px, 5.0, atol=0.5)
    inward = -np.column_stack([np.cos(bins.angle_rad), np.sin(bins.angle_rad)])
    np.testing.assert_allclose(bins.vector_px, 5.0 * inward, atol=0.7)
    assert _offsets(_disc(120, 60), _disc(120, 65)).median_px == pytest.approx(-5.0, abs=0.5)


def test_a_shift_is_positive_where_it_sticks_out() -> None:
    found = _offsets(_disc(126, 60), _disc(120, 60))
    bins = found.by_angle(4)
    np.testing.assert_allclose(bins.median_px[[0, 2]], (6.0, -6.0), atol=0.8)
    # The mean of 6 cos(t) cos(t) over a quarter of the circle around t = 0.
    np.testing.assert_allclose(bins.vector_px[[0, 2], 0], -6.0 * (0.5 + 1.0 / np.pi), atol=0.4)
    assert bins.counts.sum() == len(found.points)
    np.testing.assert_allclose(bins.angle_rad, np.pi / 2 * np.arange(4))


def test_bins_without_samples_are_nan() -> None:
    rendered = np.zeros((200, 240), np.bool_)
    rendered[:, :100] = True
    bins = _offsets(rendered, rendered).by_angle(8, np.array([0.0, 100.0]))
    assert bins.counts[4] == 0
    assert np.isnan(bins.median_px[4])
    assert bins.median_px[0] == 0.0


def test_no_counterpart_is_nan() -> None:
    found = _offsets(_disc(120, 20), np.zeros((200, 240), np.bool_))
    assert np.isnan(found.offset_px).all()
    assert np.isnan(found.vector_px).all()
    assert np.isnan(found.median_px)
    assert found.by_angle(4).counts.sum() == 0
    with pytest.raises(ValueError, match="num_bins"):
        found.by_angle(0)
