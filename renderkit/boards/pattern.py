"""The print of a board as a function: black or white at any point, for boards that are photographed by rays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import BoolArray, FloatArray
from renderkit.boards.board import Board
from renderkit.boards.dictionaries import dictionary

KALIBR_BORDER: Final = 2
"""Modules of black around the bits of a tag of an AprilGrid; other markers have one."""

_CIRCLE_SHARE: Final = 0.25
"""Radius of a circle as a share of the distance of neighbours."""

_MARGIN: Final = 1.2
"""White around the print, in steps of the pattern."""


@dataclass(frozen=True, eq=False)
class Pattern:
    """The print of a board.

    Attributes:
        board: The board.
        low: (2,) corner of the sheet, metres in the board's frame.
        high: (2,) the opposite corner.
        step: Side of a square or a tag, or the distance of neighbours, metres.
        markers: (M, n, n) True where a module of a marker is white; M is 0 on boards without markers.
    """

    board: Board
    low: FloatArray
    high: FloatArray
    step: float
    markers: BoolArray

    @classmethod
    def of(cls, board: Board) -> Pattern:
        """Build the print of a board."""
        first, last = board.points[:, :2].min(axis=0), board.points[:, :2].max(axis=0)
        if board.kind in {"charuco", "chessboard"}:
            # The outermost squares have no corner of their own inside the pattern.
            first, last = first - board.size, last + board.size
        step = 2.0 * board.size if board.asymmetric else board.size
        margin = _MARGIN * step * (board.marker if board.kind == "aprilgrid" else 0.5)
        return cls(board, first - margin, last + margin, step, _markers(board))

    def white(self, xy: FloatArray) -> NDArray[np.bool_]:
        """Return (N,) whether the sheet is white at (N, 2) points of it, metres in the board's frame."""
        kind = self.board.kind
        if kind == "circles":
            return self._circles(xy)
        return self._tags(xy) if kind == "aprilgrid" else self._squares(xy)

    def _squares(self, xy: FloatArray) -> NDArray[np.bool_]:
        board = self.board
        shift, columns, rows = (0, board.columns, board.rows)
        if board.kind == "chessboard":
            shift, columns, rows = 1, board.columns + 1, board.rows + 1
        place = xy / board.size + shift
        cell = np.floor(place).astype(np.int64)
        inside = ((cell >= 0) & (cell < (columns, rows))).all(axis=1)
        white = ~inside | (cell.sum(axis=1) % 2 == 1)
        if board.kind == "charuco":
            # Markers count along the rows, one in each white square.
            number = (cell[:, 1] * columns + cell[:, 0]) // 2
            local = (place - cell - 0.5) * board.size / board.marker + 0.5
            white &= self._modules(np.where(inside & white, number, -1), local)
        return np.asarray(white, dtype=np.bool_)

    def _tags(self, xy: FloatArray) -> NDArray[np.bool_]:
        board = self.board
        pitch = 1.0 + board.marker
        place = xy / board.size
        cell = np.floor(place / pitch).astype(np.int64)
        inside = ((cell >= 0) & (cell < (board.columns, board.rows))).all(axis=1)
        local = place - cell * pitch
        # The tag is printed upright, its rows from the top down.
        upright = np.column_stack([local[:, 0], 1.0 - local[:, 1]])
        white = self._modules(np.where(inside, cell[:, 1] * board.columns + cell[:, 0], -1), upright)
        # Black squares fill the gaps where four tags meet, and beside the outer tags' corners.
        within = ((place >= -board.marker) & (place < np.array([board.columns, board.rows]) * pitch)).all(axis=1)
        crossing = (np.mod(place + board.marker, pitch) < board.marker).all(axis=1)
        white &= ~(within & crossing)
        return white

    def _modules(self, number: NDArray[np.int64], local: FloatArray) -> NDArray[np.bool_]:
        """Return (N,) whether the module at (N, 2) `local` in [0, 1) of marker `number` is white; outside it is."""
        side = self.markers.shape[1]
        module = np.floor(local * side).astype(np.int64)
        known = (number >= 0) & ((module >= 0) & (module < side)).all(axis=1)
        white = np.ones(len(local), dtype=np.bool_)
        white[known] = self.markers[number[known], module[known, 1], module[known, 0]]
        return white

    def _circles(self, xy: FloatArray) -> NDArray[np.bool_]:
        board = self.board
        radius = _CIRCLE_SHARE * self.step
        row = np.clip(np.rint(xy[:, 1] / board.size), 0, board.rows - 1)
        white = np.ones(len(xy), dtype=np.bool_)
        for near in (row - 1, row, row + 1):
            shift = near % 2.0 * board.size if board.asymmetric else 0.0
            column = np.clip(np.rint((xy[:, 0] - shift) / self.step), 0, board.columns - 1)
            center = np.column_stack([column * self.step + shift, near * board.size])
            exists = (near >= 0) & (near < board.rows)
            white &= ~(exists & (((xy - center) ** 2).sum(axis=1) < radius**2))
        return white


def _markers(board: Board) -> BoolArray:
    if not board.num_markers:
        return np.zeros((0, 1, 1), dtype=np.bool_)
    known, border = dictionary(board.dictionary), KALIBR_BORDER if board.kind == "aprilgrid" else 1
    side = known.markerSize + 2 * border
    images = [known.generateImageMarker(index, side, borderBits=border) for index in range(board.num_markers)]
    return np.stack(images) > 0
