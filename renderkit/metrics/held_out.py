"""Multi-view consistency of 2D landmarks: needs no 3D annotation and no mesh.

Each landmark is triangulated from the OTHER views and projected into the held-out one; a camera whose calibration is
off disagrees with what the rest of the rig sees.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import BoolArray, FloatArray, as_array, frozen
from renderkit.geometry.camera import Camera
from renderkit.metrics.reprojection import ReprojectionScore, median_error_px, pool_residuals
from renderkit.metrics.score_json import COUNT, object_schema, points_from_json, points_schema
from renderkit.metrics.score_kind import Ranking, ScoreKind, pixel_error
from renderkit.metrics.triangulation import THRESHOLD_PX, make_hypotheses, pixel_jacobian, triangulate_from

_AT_ONCE = 500
"""Landmarks that are triangulated together: bounds the memory of their hypotheses."""
_MAX_CONDITION = 1e14


@dataclass(frozen=True, eq=False)
class HeldOutScore:
    """Every landmark predicted in each view from the other views.

    Attributes:
        camera_names: (C,) names.
        points: (L, 3) world units, triangulated from all views that agree; NaN where fewer than two do.
        residuals: (C, L, 2) predicted minus detected px; NaN where the landmark was not detected in the view or fewer
            than `min_views` other views agree on it.
        num_views: (C, L) other views that the prediction rests on.
        num_missing: Pairs of view and landmark that were not detected.
        num_unsupported: Pairs that were detected but not predicted, because too few views agree.
    """

    camera_names: tuple[str, ...]
    points: FloatArray
    residuals: FloatArray
    num_views: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    num_missing: int
    num_unsupported: int

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        object.__setattr__(self, "points", frozen(self.points))
        object.__setattr__(self, "residuals", frozen(self.residuals))
        object.__setattr__(self, "num_views", frozen(self.num_views))


def score_held_out(
    cameras: Sequence[Camera],
    pixels: FloatArray,
    *,
    suspects: BoolArray | None = None,
    threshold_px: float = THRESHOLD_PX,
    min_views: int = 3,
) -> HeldOutScore:
    """Triangulate each landmark without a view, project it into that view, and compare.

    Every landmark is triangulated once from all views that agree about it; a view is then taken out of the normal
    equations again, one Gauss-Newton step that is exact up to second order in its residual.

    Args:
        cameras: C calibrated cameras.
        pixels: (C, L, 2) detected landmarks in raw pixels; NaN where not detected.
        suspects: (C,) True for cameras that no point may rest on; they are compared all the same.
        threshold_px: Distance up to which another view agrees with a triangulated point.
        min_views: Other views that must agree before a prediction counts; two always agree along their epipolar lines.

    Raises:
        ValueError: If the shapes disagree or `min_views` is below 2.
    """
    if min_views < 2:
        raise ValueError(f"min_views: expected at least 2, got {min_views}")
    detected = as_array(pixels, np.float64, (len(cameras), None, 2), "pixels")
    allowed: BoolArray = np.ones(len(cameras), np.bool_) if suspects is None else ~suspects
    parts = [
        _held_out(cameras, detected[:, start : start + _AT_ONCE], allowed, threshold_px, min_views)
        for start in range(0, max(detected.shape[1], 1), _AT_ONCE)
    ]
    points = np.concatenate([part[0] for part in parts])
    residuals = np.concatenate([part[1] for part in parts], axis=1)
    num_views = np.concatenate([part[2] for part in parts], axis=1)
    missing = np.isnan(detected).any(axis=2)
    unsupported = ~missing & np.isnan(residuals).any(axis=2)
    return HeldOutScore(
        tuple(camera.name for camera in cameras),
        points,
        residuals,
        num_views,
        int(np.count_nonzero(missing)),
        int(np.count_nonzero(unsupported)),
    )


def _held_out(
    cameras: Sequence[Camera], pixels: FloatArray, allowed: BoolArray, threshold_px: float, min_views: int
) -> tuple[FloatArray, FloatArray, NDArray[np.int64]]:
    """Return (L, 3) points from all allowed views, (C, L, 2) residuals, and (C, L) other views they rest on."""
    found = triangulate_from(make_hypotheses(cameras, pixels), cameras, pixels, allowed, threshold_px)
    points, agreeing = found.points, found.agreeing
    jacobians = np.stack([pixel_jacobian(camera, points) for camera in cameras])
    offsets = np.stack([camera.project(points) for camera in cameras]) - pixels
    used = agreeing[..., None, None]
    normals = np.where(used, np.einsum("clki,clkj->clij", jacobians, jacobians), 0.0)
    gradients = np.where(agreeing[..., None], np.einsum("clki,clk->cli", jacobians, offsets), 0.0)
    num_views = (agreeing.sum(axis=0) - agreeing).astype(np.int64)
    residuals = np.full(pixels.shape, np.nan)
    for index, camera in enumerate(cameras):
        normal, gradient = normals.sum(axis=0) - normals[index], gradients.sum(axis=0) - gradients[index]
        solvable = (num_views[index] >= min_views) & np.isfinite(normal).all(axis=(1, 2))
        solvable[solvable] &= np.linalg.cond(normal[solvable]) < _MAX_CONDITION
        moved = points[solvable] - np.linalg.solve(normal[solvable], gradient[solvable][..., None])[..., 0]
        residuals[index, solvable] = camera.project(moved) - pixels[index, solvable]
    return points, residuals, num_views


@dataclass(frozen=True, eq=False)
class EpipolarScore:
    """Distances of landmarks to the epipolar lines of their counterparts, for every ordered pair of cameras.

    Attributes:
        camera_names: (C,) names.
        distances_px: (C, C, L) in [i, j, l] the distance, in the undistorted image of camera j, of landmark l to the
            epipolar line of its detection in camera i; NaN on the diagonal and where either did not detect it.
    """

    camera_names: tuple[str, ...]
    distances_px: FloatArray

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        object.__setattr__(self, "distances_px", frozen(self.distances_px))

    @property
    def counts(self) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        """(C, C) landmarks that both cameras detected."""
        return np.asarray(np.isfinite(self.distances_px).sum(axis=2), dtype=np.int64)

    @property
    def median_px(self) -> FloatArray:
        """(C, C) median distance of each ordered pair; NaN where the cameras share no landmark."""
        result = np.full(self.distances_px.shape[:2], np.nan)
        for i, j in zip(*np.nonzero(self.counts), strict=True):
            result[i, j] = np.nanmedian(self.distances_px[i, j])
        return result


def score_epipolar(cameras: Sequence[Camera], pixels: FloatArray) -> EpipolarScore:
    """Measure epipolar distances between all pairs of cameras (Hartley and Zisserman, ch. 9).

    Detections are undistorted exactly first, so that epipolar lines are straight; distances are in px of the ideal
    pinhole with the same K.

    Args:
        cameras: C calibrated cameras.
        pixels: (C, L, 2) detected landmarks in raw pixels; NaN where not detected.

    Raises:
        ValueError: If the shapes disagree.
    """
    detected = as_array(pixels, np.float64, (len(cameras), None, 2), "pixels")
    rays = [camera.unproject(view) for camera, view in zip(cameras, detected, strict=True)]
    distances = np.full((len(cameras), *detected.shape[:2]), np.nan)
    for i, first in enumerate(cameras):
        for j, second in enumerate(cameras):
            if i == j:
                continue
            relative = second.cam_from_world @ first.cam_from_world.inverse()
            lines = np.cross(relative.t, rays[i] @ relative.R.T) @ np.linalg.inv(second.K)
            ideal = rays[j] @ second.K.T
            with np.errstate(divide="ignore", invalid="ignore"):
                distances[i, j] = np.abs((lines * ideal).sum(axis=1)) / np.hypot(lines[:, 0], lines[:, 1])
    return EpipolarScore(tuple(camera.name for camera in cameras), distances)


KIND = ScoreKind(
    name="held_out",
    group="points",
    measure=None,
    pool=pool_residuals,
    to_json=lambda score: {"residuals_px": score.residuals, "num_missing": score.num_missing},
    from_json=lambda value, _: ReprojectionScore(points_from_json(value["residuals_px"]), 0, value["num_missing"]),
    json_schema=object_schema(
        "Landmarks against the other views",
        residuals_px=points_schema("Where the other views put a landmark, minus detected"),
        num_missing=COUNT,
    ),
    metrics=(
        pixel_error(
            name="heldout_median_px",
            title="held-out median",
            read=attrgetter("median_px"),
            decimals=2,
            plain="error against other views, median",
            meaning="Median distance of landmarks to where the other views put them; needs no mesh.",
            column=True,
            ranking=Ranking(place=7, floor=0.1, standard_error=median_error_px),
        ),
        pixel_error(
            name="heldout_rms_px",
            title="held-out RMS",
            read=attrgetter("rms_px"),
            decimals=2,
            plain="error against other views, RMS",
            meaning="Root mean square distance of landmarks to where the other views put them; needs no mesh.",
            column=True,
        ),
        pixel_error(
            name="heldout_p95_px",
            title="held-out p95",
            read=attrgetter("p95_px"),
            decimals=2,
            plain="error against other views, 95 %",
            meaning="95th percentile of the distance of landmarks to where the other views put them; needs no mesh.",
        ),
        pixel_error(
            name="heldout_bias_px",
            title="held-out bias",
            read=lambda score: math.hypot(*score.bias_px),
            decimals=2,
            plain="shift against other views",
            meaning="Length of the mean offset of landmarks from where the other views put them; needs no mesh.",
            column=True,
        ),
    ),
)
