"""Normalised mean error: landmark distances over the distance of the outer eye corners, of each view its own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np

from renderkit.arrays import FloatArray, as_array, frozen
from renderkit.geometry.landmark_schemes import outer_eye_corners
from renderkit.metrics.exact_sum import exact_sum
from renderkit.metrics.reprojection import KIND as REPROJECTION
from renderkit.metrics.reprojection import ReprojectionScore, interocular_px, measure_reprojection
from renderkit.metrics.score_json import object_schema
from renderkit.metrics.score_kind import STANDARD, JsonObject, Metric, ScoreKind
from renderkit.metrics.scored_view import Missing, ScoredView


@dataclass(frozen=True, eq=False)
class NormalisedError:
    """Distances of landmarks in eye distances.

    Attributes:
        ratios: (N,) |r| / eye distance of every used landmark.
        interocular_px: That view's eye distance; NaN when several views were pooled.
    """

    ratios: FloatArray
    interocular_px: float

    def __post_init__(self) -> None:
        """Check and freeze."""
        object.__setattr__(self, "ratios", frozen(as_array(self.ratios, np.float64, (None,), "ratios")))

    @classmethod
    def of(cls, score: ReprojectionScore, interocular_px: float) -> NormalisedError:
        """Normalise a view's residuals.

        Raises:
            ValueError: If the eye distance is not positive.
        """
        if not 0.0 < interocular_px < math.inf:
            raise ValueError(f"interocular_px: expected a positive distance, got {interocular_px:g}")
        return cls(score.distances_px[score.used] / interocular_px, interocular_px)

    @property
    def nme(self) -> float:
        """Mean ratio; NaN without a used landmark."""
        return exact_sum(self.ratios) / len(self.ratios) if len(self.ratios) else math.nan

    def merge(self, other: NormalisedError) -> NormalisedError:
        """Pool the landmarks of two scores; the mean is exact, in any order."""
        return _pool((self, other))


def _pool(scores: Sequence[NormalisedError]) -> NormalisedError:
    if len(scores) == 1:
        return scores[0]
    return NormalisedError(np.concatenate([one.ratios for one in scores]), math.nan)


def _measure(view: ScoredView) -> NormalisedError | Missing:
    score = measure_reprojection(view)
    if isinstance(score, Missing):
        return score
    detected = view.detected
    corners = None if detected is None else outer_eye_corners(detected.scheme)
    if corners is None or detected is None:
        return Missing("the landmark scheme has no outer eye corners")
    distance = interocular_px(np.where(detected.valid[:, None], detected.points, np.nan), corners)
    if not distance > 0.0:
        return Missing("an outer eye corner was not detected")
    return NormalisedError.of(score, distance)


def _from_json(value: JsonObject, earlier: Mapping[str, Any]) -> NormalisedError:
    # The landmarks are written once, with their reprojection.
    return NormalisedError.of(earlier[REPROJECTION.name], value["interocular_px"])


KIND = ScoreKind(
    name="nme",
    group=STANDARD,
    measure=_measure,
    pool=_pool,
    to_json=lambda score: {"interocular_px": score.interocular_px},
    from_json=_from_json,
    json_schema=object_schema(
        "Distance of the detected outer eye corners; the landmarks are those of the reprojection",
        interocular_px={"type": "number", "exclusiveMinimum": 0},
    ),
    metrics=(
        Metric(
            name="nme",
            title="NME",
            unit="factor",
            better="lower",
            read=attrgetter("nme"),
            decimals=4,
            plain="landmark error / eye distance",
            meaning="Mean landmark distance over the distance of the outer eye corners.",
        ),
    ),
)
