"""Which share of projected points lies inside a captured mask: needs no faces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
from numpy.typing import ArrayLike

from renderkit.arrays import MaskImage, as_array
from renderkit.metrics.mask_pair import check_mask, ratio
from renderkit.metrics.score_json import COUNT, object_schema
from renderkit.metrics.score_kind import STANDARD, Metric, Ranking, ScoreKind, pool_counts
from renderkit.metrics.scored_view import Missing, ScoredView


@dataclass(frozen=True)
class ContainmentScore:
    """Where the projections of a point set fall.

    Attributes:
        num_inside: Points whose pixel is inside the mask.
        num_in_image: Points that project into the image.
        num_points: All points, those outside the image and those without a projection included.
    """

    num_inside: int
    num_in_image: int
    num_points: int

    @property
    def containment(self) -> float:
        """num_inside / num_in_image; NaN when no point projects into the image."""
        return ratio(self.num_inside, self.num_in_image)

    def merge(self, other: ContainmentScore) -> ContainmentScore:
        """Pool the counts of two scores; exact, in any order."""
        return _pool((self, other))


def _pool(scores: Sequence[ContainmentScore]) -> ContainmentScore:
    return pool_counts(scores)


def score_containment(pixels: ArrayLike, captured: MaskImage) -> ContainmentScore:
    """Count the points that fall inside a mask.

    Args:
        pixels: (N, 2) projected pixels; NaN where the camera gives none.
        captured: (height, width) bool.

    Raises:
        ValueError: If the shapes are wrong.
    """
    points = as_array(pixels, np.float64, (None, 2), "pixels")
    check_mask(captured, "captured")
    height, width = captured.shape
    upper = np.array([width - 0.5, height - 0.5])
    # Half-open like the pixels themselves; comparisons with NaN are False.
    seen = points[((points >= -0.5) & (points < upper)).all(axis=1)]
    column, row = np.floor(seen + 0.5).astype(np.int64).T
    return ContainmentScore(int(np.count_nonzero(captured[row, column])), len(seen), len(points))


def _measure(view: ScoredView) -> ContainmentScore | Missing:
    pixels = view.vertices
    if isinstance(pixels, Missing):
        return pixels
    captured = view.captured_mask
    return captured if isinstance(captured, Missing) else score_containment(pixels, captured)


KIND = ScoreKind(
    name="containment",
    group=STANDARD,
    measure=_measure,
    pool=_pool,
    to_json=lambda score: dict(vars(score)),
    from_json=lambda value, _: ContainmentScore(**value),
    json_schema=object_schema(
        "Projected vertices and the captured mask", num_inside=COUNT, num_in_image=COUNT, num_points=COUNT
    ),
    metrics=(
        Metric(
            name="vertex_containment",
            title="vert. in",
            unit="ratio",
            better="higher",
            read=attrgetter("containment"),
            decimals=4,
            plain="vertices inside the matte",
            meaning="Share of the mesh's vertices projected into the image that lie inside the captured mask.",
            column=True,
            only_if_known=True,
            ranking=Ranking(6, 0.005),
        ),
    ),
)
