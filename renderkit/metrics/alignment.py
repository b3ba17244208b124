"""The similarity (dx, dy, scale, roll) that brings the rendered outline onto the captured one.

IoU cannot gate: a head shifted by 20 px still scores 0.955. The alignment names the shift itself, with its uncertainty.
Method: point-to-line ICP (Chen and Medioni 1992) with Tukey weights; the covariance is the sandwich estimate with a
Bartlett kernel along the curve (Newey and West 1987), since neighbouring contour samples err together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray, MaskImage, frozen
from renderkit.metrics.alignment_fit import (
    AGREES_PX,
    IDENTITY,
    MIN_SAMPLES,
    NORMAL_95,
    Fitted,
    Linearised,
    Problem,
    Samples,
    Target,
    follow_halves,
    observable_inverse,
    rival_variance,
    without_foreign_parts,
)
from renderkit.metrics.contour import trace_contour
from renderkit.metrics.mask_window import MaskWindow, cut_window
from renderkit.metrics.region import Region

_MAX_SAMPLES = 1024


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
        reach = NORMAL_95 * self.standard_errors
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
    if window.inside_bits is not None:
        keep = keep & window.inside_bits.at(source.pixels)
    chosen = np.flatnonzero(keep)
    chosen = chosen[:: max(1, -(-len(chosen) // _MAX_SAMPLES))]
    if len(chosen) < MIN_SAMPLES or not target.usable.any():
        return _undetermined(len(chosen), window.region)
    samples = Samples(source.points[chosen], source.normals[chosen], source.loops[chosen])
    fitted = _fit(samples, Target(target), window.region)
    return replace(fitted, center=fitted.center + np.array(window.corner))


def _fit(samples: Samples, target: Target, region: str) -> ContourAlignment:
    center = samples.points.mean(axis=0)
    spread = float(np.sqrt(((samples.points - center) ** 2).sum(axis=1).mean()))
    problem = Problem(samples, target, center, spread)
    fitted = problem.descend(IDENTITY)
    if fitted is None:
        return _undetermined(len(samples.points), region)
    rivals: list[Fitted] = []
    if fitted.misfit_px > AGREES_PX:
        rivals = follow_halves(problem, fitted)
        fitted = without_foreign_parts(problem, fitted, rivals)
    return _described(problem, fitted, rivals, region)


def _described(problem: Problem, fitted: Fitted, halves: Sequence[Fitted], region: str) -> ContourAlignment:
    """Return the alignment with its covariance."""
    system, parameters, units = fitted.system, fitted.parameters.copy(), problem.units
    inverse, hidden = observable_inverse(system.jacobian, system.slopes)
    covariance = inverse @ _score_covariance(system, problem.samples.loops) @ inverse
    covariance /= np.outer(units, units)
    covariance += np.diag(rival_variance(problem, fitted, halves))
    covariance[hidden], covariance[:, hidden] = 0.0, 0.0
    covariance[hidden, hidden] = np.inf
    weight = system.weights.sum()
    rms = float(np.sqrt((system.weights * system.residuals**2).sum() / weight)) if weight else float("nan")
    num_used = int(np.count_nonzero(system.weights))
    parameters[hidden] = np.nan
    num_samples = len(problem.samples.points)
    return ContourAlignment(
        parameters, covariance, problem.center, rms, num_samples, num_used, fitted.converged, region
    )


def _score_covariance(system: Linearised, loops: NDArray[np.int64]) -> FloatArray:
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
