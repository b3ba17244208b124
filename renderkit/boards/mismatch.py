"""Why no board was found: which dictionary, or which size of board, the pictures would fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from renderkit.arrays import AlphaImage
from renderkit.boards.board import Board
from renderkit.boards.detect import tag_detector
from renderkit.boards.dictionaries import dictionary, dictionary_names
from renderkit.boards.pattern import KALIBR_BORDER

_ENOUGH: Final = 4
"""Markers that must be seen in all pictures together before a dictionary is named."""


def explain_nothing_found(pictures: Sequence[AlphaImage], board: Board) -> str:
    """Say in a sentence's end what is in the pictures instead; "" where that cannot be told.

    Args:
        pictures: A few (height, width) pictures in which the board was not found.
        board: The board that was asked for.
    """
    if board.num_markers:
        return _markers_instead(pictures, board) or _chessboard_instead(pictures)
    return _chessboard_instead(pictures) or _markers_instead(pictures, board)


def _markers_instead(pictures: Sequence[AlphaImage], board: Board) -> str:
    counts = {}
    for border in (1, KALIBR_BORDER):
        for name in dictionary_names():
            ids = [_ids(picture, name, border) for picture in pictures]
            counts[name, border] = np.concatenate(ids) if ids else np.zeros(0, np.int64)
    # A small dictionary finds the same markers as its larger relatives: the smallest that finds as many is named.
    (name, border), seen = max(counts.items(), key=lambda item: (len(item[1]), -len(dictionary(item[0][0]).bytesList)))
    if len(seen) < _ENOUGH:
        return ""
    if board.num_markers and name.rsplit("_", 1)[0] == board.dictionary.rsplit("_", 1)[0]:
        most = int(seen.max())
        beyond = (
            f", with ids up to {most} where this board has {board.num_markers}" if most >= board.num_markers else ""
        )
        return f"its markers are there ({len(seen)}){beyond}: is the number of columns and rows right?"
    wide = " and a border of two modules" if border == KALIBR_BORDER else ""
    return f"markers of {name}{wide} are there ({len(seen)} in {len(pictures)} pictures): try that dictionary"


def _ids(picture: AlphaImage, name: str, border: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    _, ids, _ = tag_detector(name, border).detectMarkers(picture)
    return np.zeros(0, np.int64) if ids is None else np.ravel(ids).astype(np.int64)


def _chessboard_instead(pictures: Sequence[AlphaImage]) -> str:
    flags = cv2.CALIB_CB_NORMALIZE_IMAGE | cv2.CALIB_CB_LARGER | cv2.CALIB_CB_EXHAUSTIVE
    for picture in pictures:
        found, _, meta = cv2.findChessboardCornersSBWithMeta(picture, (3, 3), flags)
        if found and meta is not None and min(meta.shape) >= 3:
            return f"a chessboard of {meta.shape[1]}x{meta.shape[0]} inner corners is there: try that size"
    return ""
