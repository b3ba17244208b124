"""Boundary precision, recall and F: which share of each outline lies within a tolerance of the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

import numpy as np

from renderkit.arguments import as_number
from renderkit.arrays import MaskImage
from renderkit.metrics.mask_pair import ratio
from renderkit.metrics.outline import OutlineDistances, measure_outlines
from renderkit.metrics.region import Region
from renderkit.metrics.score_json import COUNT, TEXT, object_schema
from renderkit.metrics.score_kind import STANDARD, Metric, Ranking, ScoreKind, pool_counts
from renderkit.metrics.scored_view import Missing, ScoredView

BOUNDARY_SCHEMA: Final = object_schema(
    tolerance_px={"type": "number", "minimum": 0},
    rendered_px=COUNT,
    captured_px=COUNT,
    rendered_matched_px=COUNT,
    captured_matched_px=COUNT,
    num_empty=COUNT,
    left_out_px=COUNT,
    region=TEXT,
)
"""JSON Schema of a `BoundaryScore`."""


@dataclass(frozen=True)
class BoundaryScore:
    """Boundary pixels of a rendered mask A and a captured mask B, and how many found the other outline near.

    A boundary pixel is a pixel of the mask with a 4-neighbour in the image that is outside the mask. Where the
    picture's own border cuts the mask there is no boundary.

    Attributes:
        tolerance_px: Largest Euclidean distance between pixel centres that counts as a match.
        rendered_px: Boundary pixels of A.
        captured_px: Boundary pixels of B.
        rendered_matched_px: Those of A within the tolerance of a boundary pixel of B.
        captured_matched_px: Those of B within the tolerance of a boundary pixel of A.
        num_empty: Scored pairs in which neither mask had a boundary; they add nothing to the ratios.
        left_out_px: Boundary pixels of both that lie outside the evaluation region.
        region: Name of the evaluation region; "image" is the whole picture.
    """

    tolerance_px: float
    rendered_px: int
    captured_px: int
    rendered_matched_px: int
    captured_matched_px: int
    num_empty: int = 0
    left_out_px: int = 0
    region: str = "image"

    @property
    def precision(self) -> float:
        """Matched share of A's boundary; NaN when A has none."""
        return ratio(self.rendered_matched_px, self.rendered_px)

    @property
    def recall(self) -> float:
        """Matched share of B's boundary; NaN when B has none."""
        return ratio(self.captured_matched_px, self.captured_px)

    @property
    def f(self) -> float:
        """Harmonic mean of precision and recall; 0 when one outline is absent, NaN when both are."""
        if not self.rendered_px and not self.captured_px:
            return float("nan")
        if not self.rendered_matched_px or not self.captured_matched_px:
            return 0.0
        return 2.0 * self.precision * self.recall / (self.precision + self.recall)

    def merge(self, other: BoundaryScore) -> BoundaryScore:
        """Pool the counts of two scores; exact, in any order.

        Raises:
            ValueError: If the tolerances or regions differ.
        """
        return _pool((self, other))


def _pool(scores: Sequence[BoundaryScore]) -> BoundaryScore:
    return pool_counts(scores, "boundary scores", "tolerance_px", "region")


def score_boundary(
    rendered: MaskImage, captured: MaskImage, tolerance_px: float = 2.0, region: Region | None = None
) -> BoundaryScore:
    """Score how well two outlines agree (Martin et al. 2004; Perazzi et al. 2016, with exact Euclidean distances).

    Args:
        rendered: (height, width) bool, A.
        captured: (height, width) bool, B.
        tolerance_px: Distance up to which a boundary pixel counts as matched.
        region: Where boundary pixels count; None is everywhere.

    Raises:
        ValueError: If the masks are not bool images of one shape, the region is of another, or the tolerance is
            negative.

    Example:
        >>> import renderkit as rk
        >>> mask = np.zeros((20, 20), dtype=bool)
        >>> mask[5:15, 5:15] = True
        >>> rk.score_boundary(np.roll(mask, 1, axis=1), mask, tolerance_px=2.0).f
        1.0
    """
    return count_matches(measure_outlines(rendered, captured, region), tolerance_px)


def count_matches(outlines: OutlineDistances, tolerance_px: float) -> BoundaryScore:
    """Count the boundary pixels within a tolerance of the other outline, from distances measured before.

    Raises:
        ValueError: If the tolerance is negative.
    """
    if not as_number("tolerance_px", tolerance_px) >= 0.0:
        raise ValueError(f"tolerance_px: expected at least 0, got {tolerance_px:g}")
    matched = [
        # Without another outline all distances are -1.
        int(np.count_nonzero(squared <= tolerance_px * tolerance_px)) if len(squared) and squared[0] >= 0 else 0
        for squared in (outlines.rendered_squared, outlines.captured_squared)
    ]
    return BoundaryScore(
        tolerance_px,
        len(outlines.rendered),
        len(outlines.captured),
        matched[0],
        matched[1],
        int(len(outlines.rendered) + len(outlines.captured) == 0),
        outlines.left_out_px,
        outlines.region,
    )


TOLERANCE_PX: Final = 2.0
"""The tolerance of the standard boundary F."""


def _measure(view: ScoredView) -> BoundaryScore | Missing:
    found = view.silhouettes
    return found if isinstance(found, Missing) else count_matches(found.outlines, TOLERANCE_PX)


KIND = ScoreKind(
    name="boundary",
    group=STANDARD,
    measure=_measure,
    pool=_pool,
    to_json=lambda score: dict(vars(score)),
    from_json=lambda value, _: BoundaryScore(**value),
    json_schema=BOUNDARY_SCHEMA
    | {"description": "Boundary pixels, and how many have the other contour within the tolerance"},
    metrics=(
        Metric(
            name="boundary_f_2px",
            title="F 2px",
            unit="ratio",
            better="higher",
            read=attrgetter("f"),
            decimals=4,
            plain="outline agreement within 2 px",
            meaning="Boundary F measure of the two contours at a tolerance of 2 px.",
            column=True,
            ranking=Ranking(3, 0.01),
        ),
    ),
)
