"""Vertices on coarse grids, against NumPy's indexing and OpenCV's morphology of whole arrays."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from renderkit.diagnosis.readings.coarse import GRID, draw_cells


@pytest.mark.parametrize("shape", [(96, 130), (300, 260), (40, 50)])
def test_vertices_fall_into_the_cells_that_numpy_finds(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(shape[0])
    matte = rng.random(shape) < 0.4
    scale = np.array([0.31, 0.29])
    drawn = rng.uniform(-40.0, 1.2 * max(shape) / 0.3, (500, 2))
    drawn[::50] = np.nan
    with np.errstate(invalid="ignore"):
        column, row = np.floor((drawn + 0.5) * scale).T
        seen = (column >= 0) & (column < shape[1]) & (row >= 0) & (row < shape[0])
    column, row = (one[seen].astype(int) for one in (column, row))
    cells = min(GRID / max(shape), 1.0)
    size = tuple(int(np.ceil(side * cells)) for side in shape)
    padded = np.zeros((size[0] + 40, size[1] + 40), np.uint8)
    padded[(row * cells).astype(int) + 20, (column * cells).astype(int) + 20] = 1
    kernel = np.ones((7, 7), np.uint8)
    closed = cv2.erode(cv2.dilate(padded, kernel), kernel)[20 : 20 + size[0], 20 : 20 + size[1]]

    found = draw_cells(drawn, scale, matte)
    assert (found.num_seen, found.num_inside) == (seen.sum(), matte[row, column].sum())
    np.testing.assert_array_equal(found.drawn, closed > 0)


def test_mattes_that_are_seen_through_a_turn_are_read_as_they_are_turned() -> None:
    matte = np.zeros((60, 80), np.bool_)
    matte[:20, :30] = True
    corner = np.array([[5.0, 5.0]])
    assert draw_cells(corner, np.ones(2), matte).num_inside == 1
    assert draw_cells(corner, np.ones(2), matte[::-1, ::-1]).num_inside == 0
    assert draw_cells(corner, np.ones(2), np.rot90(matte)).num_inside == 0
