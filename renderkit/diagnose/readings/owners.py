"""Whose pictures, mattes or landmarks are these? Found by comparing every camera with every other's evidence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnose.readings.agreement import agreement
from renderkit.diagnose.readings.interpretation import Interpretation
from renderkit.diagnose.readings.reading import Views


def own_landmarks(views: Views) -> Views | None:
    """Return the views with the landmarks of the cameras that they fit best; None where each has its own already."""
    if not all(len(view.pixels) for view in views):
        return None
    return _reassigned(views, lambda view, other: view.but(pixels=other.pixels, matte=None))(
        lambda view, other: view.but(pixels=other.pixels)
    )


def own_mattes(views: Views) -> Views | None:
    """Return the views with the mattes of the cameras that they fit best; None where each has its own already."""
    if not all(view.matte is not None for view in views):
        return None
    return _reassigned(views, lambda view, other: _with_matte(view, other).but(points=_NONE3, pixels=_NONE2))(
        _with_matte
    )


def own_everything(views: Views) -> Views | None:
    """Return the views with the pictures of the cameras that they fit best; None where each has its own already."""
    if not all(len(view.pixels) and view.matte is not None for view in views):
        return None

    def take(view: Interpretation, other: Interpretation) -> Interpretation:
        return _with_matte(view, other).but(pixels=other.pixels)

    return _reassigned(views, lambda view, other: view.but(pixels=other.pixels, matte=None))(take)


_NONE3, _NONE2 = np.zeros((0, 3)), np.zeros((0, 2))


def _with_matte(view: Interpretation, other: Interpretation) -> Interpretation:
    return view.but(matte=other.matte, matte_from_px=other.matte_from_px)


def _reassigned(
    views: Views, compare: Callable[[Interpretation, Interpretation], Interpretation]
) -> Callable[[Callable[[Interpretation, Interpretation], Interpretation]], Views | None]:
    """Return what gives every view another one's evidence, once it is known whose."""
    count = len(views)
    fits = np.full((count, count), -np.inf)
    if all(len(view.points) == len(views[0].points) for view in views):
        for i, view in enumerate(views):
            for j, other in enumerate(views):
                fits[i, j] = agreement((compare(view, other),)).log_likelihood
    owners = _assign(fits)

    def take(change: Callable[[Interpretation, Interpretation], Interpretation]) -> Views | None:
        if owners is None or owners == list(range(count)):
            return None
        return tuple(change(view, views[owner]) for view, owner in zip(views, owners, strict=True))

    return take


def _assign(fits: FloatArray) -> list[int] | None:
    """Return for each row its best column where these are a permutation without fixed points, else None.

    A true exchange of files shows in every row; what needs a cleverer assignment is not one.
    """
    best = [int(column) for column in np.argmax(fits, axis=1)]
    moved = all(column != row for row, column in enumerate(best))
    return best if moved and sorted(best) == list(range(len(fits))) and np.isfinite(fits).all() else None
