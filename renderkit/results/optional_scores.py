"""Scores beyond the four standard ones as JSON: what they are pooled from, so that they come back as they were."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from renderkit.metrics.boundary import BoundaryScore
from renderkit.metrics.boundary_iou import BoundaryIouScore
from renderkit.metrics.contour_score import AlignmentEstimate, ContourScore
from renderkit.metrics.depth_histogram import DepthHistogram
from renderkit.metrics.normalised_error import NormalisedError
from renderkit.metrics.reprojection import ReprojectionScore
from renderkit.metrics.surface_distance import SurfaceDistanceScore
from renderkit.metrics.texture import TextureScore

_HISTOGRAMS: Final = ("rendered_squared", "rendered_counts", "captured_squared", "captured_counts")


def contour_json(score: ContourScore) -> dict[str, Any]:
    """Return a contour score's counts and estimates."""
    return {
        "boundary": [vars(part) for part in score.boundary],
        "bands": [vars(part) for part in score.bands],
        "official": None if score.official is None else vars(score.official),
        "distance": {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in vars(score.distance).items()
        },
        "alignments": [_alignment_json(one) for one in score.alignments],
    }


def contour_from(value: Mapping[str, Any]) -> ContourScore:
    """Read what `contour_json` wrote."""
    first, last = (BoundaryScore(**part) for part in value["boundary"])
    two, four, eight = (BoundaryIouScore(**part) for part in value["bands"])
    official = None if value["official"] is None else BoundaryIouScore(**value["official"])
    distance: dict[str, Any] = dict(value["distance"])
    distance |= {name: _whole(distance[name]) for name in _HISTOGRAMS}
    return ContourScore(
        (first, last),
        (two, four, eight),
        official,
        SurfaceDistanceScore(**distance),
        tuple(_alignment_from(one) for one in value["alignments"]),
    )


def _alignment_json(one: AlignmentEstimate) -> dict[str, Any]:
    return {
        "dx_px": _number(one.dx_px),
        "dy_px": _number(one.dy_px),
        "scale": _number(one.scale),
        "roll_deg": _number(one.roll_deg),
        "standard_errors": [_number(error) for error in one.errors],
        "interval95": [[_number(end) for end in ends] for ends in one.interval95],
        "rms_px": _number(one.rms_px),
        "converged": one.converged,
    }


def _alignment_from(value: Mapping[str, Any]) -> AlignmentEstimate:
    dx, dy, scale, roll, rms = (_float(value[name]) for name in ("dx_px", "dy_px", "scale", "roll_deg", "rms_px"))
    ex, ey, es, er = (_float(error) for error in value["standard_errors"])
    return AlignmentEstimate(dx, dy, scale, roll, (ex, ey, es, er), rms, value["converged"])


def multiview_json(score: ReprojectionScore) -> dict[str, Any]:
    """Return the held-out residuals of a view."""
    residuals = [[float(x), float(y)] if math.isfinite(x) and math.isfinite(y) else None for x, y in score.residuals]
    return {"residuals_px": residuals, "num_missing": score.num_missing}


def multiview_from(value: Mapping[str, Any]) -> ReprojectionScore:
    """Read what `multiview_json` wrote."""
    points = [(math.nan, math.nan) if point is None else point for point in value["residuals_px"]]
    return ReprojectionScore(np.array(points, np.float64).reshape(-1, 2), 0, value["num_missing"])


def depth_json(score: DepthHistogram) -> dict[str, Any]:
    """Return the counts of a depth comparison."""
    return {**vars(score), "bins": score.bins.tolist(), "counts": score.counts.tolist()}


def depth_from(value: Mapping[str, Any]) -> DepthHistogram:
    """Read what `depth_json` wrote."""
    return DepthHistogram(**{**value, "bins": _whole(value["bins"]), "counts": _whole(value["counts"])})


REQUESTED_JSON: Final[Mapping[str, tuple[Callable[[Any], dict[str, Any]], Callable[[Any], Any]]]] = {
    "contour": (contour_json, contour_from),
    "multiview": (multiview_json, multiview_from),
    "depth": (depth_json, depth_from),
    "texture": (lambda score: dict(vars(score)), lambda value: TextureScore(**value)),
}
"""By score kind: how it is written and read."""


def nme_json(score: NormalisedError) -> dict[str, Any]:
    """Return a view's eye distance; the landmarks are in its reprojection."""
    return {"interocular_px": score.interocular_px}


def nme_from(value: Mapping[str, Any], reprojection: ReprojectionScore) -> NormalisedError:
    """Read what `nme_json` wrote."""
    return NormalisedError.of(reprojection, value["interocular_px"])


def _whole(values: list[int]) -> NDArray[np.int64]:
    return np.array(values, np.int64)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _float(value: float | None) -> float:
    return math.nan if value is None else value
