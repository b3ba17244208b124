"""Landmarks in space with their partners in a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray, Pixels, Points3
from renderkit.geometry.landmark_schemes import common_landmarks
from renderkit.geometry.landmarks import Landmarks


@dataclass(frozen=True, eq=False)
class LandmarkPairs:
    """Landmarks that both a frame and a picture have.

    Attributes:
        points: (L, 3) world units; NaN where not known.
        captured: (L, 2) px; NaN where not detected.
        ids: (L, 2) numbers of the landmarks among those in space and among the picture's; None where both are their
            places in the arrays.
    """

    points: Points3
    captured: Pixels
    ids: NDArray[np.int64] | None = None

    @property
    def known(self) -> LandmarkPairs | None:
        """Those that are known in space and in the picture; None without any."""
        both = np.isfinite(self.points).all(axis=1) & np.isfinite(self.captured).all(axis=1)
        if not both.any():
            return None
        return LandmarkPairs(self.points[both], self.captured[both], None if self.ids is None else self.ids[both])


def pair_landmarks(points: Landmarks, detected: Landmarks) -> LandmarkPairs:
    """Pair the landmarks that a frame and a picture have in common, whether valid or not.

    Raises:
        ValueError: If no map between the two schemes is known, or a set has the wrong number of points for its scheme.
    """
    common = common_landmarks(points, detected)
    ids = np.column_stack([common.first, common.second])
    return LandmarkPairs(_valid_points(points)[common.first], _valid_points(detected)[common.second], ids)


def paired_or_none(points: Landmarks | None, detected: Landmarks | None) -> LandmarkPairs | None:
    """Do the same; None where either set is missing or no map between them is known."""
    if points is None or detected is None:
        return None
    try:
        return pair_landmarks(points, detected)
    except ValueError:
        return None


def _valid_points(landmarks: Landmarks) -> FloatArray:
    points: FloatArray = np.where(landmarks.valid[:, None], landmarks.points, np.nan)
    return points
