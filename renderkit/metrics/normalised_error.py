"""Normalised mean error: landmark distances over the distance of the outer eye corners, of each view its own."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from renderkit.arrays import FloatArray, as_array, frozen
from renderkit.metrics.reprojection import ReprojectionScore


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
        return math.fsum(self.ratios) / len(self.ratios) if len(self.ratios) else math.nan

    def merge(self, other: NormalisedError) -> NormalisedError:
        """Pool the landmarks of two scores; the mean is exact, in any order."""
        return NormalisedError(np.concatenate([self.ratios, other.ratios]), math.nan)
