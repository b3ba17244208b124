"""Is what landmarks leave noise, or has it structure that a better calibration would take away?"""

from __future__ import annotations

from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.readings.estimate import MIN_TANGENTS, paired, tangent_rows
from renderkit.diagnosis.readings.interpretation import Interpretation
from renderkit.diagnosis.readings.reading import Views, has_landmarks
from renderkit.diagnosis.robust_solution import robust_solution

DETECTOR_PX: Final = 0.75
"""A median residual up to this is the detector's own in any picture, however small the subject is."""

_MIN_FITTED = 12
_MIN_LENSED = 20
_MIN_SEEN = 3
_FAR = 3.0
_STRUCTURED = 0.5
_NOISE = 0.7
_ALL_NOISE = 0.8
_MIN_SPREAD_PX = 1e-3


def leaves_structure(views: Views) -> bool:
    """Say whether residuals of the median view are no noise: a map of each view's own leaves less than half of them."""
    shares = [_share_left(*found) for view in views if (found := _own_map(view)) is not None]
    return bool(shares) and float(np.median(shares)) < _STRUCTURED


def leaves_noise(views: Views) -> bool:
    """Say whether landmarks' residuals are noise: a map and a lens of each view's own leave most of them."""
    shares = [_share_left(*found) for view in views if (found := _own_lens(view)) is not None]
    return bool(shares) and float(np.median(shares)) >= _NOISE


def is_all_noise(views: Views) -> bool:
    """Say the same where moving each landmark in the world leaves most of the residuals as well.

    Landmarks of other ids, of another scheme or of a mesh of another shape leave noise in each view, and the same in
    all of them.
    """
    marked = _ordinary([view for view in views if has_landmarks(view)])
    shares = []
    for view in marked:
        found = _own_lens(view) or _own_affine(view)
        if found is not None:
            # So much less is left of noise by what is estimated.
            shares.append(_share_left(*found) / float(np.sqrt(1.0 - found[0].shape[1] / len(found[0]))))
    return bool(shares) and float(np.median(shares)) >= _ALL_NOISE and not _landmarks_are_elsewhere(marked)


def _landmarks_are_elsewhere(marked: list[Interpretation]) -> bool:
    """Say whether one motion of each landmark takes away much more of the residuals than it would of noise."""
    if len({len(view.pixels) for view in marked}) != 1 or not _are_of_one_subject(marked):
        return False
    residuals = np.array([view.predicted - view.pixels for view in marked])
    # A shift of a whole view is no landmark's.
    residuals = residuals - np.nanmedian(residuals, axis=1, keepdims=True)
    known = np.isfinite(residuals).all(axis=2)
    counts = known.sum(axis=0)
    chosen = counts >= _MIN_SEEN
    if not chosen.any():
        return False
    moves = np.array([view.R[:2] * _magnification(view) for view in marked])
    weights = known[:, chosen].astype(np.float64)
    targets = np.nan_to_num(residuals[:, chosen])
    systems = np.einsum("vn,vij,vik->njk", weights, moves, moves) + 1e-9 * np.eye(3)
    right = np.einsum("vn,vij,vni->nj", weights, moves, targets)
    left = targets - np.einsum("vij,nj->vni", moves, np.linalg.solve(systems, right[..., None])[..., 0])
    seen = known[:, chosen]
    before, after = (float(np.median(np.hypot(*one[seen].T))) for one in (targets, left))
    expected = float(np.sqrt(1.0 - 1.5 / np.mean(counts[chosen])))
    return after < _NOISE * expected * before


def _ordinary(views: list[Interpretation]) -> list[Interpretation]:
    """Return the views without those whose landmarks lie much farther off than the others': they are off themselves."""
    if not views:
        return []
    sizes = np.array([float(np.nanmedian(np.hypot(*(view.predicted - view.pixels).T))) for view in views])
    return [view for view, size in zip(views, sizes, strict=True) if size <= _FAR * float(np.nanmedian(sizes))]


def _are_of_one_subject(views: list[Interpretation]) -> bool:
    """Whether all views are of one frame: between frames the subject moves."""
    return all(np.array_equal(view.points, views[0].points, equal_nan=True) for view in views)


def _magnification(view: Interpretation) -> float:
    """Return by how many px a landmark moves for a world unit across the axis."""
    depths = view.points @ view.R[2] + view.t[2]
    return float(view.K[0, 0] / max(float(np.abs(np.nanmedian(depths))), 1e-12))


def _own_lens(view: Interpretation) -> tuple[FloatArray, FloatArray, float] | None:
    """Return the same as `_own_map` for an affine map with what k1 and p1, p2 add to it."""
    predicted, detected = paired(view)
    if len(predicted) < _MIN_LENSED:
        return None
    x, y = offset = ((predicted - predicted.mean(axis=0)) / np.diag(view.K)[:2]).T
    radial = offset * (x * x + y * y)
    design = np.column_stack([x, y, np.ones(len(x)), *radial, x * x, x * y, y * y])
    return design, detected - predicted, _detector_px(view)


def _own_map(view: Interpretation) -> tuple[FloatArray, FloatArray, float] | None:
    """Return (N, M) design and (N, K) target of a view's own map, and by how many px noise alone may be off."""
    if len(view.points):
        return _own_affine(view)
    rows, targets = tangent_rows([view])
    half_pixel = 0.5 / float(np.sqrt(view.matte_from_px.prod()))
    return (rows[:, [0, 1, 4]], targets[:, None], half_pixel) if len(targets) >= MIN_TANGENTS else None


def _own_affine(view: Interpretation) -> tuple[FloatArray, FloatArray, float] | None:
    predicted, detected = paired(view)
    if len(predicted) < _MIN_FITTED:
        return None
    affine = np.column_stack([predicted - predicted.mean(axis=0), np.ones(len(predicted))])
    return affine, detected - predicted, _detector_px(view)


def _detector_px(view: Interpretation) -> float:
    """Return the detector's own error in px of K: a reading that shrinks the landmarks shrinks it with them."""
    return DETECTOR_PX * min(view.px_per_unit, 1.0)


def _share_left(design: FloatArray, target: FloatArray, noise_px: float) -> float:
    """Return which share of the median residual a map leaves; 1 where it is noise already."""
    design = design / np.maximum(np.abs(design).max(axis=0), _MIN_SPREAD_PX)
    left = target - np.column_stack([design @ robust_solution(design, column) for column in target.T])
    before, after = (float(np.median(np.linalg.norm(one, axis=1))) for one in (target, left))
    return 1.0 if before <= noise_px else after / before
