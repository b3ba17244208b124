"""Mattes as signed distances on undistorted grids, and the points of their contours."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import AlphaImage, FloatArray, Pixels, as_array, frozen
from renderkit.geometry.camera import Camera
from renderkit.geometry.undistort import OUTSIDE_PX, undistort_map

UNKNOWN: Final = 1e6
"""The signed distance where a camera does not constrain: outside of its picture, or beyond its lens."""

MAX_SIDE: Final = 1300
"""Longer pictures are looked at in a whole fraction of their size."""

MARGIN_PX: Final = 3
MAX_POINTS: Final = 800
"""Points of a contour: twice as many leave the error of a shift as it is, half as many make it 1.15 times as large."""

_MAP_STEP_PX: Final = 4
_SOFT_PX: Final = 2.0
_BLUR_PX: Final = 1.0
_FAR_PX: Final = 100.0
_TABLE: Final = 4096


@dataclass(frozen=True, eq=False)
class Silhouette:
    """One matte, ready to be compared with others.

    Attributes:
        camera: Without distortion, in the size that is looked at.
        scale: px of the picture for each px that is looked at.
        distance: (height, width) float32 signed distance to the matte's edge, px, positive inside.
        points: (n, 2) px of the contour, undistorted.
        share: Share of the known picture that is inside.
    """

    camera: Camera
    scale: float
    distance: NDArray[np.float32]
    points: Pixels
    share: float

    def __post_init__(self) -> None:
        """Check and freeze.

        Raises:
            ValueError: If the points are not (n, 2).
        """
        object.__setattr__(self, "points", frozen(as_array(self.points, np.float64, (None, 2), "points")))
        object.__setattr__(self, "distance", frozen(self.distance))


def prepare_silhouette(camera: Camera, alpha: AlphaImage, *, undistorted: bool = False, seed: int = 0) -> Silhouette:
    """Return one matte's signed distances and contour points.

    Args:
        camera: The raw camera.
        alpha: (height, width) matte of the camera's size; its edge is where half of a pixel is covered.
        undistorted: The matte belongs to the undistorted picture.
        seed: Of the thinning's phase.

    Raises:
        ValueError: If the matte does not have the camera's size.
    """
    matte = as_array(alpha, np.uint8, (camera.height, camera.width), "alpha")
    factor = -(-max(camera.size) // MAX_SIDE)
    if factor > 1:
        size = camera.width // factor, camera.height // factor
        matte = np.asarray(cv2.resize(matte, size, interpolation=cv2.INTER_AREA), np.uint8)
        camera = camera.scaled(size)
    distance = _bounded(signed_distance(matte))
    if not undistorted and camera.distortion.coefficients.any():
        distance = _straightened(distance, camera)
    known = distance < 0.9 * UNKNOWN
    share = float((distance[known] > 0.0).mean()) if known.any() else 0.0
    return Silhouette(camera.undistorted(), float(factor), distance, contour_points(distance, MAX_POINTS, seed), share)


def signed_distance(alpha: AlphaImage) -> NDArray[np.float32]:
    """Return px to the matte's edge, positive inside; within 2 px of it from the soft values, to 0.02 px.

    Coverage of a straight edge, blurred by sigma, is the normal distribution of the distance over
    sqrt(sigma^2 + 1/12): a pixel's own box has the variance 1/12.
    """
    cover = alpha.astype(np.float32) / np.float32(255.0)
    inside = cover >= 0.5
    within = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    beyond = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # Where all is inside, or nothing, there is no edge to be far from.
    farthest = float(sum(alpha.shape))
    distance = np.clip(np.where(inside, within - 0.5, 0.5 - beyond), -farthest, farthest).astype(np.float32)
    blurred = cv2.GaussianBlur(cover, (0, 0), _BLUR_PX)
    near = np.abs(distance) <= _SOFT_PX
    levels, quantiles = _quantiles()
    distance[near] = math.sqrt(_BLUR_PX**2 + 1.0 / 12.0) * np.interp(blurred[near], levels, quantiles)
    return distance


def contour_points(distance: NDArray[np.float32], most: int, seed: int = 0) -> Pixels:
    """Return (n, 2) px where the signed distance is zero between neighbours, evenly thinned to `most`."""
    height, width = distance.shape
    found = []
    for dy, dx in ((0, 1), (1, 0)):
        first, second = distance[: height - dy, : width - dx], distance[dy:, dx:]
        crosses = ((first >= 0.0) != (second >= 0.0)) & (first < _FAR_PX) & (second < _FAR_PX)
        y, x = np.nonzero(crosses)
        part = first[y, x] / (first[y, x] - second[y, x])
        found.append(np.stack([x + dx * part, y + dy * part], axis=1))
    points = np.concatenate(found).astype(np.float64)
    inner = 3 * MARGIN_PX
    keep = (points > inner).all(axis=1) & (points < (width - 1 - inner, height - 1 - inner)).all(axis=1)
    points = points[keep]
    if len(points) <= most:
        return points
    # Even along the picture's rows, with a random phase.
    points = points[np.lexsort((points[:, 0], points[:, 1]))]
    phase = np.random.default_rng(seed).random()
    chosen: Pixels = points[((np.arange(most) + phase) * len(points) / most).astype(int)]
    return chosen


def _bounded(distance: NDArray[np.float32]) -> NDArray[np.float32]:
    """What lies beyond the border may be object: there the distance is at least minus the way to the border."""
    height, width = distance.shape
    rows, columns = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None]
    edge = np.minimum(np.minimum(columns, width - 1 - columns), np.minimum(rows, height - 1 - rows)) - MARGIN_PX
    bounded = np.maximum(distance, -np.maximum(edge, 0.0))
    return np.where(edge < 0.0, np.float32(UNKNOWN), bounded).astype(np.float32)


def _straightened(distance: NDArray[np.float32], camera: Camera) -> NDArray[np.float32]:
    """Return the distances on the ideal pinhole's grid; `UNKNOWN` beyond the picture and the lens."""
    u, v = _raw_places(camera)
    straight = cv2.remap(distance, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=UNKNOWN)
    last = camera.width - 1 - MARGIN_PX, camera.height - 1 - MARGIN_PX
    beyond = (u < MARGIN_PX) | (u > last[0]) | (v < MARGIN_PX) | (v > last[1])
    return np.where(beyond, np.float32(UNKNOWN), straight).astype(np.float32)


def _raw_places(camera: Camera) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return `undistort_map` from every fourth pixel, linear between: good to 0.01 px."""
    step = _MAP_STEP_PX
    columns, rows = (-(-side // step) + 2 for side in camera.size)
    size = columns * step, rows * step
    # One coarse pixel more on each side: cv2.resize replicates the outermost ones.
    coarse = camera.undistorted().cropped(-step, -step, size).scaled((columns, rows))
    u, v = undistort_map(camera, coarse)
    inner = slice(step, step + camera.height), slice(step, step + camera.width)
    beyond = cv2.resize((u <= OUTSIDE_PX).astype(np.float32), size)[inner] > 0.0
    places = (cv2.resize(part, size)[inner] for part in (u, v))
    u, v = (np.where(beyond, np.float32(OUTSIDE_PX), part) for part in places)
    return u, v


@cache
def _quantiles() -> tuple[FloatArray, FloatArray]:
    levels = np.linspace(1e-4, 1.0 - 1e-4, _TABLE)
    normal = NormalDist()
    return levels, np.array([normal.inv_cdf(level) for level in levels])
