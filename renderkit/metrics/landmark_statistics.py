"""Landmark residuals gathered over views: per camera, per frame, per landmark, and over the image.

Gathering pools raw residuals and never averages averages. Sums are exact and percentiles sort, so the statistics of a
pool do not depend on the order or the grouping in which it was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from renderkit.arrays import FloatArray, as_array, frozen
from renderkit.metrics.reprojection import ReprojectionScore, pool_residuals

ViewKey: TypeAlias = tuple[str, str]
"""(frame, camera)."""


def by_camera(scores: Mapping[ViewKey, ReprojectionScore]) -> dict[str, ReprojectionScore]:
    """Pool the scores of each camera over its frames."""
    return _pooled_by(scores, 1)


def by_frame(scores: Mapping[ViewKey, ReprojectionScore]) -> dict[str, ReprojectionScore]:
    """Pool the scores of each frame over its cameras."""
    return _pooled_by(scores, 0)


def by_landmark(scores: Iterable[ReprojectionScore]) -> tuple[ReprojectionScore, ...]:
    """Return one score per landmark over all views.

    Where a view knows only how many landmarks were hidden, not which, its unused ones count as missing.

    Raises:
        ValueError: If the views have different numbers of landmarks.
    """
    parts = list(scores)
    lengths = {len(part.residuals) for part in parts}
    if len(lengths) > 1:
        raise ValueError(f"views of one landmark scheme are needed, got sets of {sorted(lengths)} landmarks")
    if not parts:
        return ()
    residuals = np.stack([part.residuals for part in parts])
    nowhere = np.zeros(residuals.shape[1], np.bool_)
    hidden = np.stack([nowhere if part.hidden is None else part.hidden for part in parts])
    missing = np.isnan(residuals).any(axis=2) & ~hidden
    return tuple(
        ReprojectionScore(
            residuals[:, index],
            int(np.count_nonzero(hidden[:, index])),
            int(np.count_nonzero(missing[:, index])),
            hidden[:, index],
        )
        for index in range(residuals.shape[1])
    )


@dataclass(frozen=True, eq=False)
class ResidualField:
    """Residuals over the image, in equal cells.

    Attributes:
        counts: (rows, columns) residuals in each cell.
        mean_px: (rows, columns, 2) mean residual (dx, dy); NaN where the cell is empty.
        rms_px: (rows, columns) RMS per point; NaN where the cell is empty.
        num_outside: Residuals whose pixel lies outside the image.
        num_unused: Residuals that are NaN.
    """

    counts: NDArray[np.int64]
    mean_px: FloatArray
    rms_px: FloatArray
    num_outside: int
    num_unused: int

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for name in ("counts", "mean_px", "rms_px"):
            object.__setattr__(self, name, frozen(getattr(self, name)))


def residual_field(
    pixels: ArrayLike, residuals: ArrayLike, size: tuple[int, int], cells: tuple[int, int] = (8, 6)
) -> ResidualField:
    """Bin residuals by where in the image they were measured.

    Args:
        pixels: (N, 2) captured pixels.
        residuals: (N, 2) px; NaN where not used.
        size: (width, height) of the image.
        cells: (columns, rows) of the field.

    Raises:
        ValueError: If shapes disagree or a number of cells is not positive.
    """
    where = as_array(pixels, np.float64, (None, 2), "pixels")
    values = as_array(residuals, np.float64, (len(where), 2), "residuals")
    columns, rows = cells
    if columns < 1 or rows < 1:
        raise ValueError(f"cells: expected at least 1 x 1, got {columns} x {rows}")
    used = np.isfinite(values).all(axis=1) & np.isfinite(where).all(axis=1)
    share = (where[used] + 0.5) / np.array(size)
    inside = ((share >= 0.0) & (share <= 1.0)).all(axis=1)
    column, row = np.minimum((share[inside] * cells).astype(np.int64), np.array(cells) - 1).T
    index = row * columns + column
    kept = values[used][inside]
    counts = np.bincount(index, minlength=rows * columns)
    with np.errstate(invalid="ignore"):
        mean = np.stack([np.bincount(index, kept[:, axis], rows * columns) / counts for axis in range(2)], axis=1)
        rms = np.sqrt(np.bincount(index, (kept**2).sum(axis=1), rows * columns) / counts)
    return ResidualField(
        counts.reshape(rows, columns).astype(np.int64),
        mean.reshape(rows, columns, 2),
        rms.reshape(rows, columns),
        int(np.count_nonzero(~inside)),
        int(np.count_nonzero(~used)),
    )


def _pooled_by(scores: Mapping[ViewKey, ReprojectionScore], position: int) -> dict[str, ReprojectionScore]:
    groups: dict[str, list[ReprojectionScore]] = {}
    for key, score in scores.items():
        groups.setdefault(key[position], []).append(score)
    return {name: pool_residuals(members) for name, members in groups.items()}
