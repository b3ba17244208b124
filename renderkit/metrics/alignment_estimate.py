"""One view's or one camera's similarity between two outlines, in numbers that pool."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from renderkit.metrics.score_json import NUMBER_OR_NULL, array_schema, finite_or_none, nan_if_none, object_schema
from renderkit.metrics.score_kind import JsonObject

if TYPE_CHECKING:
    from renderkit.metrics.alignment import ContourAlignment

_NORMAL_95 = 1.96


@dataclass(frozen=True, order=True)
class AlignmentEstimate:
    """The similarity that would bring the rendered outline onto the captured one, in numbers alone.

    Attributes:
        dx_px: Shift to the right; NaN where the outline does not determine it, as are the others.
        dy_px: Shift downwards.
        scale: Above 1 when the mesh is drawn too small.
        roll_deg: Clockwise turn in the picture.
        errors: Standard errors of the four, in their units; NaN or inf where not determined.
        rms_px: What remains, weighted RMS.
        converged: Whether the estimate settled.
    """

    dx_px: float
    dy_px: float
    scale: float
    roll_deg: float
    errors: tuple[float, float, float, float]
    rms_px: float
    converged: bool

    @classmethod
    def of(cls, found: ContourAlignment) -> AlignmentEstimate:
        """Take the numbers of one view's alignment."""
        dx, dy, scale, roll = (float(value) for value in found.parameters)
        with np.errstate(invalid="ignore"):
            ex, ey, es, er = (float(value) for value in found.standard_errors)
        return cls(dx, dy, scale, math.degrees(roll), (ex, ey, es, math.degrees(er)), found.rms_px, found.converged)

    @property
    def values(self) -> tuple[float, float, float, float]:
        """dx, dy, scale and roll."""
        return self.dx_px, self.dy_px, self.scale, self.roll_deg

    @property
    def interval95(self) -> tuple[tuple[float, float], ...]:
        """Lower and upper ends of the four 95 % confidence intervals."""
        reaches = [_NORMAL_95 * error for error in self.errors]
        return tuple((value - reach, value + reach) for value, reach in zip(self.values, reaches, strict=True))

    @property
    def shift_px(self) -> float:
        """Length of the shift."""
        return math.hypot(self.dx_px, self.dy_px)


def pool_alignments(estimates: Sequence[AlignmentEstimate]) -> AlignmentEstimate:
    """Combine one camera's estimates over frames: means weighted by their precision.

    Where they scatter more than their standard errors say, the error grows by the ratio (Birge, Phys. Rev. 40, 1932).
    Sums are exact, so that neither order nor grouping matters. Estimates that did not settle count only when none did.
    """
    chosen = [one for one in estimates if one.converged] or list(estimates)
    if len(chosen) == 1:
        return chosen[0]
    columns = [
        _weighted([one.values[index] for one in chosen], [one.errors[index] for one in chosen]) for index in range(4)
    ]
    residual = [one.rms_px**2 for one in chosen if math.isfinite(one.rms_px)]
    rms = math.sqrt(math.fsum(residual) / len(residual)) if residual else math.nan
    (dx, ex), (dy, ey), (scale, es), (roll, er) = columns
    return AlignmentEstimate(dx, dy, scale, roll, (ex, ey, es, er), rms, bool(chosen) and chosen[0].converged)


def _weighted(values: Sequence[float], errors: Sequence[float]) -> tuple[float, float]:
    known = [(v, 1.0 / e**2) for v, e in zip(values, errors, strict=True) if math.isfinite(v) and 0.0 < e < math.inf]
    if not known:
        return math.nan, math.nan
    total = math.fsum(weight for _, weight in known)
    mean = math.fsum(value * weight for value, weight in known) / total
    error = 1.0 / math.sqrt(total)
    if len(known) > 1:
        chi2 = math.fsum((value - mean) ** 2 * weight for value, weight in known)
        error *= math.sqrt(max(1.0, chi2 / (len(known) - 1)))
    return mean, error


def alignment_sort_key(estimate: AlignmentEstimate) -> tuple[float, ...]:
    """Return what estimates are sorted by."""
    # NaN has no order of its own.
    numbers = (*estimate.values, *estimate.errors, estimate.rms_px)
    return (*(math.inf if math.isnan(number) else number for number in numbers), float(estimate.converged))


def alignment_json(one: AlignmentEstimate) -> JsonObject:
    """Return an estimate with its 95 % intervals."""
    return {
        "dx_px": finite_or_none(one.dx_px),
        "dy_px": finite_or_none(one.dy_px),
        "scale": finite_or_none(one.scale),
        "roll_deg": finite_or_none(one.roll_deg),
        "standard_errors": [finite_or_none(error) for error in one.errors],
        "interval95": [[finite_or_none(end) for end in ends] for ends in one.interval95],
        "rms_px": finite_or_none(one.rms_px),
        "converged": one.converged,
    }


def alignment_from_json(value: JsonObject) -> AlignmentEstimate:
    """Read what `alignment_json` wrote."""
    names = ("dx_px", "dy_px", "scale", "roll_deg", "rms_px")
    dx, dy, scale, roll, rms = (nan_if_none(value[name]) for name in names)
    ex, ey, es, er = (nan_if_none(error) for error in value["standard_errors"])
    return AlignmentEstimate(dx, dy, scale, roll, (ex, ey, es, er), rms, value["converged"])


ALIGNMENT_SCHEMA: Final = object_schema(
    "What would bring the rendered contour onto the captured one; null where it does not determine it",
    dx_px=NUMBER_OR_NULL,
    dy_px=NUMBER_OR_NULL,
    scale=NUMBER_OR_NULL,
    roll_deg=NUMBER_OR_NULL,
    rms_px=NUMBER_OR_NULL,
    converged={"type": "boolean"},
    standard_errors=array_schema(NUMBER_OR_NULL, 4),
    interval95=array_schema(array_schema(NUMBER_OR_NULL, 2), 4),
)
