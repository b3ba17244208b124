from __future__ import annotations

from pathlib import Path

import numpy as np

from renderkit.boards.cache import DetectionCache
from renderkit.boards.spec import read_board

BOARD = read_board("chessboard:9x6:0.02")


def test_what_was_kept_is_found_by_the_same_picture_and_board(tmp_path: Path) -> None:
    cache = DetectionCache(tmp_path / "boards")
    pixels = np.arange(108.0).reshape(54, 2)
    pixels[3] = np.nan
    cache.keep(b"picture", BOARD, pixels)
    np.testing.assert_array_equal(cache.find(b"picture", BOARD), pixels)
    assert cache.find(b"another", BOARD) is None
    assert cache.find(b"picture", read_board("chessboard:9x6:0.03")) is None


def test_a_damaged_entry_is_a_miss(tmp_path: Path) -> None:
    cache = DetectionCache(tmp_path)
    cache.keep(b"picture", BOARD, np.zeros((54, 2)))
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for damaged in (whole[:-1], whole + b"x", b"", whole[:40] + b"\x01" + whole[41:]):
        file.write_bytes(damaged)
        assert cache.find(b"picture", BOARD) is None
    file.write_bytes(whole)
    assert cache.find(b"picture", BOARD) is not None


def test_the_oldest_entries_go_first(tmp_path: Path) -> None:
    cache = DetectionCache(tmp_path)
    for index in range(6):
        cache.keep(bytes([index]), BOARD, np.full((54, 2), float(index)))
    cache.shrink(most=5, left=2)
    assert [cache.find(bytes([index]), BOARD) is not None for index in range(6)] == [False] * 4 + [True] * 2


def test_a_folder_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    cache = DetectionCache(tmp_path / "file" / "boards")
    cache.keep(b"picture", BOARD, np.zeros((54, 2)))
    cache.shrink()
    assert cache.find(b"picture", BOARD) is None
    assert DetectionCache(None).find(b"picture", BOARD) is None
