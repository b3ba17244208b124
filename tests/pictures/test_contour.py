"""Outlines: where they run, against closed forms."""

from __future__ import annotations

import numpy as np

from renderkit.arrays import MaskImage
from renderkit.pictures.contour import edge_distance, outline_coverage


def _half_plane(edge: int) -> MaskImage:
    mask = np.zeros((20, 30), dtype=np.bool_)
    mask[:, :edge] = True
    return mask


def test_the_outline_runs_between_pixel_centres() -> None:
    # Columns 0..9 are inside, so the edge is at x = 9.5.
    distance = edge_distance(_half_plane(10))
    np.testing.assert_allclose(distance[10], np.abs(np.arange(30) - 9.5), atol=1e-3)


def test_a_line_covers_its_width_and_no_more() -> None:
    coverage = outline_coverage(_half_plane(10), 4.0)
    # A line 4 px wide around x = 9.5 covers pixels 8..11 whole.
    np.testing.assert_allclose(coverage[10, 6:14], [0, 0, 1, 1, 1, 1, 0, 0], atol=1e-3)
    np.testing.assert_allclose(coverage.sum(axis=1), 4.0, atol=1e-2)
    partial = outline_coverage(_half_plane(10), 3.0)
    np.testing.assert_allclose(partial[10, 6:14], [0, 0, 0.5, 1, 1, 0.5, 0, 0], atol=1e-3)


def test_the_line_of_a_disc_has_the_length_of_its_circle() -> None:
    rows, columns = np.mgrid[:201, :201]
    mask = np.hypot(rows - 100, columns - 100) <= 60.0
    area = float(outline_coverage(mask, 4.0).sum())
    # Between a slanted outline's nearest centres the line is up to 0.3 px thinner.
    assert abs(area / (2 * np.pi * 60.0 * 4.0) - 1.0) < 0.08


def test_the_border_of_the_picture_is_no_outline() -> None:
    for mask in (np.ones((8, 9), dtype=np.bool_), np.zeros((8, 9), dtype=np.bool_)):
        assert not outline_coverage(mask, 3.0).any()
    coverage = outline_coverage(_half_plane(10), 2.0)
    assert coverage[0, 3] == 0.0
    assert coverage[5, 0] == 0.0
