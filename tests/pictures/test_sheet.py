"""Contact sheets: every view has its tile, the worst its frame."""

from __future__ import annotations

import numpy as np
import pytest

from renderkit.images.palette import ERROR
from renderkit.pictures.sheet import MAX_TILES, Tile, draw_sheet


def _tile(index: int, framed: bool = False) -> Tile:
    return Tile(f"{index:02d}", np.full((80, 100, 3), 40 + 3 * index, dtype=np.uint8), "IoU 0.99", framed)


def test_every_tile_is_there_in_order() -> None:
    sheet = draw_sheet([_tile(index) for index in range(12)], "take", tile_width=100)
    found = [40 + 3 * index for index in range(12) if (sheet == 40 + 3 * index).all(axis=2).sum() >= 100 * 80 * 0.9]
    assert found == [40 + 3 * index for index in range(12)]
    first, last = (np.argwhere((sheet == value).all(axis=2)).mean(axis=0) for value in (40, 73))
    assert (first < last).all()


def test_only_the_framed_tile_has_a_frame() -> None:
    plain = draw_sheet([_tile(0), _tile(1)], "take", tile_width=100)
    framed = draw_sheet([_tile(0), _tile(1, framed=True)], "take", tile_width=100)
    assert not (plain == ERROR).all(axis=2).any()
    # Four edges, 4 px wide, of a tile of 100 x 80 px; text adds a little.
    edge = (framed == ERROR).all(axis=2).sum()
    assert 4 * 2 * (100 + 80) - 64 <= edge < 4 * 2 * (100 + 80) + 600
    columns = np.argwhere((framed == ERROR).all(axis=2))[:, 1]
    assert np.min(columns) > framed.shape[1] / 2 - 10


def test_a_failed_view_keeps_its_tile() -> None:
    one = draw_sheet([Tile("05", None, "failed: DatasetError", framed=True)], "take", tile_width=200)
    assert (one == 38).all(axis=2).sum() > 200 * 100
    with pytest.raises(ValueError, match="at least one view"):
        draw_sheet([], "take")


def test_portrait_and_landscape_are_fitted_whole() -> None:
    tall = Tile("1", np.full((200, 50, 3), 250, dtype=np.uint8), "x")
    wide = Tile("2", np.full((50, 200, 3), 251, dtype=np.uint8), "x")
    sheet = draw_sheet([tall, wide], "take", tile_width=120)
    for value, ratio in ((250, 0.25), (251, 4.0)):
        rows, columns = np.nonzero((sheet == value).all(axis=2))
        assert (np.ptp(columns) + 1) / (np.ptp(rows) + 1) == pytest.approx(ratio, rel=0.1)


def test_a_huge_rig_is_bounded_and_long_names_are_cut() -> None:
    tiles = [Tile("<b>" * 400, None, "reason " * 90) for _ in range(MAX_TILES + 5)]
    sheet = draw_sheet(tiles, "take", tile_width=32)
    assert sheet.shape[0] * sheet.shape[1] < 3_000_000
