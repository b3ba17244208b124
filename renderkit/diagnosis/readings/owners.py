"""Whose pictures, mattes or landmarks are these? Found by comparing every camera with every other's evidence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.readings.agreement import agreement
from renderkit.diagnosis.readings.interpretation import Interpretation
from renderkit.diagnosis.readings.reading import Views, has_landmarks


def own_landmarks(views: Views) -> Views | None:
    """Return the views with the landmarks of the cameras that they fit best; None where each has its own already."""
    marked = [view for view in views if has_landmarks(view)]
    owners = _assign(_landmark_fits(marked)) if marked else None
    if owners is None:
        return None
    owned = iter([view.but(pixels=marked[owner].pixels) for view, owner in zip(marked, owners, strict=True)])
    return tuple(next(owned) if has_landmarks(view) else view for view in views)


def own_mattes(views: Views) -> Views | None:
    """Return the views with the mattes of the cameras that they fit best; None where each has its own already."""
    owners = _assign(_matte_fits(views))
    if owners is None:
        return None
    return tuple(_with_matte(view, views[owner]) for view, owner in zip(views, owners, strict=True))


def own_everything(views: Views) -> Views | None:
    """Return the views with the pictures of the cameras whose landmarks they fit best; None where each has its own."""
    if any(view.matte is None for view in views):
        return None
    owners = _assign(_landmark_fits(views))
    if owners is None:
        return None
    return tuple(
        _with_matte(view, views[owner]).but(pixels=views[owner].pixels)
        for view, owner in zip(views, owners, strict=True)
    )


_FAR_PX = 1e5
_NONE3, _NONE2 = np.zeros((0, 3)), np.zeros((0, 2))


def _with_matte(view: Interpretation, other: Interpretation) -> Interpretation:
    return view.but(matte=other.matte, matte_from_px=other.matte_from_px)


def _landmark_fits(views: Sequence[Interpretation]) -> FloatArray | None:
    """Return (V, V) minus the median residual of each camera with each one's landmarks; None if not comparable."""
    count = len(views[0].pixels)
    if not count or any(len(view.pixels) != count for view in views):
        return None
    detected = np.array([view.pixels for view in views])
    fits = np.empty((len(views), len(views)))
    for row, view in enumerate(views):
        distances = np.hypot(*np.moveaxis(view.project(view.points) - detected, 2, 0))
        fits[row] = -np.median(np.where(np.isfinite(distances), distances, _FAR_PX), axis=1)
    return fits


def _matte_fits(views: Views) -> FloatArray | None:
    """Return (V, V) log likelihoods of each camera with each one's matte; None if one has none."""
    if any(view.matte is None for view in views):
        return None
    bare = [view.but(points=_NONE3, pixels=_NONE2) for view in views]
    return np.array([[agreement((_with_matte(view, other),)).log_likelihood for other in bare] for view in bare])


def _assign(fits: FloatArray | None) -> list[int] | None:
    """Return for each row its best column where these are a permutation without fixed points, else None.

    A true exchange of files shows in every row; what needs a cleverer assignment is not one.
    """
    if fits is None or not np.isfinite(fits).all():
        return None
    best = [int(column) for column in np.argmax(fits, axis=1)]
    moved = all(column != row for row, column in enumerate(best))
    return best if moved and sorted(best) == list(range(len(fits))) else None
