"""Is 3D landmark j really 2D landmark j + 33? Tested by residuals, not taken for granted.

RenderMe-360 documents 106 landmarks in pictures and 73 in space, "33 contour points not included", and no order. That
the contour comes first is a hypothesis; every other offset is a rival. A view's calibration may be off, which moves all
its residuals alike, so each view's median residual is taken out before offsets are compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmark_schemes import CONTOUR_106
from renderkit.geometry.landmarks import Landmarks
from renderkit.wording import counted

MAX_RELATIVE_RESIDUAL = 0.05
"""A map whose median residual is above this share of the face's extent in the picture does not hold."""

MIN_NEAREST_SHARE = 0.75
"""A map under which fewer 3D landmarks than this have their partner as nearest 2D landmark does not hold."""

CLEAR_RATIO = 0.5
"""The expected offset must leave at most this share of the best rival's residual."""


@dataclass(frozen=True, eq=False)
class LandmarkMapCheck:
    """Whether a constant offset pairs 3D with 2D landmarks.

    Attributes:
        expected: The offset that is taken for granted elsewhere.
        residuals_px: By offset, the median residual over all views and landmarks, each view's own median taken out.
        nearest_share: Share of projected landmarks whose nearest detected one is the expected partner.
        relative_residual: Residual at the expected offset over the face's extent in the picture.
        num_views: Views that could be compared.
        num_pairs: Pairs of points compared at the expected offset.
        margins_without_px: `margin_px` without each view in turn, in the views' order.
    """

    expected: int
    residuals_px: Mapping[int, float]
    nearest_share: float
    relative_residual: float
    num_views: int
    num_pairs: int
    margins_without_px: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Freeze."""
        object.__setattr__(self, "residuals_px", MappingProxyType(dict(self.residuals_px)))

    @property
    def best(self) -> int | None:
        """The offset with the smallest residual; None when nothing could be compared."""
        finite = {offset: value for offset, value in self.residuals_px.items() if np.isfinite(value)}
        return min(finite, key=lambda offset: finite[offset]) if finite else None

    @property
    def margin_px(self) -> float:
        """The best rival's residual minus that of the expected offset; NaN when there is nothing to compare."""
        return _margin(self.residuals_px, self.expected)

    @property
    def holds(self) -> bool:
        """Whether the expected offset is the best by far, fits closely, and pairs nearest neighbours."""
        residual = self.residuals_px.get(self.expected, float("nan"))
        return (
            self.best == self.expected
            and residual <= CLEAR_RATIO * (residual + self.margin_px)
            and self.relative_residual <= MAX_RELATIVE_RESIDUAL
            and self.nearest_share >= MIN_NEAREST_SHARE
        )

    def __str__(self) -> str:
        """Say it in one line."""
        if self.best is None:
            return "landmark map: not testable, no view has both 2D and 3D landmarks"
        verdict = "holds" if self.holds else "DOES NOT HOLD"
        return (
            f"landmark map: 3D j = 2D j + {self.expected} {verdict} (median residual "
            f"{self.residuals_px[self.expected]:.1f} px, best rival {self.margin_px:+.1f} px, best offset {self.best}, "
            f"nearest partner in {100 * self.nearest_share:.0f} % of "
            f"{counted(self.num_pairs, 'pair')}, {counted(self.num_views, 'view')})"
        )


def check_landmark_map(
    cameras: Sequence[Camera],
    landmarks_2d: Sequence[Landmarks],
    landmarks_3d: Sequence[Landmarks],
    expected: int = CONTOUR_106,
) -> LandmarkMapCheck:
    """Test which offset o makes 3D landmark j the 2D landmark j + o.

    Args:
        cameras: The camera of each view.
        landmarks_2d: Each view's (L, 2) detected landmarks in px of the raw picture.
        landmarks_3d: Each view's (J, 3) landmarks in the world, J <= L.
        expected: The offset to test.

    Raises:
        ValueError: If the sequences differ in length, or the offset does not fit the numbers of landmarks.
    """
    if not len(cameras) == len(landmarks_2d) == len(landmarks_3d):
        raise ValueError(
            f"expected one of each per view, got {len(cameras)}, {len(landmarks_2d)} and {len(landmarks_3d)}"
        )
    if not cameras:
        return LandmarkMapCheck(expected, {}, float("nan"), float("nan"), 0, 0)
    predicted = np.stack([camera.project(_valid(each)) for camera, each in zip(cameras, landmarks_3d, strict=True)])
    found = np.stack([_valid(each) for each in landmarks_2d])
    slack = found.shape[1] - predicted.shape[1]
    if not 0 <= expected <= slack:
        raise ValueError(
            f"offset {expected} does not fit {counted(predicted.shape[1], 'landmark')} among {found.shape[1]}"
        )
    lengths = np.stack([np.linalg.norm(_residuals(predicted, found, offset), axis=2) for offset in range(slack + 1)])
    medians = _medians(lengths)
    nearest, num_pairs, num_views = _nearest_share(predicted, found, expected)
    relative = medians[expected] / _extent(found)
    without = tuple(_margin(_medians(np.delete(lengths, view, axis=1)), expected) for view in range(len(cameras)))
    return LandmarkMapCheck(expected, medians, nearest, relative, num_views, num_pairs, without)


def _valid(landmarks: Landmarks) -> FloatArray:
    """Return the points with NaN where they are not valid."""
    return np.where(landmarks.valid[:, None], landmarks.points, np.nan)


def _residuals(predicted: FloatArray, found: FloatArray, offset: int) -> FloatArray:
    """Return (views, J, 2) residuals with each view's median taken out; NaN where a point is absent."""
    residuals = predicted - found[:, offset : offset + predicted.shape[1]]
    finite = np.isfinite(residuals).all(axis=2, keepdims=True)
    shifts = _finite_medians(np.where(finite, residuals, np.nan).swapaxes(1, 2))[:, None]
    return np.where(finite & np.isfinite(shifts), residuals - shifts, residuals)


def _medians(lengths: FloatArray) -> dict[int, float]:
    """Return the median of the finite lengths, (offsets, views, J) px, by offset; infinite where there are none."""
    medians = _finite_medians(lengths.reshape(len(lengths), -1))
    return dict(enumerate(np.where(np.isnan(medians), np.inf, medians).tolist()))


def _finite_medians(values: FloatArray) -> FloatArray:
    """Return the medians of the finite values along the last axis, NaN without any; all rows at once."""
    finite = np.isfinite(values)
    ordered = np.sort(np.where(finite, values, np.inf), axis=-1)
    count = finite.sum(axis=-1)
    low, high = (
        np.take_along_axis(ordered, np.maximum(place, 0)[..., None], axis=-1)[..., 0]
        for place in ((count - 1) // 2, count // 2)
    )
    result: FloatArray = np.where(count > 0, 0.5 * (low + high), np.nan)
    return result


def _margin(residuals: Mapping[int, float], expected: int) -> float:
    rivals = [value for offset, value in residuals.items() if offset != expected]
    return min(rivals, default=float("nan")) - residuals.get(expected, float("nan"))


def _nearest_share(predicted: FloatArray, found: FloatArray, offset: int) -> tuple[float, int, int]:
    """Return the share of pairs that are nearest neighbours, the number of pairs, and of views that have any."""
    hits = pairs = views = 0
    for points, detected in zip(predicted, found, strict=True):
        partner = np.arange(len(points)) + offset
        usable = np.isfinite(points).all(axis=1) & np.isfinite(detected[partner]).all(axis=1)
        if not usable.any():
            continue
        shift = np.median((detected[partner] - points)[usable], axis=0)
        distance = np.linalg.norm((points[usable] + shift)[:, None] - detected[None], axis=2)
        hits += int(np.count_nonzero(np.nanargmin(distance, axis=1) == partner[usable]))
        pairs += int(usable.sum())
        views += 1
    return (hits / pairs if pairs else float("nan")), pairs, views


def _extent(found: FloatArray) -> float:
    """Return the median over views of the diagonal of the detected landmarks' box, px."""
    diagonals = []
    for points in found:
        finite = points[np.isfinite(points).all(axis=1)]
        if len(finite) > 1:
            diagonals.append(float(np.linalg.norm(np.ptp(finite, axis=0))))
    return float(np.median(diagonals)) if diagonals else float("nan")
