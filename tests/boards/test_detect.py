from __future__ import annotations

import re
from dataclasses import replace

import cv2
import numpy as np
import pytest

from renderkit.arrays import AlphaImage, FloatArray
from renderkit.boards.board import Board
from renderkit.boards.detect import detect_board
from renderkit.boards.mismatch import explain_nothing_found
from renderkit.boards.pattern import Pattern
from renderkit.boards.spec import read_board
from renderkit.geometry.camera import Camera
from renderkit.geometry.distortion import make_distortion
from renderkit.geometry.pose import Pose
from renderkit.pipeline.photograph_board import BoardPhotographer, Exposure

SPECS = {
    "charuco:7x5:0.02:0.015:DICT_5X5": 0.25,
    "charuco:6x6:0.02:0.015:DICT_4X4": 0.25,
    "chessboard:7x5:0.02": 0.25,
    "aprilgrid:4x3:0.03:0.3": 0.25,
    "circles:4x7:0.02:asymmetric": 0.35,
    "circles:6x5:0.03": 0.35,
}
"""Boards, and how far a corner may lie from the truth; of circles the perspective moves the centre of the blob."""


def photograph(board: Board) -> tuple[AlphaImage, FloatArray]:
    """Return a picture of a tilted board, and where its points are."""
    distance = 2.4 * float(np.linalg.norm(np.ptp(board.points, axis=0)))
    camera = Camera.look_at((0, 0, -distance), (0, 0, 0), size=(480, 360), fov_deg=32, up=(0, -1, 0))
    camera = replace(camera, distortion=make_distortion([-0.2, 0.08, 0.001, -0.0005, 0.0]))
    turn = Pose.from_rotation_vector((0.25, -0.3, 0.2), np.zeros(3)).R
    turn = turn @ np.diag([1.0, -1.0, -1.0]) if board.is_y_up else turn
    pose = Pose(turn, -turn @ board.middle)
    color = BoardPhotographer.of(camera, Pattern.of(board), 1.0).take(pose, Exposure(), np.random.default_rng(1))
    return np.asarray(cv2.cvtColor(color, cv2.COLOR_RGB2GRAY), np.uint8), camera.project(pose.apply(board.points))


@pytest.mark.parametrize("spec", SPECS)
def test_points_are_found_where_the_rays_put_them(spec: str) -> None:
    board = read_board(spec)
    picture, truth = photograph(board)
    found = detect_board(picture, board)
    distances = [np.linalg.norm(found - truth[order], axis=1) for order in board.symmetries]
    best = min((each[np.isfinite(each)] for each in distances), key=lambda each: float(each.sum()))
    assert len(best) >= 0.7 * len(truth)
    assert float(np.median(best)) < 0.12 if board.kind != "circles" else float(np.median(best)) < 0.25
    assert best.max() < SPECS[spec] * 2.0


STEEP = {
    "numbered from behind": [(162.9, 229.0), (273.2, 116.6), (309.6, 217.0), (209.2, 330.5)],
    "some taken twice": [(186.0, 135.5), (327.5, 138.5), (377.0, 260.5), (239.0, 245.5)],
}
"""Places, px, of the outermost of 9 x 7 circles that OpenCV's detector mistakes, and how."""


@pytest.mark.parametrize("mistake", STEEP)
def test_circles_that_are_seen_steeply_keep_their_order(mistake: str) -> None:
    board = read_board("circles:9x7:0.022")
    ends = np.array([[0.0, 0.0], [8.0, 0.0], [8.0, 6.0], [0.0, 6.0]])
    plane, _ = cv2.findHomography(ends, np.array(STEEP[mistake]))
    fine = np.full((4 * 512, 4 * 612), 220, np.uint8)
    around = np.linspace(0.0, 2.0 * np.pi, 40)
    for middle in board.points[:, :2] / 0.022:
        edge = middle + 0.25 * np.column_stack([np.cos(around), np.sin(around)])
        outline = (cv2.perspectiveTransform(edge[None], plane)[0] + 0.5) * 4.0 - 0.5
        cv2.fillConvexPoly(fine, np.rint(outline * 16.0).astype(np.int32), 40, shift=4)
    picture = cv2.GaussianBlur(cv2.resize(fine, (612, 512), interpolation=cv2.INTER_AREA), (0, 0), 1.0)
    found = detect_board(np.asarray(picture, np.uint8), board)
    truth = cv2.perspectiveTransform(board.points[None, :, :2] / 0.022, plane)[0]
    assert min(np.abs(found - truth[order]).max() for order in board.symmetries) < 0.3


def test_the_print_of_a_charuco_board_is_opencvs() -> None:
    board = read_board("charuco:7x5:0.02:0.014:DICT_5X5")
    made = cv2.aruco.CharucoBoard((7, 5), 20, 14, cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_5X5_50))
    expected = made.generateImage((7 * 140, 5 * 140), marginSize=0) > 127
    columns, rows = np.meshgrid(np.arange(980) + 0.5, np.arange(700) + 0.5)
    white = Pattern.of(board).white(np.column_stack([columns.ravel(), rows.ravel()]) * 0.02 / 140)
    assert (white.reshape(700, 980) != expected).mean() < 1e-3


def test_a_picture_without_the_board_has_no_points() -> None:
    blank = np.full((240, 320), 128, np.uint8)
    for spec in SPECS:
        assert np.isnan(detect_board(blank, read_board(spec))).all()


CHARUCO = "charuco:7x5:0.02:0.015:DICT_5X5"
TAGS = "aprilgrid:4x3:0.03:0.3"


@pytest.mark.parametrize(
    ("real", "given", "words"),
    [
        (CHARUCO, "charuco:7x5:0.02:0.015:DICT_6X6", "markers of DICT_5X5_50 are there"),
        (CHARUCO, "charuco:8x5:0.02:0.015:DICT_5X5", r"its markers are there \(17\): are its columns and rows right"),
        (TAGS, "aprilgrid:4x3:0.03:0.2", "are its columns, rows and gap right"),
        (TAGS, "aprilgrid:4x3:0.03:0.3:DICT_APRILTAG_25h9", "markers of DICT_APRILTAG_36h11"),
        (CHARUCO, "chessboard:9x6:0.02", "markers of DICT_5X5_50 are there .*: is the board a charuco"),
        ("chessboard:7x5:0.02", "chessboard:9x6:0.02", "chessboard of 7x5 inner corners is there"),
    ],
)
def test_what_is_there_instead_is_named(real: str, given: str, words: str) -> None:
    picture, board = photograph(read_board(real))[0], read_board(given)
    assert np.isnan(detect_board(picture, board)).all()
    assert re.search(words, explain_nothing_found([picture], board))


def test_markers_that_are_too_small_to_be_read_are_said_to_be() -> None:
    board = read_board(CHARUCO)
    picture = photograph(board)[0]
    small = cv2.resize(picture, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    told = explain_nothing_found([np.asarray(small, np.uint8)], board)
    assert re.fullmatch(r"only \d+ of its markers can be read in 1 picture, 1\d px wide: 18 px are wanted, .*", told)


@pytest.mark.parametrize("marker", ["0.012", "0.016"])
def test_markers_of_another_size_leave_the_corners_where_they_are(marker: str) -> None:
    picture, truth = photograph(read_board(CHARUCO))
    found = detect_board(picture, read_board(f"charuco:7x5:0.02:{marker}:DICT_5X5"))
    assert np.isfinite(found[:, 0]).sum() >= 20
    assert np.nanmax(np.linalg.norm(found - truth, axis=1)) < 0.5


def test_an_empty_picture_has_nothing_instead() -> None:
    blank = np.full((30, 40), 128, np.uint8)
    assert explain_nothing_found([blank], read_board(CHARUCO)) == ""
