"""Looks for a board in many pictures at once; each is decoded, looked through, and remembered."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from renderkit.arrays import AlphaImage, Pixels
from renderkit.boards.board import Board
from renderkit.boards.cache import DetectionCache
from renderkit.boards.detect import detect_board
from renderkit.boards.mismatch import explain_nothing_found
from renderkit.capture import View
from renderkit.errors import DatasetError
from renderkit.system import usable_cores

_LOOKED_AT: Final = 6
"""Pictures that are looked at again to find out what is in them instead."""


@dataclass(frozen=True, eq=False)
class Look:
    """What was found in a picture.

    Attributes:
        view: The view.
        pixels: (L, 2) px of the board's points; NaN where not found. None where the picture could not be used.
        why: Why it could not be used; "" otherwise.
    """

    view: View
    pixels: Pixels | None
    why: str = ""

    @property
    def found(self) -> bool:
        """Whether the board was found."""
        return self.pixels is not None and bool(np.isfinite(self.pixels).any())


def look_for_board(views: Sequence[View], board: Board, *, threads: int = 0) -> tuple[Look, ...]:
    """Look for a board in the photographs of views.

    Args:
        views: Views with a photograph.
        board: The board.
        threads: Pictures worked on at once; 0 for one per core. The result does not depend on it.
    """
    kept = DetectionCache.usual()
    with ThreadPoolExecutor(threads or usable_cores(), thread_name_prefix="renderkit-board") as pool:
        looks = tuple(pool.map(lambda view: _look(view, board, kept), views))
    kept.shrink()
    return looks


def why_nothing(looks: Sequence[Look], board: Board) -> str:
    """Say what is in the pictures without the board instead of it; "" where that cannot be told."""
    usable = [look.view for look in looks if look.pixels is not None and not look.found]
    step = max(1, len(usable) // _LOOKED_AT)
    pictures = []
    for view in usable[::step][:_LOOKED_AT]:
        if view.image is not None:
            try:
                pictures.append(_gray(view.image.decode_color()))
            except DatasetError:
                continue  # the view's own row says what is wrong with it
    return explain_nothing_found(pictures, board)


def _look(view: View, board: Board, cache: DetectionCache) -> Look:
    if view.image is None:
        return Look(view, None, "this view has no photograph")
    try:
        image = view.image.fetched()
        size = image.read_size()
        if size != view.camera.size:
            given = f"{view.camera.width} x {view.camera.height}"
            return Look(view, None, f"the picture is {size[0]} x {size[1]} px, its calibration {given}")
        data = image.read_bytes()
        known = cache.find(data, board)
        if known is None:
            known = detect_board(_gray(image.decode_color()), board)
            cache.keep(data, board, known)
    except DatasetError as error:
        return Look(view, None, str(error))
    return Look(view, known)


def _gray(color: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> AlphaImage:
    return np.asarray(cv2.cvtColor(color, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
