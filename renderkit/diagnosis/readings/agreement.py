"""How well a rig fits its evidence under one reading: robust, view by view, and as one likelihood.

The likelihood is that of the FILES' numbers: a reading that shrinks the landmarks shrinks the residuals, and gains
nothing by it. Each view has its own noise, so less than half of the cameras being wrong changes little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray, Pixels
from renderkit.computed_once import computed_once
from renderkit.diagnosis.readings.coarse import coarse_iou, coarse_matte
from renderkit.diagnosis.readings.interpretation import Interpretation
from renderkit.diagnosis.readings.outline_gaps import DIRECTIONS, outline_gaps
from renderkit.diagnosis.readings.reading import Views

LANDMARK_WEIGHT = 24.0
"""A view's landmarks count as at most this many independent numbers: they share the errors of detector and mesh."""

MATTE_WEIGHT = 12.0
"""A view's matte counts as this many independent numbers."""

OUTLINE_WEIGHT = 8.0
"""A view's outline counts as this many independent numbers."""

TIE: Final = 8.0
"""Readings whose log likelihoods differ by less than this cannot be told apart."""

_FLOOR_RELATIVE = 0.003
_FLOOR_OUTLINE = 0.01
_FLOOR_DISAGREEMENT = 0.04
_FAR = 10.0
_MIN_SEEN = 0.5
_PROTRUDING = 4


@dataclass(frozen=True, eq=False)
class Agreement:
    """Agreement of a rig with its evidence. Arrays hold one number for each view, NaN where it has no such evidence.

    What outlines say is measured when it is first asked for: where landmarks decide, nobody does.

    Attributes:
        views: The views.
        residual_px: (V,) median landmark residual, px of K.
        relative: (V,) the same as a share of the landmarks' spread in the picture.
        marked: (V,) log likelihood of each view's landmarks.
        iou: (V,) IoU of the drawn mesh with the matte, on a coarse grid.
        inside: (V,) share of the mesh's vertices in the picture that fall inside the matte.
    """

    views: Views
    residual_px: FloatArray
    relative: FloatArray
    marked: FloatArray
    iou: FloatArray
    inside: FloatArray

    @property
    def outline_px(self) -> FloatArray:
        """(V,) median distance between the outlines' tangents in 32 directions, px of K."""
        return _row_medians(np.abs(self._gaps))

    @property
    def dilation_px(self) -> FloatArray:
        """(V,) the same, had the mattes of the whole rig been grown or shrunk by one best width."""
        return _row_medians(np.abs(self._gaps - self._even_px))

    @property
    def outline_share(self) -> FloatArray:
        """(V,) `outline_px` as a share of the matte's mean half width."""
        return self.outline_px / self._extents

    @property
    def protrusion(self) -> FloatArray:
        """(V,) how far the drawing reaches out of the matte, exceeded by a tenth of the tangents, as such a share."""
        return self._protruding_px / self._extents

    @property
    def overhang(self) -> FloatArray:
        """(V,) the same, had the mattes been grown or shrunk by that best width."""
        return (self._protruding_px - self._even_px) / self._extents

    @computed_once
    def likelihoods(self) -> FloatArray:
        """(V,) log likelihood of each view, up to a constant of the view; 0 without evidence."""
        views = self.views
        pixel = float(np.median([1.0 / np.sqrt(view.matte_from_px.prod()) for view in views])) if len(views) else 0.0
        placed = _row_medians(np.abs(self._gaps - np.clip(self._even_px, -pixel, pixel)))
        return (
            np.nan_to_num(self.marked)
            - MATTE_WEIGHT * np.nan_to_num(np.log(1.0 - self.iou + _FLOOR_DISAGREEMENT))
            - OUTLINE_WEIGHT * np.nan_to_num(np.log(placed / self._extents + _FLOOR_OUTLINE))
        )

    @computed_once
    def _tangents(self) -> FloatArray:
        return np.array([outline_gaps(view) for view in self.views]).reshape(len(self.views), len(DIRECTIONS) + 1)

    @property
    def _gaps(self) -> FloatArray:
        return self._tangents[:, :-1]

    @property
    def _extents(self) -> FloatArray:
        return self._tangents[:, -1]

    @property
    def _even_px(self) -> float:
        return _median(self._gaps)

    @property
    def _protruding_px(self) -> FloatArray:
        ordered: FloatArray = np.sort(self._gaps, axis=1)
        return ordered[:, -_PROTRUDING]

    @property
    def log_likelihood(self) -> float:
        """Log likelihood of all views together, up to a constant of the rig."""
        return float(self.likelihoods.sum())

    @property
    def median_dilation_px(self) -> float:
        """Median over views of `dilation_px`; NaN without mattes."""
        return _median(self.dilation_px)

    @property
    def median_outline_share(self) -> float:
        """Median over views of `outline_share`; NaN without mattes."""
        return _median(self.outline_share)

    @property
    def median_outline_px(self) -> float:
        """Median over views of `outline_px`; NaN without mattes."""
        return _median(self.outline_px)

    @property
    def median_protrusion(self) -> float:
        """Median over views of `protrusion`; NaN without mattes."""
        return _median(self.protrusion)

    @property
    def median_overhang(self) -> float:
        """Median over views of `overhang`; NaN without mattes."""
        return _median(self.overhang)

    @property
    def median_px(self) -> float:
        """Median over views of `residual_px`; NaN without landmarks."""
        return _median(self.residual_px)

    @property
    def median_detected_px(self) -> float:
        """The same in px that no reading made smaller: of K, or of the landmarks' file where K has fewer for them."""
        return _median(self.residual_px / np.array([min(view.px_per_unit, 1.0) for view in self.views]))

    @property
    def median_relative(self) -> float:
        """Median over views of `relative`; NaN without landmarks."""
        return _median(self.relative)

    @property
    def median_iou(self) -> float:
        """Median over views of `iou`; NaN without mattes."""
        return _median(self.iou)

    @property
    def median_inside(self) -> float:
        """Median over views of `inside`; NaN without mattes."""
        return _median(self.inside)


def agreement(views: Views) -> Agreement:
    """Measure the agreement of a rig with its evidence.

    Where in its pixel a matte's edge lies is a convention: by up to one of its pixels mattes may be too large or too
    small all around without being less likely.
    """
    landmarks = np.array([_landmarks(view) for view in views]).reshape(len(views), 3)
    mattes = np.array([_matte(view) for view in views]).reshape(len(views), 2)
    return Agreement(views, *landmarks.T, *mattes.T)


def landmark_residuals(view: Interpretation) -> FloatArray:
    """Return (L, 2) predicted minus detected, px; NaN where either is missing."""
    residuals: FloatArray = view.predicted - view.pixels
    return residuals


def _landmarks(view: Interpretation) -> Sequence[float]:
    """Return the median residual in px, its share of the spread, and the log likelihood; NaN without landmarks."""
    known = np.isfinite(view.pixels).all(axis=1)
    if not known.any():
        return (np.nan,) * 3
    predicted, detected = view.predicted[known], view.pixels[known]
    extent, drawn = _spread(detected), _spread(predicted[np.isfinite(predicted).all(axis=1)])
    distances = np.hypot(*(predicted - detected).T)
    # In units of the file: a reading that enlarges the landmarks must not gain by a limit in pixels.
    far = _FAR * np.hypot(*view.size) * max(view.px_per_unit, 1.0)
    distances = np.where(np.isfinite(distances), np.minimum(distances, far), far)
    median = _median(distances)
    relative = median / max(min(extent, drawn), 1e-9)
    noise = (median + _FLOOR_RELATIVE * extent) / view.px_per_unit
    weight = min(2.0 * len(detected), LANDMARK_WEIGHT)
    return median, relative, -weight * float(np.log(max(noise, 1e-12)))


def landmark_spread(view: Interpretation) -> float:
    """Return the median distance of the detected landmarks from their middle, px; 0 without any."""
    return _spread(view.pixels[np.isfinite(view.pixels).all(axis=1)])


def _spread(pixels: Pixels) -> float:
    if not len(pixels):
        return 0.0
    return _median(np.hypot(*(pixels - _row_medians(pixels.T)).T))


def _matte(view: Interpretation) -> Sequence[float]:
    """Return the IoU on a coarse grid and the share of vertices inside; NaN without matte."""
    if view.matte is None:
        return (np.nan,) * 2
    # Part of a mesh may lie beside the picture; where most of it does, nothing is inside.
    cells = view.cells
    inside = cells.num_inside / max(cells.num_seen, _MIN_SEEN * len(view.drawn), 1.0)
    return coarse_iou(cells.drawn, coarse_matte(view.matte)), inside


def _row_medians(values: FloatArray) -> FloatArray:
    """Return the medians of the rows; NaN where a row has one. Many times as fast as NumPy's on rows so short."""
    ordered = np.sort(values, axis=1)
    half = values.shape[1] // 2
    middle = ordered[:, half] if values.shape[1] % 2 else 0.5 * (ordered[:, half - 1] + ordered[:, half])
    result: FloatArray = np.where(np.isnan(ordered[:, -1]), np.nan, middle)
    return result


def _median(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(_row_medians(known[None])[0]) if known.size else float("nan")
