"""What two outlines say beyond IoU, as one score that pools: bands, distances, and the similarity between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from renderkit.metrics.alignment import ContourAlignment
from renderkit.metrics.boundary import BoundaryScore
from renderkit.metrics.boundary_iou import BoundaryIouScore
from renderkit.metrics.silhouette import SilhouetteScore
from renderkit.metrics.surface_distance import SurfaceDistanceScore

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


@dataclass(frozen=True, eq=False)
class ContourScore:
    """Two outlines compared, of one view or pooled over several.

    Attributes:
        boundary: Boundary F at 1 and at 4 px.
        bands: Boundary IoU at 2, 4 and 8 px.
        official: Boundary IoU at the published width; None when views of different sizes were pooled.
        distance: ASSD and Hausdorff distances.
        alignments: One estimate per view, sorted.
    """

    boundary: tuple[BoundaryScore, BoundaryScore]
    bands: tuple[BoundaryIouScore, BoundaryIouScore, BoundaryIouScore]
    official: BoundaryIouScore | None
    distance: SurfaceDistanceScore
    alignments: tuple[AlignmentEstimate, ...]

    @classmethod
    def of(cls, found: SilhouetteScore) -> ContourScore:
        """Take from all scores of one view what is not scored elsewhere."""
        first, _, last = found.boundary
        two, four, eight, official = found.boundary_iou
        alignment = AlignmentEstimate.of(found.alignment)
        return cls((first, last), (two, four, eight), official, found.distance, (alignment,))

    @property
    def alignment(self) -> AlignmentEstimate:
        """The estimate over all views."""
        return pool_alignments(self.alignments)

    def merge(self, other: ContourScore) -> ContourScore:
        """Pool two scores of the same region; exact, in any order.

        Raises:
            ValueError: If the regions differ.
        """
        same = (
            self.official is not None
            and other.official is not None
            and self.official.width_px == other.official.width_px
        )
        (a1, a2), (b1, b2) = self.boundary, other.boundary
        (c1, c2, c3), (d1, d2, d3) = self.bands, other.bands
        return ContourScore(
            (a1.merge(b1), a2.merge(b2)),
            (c1.merge(d1), c2.merge(d2), c3.merge(d3)),
            self.official.merge(other.official) if same and self.official and other.official else None,
            self.distance.merge(other.distance),
            tuple(sorted(self.alignments + other.alignments, key=_sort_key)),
        )


def _sort_key(estimate: AlignmentEstimate) -> tuple[float, ...]:
    # NaN has no order of its own.
    numbers = (*estimate.values, *estimate.errors, estimate.rms_px)
    return (*(math.inf if math.isnan(number) else number for number in numbers), float(estimate.converged))
