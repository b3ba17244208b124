"""Numbers that some readings estimate from the rig: a factor, a crop, a missing lens.

All are medians over views, so that less than half of the cameras being wrong for another reason does not move them.
"""

from __future__ import annotations

import numpy as np

from renderkit.arrays import BoolArray, FloatArray, Pixels
from renderkit.diagnosis.readings.interpretation import Interpretation
from renderkit.diagnosis.readings.outline_gaps import EDGE
from renderkit.diagnosis.readings.reading import Views
from renderkit.geometry.distortion import BrownConrady, NoDistortion

_MIN_SPREAD_PX = 1e-3
_MAX_FACTOR = 20.0
_SAME_FACTOR = 0.02
_LENS_ROUNDS = 4


def paired(view: Interpretation) -> tuple[Pixels, Pixels]:
    """Return (N, 2) predicted and (N, 2) detected pixels of the landmarks that are finite in both."""
    predicted = view.project(view.points)
    known = np.isfinite(predicted).all(axis=1) & np.isfinite(view.pixels).all(axis=1)
    return predicted[known], view.pixels[known]


def picture_scale(views: Views) -> FloatArray | None:
    """Return the (2,) factors by which predictions would be as wide and high as the evidence, or None.

    A first estimate comes from the spreads. Where the pictures then lie about right, nothing was cropped as well, and
    the distances from the picture's corner, which are longer, give a finer one.
    """
    extents = [extent for view in views for extent in _extents(view)]
    coarse = _median([_spread_ratio(*extent) for extent in extents], _MAX_FACTOR)
    if coarse is None:
        return None
    ratios = [np.median((b + 0.5) / (a + 0.5), axis=0) for a, b in extents if (a > 0.0).all()]
    fine = _median(ratios, _MAX_FACTOR)
    if fine is None or len(ratios) < len(extents) or (np.abs(fine / coarse - 1.0) > _SAME_FACTOR).any():
        return coarse
    return fine


def picture_crop(views: Views) -> FloatArray | None:
    """Return the (2,) px that must be added to predictions, the median over cameras, or None."""
    return _median([np.median(b - a, axis=0) for view in views for a, b in _extents(view)], None)


def missing_lens(views: Views) -> Views | None:
    """Return the views with one radial lens (k1, k2) for all, estimated from the landmarks by robust least squares."""
    if not all(isinstance(view.lens, NoDistortion) for view in views):
        return None
    rows, targets = [], []
    for view in views:
        predicted, detected = paired(view)
        if len(predicted) < 6:
            continue
        xy = (predicted - view.K[:2, 2]) / np.diag(view.K)[:2]
        r2 = (xy**2).sum(axis=1, keepdims=True)
        reach = (predicted - view.K[:2, 2]) * r2
        rows.append(np.column_stack([reach.ravel(), (reach * r2).ravel()]))
        targets.append((detected - predicted).ravel())
    if not rows:
        return None
    found = robust_solution(np.concatenate(rows), np.concatenate(targets))
    if not np.isfinite(found).all():
        return None
    lens = BrownConrady(np.array([found[0], found[1], 0.0, 0.0]))
    return tuple(view.but(lens=lens) for view in views)


def robust_solution(design: FloatArray, target: FloatArray) -> FloatArray:
    """Return the least-squares solution of (N, M) design and (N,) target with Cauchy weights."""
    weights: FloatArray = np.ones(len(target))
    solution: FloatArray = np.zeros(design.shape[1])
    for _ in range(_LENS_ROUNDS):
        root = np.sqrt(weights)
        solution = np.asarray(np.linalg.lstsq(root[:, None] * design, root * target, rcond=None)[0], dtype=np.float64)
        residuals = target - design @ solution
        scale = 1.4826 * float(np.median(np.abs(residuals))) + 1e-6
        weights = 1.0 / (1.0 + (residuals / (2.0 * scale)) ** 2)
    return solution


def _extents(view: Interpretation) -> list[tuple[Pixels, Pixels]]:
    """Return what to bring onto what: predicted and detected landmarks, else the corners of mesh and matte."""
    if len(view.points):
        predicted, detected = paired(view)
        return [(predicted, detected)] if 2 * len(predicted) > len(view.points) else []
    if view.matte is None or not view.matte.any():
        return []
    drawn = view.project(view.vertices, bent=view.matte_is_bent)
    if not np.isfinite(drawn).all():
        return []
    edge = EDGE / view.matte_from_px
    return [(_corners(drawn), _corners(matte_pixels(view, view.matte)) + np.array([-edge, edge]))]


def matte_pixels(view: Interpretation, inside: BoolArray) -> Pixels:
    """Return (N, 2) px of K of the pixels of a matte that are inside."""
    rows, columns = np.nonzero(inside)
    pixels: Pixels = (np.column_stack([columns, rows]) + 0.5) / view.matte_from_px - 0.5
    return pixels


def _corners(pixels: Pixels) -> Pixels:
    """Return the outermost (2, 2) places: shares of vertices and of pixels are spread differently over a body."""
    return np.array([pixels.min(axis=0), pixels.max(axis=0)])


def _spread_ratio(predicted: Pixels, detected: Pixels) -> FloatArray:
    def spread(pixels: Pixels) -> FloatArray:
        result: FloatArray = np.abs(pixels - np.median(pixels, axis=0)).mean(axis=0)
        return result

    result: FloatArray = spread(detected) / np.maximum(spread(predicted), _MIN_SPREAD_PX)
    return result


def _median(values: list[FloatArray], max_factor: float | None) -> FloatArray | None:
    if not values:
        return None
    result: FloatArray = np.median(np.array(values), axis=0)
    if not np.isfinite(result).all():
        return None
    if max_factor is not None and not ((result > 1.0 / max_factor) & (result < max_factor)).all():
        return None
    return result
