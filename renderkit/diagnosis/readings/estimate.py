"""Numbers that some readings estimate from the rig: a factor, a crop, a missing lens.

All are medians over views, so that less than half of the cameras being wrong for another reason does not move them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from renderkit.arrays import BoolArray, FloatArray, Pixels
from renderkit.diagnosis.readings.interpretation import Interpretation
from renderkit.diagnosis.readings.outline_gaps import DIRECTIONS, EDGE, tangents_of
from renderkit.diagnosis.readings.reading import Views
from renderkit.diagnosis.robust_solution import robust_solution
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.lens_model import NoDistortion

MIN_RESIZED: Final = 0.01
"""By less nobody resizes pictures; a subject of another size looks so."""

MIN_TANGENTS: Final = 16
"""Fewer tangents of outlines estimate nothing."""

_MIN_SPREAD_PX = 1e-3
_MAX_FACTOR = 20.0
_SAME_FACTOR = 0.02
_MIN_LENS = 6
_RESIZED = 0.05
_TANGENT_ROUNDS = 2


def paired(view: Interpretation) -> tuple[Pixels, Pixels]:
    """Return (N, 2) predicted and (N, 2) detected pixels of the landmarks that are finite in both."""
    predicted = view.project(view.points)
    known = np.isfinite(predicted).all(axis=1) & np.isfinite(view.pixels).all(axis=1)
    return predicted[known], view.pixels[known]


def scaled_intrinsics(K: FloatArray, factor: FloatArray) -> FloatArray:
    """Return K of the picture resized by (x, y) factors; pixel (0, 0) is the centre of the top-left pixel."""
    result = K.copy()
    result[:2] *= factor[:, None]
    result[:2, 2] += 0.5 * factor - 0.5
    return result


def picture_scale(views: Views, *, uniform: bool) -> FloatArray | None:
    """Return the (2,) factors by which predictions would be as wide and high as the evidence, or None.

    A first estimate comes from the spreads. Where the pictures then lie about right, nothing was cropped as well, and
    the distances from the picture's corner, which are longer, give a finer one.
    """
    found = _median([_spread_ratio(*extent) for view in views for extent in _extents(view)], _MAX_FACTOR)
    if found is None:
        return None
    coarse = np.full(2, np.sqrt(found.prod())) if uniform else found
    fine = coarse
    for _ in range(1 if any(len(view.points) for view in views) else _TANGENT_ROUNDS):
        scaled = tuple(view.but(K=scaled_intrinsics(view.K, fine)) for view in views)
        step = _scale_left(scaled, uniform=uniform)
        fine = fine if step is None else fine * step
    found = fine if (np.abs(fine / coarse - 1.0) <= _SAME_FACTOR).all() else coarse
    # What a reading did to the landmarks must not be undone, all but a little.
    nets = (found, found / float(np.median([view.px_per_unit for view in views])))
    return found if min(float(np.abs(one - 1.0).max()) for one in nets) >= MIN_RESIZED else None


def picture_crop(views: Views) -> FloatArray | None:
    """Return the (2,) px that must be added to predictions, or None."""
    coarse = _median([np.median(b - a, axis=0) for view in views for a, b in _extents(view)], None)
    if coarse is None or any(len(view.points) for view in views):
        return coarse
    moved = []
    for view in views:
        K = view.K.copy()
        K[:2, 2] += coarse
        moved.append(view.but(K=K))
    rows, targets = tangent_rows(moved)
    if len(targets) < MIN_TANGENTS:
        return coarse
    step = robust_solution(rows[:, [0, 1, 4]], targets)[:2]
    return coarse + step if np.hypot(*step) <= _SAME_FACTOR * max(views[0].size) else coarse


def _scale_left(views: Views, *, uniform: bool) -> FloatArray | None:
    """Return the (2,) factors, near 1, that remain to be applied, by robust least squares; None with too little."""
    if any(len(view.points) for view in views):
        pairs = [paired(view) for view in views]
        rows = np.concatenate([_by_axis(predicted + 0.5) for predicted, _ in pairs])
        targets = np.concatenate([(detected - predicted).ravel() for predicted, detected in pairs])
    else:
        rows, targets = tangent_rows(views)
        rows = rows[:, 2:]
    if len(targets) < MIN_TANGENTS:
        return None
    if uniform:
        rows = np.column_stack([rows[:, :2].sum(axis=1), rows[:, 2:]])
    found = 1.0 + robust_solution(rows, targets)
    return np.full(2, found[0]) if uniform else found[:2]


def mesh_step(views: Views) -> FloatArray | None:
    """Return the (3,) world units by which the mesh must move for its outlines to lie on the mattes', or None."""
    rows, targets = [np.zeros((0, 4))], [np.zeros(0)]
    for view in views:
        known = view.vertices[np.isfinite(view.vertices).all(axis=1)]
        middle = view.R @ known.mean(axis=0) + view.t if len(known) else np.zeros(3)
        if middle[2] <= 0.0:
            continue
        ahead = np.diag(view.K)[:2, None] / middle[2] * (view.R[:2] - middle[:2, None] / middle[2] * view.R[2])
        tangents, gaps = tangent_rows([view])
        rows.append(np.column_stack([tangents[:, :2] @ ahead, tangents[:, 4]]))
        targets.append(gaps)
    design, target = np.concatenate(rows), np.concatenate(targets)
    if len(target) < MIN_TANGENTS:
        return None
    size = np.abs(design).max(axis=0) + 1e-12
    result: FloatArray = (robust_solution(design / size, target) / size)[:3]
    return result


def _by_axis(pixels: Pixels) -> FloatArray:
    """Return (2 N, 2) rows: x of a pixel and 0, 0 and its y."""
    rows = np.zeros((len(pixels), 2, 2))
    rows[:, 0, 0], rows[:, 1, 1] = pixels.T
    return rows.reshape(-1, 2)


def tangent_rows(views: Iterable[Interpretation]) -> tuple[FloatArray, FloatArray]:
    """Return how far (N, 5) each tangent moves, px, and (N,) how far it is from the matte's.

    The columns are a shift in x and y, a scale in x and y, and mattes that are too large or too small all around.
    """
    rows, targets = [np.zeros((0, 5))], [np.zeros(0)]
    for view in views:
        found = tangents_of(view)
        if found is not None:
            normals, touched = DIRECTIONS[found.whole], found.touched[found.whole]
            rows.append(np.column_stack([normals, normals * (touched + 0.5), np.ones(len(normals))]))
            targets.append((found.captured - found.drawn)[found.whole])
    return np.concatenate(rows), np.concatenate(targets)


def missing_lens(views: Views) -> Views | None:
    """Return the views with one radial lens (k1, k2) for all, estimated from the landmarks by robust least squares.

    Pictures that were resized or cropped as well would be taken for a lens: then those numbers are estimated beside it.
    """
    if not all(isinstance(view.lens, NoDistortion) for view in views):
        return None
    pairs = [(view, *paired(view)) for view in views]
    rows = [_lens_rows(view, predicted) for view, predicted, _ in pairs if len(predicted) >= _MIN_LENS]
    targets = [(found - predicted).ravel() for _, predicted, found in pairs if len(predicted) >= _MIN_LENS]
    if not rows:
        return None
    design, target = np.concatenate(rows), np.concatenate(targets)
    size = np.abs(design).max(axis=0) + 1e-12
    beside = robust_solution(design / size, target) / size
    resized = bool((np.abs(beside[2:4]) > _RESIZED).any())
    found = beside[:2] / (1.0 + beside[2:4].mean()) if resized else robust_solution(design[:, :2], target)
    if not np.isfinite(found).all():
        return None
    lens = BrownConrady(np.array([found[0], found[1], 0.0, 0.0]))
    return tuple(view.but(lens=lens) for view in views)


def _lens_rows(view: Interpretation, predicted: Pixels) -> FloatArray:
    """Return (2 N, 6) motions by k1, k2, a scale in x and y, and a shift in x and y."""
    offset = predicted - view.K[:2, 2]
    r2 = ((offset / np.diag(view.K)[:2]) ** 2).sum(axis=1, keepdims=True)
    bent = np.column_stack([(offset * r2).ravel(), (offset * r2 * r2).ravel()])
    return np.column_stack([bent, _by_axis(offset), _by_axis(np.ones_like(offset))])


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
