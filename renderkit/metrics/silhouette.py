"""Slack of a matte's contour against the other views' mattes: needs no mesh. See `renderkit.diagnosis.silhouettes`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from renderkit.arrays import FloatArray, as_array, frozen
from renderkit.metrics.exact_sum import exact_sum
from renderkit.metrics.score_json import COUNT, NUMBER, array_schema, object_schema
from renderkit.metrics.score_kind import Metric, Ranking, ScoreKind, merge_all, pixel_error

CONFLICT_PX = 1.0
"""A contour point conflicts with the other mattes where its slack is below minus this."""


@dataclass(frozen=True, eq=False)
class SilhouetteScore:
    """How far the rays of a matte's contour stay outside of the other mattes.

    Attributes:
        slacks_px: (n,) signed distance of each informative contour point, px; negative where every place along its ray
            lies outside of some other matte.
        num_points: Contour points that were looked at; those without a slack say nothing.
    """

    slacks_px: FloatArray
    num_points: int

    def __post_init__(self) -> None:
        """Check and freeze."""
        object.__setattr__(self, "slacks_px", frozen(as_array(self.slacks_px, np.float64, (None,), "slacks_px")))

    @property
    def conflict_px(self) -> float:
        """Mean of max(0, -slack), px; NaN without informative points."""
        return exact_sum(np.maximum(-self.slacks_px, 0.0)) / len(self.slacks_px) if len(self.slacks_px) else math.nan

    @property
    def p95_px(self) -> float:
        """95th percentile of max(0, -slack), px."""
        return float(np.percentile(np.maximum(-self.slacks_px, 0.0), 95.0)) if len(self.slacks_px) else math.nan

    @property
    def conflict_share(self) -> float:
        """Share of the informative points whose slack is below -1 px."""
        return float(np.mean(self.slacks_px < -CONFLICT_PX)) if len(self.slacks_px) else math.nan

    @property
    def informative(self) -> float:
        """Share of the contour points that constrain a camera."""
        return len(self.slacks_px) / self.num_points if self.num_points else math.nan

    def merge(self, other: SilhouetteScore) -> SilhouetteScore:
        """Pool the points of two scores."""
        joined = np.sort(np.concatenate([self.slacks_px, other.slacks_px]))
        return SilhouetteScore(joined, self.num_points + other.num_points)


KIND = ScoreKind(
    name="silhouette",
    group="mattes",
    measure=None,
    pool=merge_all,
    to_json=lambda score: {"slacks_px": [round(float(s), 4) for s in score.slacks_px], "num_points": score.num_points},
    from_json=lambda value, _: SilhouetteScore(np.array(value["slacks_px"], np.float64), value["num_points"]),
    json_schema=object_schema(
        "Slack of the matte's contour against the other views' mattes",
        slacks_px=array_schema(NUMBER),
        num_points=COUNT,
    ),
    metrics=(
        pixel_error(
            name="silhouette_conflict_px",
            title="silhouette conflict",
            read=lambda score: score.conflict_px,
            decimals=2,
            plain="matte conflict, mean",
            meaning="Mean distance by which rays of the matte's contour miss the other views' mattes; needs no mesh.",
            column=True,
            ranking=Ranking(place=8, floor=0.1),
        ),
        pixel_error(
            name="silhouette_p95_px",
            title="silhouette p95",
            read=lambda score: score.p95_px,
            decimals=2,
            plain="matte conflict, 95 %",
            meaning="95th percentile of the distance by which rays of the matte's contour miss the other mattes.",
            column=True,
        ),
        Metric(
            name="silhouette_conflict_share",
            title="in conflict",
            unit="ratio",
            better="lower",
            read=lambda score: score.conflict_share,
            decimals=3,
            plain="matte points in conflict",
            meaning="Share of the informative contour points that miss the other views' mattes by over 1 px.",
            column=True,
        ),
        Metric(
            name="silhouette_informative",
            title="informative",
            unit="ratio",
            better="neither",
            read=lambda score: score.informative,
            decimals=2,
            plain="matte points that tell",
            meaning="Share of the contour points that constrain a camera.",
            column=True,
        ),
    ),
)
