"""The descent behind the alignment of two outlines: point-to-line steps with Tukey's weights, and where to start.

A part that one mask lacks (hair, a collar, a body cut off) is a stretch of the outline. Where the outline as a whole
does not fit, each half of it is followed alone, and the fit starts again from what most samples agree with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import BoolArray, FloatArray
from renderkit.metrics.contour import Contour

MIN_SAMPLES = 16
IDENTITY = np.array([0.0, 0.0, 1.0, 0.0])
"""No motion: dx, dy, scale, roll."""

AGREES_PX = 0.35
"""An alignment whose median distance is at most this is taken as it is."""

NORMAL_95 = 1.96
_MAX_STEPS = 50
_FULL_STEPS = 20
_STEP_PX = 1e-3
_TUKEY = 4.685
_MIN_SIGMA_PX = 0.3
_SAME_DIRECTION = 0.5
_AGREE_PX = 0.7
_MAJORITY, _NEARLY_ALL = 0.6, 0.9
_MUCH_BETTER = 0.7
_WORTH_A_TRY = 0.85
_PARTS = 8
_COARSE_SAMPLES = 128
_OBSERVABLE = 0.004
"""Least mean squared effect (px per px) of a direction of parameters on the residuals; normals of rasterised curves are
noisy below it, and the roll of a circle would be fitted to that noise."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Points of A's outline with their normals, and the curve that each belongs to."""

    points: FloatArray
    normals: FloatArray
    loops: NDArray[np.int64]


class Target:
    """The captured contour with its index of pixel rows."""

    def __init__(self, contour: Contour) -> None:
        from renderkit.metrics.nearest import PixelRows  # noqa: PLC0415 - loads the compiler

        order = np.lexsort((contour.pixels[:, 0], contour.pixels[:, 1]))
        self._order = order
        self._contour = contour
        self._rows = PixelRows.from_sorted(contour.pixels[order])

    def nearest(self, points: FloatArray) -> tuple[FloatArray, FloatArray, BoolArray]:
        """Return the nearest (N, 2) contour points, their normals, and which of them are usable."""
        _, found = self._rows.nearest(points)
        index = self._order[found]
        return self._contour.points[index], self._contour.normals[index], self._contour.usable[index]


@dataclass(frozen=True, eq=False)
class Linearised:
    """Residuals n . (T(a) - b), their derivatives by (dx, dy, spread * scale, spread * roll).

    `allowed` says which samples have a counterpart of the same direction.
    """

    residuals: FloatArray
    jacobian: FloatArray
    allowed: BoolArray

    @property
    def weights(self) -> FloatArray:
        """(N,) of the samples."""
        return self._tukey[0]

    @property
    def slopes(self) -> FloatArray:
        """(N,) derivatives of weight * residual: what the covariance must use instead of the weights."""
        return self._tukey[1]

    @cached_property
    def _tukey(self) -> tuple[FloatArray, FloatArray]:
        if not self.allowed.any():
            return np.zeros_like(self.residuals), np.zeros_like(self.residuals)
        sigma = max(1.4826 * float(np.median(np.abs(self.residuals[self.allowed]))), _MIN_SIGMA_PX)
        squared = (self.residuals / (_TUKEY * sigma)) ** 2
        inside = np.where(self.allowed, np.clip(1.0 - squared, 0.0, None), 0.0)
        return inside * inside, inside * (1.0 - 5.0 * squared)


def _linearise(
    samples: Samples, target: Target, parameters: FloatArray, center: FloatArray, spread: float
) -> Linearised:
    dx, dy, scale, roll = parameters
    rotation = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    turned = (samples.points - center) @ rotation.T
    moved = center + scale * turned + np.array([dx, dy])
    points, normals, usable = target.nearest(moved)
    residuals = np.einsum("ij,ij->i", normals, moved - points)
    across = np.column_stack([-turned[:, 1], turned[:, 0]]) * scale
    jacobian = np.column_stack(
        [normals, np.einsum("ij,ij->i", normals, turned) / spread, np.einsum("ij,ij->i", normals, across) / spread]
    )
    agree = np.einsum("ij,ij->i", normals, samples.normals @ rotation.T) > _SAME_DIRECTION
    return Linearised(residuals, jacobian, agree & usable)


@dataclass(frozen=True, eq=False)
class Fitted:
    """Where a descent ended.

    Attributes:
        parameters: (4,) dx, dy, scale, roll.
        system: The linearised residuals there.
        converged: Whether the steps became small.
        part: (N,) the samples that were followed; None for all.
    """

    parameters: FloatArray
    system: Linearised
    converged: bool
    part: BoolArray | None = None

    @property
    def misfit_px(self) -> float:
        """Median distance of all samples; a sample without counterpart is infinitely far."""
        return float(np.median(self.distances))

    @property
    def distances(self) -> FloatArray:
        """(N,) distance of each sample; infinite without a counterpart."""
        return np.where(self.system.allowed, np.abs(self.system.residuals), np.inf)


@dataclass(frozen=True, eq=False)
class Problem:
    """Samples of A, the outline of B, and the units in which scale and roll are as large as shifts."""

    samples: Samples
    target: Target
    center: FloatArray
    spread: float

    @property
    def units(self) -> FloatArray:
        """(4,) what turns parameters into px at the outline."""
        return np.array([1.0, 1.0, self.spread, self.spread])

    def thinned(self, count: int) -> Problem:
        """Return the problem with about `count` evenly spaced samples."""
        step = max(1, len(self.samples.points) // count)
        some = Samples(self.samples.points[::step], self.samples.normals[::step], self.samples.loops[::step])
        return replace(self, samples=some)

    def linearise(self, parameters: FloatArray) -> Linearised:
        """Return residuals and derivatives at (4,) parameters."""
        return _linearise(self.samples, self.target, parameters, self.center, self.spread)

    def descend(self, start: FloatArray) -> Fitted | None:
        """Take weighted Gauss-Newton steps from (4,) parameters; None when too few samples have a counterpart."""
        parameters, converged = start, False
        for count in range(_MAX_STEPS):
            system = self.linearise(parameters)
            if np.count_nonzero(system.weights) < MIN_SAMPLES:
                return None
            step = _step(system, system.weights)
            # Samples that change their counterpart to and fro make the steps cycle; shorter ones end that.
            parameters = parameters + step * min(1.0, _FULL_STEPS / (count + 1)) / self.units
            if np.abs(step).max() < _STEP_PX:
                converged = True
                break
        return Fitted(parameters, self.linearise(parameters), converged)

    def follow(self, part: BoolArray, parameters: FloatArray, system: Linearised) -> Fitted | None:
        """Take one step that looks at a part of the samples alone, (N,), from parameters and their system."""
        weights = np.where(part & system.allowed, 1.0, 0.0)
        if np.count_nonzero(weights) < MIN_SAMPLES:
            return None
        parameters = parameters + _step(system, weights) / self.units
        return Fitted(parameters, self.linearise(parameters), converged=False, part=part)


def follow_halves(problem: Problem, fitted: Fitted) -> list[Fitted]:
    """Follow each half of the outline alone, in eight turns.

    A part that one mask lacks (hair, a collar, a body cut off) is a stretch of the outline. Least squares spreads its
    misfit over shift and scale, where no weight can find it again; a half that has none of it fits.
    """
    coarse = problem.thinned(_COARSE_SAMPLES)
    count = len(coarse.samples.points)
    place = np.arange(count)
    first = (np.arange(_PARTS) * count / _PARTS).astype(int)
    halves = []
    # Least squares may have gone the wrong way altogether; then no motion is the nearer start.
    for parameters in (fitted.parameters, IDENTITY):
        system = coarse.linearise(parameters)
        halves += [coarse.follow((place - start) % count < count // 2, parameters, system) for start in first]
    return [half for half in halves if half is not None]


def without_foreign_parts(problem: Problem, fitted: Fitted, halves: Sequence[Fitted]) -> Fitted:
    """Return the alignment that most samples agree on much better, if there is one.

    The fit starts anew from the half with the least median distance of all samples (Rousseeuw 1984).
    """
    best = min(halves, key=lambda one: one.misfit_px, default=None)
    if best is None or best.misfit_px >= _WORTH_A_TRY * fitted.misfit_px:
        return fitted
    again = problem.descend(best.parameters)
    return again if again is not None and again.misfit_px < _MUCH_BETTER * fitted.misfit_px else fitted


def rival_variance(problem: Problem, fitted: Fitted, halves: Sequence[Fitted]) -> FloatArray:
    """Return the (4,) variances that bring what other halves say into the interval.

    Where no clear majority of the samples agrees, half of the outline that fits may be the true one.
    """
    result = np.zeros(4)
    if not halves or np.mean(fitted.distances <= _AGREE_PX) >= _MAJORITY:
        return result
    coarse = problem.thinned(_COARSE_SAMPLES)
    for half in halves:
        again = None if half.part is None else coarse.follow(half.part, half.parameters, half.system)
        if again is not None and np.mean(again.distances[again.part] <= _AGREE_PX) >= _NEARLY_ALL:
            result = np.maximum(result, ((again.parameters - fitted.parameters) / NORMAL_95) ** 2)
    return result


def _step(system: Linearised, weights: FloatArray) -> FloatArray:
    inverse, _ = observable_inverse(system.jacobian, weights)
    step: FloatArray = -inverse @ (system.jacobian.T @ (weights * system.residuals))
    return step


def observable_inverse(jacobian: FloatArray, weights: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Invert J^T W J on the directions that the outline determines; say which parameters it does not."""
    values, vectors = np.linalg.eigh((jacobian * weights[:, None]).T @ jacobian)
    seen = values > _OBSERVABLE * max(float(weights.sum()), 1e-12)
    kept = vectors[:, seen]
    inverse: FloatArray = (kept / values[seen]) @ kept.T
    hidden: BoolArray = (vectors[:, ~seen] ** 2).sum(axis=1) > 0.1
    return inverse, hidden
