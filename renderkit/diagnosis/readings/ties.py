"""Readings that fit alike: the places of all landmarks decide, then whether the principal points lie in the middle.

A K of another size, pictures of another size and landmarks of another size give the same projections. Of real cameras
the principal point lies near the middle of the picture, and a K of another size puts all of them off it, the same way.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.readings.agreement import TIE, landmark_residuals
from renderkit.diagnosis.readings.interpretation import Interpretation
from renderkit.diagnosis.readings.reading import Views, applied, has_landmarks
from renderkit.diagnosis.readings.search import Candidate, Search

IN_THE_MIDDLE: Final = 0.03
"""Principal points are in the middle when their median lies off it by at most this share of the picture's side, ..."""

CLEARLY_OFF: Final = 3.0
"""... and another reading is ruled out when it leaves them this many times as far off, and outside of that share."""

_ROUNDING_PX = 0.51


SURE: Final = 3.0
"""Standard errors, from the scatter between views, by which a difference of log likelihoods must differ from none."""

SAME_SHARE: Final = 0.02
"""Residuals that differ by less than this share of the noise are of the same numbers in other words."""

_SAME_LIKELIHOOD = 0.5
_MIN_VIEWS = 3
_STUDENT = 4.0


def settled(found: Search, views: Views) -> Search:
    """Return what was found without the tied readings that landmarks, or the principal points, contradict."""
    if not found.tied:
        return found
    found = _by_landmarks(found, views)
    return _with_the_same(_by_middle(found, views), views)


def _by_landmarks(found: Search, views: Views) -> Search:
    """Leave out the tied readings that all landmarks together contradict."""
    near = (found.best, *found.tied)
    distances = [_distances(one, views) for one in near]
    likelihoods = _view_likelihoods(distances) if len({one.shape for one in distances}) == 1 else None
    if likelihoods is None:
        return found
    order = sorted(range(len(near)), key=lambda index: -float(likelihoods[index].sum()))
    best = likelihoods[order[0]]
    kept = tuple(near[index] for index in order if not _is_worse(best - likelihoods[index]))
    if found.best not in kept:
        # Pairs that stood beside a simpler answer, which is contradicted: the simplest of them.
        fewest = min((len(one.readings), one.num_estimated) for one in kept)
        kept = tuple(one for one in kept if (len(one.readings), one.num_estimated) == fewest)
    return replace(found, best=kept[0], tied=kept[1:])


def _is_worse(lost: FloatArray) -> bool:
    """Say whether a loss in log likelihood, (V,) of the views, is more than chance."""
    error = float(np.std(lost, ddof=1)) * float(np.sqrt(len(lost)))
    return float(lost.sum()) > max(TIE, SURE * error)


def _view_likelihoods(distances: list[FloatArray]) -> FloatArray | None:
    """Return (M, V) log likelihoods of M readings' (V, L) residuals; None with too few views or landmarks."""
    lengths = np.array(distances)
    known = np.isfinite(lengths.sum(axis=0))
    if len(known) < _MIN_VIEWS or not bool(known.any(axis=1).all()):
        return None
    medians = [[np.median(row[seen]) for row, seen in zip(one, known, strict=True)] for one in lengths]
    # The median length of a normal 2-vector is 1.1774 times the noise of a component.
    noise: FloatArray = np.array(medians).min(axis=0) / 1.1774 + 1e-12
    scaled = (np.where(known, lengths, 0.0) / noise[:, None]) ** 2 / _STUDENT
    result: FloatArray = -0.5 * (_STUDENT + 2.0) * np.log1p(scaled).sum(axis=2)
    return result


def _distances(one: Candidate, views: Views) -> FloatArray:
    """Return (V, L) residuals of views with landmarks, in the units of their file; none where they have not as many."""
    changed = [view for view in applied(one.readings, views) if has_landmarks(view)]
    if len({len(view.pixels) for view in changed}) != 1:
        return np.zeros((0, 0))
    return np.array([np.hypot(*landmark_residuals(view).T) / view.px_per_unit for view in changed])


def _with_the_same(found: Search, views: Views) -> Search:
    """Tell other words for the same numbers from other numbers."""
    best = _distances(found.best, views)
    same = tuple(one for one in found.tied if _is_same(one, found.best, (_distances(one, views), best)))
    return replace(found, tied=tuple(one for one in found.tied if one not in same), same=same)


def _is_same(one: Candidate, best: Candidate, distances: tuple[FloatArray, FloatArray]) -> bool:
    a, b = distances
    known = np.isfinite(a) & np.isfinite(b) if a.shape == b.shape else np.zeros((0, 0), dtype=np.bool_)
    if not known.any() or abs(one.found.log_likelihood - best.found.log_likelihood) > _SAME_LIKELIHOOD:
        return False
    return float(np.abs(a - b)[known].max()) <= SAME_SHARE * float(np.median(b[known]))


def _by_middle(found: Search, views: Views) -> Search:
    """Leave out the tied readings that put the principal points off the middle of the pictures."""
    if not found.tied:
        return found
    near = (found.best, *found.tied)
    offsets = np.array([_offset(one, views) for one in near])
    least = float(offsets.min()) if np.isfinite(offsets).all() else np.inf
    if least > IN_THE_MIDDLE or _centred(views):
        return found
    kept = [one for one, off in zip(near, offsets, strict=True) if off <= max(IN_THE_MIDDLE, CLEARLY_OFF * least)]
    ruled_out = tuple(one for one in near if one not in kept)
    return replace(found, best=kept[0], tied=tuple(kept[1:]), off_middle=ruled_out)


def _offset(one: Candidate, views: Views) -> float:
    """Return how far off the middle a combination leaves the principal points, as a share of the side; NaN: unknown."""
    offsets = np.array([_from_middle(view) for view in applied(one.readings, views)])
    return float(np.abs(np.median(offsets, axis=0)).max())


def _centred(views: Views) -> bool:
    """Say whether every principal point is the exact middle of the stated size: one of them was made from the other."""
    stated = [view for view in views if view.picture_size == view.size]
    return bool(stated) and all(bool((np.abs(_from_middle(one)) * one.size <= _ROUNDING_PX).all()) for one in stated)


def _from_middle(view: Interpretation) -> FloatArray:
    if view.picture_size is None:
        return np.full(2, np.nan)
    size = np.array(view.picture_size, dtype=np.float64)
    if view.picture_size == view.size[::-1]:
        # A picture that is turned against its calibration.
        size = size[::-1]
    offset: FloatArray = (view.K[:2, 2] + 0.5) / size - 0.5
    return offset
