"""Robust triangulation of landmarks seen by calibrated cameras, on the true distorted residuals.

Hypotheses are the midpoints of pairs of rays (Hartley and Zisserman, ch. 12); the best one by MSAC cost (Torr and
Zisserman 2000) is refined by Gauss-Newton on the pixels of the views that agree with it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import BoolArray, FloatArray, Points3, as_array, frozen
from renderkit.geometry.camera import Camera

Pairs: TypeAlias = NDArray[np.int64]

THRESHOLD_PX = 10.0
"""Reprojection distance up to which a view agrees with a hypothesis: detectors err by a few pixels."""
MAX_PAIRS = 256
_STEPS = 20
_SEED = 20230817


@dataclass(frozen=True, eq=False)
class Triangulation:
    """Landmarks triangulated from several views.

    Attributes:
        points: (L, 3) world units; NaN where fewer than two views agree.
        covariance: (L, 3, 3) world units squared: s^2 (J^T J)^-1 with s^2 the residual variance per pixel component on
            2 n - 3 degrees of freedom. NaN where the point is.
        residuals: (C, L, 2) predicted minus detected px of every view that was asked, agreeing or not; NaN elsewhere.
        agreeing: (C, L) views that the point rests on.
    """

    points: Points3
    covariance: FloatArray
    residuals: FloatArray
    agreeing: BoolArray

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for name in ("points", "covariance", "residuals", "agreeing"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    @property
    def num_views(self) -> NDArray[np.int64]:
        """(L,) number of views that each point rests on."""
        return np.asarray(self.agreeing.sum(axis=0), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Hypotheses:
    """Candidate points from pairs of rays with their distances in every view; made once, used for every subset.

    Attributes:
        pairs: (P, 2) cameras.
        points: (P, L, 3) midpoints; NaN where a ray is missing, parallel or meets behind a camera.
        distances_px: (P, L, C) reprojection distance; +inf where a point does not project, NaN where nothing was
            detected.
    """

    pairs: Pairs
    points: FloatArray
    distances_px: FloatArray


def triangulate(cameras: Sequence[Camera], pixels: FloatArray, threshold_px: float = THRESHOLD_PX) -> Triangulation:
    """Triangulate every landmark from all views.

    Args:
        cameras: C calibrated cameras.
        pixels: (C, L, 2) detected landmarks in raw pixels; NaN where not detected.
        threshold_px: Distance up to which a view agrees.

    Raises:
        ValueError: If the shapes disagree.
    """
    detected = as_array(pixels, np.float64, (len(cameras), None, 2), "pixels")
    hypotheses = make_hypotheses(cameras, detected)
    return triangulate_from(hypotheses, cameras, detected, np.ones(len(cameras), np.bool_), threshold_px)


def make_hypotheses(cameras: Sequence[Camera], pixels: FloatArray) -> Hypotheses:
    """Intersect pairs of rays and project the results into every view.

    Beyond 256 pairs a fixed random choice is made in which every camera has its share.
    """
    pairs = _choose_pairs(len(cameras))
    num_landmarks = pixels.shape[1]
    rays = [camera.unproject_world(view) for camera, view in zip(cameras, pixels, strict=True)]
    points = np.full((len(pairs), num_landmarks, 3), np.nan)
    for row, (first, second) in enumerate(pairs):
        points[row] = _midpoints(*rays[first], *rays[second])
    distances = np.empty((len(pairs), num_landmarks, len(cameras)))
    for index, camera in enumerate(cameras):
        projected = camera.project(points.reshape(-1, 3)).reshape(len(pairs), num_landmarks, 2)
        offset = projected - pixels[index]
        distance = np.hypot(offset[..., 0], offset[..., 1])
        distances[..., index] = np.where(
            np.isnan(pixels[index]).any(axis=1), np.nan, np.nan_to_num(distance, nan=np.inf)
        )
    return Hypotheses(pairs, points, distances)


def triangulate_from(
    hypotheses: Hypotheses, cameras: Sequence[Camera], pixels: FloatArray, allowed: BoolArray, threshold_px: float
) -> Triangulation:
    """Triangulate from the allowed views only; see `triangulate`.

    Args:
        hypotheses: From `make_hypotheses` with the same cameras and pixels.
        cameras: C cameras.
        pixels: (C, L, 2) detected landmarks.
        allowed: (C,) views that may be used.
        threshold_px: Distance up to which a view agrees.
    """
    starts, agreeing = _best_hypotheses(hypotheses, allowed, threshold_px)
    points = starts
    for _ in range(2):
        points = _refined(cameras, pixels, points, agreeing)
        residuals = _residuals(cameras, pixels, points)
        with np.errstate(invalid="ignore"):
            near = np.hypot(residuals[..., 0], residuals[..., 1]) <= threshold_px
        again = near & allowed[:, None]
        # A refinement that loses its own views keeps them: it is judged by its residuals instead.
        agreeing = np.where(again.sum(axis=0) >= 2, again, agreeing)
    points = _refined(cameras, pixels, points, agreeing)
    residuals = _residuals(cameras, pixels, points)
    covariance = _covariance(cameras, points, residuals, agreeing)
    residuals[~allowed] = np.nan
    return Triangulation(points, covariance, residuals, agreeing & np.isfinite(points).all(axis=1))


def _choose_pairs(num_cameras: int) -> Pairs:
    pairs = np.array(list(itertools.combinations(range(num_cameras), 2)), dtype=np.int64).reshape(-1, 2)
    if len(pairs) <= MAX_PAIRS:
        return pairs
    # Gaps 1, 2, ... around a shuffled circle of cameras: every camera is in as many pairs as any other.
    order = np.random.default_rng(_SEED).permutation(num_cameras)
    gaps = max(1, MAX_PAIRS // num_cameras)
    chosen = [(order[i], order[(i + gap) % num_cameras]) for gap in range(1, gaps + 1) for i in range(num_cameras)]
    return np.unique(np.sort(np.array(chosen, dtype=np.int64), axis=1), axis=0)


def _midpoints(first_origin: FloatArray, first: Points3, second_origin: FloatArray, second: Points3) -> Points3:
    """Return the (L, 3) points halfway between two bundles of rays where these are closest."""
    base = second_origin - first_origin
    a, b, c = (first * first).sum(axis=1), (first * second).sum(axis=1), (second * second).sum(axis=1)
    d, e = first @ base, second @ base
    determinant = a * c - b * b
    with np.errstate(divide="ignore", invalid="ignore"):
        depth_first = (d * c - b * e) / determinant
        depth_second = (b * d - a * e) / determinant
        good = (determinant > 1e-12 * a * c) & (depth_first > 0.0) & (depth_second > 0.0)
        ends = first_origin + depth_first[:, None] * first + second_origin + depth_second[:, None] * second
    return np.where(good[:, None], 0.5 * ends, np.nan)


def _best_hypotheses(hypotheses: Hypotheses, allowed: BoolArray, threshold_px: float) -> tuple[Points3, BoolArray]:
    """Return the (L, 3) hypotheses of least MSAC cost among the allowed views, and the (C, L) views that agree."""
    num_landmarks = hypotheses.points.shape[1]
    usable = allowed[hypotheses.pairs].all(axis=1)
    if not usable.any():
        return np.full((num_landmarks, 3), np.nan), np.zeros((len(allowed), num_landmarks), np.bool_)
    points, distances = hypotheses.points[usable], hypotheses.distances_px[usable][..., allowed]
    capped = np.minimum(distances, threshold_px) ** 2
    cost = np.where(np.isnan(points).any(axis=2), np.inf, np.nansum(capped, axis=2))
    best = np.argmin(cost, axis=0)
    rows = np.arange(num_landmarks)
    agreeing = np.zeros((len(allowed), num_landmarks), np.bool_)
    with np.errstate(invalid="ignore"):
        agreeing[allowed] = (distances[best, rows] <= threshold_px).T
    starts = points[best, rows]
    starts[agreeing.sum(axis=0) < 2] = np.nan
    return starts, agreeing


def _refined(cameras: Sequence[Camera], pixels: FloatArray, points: Points3, agreeing: BoolArray) -> Points3:
    """Minimise the squared pixel residuals of the agreeing views, every landmark by itself."""
    points = points.copy()
    for _ in range(_STEPS):
        normal, gradient = _normal_equations(cameras, points, _residuals(cameras, pixels, points), agreeing)
        solvable = np.isfinite(normal).all(axis=(1, 2)) & (np.linalg.cond(np.nan_to_num(normal)) < 1e14)
        points[~solvable] = np.nan
        if not solvable.any():
            break
        step = np.zeros_like(points)
        step[solvable] = np.linalg.solve(normal[solvable], -gradient[solvable][..., None])[..., 0]
        points += step
        moved = np.einsum("lij,li,lj->l", np.nan_to_num(normal), step, step)
        # The step's effect on all residuals together, in px.
        if np.sqrt(moved.max()) < 1e-8:
            break
    return points


def _residuals(cameras: Sequence[Camera], pixels: FloatArray, points: Points3) -> FloatArray:
    return np.stack([camera.project(points) - view for camera, view in zip(cameras, pixels, strict=True)])


def _normal_equations(
    cameras: Sequence[Camera], points: Points3, residuals: FloatArray, agreeing: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Return (L, 3, 3) J^T J and (L, 3) J^T r over the agreeing views."""
    normal, gradient = np.zeros((len(points), 3, 3)), np.zeros((len(points), 3))
    for camera, offset, used in zip(cameras, residuals, agreeing, strict=True):
        if not used.any():
            continue
        jacobian = pixel_jacobian(camera, points[used])
        normal[used] += np.einsum("lki,lkj->lij", jacobian, jacobian)
        gradient[used] += np.einsum("lki,lk->li", jacobian, offset[used])
    return normal, gradient


def pixel_jacobian(camera: Camera, points_world: Points3) -> FloatArray:
    """Return the (N, 2, 3) derivatives of `camera.project` by (N, 3) world points, px per world unit."""
    cam = camera.cam_from_world.apply(points_world)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = 1.0 / cam[:, 2]
        xy = cam[:, :2] * inverse[:, None]
    perspective = np.zeros((len(cam), 2, 3))
    perspective[:, 0, 0] = perspective[:, 1, 1] = inverse
    perspective[:, :, 2] = -xy * inverse[:, None]
    result: FloatArray = camera.K[:2, :2] @ camera.distortion.jacobian(xy) @ perspective @ camera.cam_from_world.R
    return result


def _covariance(cameras: Sequence[Camera], points: Points3, residuals: FloatArray, agreeing: BoolArray) -> FloatArray:
    normal, _ = _normal_equations(cameras, points, residuals, agreeing)
    squares = np.where(agreeing[..., None], residuals**2, 0.0).sum(axis=(0, 2))
    freedom = np.maximum(2 * agreeing.sum(axis=0) - 3, 1)
    covariance = np.full(normal.shape, np.nan)
    good = np.isfinite(points).all(axis=1) & np.isfinite(normal).all(axis=(1, 2))
    covariance[good] = np.linalg.inv(normal[good]) * (squares[good] / freedom[good])[:, None, None]
    return covariance
