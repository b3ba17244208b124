"""Why no board was found: which dictionary, or which size of board, the pictures would fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import AlphaImage, FloatArray
from renderkit.boards.board import Board
from renderkit.boards.detect import tag_detector
from renderkit.boards.dictionaries import dictionary, dictionary_for, largest_dictionaries
from renderkit.boards.pattern import KALIBR_BORDER
from renderkit.wording import counted

_LONGEST_PX: Final = 640
_PICTURES_FOR_SIZES: Final = 2
_MOST_CORNERS: Final = 12
_MODULE_PX: Final = 2.5
"""Markers whose modules are smaller are read here and there only."""

_ENOUGH: Final = 4
"""Markers that must be seen in all pictures together before a dictionary is named."""


def explain_nothing_found(pictures: Sequence[AlphaImage], board: Board) -> str:
    """Say in a sentence's end what is in the pictures instead; "" where that cannot be told.

    Args:
        pictures: A few (height, width) pictures in which the board was not found.
        board: The board that was asked for.
    """
    # Between the markers of a ChArUco board, and in rows of dots, a chessboard of some size is found as well.
    markers = _markers_instead(pictures, board)
    return markers or ("" if board.kind == "circles" else _chessboard_instead(pictures))


def _markers_instead(pictures: Sequence[AlphaImage], board: Board) -> str:
    seen = {
        (name, border): [_markers(picture, name, border) for picture in pictures]
        for name in largest_dictionaries()
        for border in (1, KALIBR_BORDER)
    }
    (name, border), found = max(seen.items(), key=lambda item: sum(len(ids) for ids, _ in item[1]))
    ids, sides = (np.concatenate(part) for part in zip(*found, strict=True))
    if len(ids) < _ENOUGH:
        return ""
    most = int(ids.max())
    smallest = dictionary_for(_family(name), most + 1)
    if board.num_markers and _family(smallest) == _family(board.dictionary):
        beyond = (
            f", with ids up to {most} where this board has {board.num_markers}" if most >= board.num_markers else ""
        )
        numbers = "columns, rows and gap" if board.kind == "aprilgrid" else "columns and rows"
        readable_px = _MODULE_PX * (dictionary(name).markerSize + 2 * border)
        if not beyond and np.median(sides) < readable_px:
            return (
                f"only {len(ids)} of its markers can be read in {counted(len(pictures), 'picture')}, "
                f"{np.median(sides):.0f} px wide: {readable_px:.0f} px are wanted, closer or in larger pictures"
            )
        return f"its markers are there ({len(ids)}){beyond}: are its {numbers} right?"
    wide = " and a border of two modules" if border == KALIBR_BORDER else ""
    advice = "try that dictionary" if board.num_markers else "is the board a charuco or an aprilgrid?"
    return f"markers of {smallest}{wide} are there ({len(ids)} in {counted(len(pictures), 'picture')}): {advice}"


def _family(name: str) -> str:
    """Return what dictionaries of one kind of marker share; AprilTags of another family are other markers."""
    first, _, last = name.rpartition("_")
    return first if last.isdecimal() else name


def _markers(picture: AlphaImage, name: str, border: int) -> tuple[NDArray[np.int64], FloatArray]:
    """Return (n,) ids of markers, and the (n,) lengths of their shortest sides, px."""
    corners, ids, _ = tag_detector(name, border).detectMarkers(picture)
    places = np.asarray(corners, np.float64).reshape(-1, 4, 2)
    sides = np.linalg.norm(np.roll(places, -1, axis=1) - places, axis=2).min(axis=1)
    numbers = np.zeros(0, np.int64) if ids is None else np.ravel(ids).astype(np.int64)
    return numbers, sides


def _chessboard_instead(pictures: Sequence[AlphaImage]) -> str:
    for picture in pictures[:_PICTURES_FOR_SIZES]:
        ratio = min(1.0, _LONGEST_PX / max(picture.shape))
        small = cv2.resize(picture, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA)
        # The largest first: a part of a board is a board.
        for size in sorted(_sizes(), key=lambda size: -size[0] * size[1]):
            if cv2.findChessboardCornersSB(small, size, flags=cv2.CALIB_CB_NORMALIZE_IMAGE)[0]:
                return f"a chessboard of {size[0]}x{size[1]} inner corners is there: try that size"
    return ""


def _sizes() -> list[tuple[int, int]]:
    return [(columns, rows) for columns in range(3, _MOST_CORNERS + 1) for rows in range(3, columns + 1)]
