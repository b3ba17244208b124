"""The similarity (dx, dy, scale, roll) that brings the rendered outline onto the captured one.

IoU cannot gate: a head shifted by 20 px still scores 0.955. The alignment names the shift itself, with its uncertainty.
Method: point-to-line ICP (Chen and Medioni 1992) with Tukey weights; the covariance is the sandwich estimate with a
Bartlett kernel along the curve (Newey and West 1987), since neighbouring contour samples err together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import BoolArray, FloatArray, MaskImage, frozen
from renderkit.metrics.contour import Contour, trace_contour
from renderkit.metrics.mask_window import MaskWindow, cut_window
from renderkit.metrics.region import Region

_MAX_SAMPLES = 1024
_MIN_SAMPLES = 16
_MAX_STEPS = 50
_FULL_STEPS = 20
_STEP_PX = 1e-3
_TUKEY = 4.685
_MIN_SIGMA_PX = 0.3
_SAME_DIRECTION = 0.5
_OBSERVABLE = 0.004
"""Least mean squared effect (px per px) of a direction of parameters on the residuals; normals of rasterised curves are
noisy below it, and the roll of a circle would be fitted to that noise."""


@dataclass(frozen=True, eq=False)
class ContourAlignment:
    """What would move the rendered outline A onto the captured outline B: p -> c + scale R(roll) (p - c) + (dx, dy).

    Attributes:
        parameters: (4,) dx and dy in px, scale (1 = none), roll in radians (positive turns x towards y, clockwise in
            the picture). NaN where the outline does not determine it, as the roll of a circle.
        covariance: (4, 4) of the parameters; +inf on the diagonal where not determined.
        center: (2,) fixed point c of scale and roll, the mean of A's samples, px.
        rms_px: Weighted RMS of the point-to-line residuals that remain.
        num_samples: Contour samples of A inside the region.
        num_used: Samples with weight; the others found no counterpart of the same direction.
        converged: Whether the steps fell below 1e-3 px.
        region: Name of the evaluation region.
    """

    parameters: FloatArray
    covariance: FloatArray
    center: FloatArray
    rms_px: float
    num_samples: int
    num_used: int
    converged: bool
    region: str = "image"

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for name in ("parameters", "covariance", "center"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    @property
    def shift_px(self) -> FloatArray:
        """(2,) dx and dy in px."""
        shift: FloatArray = self.parameters[:2]
        return shift

    @property
    def scale(self) -> float:
        """Scale that A would need; above 1 when it is drawn too small."""
        return float(self.parameters[2])

    @property
    def roll_deg(self) -> float:
        """Rotation in the picture that A would need, in degrees."""
        return float(np.rad2deg(self.parameters[3]))

    @property
    def standard_errors(self) -> FloatArray:
        """(4,) standard errors in the units of `parameters`."""
        errors: FloatArray = np.sqrt(np.diag(self.covariance))
        return errors

    @property
    def interval95(self) -> FloatArray:
        """(4, 2) lower and upper ends of the 95 % confidence intervals."""
        reach = 1.96 * self.standard_errors
        return np.column_stack([self.parameters - reach, self.parameters + reach])


def align_contours(rendered: MaskImage, captured: MaskImage, region: Region | None = None) -> ContourAlignment:
    """Find the similarity that brings the outline of A onto that of B.

    Args:
        rendered: (height, width) bool, A.
        captured: (height, width) bool, B.
        region: Where samples of A count; None is everywhere.

    Returns:
        The alignment; NaN in every number when A has fewer than 16 usable samples or B has no outline.

    Raises:
        ValueError: If the masks are not bool images of one shape, or the region is of another.
    """
    return align_in(cut_window(rendered, captured, region))


def align_in(window: MaskWindow) -> ContourAlignment:
    """Align the outlines of two masks that are already cut to their window; see `align_contours`."""
    source, target = trace_contour(window.rendered), trace_contour(window.captured)
    keep = source.usable
    if window.inside is not None:
        keep = keep & (window.inside[source.pixels[:, 1], source.pixels[:, 0]] != 0)
    chosen = np.flatnonzero(keep)
    chosen = chosen[:: max(1, -(-len(chosen) // _MAX_SAMPLES))]
    if len(chosen) < _MIN_SAMPLES or not target.usable.any():
        return _undetermined(len(chosen), window.region)
    samples = _Samples(source.points[chosen], source.normals[chosen], source.loops[chosen])
    fitted = _fit(samples, _Target(target), window.region)
    return replace(fitted, center=fitted.center + np.array(window.corner))


@dataclass(frozen=True, eq=False)
class _Samples:
    points: FloatArray
    normals: FloatArray
    loops: NDArray[np.int64]


class _Target:
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
class _Linearised:
    """Residuals n . (T(a) - b), their derivatives by (dx, dy, spread * scale, spread * roll), and Tukey's weights.

    `slopes` are the derivatives of weight * residual: what the covariance must use instead of the weights.
    """

    residuals: FloatArray
    jacobian: FloatArray
    weights: FloatArray
    slopes: FloatArray


def _linearise(
    samples: _Samples, target: _Target, parameters: FloatArray, center: FloatArray, spread: float
) -> _Linearised:
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
    return _Linearised(residuals, jacobian, *_tukey(residuals, agree & usable))


def _tukey(residuals: FloatArray, allowed: BoolArray) -> tuple[FloatArray, FloatArray]:
    if not allowed.any():
        return np.zeros_like(residuals), np.zeros_like(residuals)
    sigma = max(1.4826 * float(np.median(np.abs(residuals[allowed]))), _MIN_SIGMA_PX)
    squared = (residuals / (_TUKEY * sigma)) ** 2
    inside = np.where(allowed, np.clip(1.0 - squared, 0.0, None), 0.0)
    return inside * inside, inside * (1.0 - 5.0 * squared)


def _fit(samples: _Samples, target: _Target, region: str) -> ContourAlignment:
    center = samples.points.mean(axis=0)
    spread = float(np.sqrt(((samples.points - center) ** 2).sum(axis=1).mean()))
    parameters = np.array([0.0, 0.0, 1.0, 0.0])
    units = np.array([1.0, 1.0, spread, spread])
    converged = False
    for count in range(_MAX_STEPS):
        system = _linearise(samples, target, parameters, center, spread)
        if np.count_nonzero(system.weights) < _MIN_SAMPLES:
            return _undetermined(len(samples.points), region)
        inverse, _ = _observable_inverse(system.jacobian, system.weights)
        step = -inverse @ (system.jacobian.T @ (system.weights * system.residuals))
        # Samples that change their counterpart to and fro make the steps cycle; shorter ones end that.
        parameters = parameters + step * min(1.0, _FULL_STEPS / (count + 1)) / units
        if np.abs(step).max() < _STEP_PX:
            converged = True
            break
    system = _linearise(samples, target, parameters, center, spread)
    inverse, hidden = _observable_inverse(system.jacobian, system.slopes)
    covariance = inverse @ _score_covariance(system, samples.loops) @ inverse / np.outer(units, units)
    covariance[hidden], covariance[:, hidden] = 0.0, 0.0
    covariance[hidden, hidden] = np.inf
    weight = system.weights.sum()
    rms = float(np.sqrt((system.weights * system.residuals**2).sum() / weight)) if weight else float("nan")
    num_used = int(np.count_nonzero(system.weights))
    parameters[hidden] = np.nan
    return ContourAlignment(parameters, covariance, center, rms, len(samples.points), num_used, converged, region)


def _observable_inverse(jacobian: FloatArray, weights: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Invert J^T W J on the directions that the outline determines; say which parameters it does not."""
    values, vectors = np.linalg.eigh((jacobian * weights[:, None]).T @ jacobian)
    seen = values > _OBSERVABLE * max(float(weights.sum()), 1e-12)
    kept = vectors[:, seen]
    inverse: FloatArray = (kept / values[seen]) @ kept.T
    hidden: BoolArray = (vectors[:, ~seen] ** 2).sum(axis=1) > 0.1
    return inverse, hidden


def _score_covariance(system: _Linearised, loops: NDArray[np.int64]) -> FloatArray:
    """Return (4, 4) the covariance of sum w r J, neighbours along a curve taken as correlated up to sqrt(N) samples."""
    scores = system.jacobian * (system.weights * system.residuals)[:, None]
    count = len(scores)
    reach = int(np.ceil(np.sqrt(count)))
    total: FloatArray = scores.T @ scores
    for lag in range(1, min(reach, count - 1) + 1):
        same = (loops[lag:] == loops[:-lag])[:, None]
        product = (scores[lag:] * same).T @ scores[:-lag]
        total = total + (1.0 - lag / (reach + 1)) * (product + product.T)
    # The four parameters absorb their share of every stretch of curve that errs together.
    stretches = count / reach
    return total * (stretches / max(stretches - 4.0, 1.0))


def _undetermined(num_samples: int, region: str) -> ContourAlignment:
    unknown = np.full(4, np.nan)
    return ContourAlignment(
        unknown, np.full((4, 4), np.nan), np.full(2, np.nan), float("nan"), num_samples, 0, False, region
    )
