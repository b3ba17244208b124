"""The true inverse of a distortion: bracketed along the radius, then Newton in the plane, to rounding error.

Where that fails though a ray may exist, damped Newton steps that stay inside the lens's domain start again from the
nearest of a grid of rays: their images approach the target on a straight line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.geometry.fold import Domain

_CHUNK = 1 << 16
_DOUBLINGS = 60
_BISECTIONS = 12
_NEWTON_STEPS = 60
_TOLERANCE = 5e-14
_ROUNDING = 1e-12
_RIM_SAMPLES = 360
_RIM_MARGIN = 1.002
_GRID_ANGLES, _GRID_RADII = 48, 40
_GRID_WIDEST = 1e3
_LEAST = 1e-12
_NEAREST_STARTS = 3
_SPACINGS = 4.0
_DAMPED_STEPS = 40
_LEAST_SHARE = 1e-4
"""Bounds of the search: rays of strong lenses are found within ten steps, those that do not exist never are."""
_SEARCH_CHUNK = 1 << 8


@dataclass(frozen=True, eq=False)
class LensMap:
    """A forward map of normalised coordinates.

    Attributes:
        distort: The map on (N, 2).
        jacobian: Its (N, 2, 2) derivative.
        radial_curve: The radial part on (N,) radii; gives the start value.
        domain: Where the map is one to one.
    """

    distort: Callable[[FloatArray], FloatArray]
    jacobian: Callable[[FloatArray], FloatArray]
    radial_curve: Callable[[FloatArray], FloatArray]
    domain: Domain

    @cached_property
    def rim(self) -> FloatArray:
        """(D,) distorted radius beyond which no valid ray lands, in D even sectors of directions; empty for no end."""
        if not np.isfinite(self.domain.outer):
            return np.empty(0)
        angle = np.linspace(0.0, 2.0 * np.pi, 4 * _RIM_SAMPLES, endpoint=False)
        radius = np.minimum(self.domain.boundary(angle) * (1.0 - 1e-12), self.domain.outer)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            bent = self.distort(radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]))
            reach = np.hypot(bent[:, 0], bent[:, 1])
        jumps = np.diff(_sector(bent), append=_sector(bent[:1])) % _RIM_SAMPLES
        # Where the rim leaps from sector to sector its samples do not tell how far it reaches between them.
        if not np.isfinite(reach).all() or (np.minimum(jumps, _RIM_SAMPLES - jumps) > 1).any():
            return np.empty(0)
        farthest = np.zeros(_RIM_SAMPLES)
        np.maximum.at(farthest, _sector(bent), reach)
        # A sector's neighbours stand for it, too: the rim may cross it between two samples.
        near = np.max([np.roll(farthest, shift) for shift in (-2, -1, 0, 1, 2)], axis=0)
        return np.asarray(_RIM_MARGIN * near)

    @cached_property
    def grid(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Valid rays (G, 2) all over the domain, (G, 2) where they land, and (G,) how far apart neighbours land."""
        angle = np.linspace(0.0, 2.0 * np.pi, _GRID_ANGLES, endpoint=False)
        bound = np.minimum(self.domain.boundary(angle), _GRID_WIDEST)
        # Even steps in the circle that is valid all around and up to the boundary, geometric ones where that is far.
        inner = float(min(self.domain.inner, bound.min(), 2.0))
        even = np.broadcast_to(np.linspace(0.0, 0.999, _GRID_RADII), (_GRID_ANGLES, _GRID_RADII)) * inner
        # A lens may have no room at all, or none in some direction.
        outward = np.geomspace(max(0.5 * inner, _LEAST), np.maximum(0.999 * bound, _LEAST), _GRID_RADII, axis=1)
        fans = [even, bound[:, None] * np.linspace(0.0, 0.999, _GRID_RADII), outward]
        rays = np.stack([fan[..., None] * np.column_stack([np.cos(angle), np.sin(angle)])[:, None] for fan in fans])
        valid = self.domain.contains(rays.reshape(-1, 2))
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            bent = self.distort(rays.reshape(-1, 2))
            apart = _spacing(bent.reshape(rays.shape)).ravel()
        known = np.isfinite(bent).all(axis=1) & valid
        return rays.reshape(-1, 2)[known], bent[known], apart[known]


def invert(bent: FloatArray, lens: LensMap) -> FloatArray:
    """Find the undistorted points that a lens sends to `bent`.

    Args:
        bent: (N, 2) distorted normalised coordinates.
        lens: The forward map.

    Returns:
        (N, 2) undistorted coordinates, exact to about 5e-14 of the larger of 1 and the distorted coordinates; NaN
        where no valid point lands on `bent`.
    """
    result = np.full(bent.shape, np.nan)
    for start in range(0, len(bent), _CHUNK):
        part = bent[start : start + _CHUNK]
        with np.errstate(invalid="ignore"):
            size = np.hypot(part[:, 0], part[:, 1])
            within = np.flatnonzero(size <= lens.rim[_sector(part)] if lens.rim.size else np.isfinite(size))
        found = _from_radius(part[within], lens)
        missed = np.flatnonzero(np.isnan(found[:, 0]))
        for some in np.array_split(missed, -(-missed.size // _SEARCH_CHUNK)) if missed.size else ():
            found[some] = _from_grid(part[within[some]], lens)
        result[start + within] = found
    return result


def _sector(bent: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the (N,) sector of the rim that (N, 2) points lie in."""
    turn = np.arctan2(bent[:, 1], bent[:, 0]) / (2.0 * np.pi)
    turn = np.where(np.isfinite(turn), turn, 0.0)
    return np.floor(turn * _RIM_SAMPLES).astype(np.int64) % _RIM_SAMPLES


def _from_radius(bent: FloatArray, lens: LensMap) -> FloatArray:
    target_radius = np.hypot(bent[:, 0], bent[:, 1])
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # a radius may meet a pole of the lens
        radius = _bracket_radius(target_radius, lens.radial_curve, lens.domain.inner)
    scale = np.divide(radius, target_radius, out=np.ones_like(radius), where=target_radius > 0.0)
    points = bent * scale[:, None]
    active = np.flatnonzero(np.isfinite(points).all(axis=1))
    result = np.full(bent.shape, np.nan)
    # A start that runs away ends as NaN, and is no ray; it is not worth a warning.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        for _ in range(_NEWTON_STEPS):
            if not active.size:
                break
            error = lens.distort(points[active]) - bent[active]
            done = np.abs(error).max(axis=1) <= _tolerance(bent[active])
            result[active[done]] = points[active[done]]
            active, error = active[~done], error[~done]
            if active.size:
                points[active] -= _bounded_step(lens.jacobian(points[active]), error, points[active])
        return _only_valid(result, lens)


def _spacing(landed: FloatArray) -> FloatArray:
    """Return (..., A, R) the distance of each of (..., A, R, 2) points to the farthest of its four neighbours.

    Neighbours that are not finite do not count; a point with none has inf.
    """
    around = np.roll(landed, -1, axis=-3) - landed
    along = np.diff(landed, axis=-2)
    turn, step = (np.hypot(one[..., 0], one[..., 1]) for one in (around, along))
    ends = [(0, 0)] * (step.ndim - 1)
    near = np.stack([
        turn, np.roll(turn, 1, axis=-2),
        np.pad(step, [*ends, (1, 0)], constant_values=np.nan), np.pad(step, [*ends, (0, 1)], constant_values=np.nan),
    ])  # fmt: skip
    finite = np.isfinite(near)
    return np.where(finite.any(axis=0), np.where(finite, near, 0.0).max(axis=0), np.inf)


def _from_grid(bent: FloatArray, lens: LensMap) -> FloatArray:
    """Search again for (N, 2) targets, from the rays of the grid that land nearest to each.

    A ray that lands farther away than several times the distance to where its neighbours land is no start: another one
    lands nearer to whatever the lens reaches.
    """
    rays, landed, apart = lens.grid
    result = np.full(bent.shape, np.nan)
    if len(rays) < _NEAREST_STARTS:
        return result
    with np.errstate(over="ignore"):
        away = (bent[:, None, 0] - landed[None, :, 0]) ** 2 + (bent[:, None, 1] - landed[None, :, 1]) ** 2
    starts = np.argpartition(away, _NEAREST_STARTS - 1, axis=1)[:, :_NEAREST_STARTS]
    near = np.sqrt(np.take_along_axis(away, starts, axis=1))
    order = np.argsort(near, axis=1)
    starts = np.take_along_axis(starts, order, axis=1)
    hopeful = np.take_along_axis(near, order, axis=1) <= _SPACINGS * apart[starts]
    for choice in range(starts.shape[1]):
        open_ = np.flatnonzero(np.isnan(result[:, 0]) & hopeful[:, choice])
        if open_.size:
            result[open_] = _damped(rays[starts[open_, choice]].copy(), bent[open_], lens)
    return result


def _damped(points: FloatArray, bent: FloatArray, lens: LensMap) -> FloatArray:
    """Run Newton steps from (N, 2) points, halved until they stay inside the domain and bring the image nearer."""
    result = np.full(bent.shape, np.nan)
    share = np.ones(len(points))
    active = np.arange(len(points))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        error = lens.distort(points) - bent
        for _ in range(_DAMPED_STEPS):
            done = np.abs(error[active]).max(axis=1) <= _tolerance(bent[active])
            result[active[done]] = points[active[done]]
            active = active[~done & (share[active] > _LEAST_SHARE)]
            if not active.size:
                break
            step = _newton_step(lens.jacobian(points[active]), error[active])
            trial = points[active] - share[active, None] * step
            missed = lens.distort(trial) - bent[active]
            nearer = np.hypot(missed[:, 0], missed[:, 1]) < np.hypot(error[active, 0], error[active, 1])
            good = nearer & lens.domain.contains(trial)
            points[active[good]], error[active[good]] = trial[good], missed[good]
            share[active] = np.where(good, np.minimum(2.0 * share[active], 1.0), 0.5 * share[active])
    return result


def _tolerance(bent: FloatArray) -> FloatArray:
    tolerance: FloatArray = _TOLERANCE * np.maximum(1.0, np.abs(bent).max(axis=1))
    return tolerance


def _only_valid(points: FloatArray, lens: LensMap) -> FloatArray:
    """Return (N, 2) points, NaN for those outside the domain by more than rounding."""
    valid = lens.domain.contains(points) | lens.domain.contains(points * (1.0 - _ROUNDING))
    return np.where(valid[:, None], points, np.nan)


def _bracket_radius(
    target: FloatArray, radial_curve: Callable[[FloatArray], FloatArray], valid_radius: float
) -> FloatArray:
    """Bisect the rising radial curve for (N,) start radii; targets beyond its top start just inside the top."""
    low = np.zeros_like(target)
    high = np.minimum(np.maximum(target, 1e-3), valid_radius)
    for _ in range(_DOUBLINGS):
        short = (radial_curve(high) < target) & (high < valid_radius)
        if not short.any():
            break
        low, high = np.where(short, high, low), np.where(short, np.minimum(2.0 * high, valid_radius), high)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        below = radial_curve(middle) < target
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return 0.5 * (low + high)


def _bounded_step(jacobian: FloatArray, error: FloatArray, points: FloatArray) -> FloatArray:
    """Return the (N, 2) Newton step, no longer than half the point's own radius so that it cannot jump the fold."""
    step = _newton_step(jacobian, error)
    length = np.hypot(step[:, 0], step[:, 1])
    limit = 0.5 * np.hypot(points[:, 0], points[:, 1]) + 1e-3
    result: FloatArray = step * np.minimum(1.0, limit / np.maximum(length, 1e-300))[:, None]
    return result


def _newton_step(jacobian: FloatArray, error: FloatArray) -> FloatArray:
    a, b, c, d = jacobian[:, 0, 0], jacobian[:, 0, 1], jacobian[:, 1, 0], jacobian[:, 1, 1]
    determinant = a * d - b * c
    determinant = np.where(np.abs(determinant) < 1e-12, 1e-12, determinant)
    step: FloatArray = np.column_stack([d * error[:, 0] - b * error[:, 1], a * error[:, 1] - c * error[:, 0]])
    return step / determinant[:, None]
