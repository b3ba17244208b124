from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from renderkit.boards.board import Board
from renderkit.boards.spec import read_board
from renderkit.errors import ArgumentError, DatasetError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("charuco:11x8:0.020:0.015:DICT_5X5", Board("charuco", 11, 8, 0.02, 0.015, "DICT_5X5_50")),
        ("charuco:11x8:0.020:0.015:5x5_1000", Board("charuco", 11, 8, 0.02, 0.015, "DICT_5X5_1000")),
        ("charuco:15x15:0.02:0.015:DICT_4X4", Board("charuco", 15, 15, 0.02, 0.015, "DICT_4X4_250")),
        ("chessboard:9x6:0.0245", Board("chessboard", 9, 6, 0.0245)),
        ("aprilgrid:6x6:0.088:0.3", Board("aprilgrid", 6, 6, 0.088, 0.3, "DICT_APRILTAG_36h11")),
        ("circles:7x6:0.03", Board("circles", 7, 6, 0.03)),
        ("circles:4x11:0.02:asymmetric", Board("circles", 4, 11, 0.02, asymmetric=True)),
    ],
)
def test_a_spec_is_read_and_written_again(text: str, expected: Board) -> None:
    assert read_board(text) == expected
    assert read_board(expected.spec) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("charcuo:3x3", "did you mean 'charuco'"),
        ("charuco:11x8:0.02", "expected charuco:COLUMNSxROWS"),
        ("charuco:11x8:0.02:0.03:DICT_5X5", "does not fit into a square"),
        ("charuco:11x8:0.02:0.015:DICT_5Y5", "did you mean 'DICT_5X5_50'"),
        ("charuco:11x8:0.02:0.015:DICT_4X4_1", "no dictionary"),
        ("charuco:20x20:0.02:0.015:DICT_4X4_50", "the board has 200 markers"),
        ("chessboard:9x6:nan", "no length above 0"),
        ("chessboard:9x6:-1", "no length above 0"),
        ("chessboard:9:1", "is no COLUMNSxROWS"),
        ("chessboard:2x900:1", "not within 3 and 100"),
        ("circles:4x11:0.02:odd", "neither asymmetric nor symmetric"),
        ("", "expected one of charuco"),
    ],
)
def test_what_is_no_spec_is_refused_with_its_form(text: str, why: str) -> None:
    with pytest.raises(ArgumentError, match=why):
        read_board(text)


def test_files_are_read(tmp_path: Path) -> None:
    files = {
        "board.toml": '[board]\nkind = "charuco"\ncolumns = 11\nrows = 8\nsquare = 0.02\nmarker = 0.015\n'
        'dictionary = "DICT_5X5"\n',
        "grid.yaml": "target_type: 'aprilgrid'\ntagCols: 6\ntagRows: 5\ntagSize: 0.088\ntagSpacing: 0.3\n",
        "chess.yaml": "target_type: 'checkerboard'\ntargetCols: 6\ntargetRows: 7\nrowSpacingMeters: 0.06\n"
        "colSpacingMeters: 0.06\n",
        "circles.yaml": "target_type: 'circlegrid'\ntargetCols: 4\ntargetRows: 11\nspacingMeters: 0.02\n"
        "asymmetricGrid: True\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    specs = [read_board(tmp_path / name).spec for name in files]
    assert specs == [
        "charuco:11x8:0.02:0.015:DICT_5X5_50",
        "aprilgrid:6x5:0.088:0.3:DICT_APRILTAG_36h11",
        "chessboard:6x7:0.06",
        "circles:4x11:0.02:asymmetric",
    ]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.toml", "x = 1", "expected an object"),
        ("a.toml", '[board]\nkind = "dots"', "expected one of charuco"),
        ("a.toml", '[board]\nkind = "chessboard"\ncolumns = 9\nrows = 6\nsquare = 0.1\nmarker = 1', "no such key"),
        ("a.toml", '[board]\nkind = "chessboard"\ncolumns = 9\nrows = 6\nsquare = [1]', "expected a number"),
        ("a.yaml", "target_type: 'aprilgrid'\ntagCols: 6", "the key is missing"),
        ("a.yaml", "target_type: 'ball'", "expected one of aprilgrid"),
        (
            "a.yaml",
            "target_type: checkerboard\ntargetCols: 6\ntargetRows: 7\nrowSpacingMeters: 0.06\ncolSpacingMeters: 0.05",
            "expected squares",
        ),
        (
            "a.yaml",
            "target_type: checkerboard\ntargetCols: 6\ntargetRows: 7\nrowSpacingMeters: x\ncolSpacingMeters: x",
            "no length above 0",
        ),
    ],
)
def test_files_that_are_no_board_are_refused(tmp_path: Path, name: str, text: str, why: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DatasetError, match=why):
        read_board(tmp_path / name)


def test_points_are_those_of_opencv() -> None:
    board = read_board("charuco:11x8:0.020:0.015:DICT_5X5")
    made = cv2.aruco.CharucoBoard(
        (11, 8), 0.02, 0.015, cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_5X5_50)
    ).getChessboardCorners()
    np.testing.assert_allclose(board.points, made, atol=1e-7)


def test_symmetries_carry_the_grid_into_itself() -> None:
    for spec in ("chessboard:9x6:0.02", "chessboard:7x7:0.02", "circles:4x10:0.02:asymmetric", "circles:5x5:0.1"):
        board = read_board(spec)
        for order in board.symmetries:
            moved = board.points[order]
            distances = np.linalg.norm(board.points[:, None] - board.points[None], axis=2)
            np.testing.assert_allclose(np.linalg.norm(moved[:, None] - moved[None], axis=2), distances, atol=1e-12)
    assert len(read_board("circles:4x11:0.02:asymmetric").symmetries) == 1
