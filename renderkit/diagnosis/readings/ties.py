"""Readings that fit alike: what decides between them is whether the principal points lie in the middle.

A K of another size, pictures of another size and landmarks of another size give the same projections. Of real cameras
the principal point lies near the middle of the picture, and a K of another size puts all of them off it, the same way.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.readings.interpretation import Interpretation
from renderkit.diagnosis.readings.reading import Views, applied
from renderkit.diagnosis.readings.search import Candidate, Search

IN_THE_MIDDLE: Final = 0.03
"""Principal points are in the middle when their median lies off it by at most this share of the picture's side, ..."""

CLEARLY_OFF: Final = 3.0
"""... and another reading is ruled out when it leaves them this many times as far off, and outside of that share."""

_ROUNDING_PX = 0.51


def settled(found: Search, views: Views) -> Search:
    """Return what was found without the tied readings that put the principal points off the middle of the pictures."""
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
