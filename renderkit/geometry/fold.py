"""Where a lens model stops being one: the first fold or pole along each direction.

Beyond a fold several rays fall on one pixel; at a pole pixels are infinite. A fold is where the determinant of the
Jacobian of the whole map, tangential, prism and tilt terms included, reaches zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from renderkit.arrays import BoolArray, FloatArray, frozen

_DIRECTIONS = 48
_RADII = 96
_BISECTIONS = 27
_AT_ONCE = 3
_BEYOND_TURN = 3.0
_WIDEST = 1e3
_NEAREST = 1e-3
_BETWEEN_DIRECTIONS = 0.02
"""How far the boundary may leave the straight line between two directions, as a part of its whole range."""


@dataclass(frozen=True, eq=False)
class Domain:
    """The undistorted normalised points where a lens maps one to one.

    Attributes:
        inner: Radius within which every direction is valid; inf when nothing folds.
        outer: Radius beyond which no direction is.
        radii: (D,) the boundary along D directions, evenly spaced from the x axis on; empty where it is a circle.
        determinant: Of the map's Jacobian, at (N, 2) points.
    """

    inner: float
    outer: float
    radii: FloatArray
    determinant: Callable[[FloatArray], FloatArray]

    def contains(self, xy: FloatArray) -> BoolArray:
        """Return (N,) where (N, 2) points lie inside; False for what is not finite."""
        radius = np.hypot(xy[:, 0], xy[:, 1])
        inside = np.asarray((radius <= self.inner) & np.isfinite(radius))
        between = np.flatnonzero(~inside & (radius <= self.outer) & np.isfinite(radius))
        if between.size:
            bound = self.boundary(np.arctan2(xy[between, 1], xy[between, 0]))
            near = radius[between] <= bound + _BETWEEN_DIRECTIONS * (self.outer - self.inner)
            inside[between] = near & (self.determinant(xy[between]) > 0.0)
        return inside

    def boundary(self, angle: FloatArray) -> FloatArray:
        """Return the (N,) radii of the boundary along (N,) angles, between the directions on straight lines."""
        if not self.radii.size:
            return np.full_like(angle, self.outer)
        turns = np.append(self.radii, self.radii[0])
        around = np.linspace(0.0, 2.0 * np.pi, turns.size)
        return np.asarray(np.interp(np.mod(angle, 2.0 * np.pi), around, turns))


def circle(radius: float, determinant: Callable[[FloatArray], FloatArray]) -> Domain:
    """Return the domain of a lens that is the same in all directions."""
    return Domain(radius, radius, np.empty(0), determinant)


def find_domain(determinant: Callable[[FloatArray], FloatArray], turn: float, pole: float) -> Domain:
    """Find the first zero of the determinant along each direction.

    Args:
        determinant: Of the map's Jacobian, at (N, 2) undistorted points.
        turn: Radius where the radial part alone folds; inf where it does not.
        pole: Radius where the radial part is infinite; inf where it is not.
    """
    angle = np.arange(_DIRECTIONS) * (2.0 * np.pi / _DIRECTIONS)
    ring = np.column_stack([np.cos(angle), np.sin(angle)])

    def folded(radius: FloatArray) -> BoolArray:
        # A map that overflows is no map; NaN compares as False.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            found = determinant((radius[..., None] * ring[:, None, :]).reshape(-1, 2))
        return np.asarray(~(found > 0.0).reshape(radius.shape))

    top = min(_BEYOND_TURN * turn, pole * (1.0 - 1e-9))
    steps = np.geomspace(_NEAREST, _WIDEST, _RADII) if np.isinf(top) else top * np.arange(1, _RADII + 1) / _RADII
    fold = folded(np.broadcast_to(steps, (_DIRECTIONS, _RADII)))
    first = fold.argmax(axis=1)
    high = steps[first]
    low = np.where(first > 0, steps[first - 1], 0.0)
    for _ in range(_BISECTIONS // _AT_ONCE):
        # One call of the determinant for all the middles that so many bisections could come to.
        places = _halved(low, high)
        beyond = folded(places)
        each, at = np.arange(_DIRECTIONS), np.zeros(_DIRECTIONS, np.int64)
        for step in reversed(range(_AT_ONCE)):
            at = np.where(beyond[each, at + 2**step], at, at + 2**step)
        low, high = places[each, at], places[each, at + 1]
    radii = np.where(fold.any(axis=1), low, min(_BEYOND_TURN * turn, pole))
    if np.isinf(radii).any():
        # Some directions never fold: the circle of those that do stands for all.
        return circle(float(radii.min()), determinant)
    slack = 0.25 * _BETWEEN_DIRECTIONS * float(np.ptp(radii))
    return Domain(max(float(radii.min()) - slack, 0.0), float(radii.max()) + slack, frozen(radii), determinant)


def _halved(low: FloatArray, high: FloatArray) -> FloatArray:
    """Return (D, 2^n + 1) places: two ends each, and all that n bisections between them could come to."""
    places = np.column_stack([low, high])
    for _ in range(_AT_ONCE):
        finer = np.empty((len(places), 2 * places.shape[1] - 1))
        finer[:, ::2], finer[:, 1::2] = places, 0.5 * (places[:, :-1] + places[:, 1:])
        places = finer
    return places


def radial_limits(numerator: FloatArray, denominator: FloatArray) -> tuple[float, float]:
    """Return the smallest r > 0 where r N(r^2) / D(r^2) stops rising, and that where it has a pole; inf for none."""
    poly = np.polynomial.Polynomial
    top, bottom = poly(numerator), poly(denominator)
    squared = poly([0.0, 1.0])
    # d/dr [r N / D] has the sign of (N + 2 u N') D - 2 u N D', with u = r^2 and ' = d/du.
    slope = (top + 2 * squared * top.deriv()) * bottom - 2 * squared * top * bottom.deriv()
    turn = min((u for u in _positive_roots(slope) if slope(u * (1 + 1e-6)) < 0.0), default=np.inf)
    pole = min(_positive_roots(bottom), default=np.inf)
    return float(np.sqrt(turn)), float(np.sqrt(pole))


def _positive_roots(polynomial: np.polynomial.Polynomial) -> list[float]:
    """Return the real positive roots, ascending; terms too small to matter within r^2 < 1e6 are left out."""
    coefficients = polynomial.coef
    matters = np.flatnonzero(np.abs(coefficients) * 1e6 ** np.arange(len(coefficients)) > 1e-12)
    if not matters.size or matters[-1] == 0:
        return []
    roots = np.polynomial.Polynomial(coefficients[: matters[-1] + 1]).roots()
    real = roots[np.abs(roots.imag) <= 1e-9 * np.maximum(1.0, np.abs(roots))].real
    return sorted(float(root) for root in real if root > 0.0)
