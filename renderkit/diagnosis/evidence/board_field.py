"""Where in a camera's picture the lens is wrong: what is left of the residuals beyond shift, turn and scale.

The residuals of all views of a camera, without their affine part over the picture, are averaged in cells. Chi-square of
the means tests them against the noise inside the cells; corners of one view are not independent, so that the scatter
of the views' means about those of the cells is its measure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray
from renderkit.boards.poses import BoardPoses, Sighting
from renderkit.diagnosis.joint.chi_square import log_tail
from renderkit.metrics.board import FIELD, MIN_IN_CELL

FIELD_ALPHA: Final = 0.001
"""Probability that the lens of any camera of a rig without fault is called wrong by its field alone."""

LEAST_PX: Final = 0.05
"""Smaller means are what the detection of corners may do in a part of the picture."""

FLOOR_PX: Final = 0.015
"""What the detection of corners alone does to a mean, on each axis."""

_MIN_DEGREES: Final = 8
_CELL_SIGMAS: Final = 4.0
_FAR_SIGMAS: Final = 6.0
_ROUNDS: Final = 3
_DOWN: Final = ("upper", "upper", "middle", "lower", "lower")
_ACROSS: Final = ("left", "left", "middle", "middle", "right", "right")


@dataclass(frozen=True, eq=False)
class LensField:
    """A camera's residuals beyond an affine map of its picture, averaged in cells.

    Attributes:
        means: (rows, columns, 2) seen minus predicted, px; NaN in cells with too few corners.
        errors: (rows, columns) standard error of either component, px.
        log_p: Logarithm of the probability of so large means where the lens is right; 0 where nothing can be said.
    """

    means: FloatArray
    errors: FloatArray
    log_p: float

    @property
    def sizes(self) -> FloatArray:
        """(rows, columns) length of the means, px; 0 in cells that are not known."""
        sizes: FloatArray = np.nan_to_num(np.linalg.norm(self.means, axis=2))
        return sizes

    @property
    def is_wrong_in(self) -> NDArray[np.bool_]:
        """(rows, columns) where the mean is beyond noise."""
        limit = np.maximum(_CELL_SIGMAS * np.nan_to_num(self.errors, nan=math.inf), LEAST_PX)
        return np.asarray(self.sizes > limit)

    @property
    def worst(self) -> tuple[float, str]:
        """The largest mean that is beyond noise, px, and where it is; 0 and "" where none is."""
        sizes = np.where(self.is_wrong_in, self.sizes, 0.0)
        row, column = np.unravel_index(int(np.argmax(sizes)), sizes.shape)
        return float(sizes[row, column]), place_name(int(row), int(column)) if sizes.any() else ""

    @property
    def size_px(self) -> float:
        """RMS of the means, weighted by what is known of each, px; NaN where none is."""
        known = np.isfinite(self.errors)
        weights = 1.0 / self.errors[known] ** 2
        return math.sqrt(float(weights @ self.sizes[known] ** 2) / float(weights.sum())) if known.any() else math.nan

    @property
    def size_error_px(self) -> float:
        """Standard error of `size_px`, px."""
        known = np.isfinite(self.errors)
        return float(1.0 / np.sqrt((1.0 / self.errors[known] ** 2).sum())) if known.any() else math.nan

    def is_wrong(self, num_cameras: int) -> bool:
        """Whether so large a field is rare in a rig of so many cameras whose lenses are right."""
        return self.log_p < math.log(FIELD_ALPHA / num_cameras) and bool(self.is_wrong_in.any())

    @property
    def sentence(self) -> str:
        """Where the lens is wrong, for the end of a camera's sentence; "" where nothing is beyond noise."""
        size, place = self.worst
        if not place:
            return ""
        known = int(np.isfinite(self.means[..., 0]).sum())
        return (
            f"the lens is wrong by up to {size:.2f} px in the {place} of the picture "
            f"(beyond noise in {int(self.is_wrong_in.sum())} of {known} parts with corners)"
        )


def place_name(row: int, column: int) -> str:
    """Return the name of a cell's place, such as "upper left"; "middle" for the middle of both."""
    return " ".join(dict.fromkeys((_DOWN[row], _ACROSS[column])))


def lens_field(found: BoardPoses, own: Sequence[Sighting]) -> LensField:
    """Average what an affine map does not explain of the residuals of one camera's views."""
    nothing = LensField(np.full((FIELD[1], FIELD[0], 2), np.nan), np.full((FIELD[1], FIELD[0]), np.nan), 0.0)
    values = [-found.residuals(one) for one in own]
    known: list[NDArray[np.bool_]] = [np.asarray(np.isfinite(each).all(axis=1)) for each in values]
    total = sum(int(each.sum()) for each in known)
    if total < 2 * MIN_IN_CELL:
        return nothing
    joined = np.concatenate([each[good] for each, good in zip(values, known, strict=True)])
    places = np.concatenate([_places(one, good) for one, good in zip(own, known, strict=True)])
    views = np.repeat(np.arange(len(own)), [int(each.sum()) for each in known])
    left, weights = _beyond_affine(places, joined)
    cells = np.clip(np.floor(places * FIELD), 0, np.array(FIELD) - 1).astype(np.int64) @ (1, FIELD[0])
    return _binned(left, weights, cells, views) or nothing


def _places(one: Sighting, good: NDArray[np.bool_]) -> FloatArray:
    """Return (N, 2) where corners were detected, as a share of the picture."""
    shares: FloatArray = (one.pixels[good] + 0.5) / np.array(one.camera.size, dtype=np.float64)
    return shares


def _beyond_affine(places: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (N, 2) values without their affine part, and (N,) weights: 0 for what is far from the others."""
    design = np.column_stack([np.ones(len(places)), places - 0.5])
    weights = np.ones(len(places))
    left = values
    for _ in range(_ROUNDS):
        root = np.sqrt(weights)[:, None]
        left = values - design @ np.linalg.lstsq(design * root, values * root, rcond=None)[0]
        usual = 1.4826 * max(float(np.median(np.abs(left))), 1e-9)
        weights = (np.linalg.norm(left, axis=1) < _FAR_SIGMAS * usual).astype(np.float64)
    return left, weights


def _binned(values: FloatArray, weights: FloatArray, cells: NDArray[np.int64], views: NDArray[np.int64]) -> (
        LensField | None):  # fmt: skip
    size = FIELD[0] * FIELD[1]
    values, cells, views = values[weights > 0.0], cells[weights > 0.0], views[weights > 0.0]
    counts = np.bincount(cells, minlength=size).astype(np.float64)
    means = _sums(values, cells, size) / np.maximum(counts, 1.0)[:, None]
    good = counts >= MIN_IN_CELL
    inside = good[cells]
    free = 2.0 * float(inside.sum() - good.sum())
    if free < _MIN_DEGREES:
        return None
    variance = float(((values - means[cells])[inside] ** 2).sum()) / free
    # What the views' means in a cell scatter by, in units of what independent corners would leave.
    groups, group = np.unique(views * size + cells, return_inverse=True)
    of_group = np.bincount(group).astype(np.float64)
    apart = _sums(values, group, len(groups)) / of_group[:, None] - means[groups % size]
    usable = good[groups % size]
    between = 2.0 * float(usable.sum() - good.sum())
    if between < _MIN_DEGREES or not variance > 0.0:
        return None
    scatter = float((of_group[usable, None] * apart[usable] ** 2).sum()) / between
    noise = max(variance, scatter)
    spread = noise / counts[good, None] + FLOOR_PX**2
    statistic = float((means[good] ** 2 / spread).sum())
    degrees = max(2 * int(good.sum()) - 6, 1)
    shape = FIELD[1], FIELD[0]
    with np.errstate(divide="ignore"):
        errors = np.where(good, np.sqrt(noise / counts), np.nan)
    return LensField(
        means=np.where(good[:, None], means, np.nan).reshape(*shape, 2),
        errors=errors.reshape(shape),
        log_p=log_tail(statistic, degrees),
    )


def _sums(values: FloatArray, index: NDArray[np.int64], size: int) -> FloatArray:
    return np.column_stack([np.bincount(index, values[:, axis], size) for axis in range(2)])
