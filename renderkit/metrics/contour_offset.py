"""The signed offset around the outline: where the rendering is too large or too small, which way, and how far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray, MaskImage, as_array, frozen
from renderkit.images.mask_bits import MaskBits, PixelIndices
from renderkit.metrics.outline import OutlineDistances

Counts: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class OffsetBins:
    """Contour offsets gathered by direction as seen from the middle of the rendered outline.

    Attributes:
        angle_rad: (K,) middle of each bin; 0 points right (+x), pi / 2 down (+y).
        counts: (K,) contour samples in the bin.
        median_px: (K,) median signed offset; NaN where the bin is empty.
        vector_px: (K, 2) mean vector from the rendered to the captured outline; NaN where the bin is empty.
    """

    angle_rad: FloatArray
    counts: Counts
    median_px: FloatArray
    vector_px: FloatArray


@dataclass(frozen=True, eq=False)
class ContourOffsets:
    """The offset of every boundary pixel of the rendered mask.

    Attributes:
        points: (N, 2) boundary pixels (x, y) of the rendered mask inside the region.
        offset_px: (N,) distance to the captured outline: positive where the rendered outline lies OUTSIDE the captured
            mask (drawn too large there), negative inside; NaN when there is no captured outline.
        vector_px: (N, 2) from the rendered pixel to the nearest captured boundary pixel; NaN as above.
        left_out_px: Boundary pixels outside the region, of both masks.
        region: Name of the evaluation region.
    """

    points: PixelIndices
    offset_px: FloatArray
    vector_px: FloatArray
    left_out_px: int = 0
    region: str = "image"

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for name in ("points", "offset_px", "vector_px"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    @property
    def median_px(self) -> float:
        """Median signed offset; NaN when there is none."""
        known = self.offset_px[np.isfinite(self.offset_px)]
        return float(np.median(known)) if known.size else float("nan")

    def by_angle(self, num_bins: int = 36, center: FloatArray | None = None) -> OffsetBins:
        """Gather the offsets by direction.

        Args:
            num_bins: Number of equal bins around the circle.
            center: (2,) px to look from; the mean of the points when None.

        Raises:
            ValueError: If there is not at least one bin.
        """
        if num_bins < 1:
            raise ValueError(f"num_bins: expected at least 1, got {num_bins}")
        width = 2.0 * np.pi / num_bins
        known = np.isfinite(self.offset_px)
        points = self.points[known].astype(np.float64)
        if center is None:
            center = points.mean(axis=0) if len(points) else np.zeros(2)
        away = points - as_array(center, np.float64, (2,), "center")
        angle = np.arctan2(away[:, 1], away[:, 0]) % (2.0 * np.pi)
        # The first bin is centred on angle 0.
        index = np.floor(angle / width + 0.5).astype(np.int64) % num_bins
        median, vector = np.full(num_bins, np.nan), np.full((num_bins, 2), np.nan)
        counts = np.bincount(index, minlength=num_bins)
        held, offset = counts > 0, self.offset_px[known]
        ascending = offset[np.lexsort((offset, index))]
        # The two middle ones of each bin, which are one where their number is odd.
        first = np.cumsum(counts) - counts
        lower, upper = first[held] + (counts[held] - 1) // 2, first[held] + counts[held] // 2
        # No negative zeros: they would be written as "-0.0".
        median[held] = 0.5 * (ascending[lower] + ascending[upper]) + 0.0
        for axis, moved in enumerate(self.vector_px[known].T):
            vector[held, axis] = np.bincount(index, moved, num_bins)[held] / counts[held]
        angles: FloatArray = np.arange(num_bins, dtype=np.float64) * width
        return OffsetBins(angles, counts.astype(np.int64), median, vector)


def measure_offsets(outlines: OutlineDistances, captured: MaskImage | MaskBits) -> ContourOffsets:
    """Sign the distances of the rendered outline by the captured mask.

    Args:
        outlines: From `measure_outlines` with the same masks.
        captured: (height, width) bool, or packed.
    """
    points = outlines.rendered
    inside = captured.at(points) if isinstance(captured, MaskBits) else captured[points[:, 1], points[:, 0]]
    matched = outlines.rendered_squared >= 0
    distance = np.sqrt(np.where(matched, outlines.rendered_squared, 0))
    offset = np.where(matched, np.where(inside, -distance, distance), np.nan)
    vector = np.where(matched[:, None], (outlines.rendered_nearest - points).astype(np.float64), np.nan)
    return ContourOffsets(points, offset, vector, outlines.left_out_px, outlines.region)
