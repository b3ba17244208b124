"""What a calibration board is: its pattern, the points that are detected on it, and how it can be mistaken."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray, Points3, frozen

BoardKind: TypeAlias = Literal["charuco", "chessboard", "aprilgrid", "circles"]

MAX_SIDE: Final = 100
"""Boards of more columns or rows are refused."""

MIN_POINTS: Final = 6
"""A view with fewer points of the board is not used."""


@dataclass(frozen=True)
class Board:
    """A flat board; lengths in metres.

    Attributes:
        kind: "charuco", "chessboard", "aprilgrid" or "circles".
        columns: ChArUco: squares in a row. Chessboard: inner corners in a row. AprilGrid: tags. Circles: circles.
        rows: The same, in a column. Of asymmetric circles, columns counts the circles of one row.
        size: Side of a square, of a tag, or the distance of neighbouring circles; of asymmetric circles half the
            distance of neighbours in a row.
        marker: ChArUco: side of a marker. AprilGrid: gap between tags as a share of the tag's side.
        dictionary: OpenCV's name of the markers' dictionary, such as "DICT_5X5_50"; "" where there are none.
        asymmetric: Circles whose odd rows are moved by half a step.

    Example:
        >>> from renderkit.boards.board import Board
        >>> board = Board("chessboard", 9, 6, 0.0245)
        >>> board.spec, len(board.points)
        ('chessboard:9x6:0.0245', 54)
    """

    kind: BoardKind
    columns: int
    rows: int
    size: float
    marker: float = 0.0
    dictionary: str = ""
    asymmetric: bool = False

    @property
    def spec(self) -> str:
        """The board as `--board` takes it."""
        parts: list[str] = [self.kind, f"{self.columns}x{self.rows}", f"{self.size:g}"]
        parts += [f"{self.marker:g}"] if self.marker else []
        parts += [self.dictionary] if self.dictionary else []
        return ":".join([*parts, *(["asymmetric"] if self.asymmetric else [])])

    @cached_property
    def points(self) -> Points3:
        """(L, 3) points in the board's frame, metres; z is 0, x runs along the rows. Row by row, tag by tag."""
        if self.kind == "aprilgrid":
            return frozen(self._tag_corners())
        grid = self.grid
        column, row = np.meshgrid(np.arange(grid[0], dtype=np.float64), np.arange(grid[1], dtype=np.float64))
        if self.asymmetric:
            column = 2.0 * column + row % 2.0
        first = 1.0 if self.kind == "charuco" else 0.0
        flat = np.stack([column + first, row + first, np.zeros_like(row)], axis=2)
        return frozen(flat.reshape(-1, 3) * self.size)

    @property
    def grid(self) -> tuple[int, int]:
        """Columns and rows of points; of an AprilGrid of tags, with four points each."""
        if self.kind == "charuco":
            return self.columns - 1, self.rows - 1
        return self.columns, self.rows

    @property
    def num_markers(self) -> int:
        """Markers on the board; 0 where there are none."""
        if self.kind == "charuco":
            return self.columns * self.rows // 2
        return self.columns * self.rows if self.kind == "aprilgrid" else 0

    @property
    def middle(self) -> FloatArray:
        """(3,) middle of the points, metres."""
        middle: FloatArray = 0.5 * (self.points.min(axis=0) + self.points.max(axis=0))
        return middle

    @cached_property
    def symmetries(self) -> tuple[NDArray[np.intp], ...]:
        """Orders of the points that look alike, the points' own first: what a detector may take the board for.

        Boards with markers have one order, and so have asymmetric circles in an odd number of rows. The two ends of a
        chessboard and of other circles may be exchanged, and of a square board all four sides.
        """
        columns, rows = self.grid
        own = np.arange(len(self.points))
        if self.num_markers:
            return (own,)
        turns = [0, 2] if not self.asymmetric or rows % 2 == 0 else [0]
        if columns == rows and not self.asymmetric:
            turns = [0, 1, 2, 3]
        return tuple(np.rot90(own.reshape(rows, columns), turn).ravel() for turn in turns)

    @property
    def is_y_up(self) -> bool:
        """Whether y runs up the board as it is read, as Kalibr's grids do; OpenCV's run down."""
        return self.kind == "aprilgrid"

    def _tag_corners(self) -> Points3:
        """Return the corners of all tags: ids from the lower left, each from its lower left anticlockwise (Kalibr)."""
        pitch = self.size * (1.0 + self.marker)
        row, column = np.divmod(np.arange(self.columns * self.rows), self.columns)
        corner = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]) * self.size
        flat = np.column_stack([column, row])[:, None, :] * pitch + corner
        return np.concatenate([flat, np.zeros((*flat.shape[:2], 1))], axis=2).reshape(-1, 3)
