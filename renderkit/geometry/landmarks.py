"""Named points on a face, in pixels or in the world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderkit.arrays import BoolArray, FloatArray, as_array, frozen


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Landmarks of one scheme.

    Attributes:
        points: (L, 2) pixels, origin at the centre of the top-left pixel, or (L, 3) world units.
        valid: (L,) False where a landmark was not detected; its point may be NaN then.
        scheme: Which landmarks these are: "renderme106", "renderme73", "ibug68", "ibug51", "mesh" ...
        notes: How they were read where that is a choice, for people, one sentence each.

    Example:
        >>> import renderkit as rk
        >>> found = rk.Landmarks([[10.0, 20.0], [np.nan, np.nan]], [True, True], "mesh")
        >>> found.valid.tolist()
        [True, False]
    """

    points: FloatArray
    valid: BoolArray
    scheme: str
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check and freeze; points that are not finite become invalid.

        Raises:
            ValueError: If points are not (L, 2) or (L, 3), or valid is not (L,).
        """
        points = as_array(self.points, np.float64, (None, None), "points")
        if points.ndim != 2 or points.shape[1] not in {2, 3}:
            raise ValueError(f"points: expected shape (L, 2) or (L, 3), got {points.shape}")
        valid = as_array(self.valid, np.bool_, (len(points),), "valid") & np.isfinite(points).all(axis=1)
        object.__setattr__(self, "points", frozen(points))
        object.__setattr__(self, "valid", frozen(valid))

    @classmethod
    def all_valid(cls, points: FloatArray, scheme: str) -> Landmarks:
        """Build from points that were all detected; NaN points count as not detected."""
        return cls(points, np.ones(len(points), dtype=np.bool_), scheme)

    def __len__(self) -> int:
        """Return the number of landmarks of the scheme, valid or not."""
        return len(self.points)
