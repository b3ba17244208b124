"""Reprojection of a board's corners: how large, where in the picture, and how much of the picture they cover."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray, as_array, frozen
from renderkit.metrics.reprojection import ReprojectionScore
from renderkit.metrics.score_json import object_schema, points_from_json, points_schema
from renderkit.metrics.score_kind import Metric, Ranking, ScoreKind, pixel_error

FIELD: Final = (6, 5)
"""Columns and rows of the cells in which residuals are averaged."""

MIN_IN_CELL: Final = 6
"""Cells with fewer corners have no mean."""

COVER: Final = (12, 10)
"""Columns and rows of the cells by which coverage is counted."""


@dataclass(frozen=True, eq=False)
class BoardScore:
    """Corners of a board in one picture, or in several of one camera.

    Attributes:
        residuals: (N, 2) px, projected minus detected.
        places: (N, 2) where they were detected, as a share of the picture's width and height.
    """

    residuals: FloatArray
    places: FloatArray

    def __post_init__(self) -> None:
        """Check and freeze.

        Raises:
            ValueError: If the shapes are not (N, 2).
        """
        residuals = as_array(self.residuals, np.float64, (None, 2), "residuals")
        object.__setattr__(self, "residuals", frozen(residuals))
        object.__setattr__(self, "places", frozen(as_array(self.places, np.float64, (len(residuals), 2), "places")))

    @cached_property
    def reprojection(self) -> ReprojectionScore:
        """The residuals, for their statistics."""
        return ReprojectionScore(self.residuals, 0, 0)

    @property
    def bias_px(self) -> float:
        """Length of the mean residual, px."""
        return float(np.hypot(*self.reprojection.bias_px))

    @property
    def coverage(self) -> float:
        """Share of the picture's cells that hold a corner, of 12 x 10."""
        return len(np.unique(_cells(self.places, COVER))) / (COVER[0] * COVER[1])

    @cached_property
    def field(self) -> FloatArray:
        """(rows, columns, 2) mean residual in each of 6 x 5 cells of the picture, px; NaN with fewer than 6 corners."""
        means, counts, _ = self._binned
        result = np.where((counts >= MIN_IN_CELL)[:, None], means, np.nan)
        return frozen(result.reshape(FIELD[1], FIELD[0], 2))

    @property
    def field_px(self) -> float:
        """RMS of the mean residuals of the cells, what noise alone would leave taken off, px; NaN without a cell."""
        means, counts, noise = self._binned
        good = counts >= MIN_IN_CELL
        if not good.any():
            return math.nan
        square = float((means[good] ** 2).sum(axis=1).mean() - 2.0 * noise * (1.0 / counts[good]).mean())
        return math.sqrt(max(square, 0.0))

    @cached_property
    def _binned(self) -> tuple[FloatArray, FloatArray, float]:
        """The (B, 2) means, (B,) counts, and the variance of a component inside the cells."""
        known = np.isfinite(self.residuals).all(axis=1)
        cells, values = _cells(self.places[known], FIELD), self.residuals[known]
        size = FIELD[0] * FIELD[1]
        counts = np.bincount(cells, minlength=size).astype(np.float64)
        sums = np.column_stack([np.bincount(cells, values[:, axis], size) for axis in range(2)])
        means = sums / np.maximum(counts, 1.0)[:, None]
        good = counts >= MIN_IN_CELL
        inside = good[cells] if len(cells) else np.zeros(0, np.bool_)
        free = 2.0 * (inside.sum() - good.sum())
        left = float(((values - means[cells])[inside] ** 2).sum())
        return means, counts, left / free if free > 0 else 0.0


def _cells(places: FloatArray, grid: tuple[int, int]) -> NDArray[np.int64]:
    """Return (N,) the index of the cell, row by row, in which each place lies."""
    columns, rows = (
        np.clip(np.floor(places[:, axis] * grid[axis]), 0, grid[axis] - 1).astype(np.int64) for axis in range(2)
    )
    return rows * grid[0] + columns


def _pool(scores: Sequence[BoardScore]) -> BoardScore:
    return BoardScore(np.concatenate([one.residuals for one in scores]), np.concatenate([one.places for one in scores]))


KIND = ScoreKind(
    name="board_fit",
    group="board",
    measure=None,
    pool=_pool,
    to_json=lambda score: {"residuals_px": score.residuals, "places": score.places},
    from_json=lambda value, _: BoardScore(points_from_json(value["residuals_px"]), points_from_json(value["places"])),
    json_schema=object_schema(
        "Corners of a board, found in the picture and projected by the calibration",
        residuals_px=points_schema("Projected minus detected"),
        places=points_schema("Where they were detected, as a share of the picture's width and height"),
    ),
    metrics=(
        pixel_error(
            name="board_median_px",
            title="board median px",
            read=attrgetter("reprojection.median_px"),
            decimals=3,
            plain="corner error, median",
            meaning="Median distance of the board's projected corners to where they were detected.",
            column=True,
            ranking=Ranking(7, 0.05),
        ),
        pixel_error(
            name="board_rms_px",
            title="board RMS px",
            read=attrgetter("reprojection.rms_px"),
            decimals=3,
            plain="corner error, RMS",
            meaning="Root mean square distance per corner of the board (not per component).",
            column=True,
        ),
        pixel_error(
            name="board_max_px",
            title="board max px",
            read=attrgetter("reprojection.max_px"),
            decimals=2,
            plain="corner error, largest",
            meaning="Largest distance of a corner of the board.",
            column=True,
        ),
        pixel_error(
            name="board_bias_px",
            title="board bias px",
            read=attrgetter("bias_px"),
            decimals=3,
            plain="shift of the corners",
            meaning="Length of the mean residual vector of the board's corners.",
            column=True,
        ),
        pixel_error(
            name="board_field_px",
            title="field px",
            read=attrgetter("field_px"),
            decimals=3,
            plain="shift by part of the picture, RMS",
            meaning="RMS of the residuals' means over parts of the picture, noise taken off: where the lens is wrong.",
            column=True,
        ),
        Metric(
            name="board_coverage",
            title="coverage",
            unit="ratio",
            better="neither",
            read=attrgetter("coverage"),
            decimals=2,
            meaning="Share of the picture's parts, 12 x 10, in which a corner of the board was seen.",
            column=True,
        ),
        Metric(
            name="board_corners",
            title="corners",
            unit="count",
            better="neither",
            read=attrgetter("reprojection.num_used"),
            decimals=0,
            meaning="Corners of the board that were found and compared.",
            column=True,
        ),
    ),
)
