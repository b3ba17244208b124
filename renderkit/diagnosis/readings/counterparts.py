"""Which landmarks of a face lie opposite each other on its two halves, found without knowing the scheme."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray, Points3, frozen

MIN_LANDMARKS: Final = 8

MIN_PAIRED: Final = 0.8
"""Share of the landmarks that must have a counterpart ..."""

MAX_ASYMMETRY: Final = 0.1
"""... which lies so near to their mirror image, as a share of the landmarks' spread."""

MIN_APART: Final = 0.3
"""Counterparts lie so far apart in the median, as a share of the spread: a flat face is its own image in depth."""

_ROUNDS: Final = 4

Counterparts: TypeAlias = NDArray[np.int64]


def counterparts(points: Points3) -> Counterparts | None:
    """Return for each of (L, 3) points the index of the one opposite; None where they have no two alike halves.

    The plane between the halves is looked for across the principal axes of the points, and fitted to the pairs. A point
    without counterpart has -1; one in the plane is its own.
    """
    return _found(np.ascontiguousarray(points, dtype=np.float64).tobytes())


@lru_cache(maxsize=64)
def _found(data: bytes) -> Counterparts | None:
    """Return the counterparts of points as bytes: many views and many readings ask for the same ones."""
    points = np.frombuffer(data).reshape(-1, 3)
    known = np.flatnonzero(np.isfinite(points).all(axis=1))
    if len(known) < MIN_LANDMARKS:
        return None
    centred = points[known] - np.median(points[known], axis=0)
    spread = float(np.median(np.linalg.norm(centred, axis=1)))
    found = [_across(centred, axis, spread) for axis in np.linalg.svd(centred, full_matrices=False)[2]]
    best = min(found, key=lambda one: one[0])
    if not np.isfinite(best[0]):
        return None
    result = np.full(len(points), -1, dtype=np.int64)
    result[known] = np.where(best[1] >= 0, known[best[1]], -1)
    return frozen(result)


def _across(points: Points3, normal: FloatArray, spread: float) -> tuple[float, Counterparts]:
    """Return how far points lie from their images across a plane, infinite without any, and their counterparts."""
    offset = 0.0
    nearest = np.arange(len(points))
    for _ in range(_ROUNDS):
        image = points - 2.0 * (points @ normal - offset)[:, None] * normal
        nearest = np.linalg.norm(image[:, None] - points[None], axis=2).argmin(axis=1)
        between = points - points[nearest]
        if not between.any():
            return np.inf, nearest
        normal = np.linalg.svd(between, full_matrices=False)[2][0]
        offset = float(np.median(0.5 * (points + points[nearest]) @ normal))
    image = points - 2.0 * (points @ normal - offset)[:, None] * normal
    distance = np.linalg.norm(image - points[nearest], axis=1)
    mutual = (nearest[nearest] == np.arange(len(points))) & (distance <= 2.0 * MAX_ASYMMETRY * spread)
    apart = float(np.median(np.linalg.norm(points - points[nearest], axis=1)))
    off = float(np.median(distance))
    if mutual.mean() < MIN_PAIRED or off > MAX_ASYMMETRY * spread or apart < MIN_APART * spread:
        return np.inf, nearest
    return off, np.where(mutual, nearest, -1)
