"""Reprojection error of landmarks in one picture."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from renderkit.arrays import BoolArray, FloatArray, as_array, frozen
from renderkit.computed_once import computed_once
from renderkit.metrics.exact_sum import exact_sum
from renderkit.metrics.score_json import COUNT, object_schema, points_from_json, points_schema
from renderkit.metrics.score_kind import STANDARD, JsonObject, Metric, Ranking, Samples, ScoreKind, pixel_error
from renderkit.metrics.scored_view import Missing, ScoredView
from renderkit.metrics.uncertainty import rms


@dataclass(frozen=True, eq=False)
class ReprojectionScore:
    """Residuals r = predicted - captured of one view's landmarks, in px.

    Every statistic is over the used landmarks, per POINT: an RMS per component would be smaller by sqrt(2). With no
    used landmark every statistic is NaN.

    Attributes:
        residuals: (L, 2) px; NaN for landmarks that were not used.
        num_hidden: Landmarks left out because the mesh hides them from this camera.
        num_missing: Landmarks left out because they were not detected, not asked for, or project to no pixel.
        hidden: (L,) which ones are hidden; None where only their number is known.
    """

    residuals: FloatArray
    num_hidden: int
    num_missing: int
    hidden: BoolArray | None = None

    def __post_init__(self) -> None:
        """Check and freeze.

        Raises:
            ValueError: If the residuals are not (L, 2) or hidden is not (L,).
        """
        residuals = as_array(self.residuals, np.float64, (None, 2), "residuals")
        object.__setattr__(self, "residuals", frozen(residuals))
        if self.hidden is not None:
            object.__setattr__(self, "hidden", frozen(as_array(self.hidden, np.bool_, (len(residuals),), "hidden")))

    @computed_once
    def used(self) -> BoolArray:
        """(L,) which landmarks were measured."""
        # One column at a time: `all` over pairs takes five times as long.
        used: BoolArray = frozen(np.isfinite(self.residuals[:, 0]) & np.isfinite(self.residuals[:, 1]))
        return used

    @computed_once
    def _used_residuals(self) -> FloatArray:
        return self.residuals[self.used]

    @computed_once
    def distances_px(self) -> FloatArray:
        """(L,) length of each residual in px; NaN where not used."""
        return frozen(np.hypot(self.residuals[:, 0], self.residuals[:, 1]))

    @property
    def num_used(self) -> int:
        """Number of landmarks measured."""
        return int(np.count_nonzero(self.used))

    @property
    def bias_px(self) -> FloatArray:
        """(2,) mean residual (dx, dy) in px: where the prediction lies relative to the capture."""
        if not self.num_used:
            return np.full(2, np.nan)
        return np.array([exact_sum(component) for component in self._used_residuals.T]) / self.num_used

    @property
    def median_px(self) -> float:
        """Median distance in px."""
        return self.percentile_px(50.0)

    @property
    def rms_px(self) -> float:
        """sqrt(sum |r|^2 / N) per point, in px."""
        if not self.num_used:
            return float("nan")
        return math.sqrt(exact_sum(self._used_residuals**2) / self.num_used)

    @property
    def p95_px(self) -> float:
        """95th percentile of the distances in px (linear interpolation)."""
        return self.percentile_px(95.0)

    @property
    def max_px(self) -> float:
        """Largest distance in px."""
        return self.percentile_px(100.0)

    def percentile_px(self, percent: float) -> float:
        """Return a percentile of the distances in px, linearly interpolated; NaN when none was used."""
        values = self._sorted_px
        if not values:
            return math.nan
        place = (len(values) - 1) * (percent / 100.0)
        low = int(place)
        share, first, second = place - low, values[low], values[min(low + 1, len(values) - 1)]
        # As np.percentile rounds it, which takes 20 us for a view's 68 numbers.
        return second - (second - first) * (1.0 - share) if share >= 0.5 else first + (second - first) * share

    @computed_once
    def _sorted_px(self) -> list[float]:
        values: list[float] = np.sort(self.distances_px[self.used]).tolist()
        return values

    def nme(self, interocular_px: float) -> float:
        """Return the normalised mean error: mean distance over the distance of the outer eye corners.

        Args:
            interocular_px: Distance of the captured outer eye corners in px.

        Returns:
            The ratio; NaN when no landmark was used or the distance is not positive (a corner was not detected).
        """
        if not self.num_used or not interocular_px > 0.0:
            return float("nan")
        return exact_sum(self.distances_px[self.used]) / self.num_used / interocular_px


def score_reprojection(
    predicted: ArrayLike, captured: ArrayLike, used: ArrayLike, hidden: ArrayLike
) -> ReprojectionScore:
    """Compare projected landmarks with detected ones.

    Args:
        predicted: (L, 2) projected pixels; NaN where the camera model gives none.
        captured: (L, 2) detected pixels; NaN where not detected.
        used: (L,) bool, landmarks to compare (detected and asked for).
        hidden: (L,) bool, landmarks that the mesh hides from this camera; they are counted and left out.

    Raises:
        ValueError: If the shapes disagree.

    Example:
        >>> import renderkit as rk
        >>> seen, hidden = [True, True], [False, False]
        >>> score = rk.score_reprojection([[3.0, 4.0], [1.0, 1.0]], [[0.0, 0.0], [1.0, 1.0]], seen, hidden)
        >>> score.median_px, score.max_px
        (2.5, 5.0)
    """
    from renderkit.metrics.landmark_pixels import compare_landmarks  # noqa: PLC0415 - loads the compiler

    first = as_array(predicted, np.float64, (None, 2), "predicted")
    second = as_array(captured, np.float64, (len(first), 2), "captured")
    wanted: BoolArray = as_array(used, np.bool_, (len(first),), "used")
    covered: BoolArray = as_array(hidden, np.bool_, (len(first),), "hidden")
    residuals, out_of_sight = np.empty((len(first), 2)), np.empty(len(first), np.bool_)
    first, second, wanted, covered = map(np.ascontiguousarray, (first, second, wanted, covered))
    num_hidden, num_missing = compare_landmarks(first, second, wanted, covered, residuals, out_of_sight)
    residuals.flags.writeable = out_of_sight.flags.writeable = False
    return ReprojectionScore(residuals, num_hidden, num_missing, out_of_sight)


def interocular_px(captured: ArrayLike, outer_eye_corners: tuple[int, int]) -> float:
    """Return the distance in px of the two outer eye corners among (L, 2) detected landmarks; NaN when one is."""
    pixels = as_array(captured, np.float64, (None, 2), "captured")
    difference = pixels[outer_eye_corners[0]] - pixels[outer_eye_corners[1]]
    return float(np.hypot(difference[0], difference[1]))


def pool_residuals(scores: Iterable[ReprojectionScore]) -> ReprojectionScore:
    """Pool the residuals of several views into one score over all their points."""
    parts = list(scores)
    residuals = np.concatenate([np.zeros((0, 2)), *(part.residuals for part in parts)])
    return ReprojectionScore(residuals, sum(part.num_hidden for part in parts), sum(part.num_missing for part in parts))


def _drawn(score: ReprojectionScore, rng: np.random.Generator) -> ReprojectionScore:
    used = score._used_residuals
    drawn = np.take(used, rng.integers(0, len(used), len(used)), axis=0)
    return ReprojectionScore(drawn, score.num_hidden, score.num_missing)


LANDMARK_SAMPLES: Final = Samples(
    what="used landmarks",
    values=attrgetter("distances_px"),
    count=attrgetter("num_used"),
    drawn=_drawn,
)
"""The distances of a view's landmarks, which can be drawn anew."""


def measure_reprojection(view: ScoredView) -> ReprojectionScore | Missing:
    """Measure one view's landmarks, or say why it cannot be done."""
    return view.once(_compare)


def _compare(view: ScoredView) -> ReprojectionScore | Missing:
    found = view.landmarks
    if isinstance(found, Missing):
        return found
    # What was not detected is NaN, and not compared.
    return score_reprojection(found.predicted, found.captured, np.ones(len(found.captured), np.bool_), found.hidden)


def _to_json(score: ReprojectionScore) -> JsonObject:
    return {
        "residuals_px": score.residuals,
        "num_hidden": score.num_hidden,
        "num_missing": score.num_missing,
        "hidden": None if score.hidden is None else np.flatnonzero(score.hidden).tolist(),
    }


def _from_json(value: JsonObject, _: Mapping[str, Any]) -> ReprojectionScore:
    residuals = points_from_json(value["residuals_px"])
    hidden = None
    if value["hidden"] is not None:
        hidden = np.zeros(len(residuals), dtype=np.bool_)
        hidden[value["hidden"]] = True
    return ReprojectionScore(residuals, value["num_hidden"], value["num_missing"], hidden)


def _bias_length(score: ReprojectionScore) -> float:
    return math.hypot(*score.bias_px.tolist())


def median_error_px(score: ReprojectionScore, usual_px: float) -> float:
    """Return the standard error of the median distance of a camera whose landmarks are as noisy as the rig's, px.

    Residuals that are normal in x and y have distances of Rayleigh's distribution.
    """
    return 0.72 * usual_px / math.sqrt(score.num_used) if score.num_used else math.nan


def rms_error_px(score: ReprojectionScore, _: float) -> float:
    """Return the standard error of the RMS distance, px: a few landmarks that lie far off make it as large."""
    squares = score.distances_px[score.used] ** 2
    if len(squares) <= 1 or not squares.any():
        return math.nan
    return float(np.std(squares, ddof=1)) / (2.0 * score.rms_px * math.sqrt(len(squares)))


KIND = ScoreKind(
    name="reprojection",
    group=STANDARD,
    measure=measure_reprojection,
    pool=pool_residuals,
    to_json=_to_json,
    from_json=_from_json,
    json_schema=object_schema(
        "Landmarks",
        residuals_px=points_schema("Projected minus detected per landmark, null where not used"),
        num_hidden=COUNT,
        num_missing=COUNT,
        hidden={"description": "Indices of the hidden landmarks", "type": ["array", "null"], "items": dict(COUNT)},
    ),
    samples=LANDMARK_SAMPLES,
    metrics=(
        pixel_error(
            name="reprojection_median_px",
            title="median px",
            read=attrgetter("median_px"),
            decimals=2,
            plain="landmark error, median",
            meaning="Median distance between projected and detected landmarks.",
            column=True,
            ranking=Ranking(1, 0.1, median_error_px),
            interval=True,
            statistic=lambda values: float(np.median(values)),
        ),
        pixel_error(
            name="reprojection_rms_px",
            title="RMS px",
            read=attrgetter("rms_px"),
            decimals=2,
            plain="landmark error, RMS",
            meaning="Root mean square distance per landmark (not per component).",
            column=True,
            ranking=Ranking(2, 0.1, rms_error_px),
            interval=True,
            statistic=rms,
        ),
        pixel_error(
            name="reprojection_p95_px",
            title="p95 px",
            read=attrgetter("p95_px"),
            decimals=2,
            plain="landmark error, 95 %",
            meaning="95th percentile of the distances.",
        ),
        pixel_error(
            name="reprojection_max_px",
            title="max px",
            read=attrgetter("max_px"),
            decimals=2,
            plain="landmark error, largest",
            meaning="Largest distance.",
            column=True,
        ),
        pixel_error(
            name="reprojection_bias_px",
            title="bias px",
            read=_bias_length,
            decimals=2,
            plain="landmark shift",
            meaning="Length of the mean residual vector: what a shift of the picture would explain.",
        ),
        Metric(
            name="landmarks_used",
            title="used",
            unit="count",
            better="neither",
            read=attrgetter("num_used"),
            decimals=0,
            plain="landmarks compared",
            meaning="Landmarks that were detected, visible and compared.",
            column=True,
        ),
        Metric(
            name="landmarks_hidden",
            title="hidden",
            unit="count",
            better="neither",
            read=attrgetter("num_hidden"),
            decimals=0,
            plain="landmarks hidden",
            meaning="Landmarks left out because the mesh hides them from the camera.",
            column=True,
        ),
    ),
)
