"""A shift that all pictures have alike: a principal point, or a tilt, that is wrong in every camera."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.silhouettes.coherence import Frame
from renderkit.diagnosis.silhouettes.gauge import gauge_of
from renderkit.diagnosis.silhouettes.rows import HUBER_PX, ITERATIONS, PER_CAMERA, Rows, rows_of

_ROUNDS: Final = 3
_SETTLED_PX: Final = 0.02
COMMON_ERRORS: Final = 5.0
MAX_COMMON_ERROR_PX: Final = 2.0
"""A shift common to all that is known less well than this is not known: the subject's place can take its part."""

COMMON_PX: Final = 0.25
"""A shift common to all cameras is told from so many standard errors and so many px on, as in the sanity test."""


@dataclass(frozen=True)
class CommonShift:
    """A shift of all pictures alike: a principal point, or a tilt, that is wrong in every camera.

    Attributes:
        shift_px: (dx, dy).
        error_px: Standard errors.
    """

    shift_px: tuple[float, float]
    error_px: tuple[float, float]

    @property
    def told(self) -> tuple[bool, bool]:
        """Whether either component is one: beyond its standard errors, and beyond what a sound rig may have."""
        x, y = (
            abs(value) > max(COMMON_ERRORS * error, COMMON_PX) and error < MAX_COMMON_ERROR_PX
            for value, error in zip(self.shift_px, self.error_px, strict=True)
        )
        return x, y

    @property
    def applied_px(self) -> FloatArray:
        """(2,) px that correct all pictures: of the components that are told."""
        return np.where(self.told, self.shift_px, 0.0)


def common_shift(frames: Sequence[Frame], without: Collection[int] = ()) -> CommonShift:
    """Fit a shift that all cameras have alike, with the subject's place free; errors are clustered by camera."""
    count = len(frames[0].silhouettes)
    kept = [index for index in range(count) if index not in without]
    gauge = gauge_of(frames[0], kept)
    total: FloatArray = np.zeros(6)
    covariance: FloatArray = np.eye(6)
    for _ in range(_ROUNDS):
        shifts = np.zeros((count, 2))
        shifts[kept, :] = np.tile(total[3:5], (len(kept), 1))
        rows = rows_of([frame.slacks(shifts, without) for frame in frames], count)
        amounts, covariance = _common_fit(rows, _columns(rows, gauge, kept, count))
        total[3:5] += amounts[3:5]
        if np.abs(amounts[3:5]).max() < _SETTLED_PX:
            break
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    return CommonShift((float(total[3]), float(total[4])), (float(errors[3]), float(errors[4])))


def _columns(rows: Rows, gauge: FloatArray, kept: Sequence[int], count: int) -> FloatArray:
    """Return (n, 6) derivatives of the rows by the gauge's five motions and the common offset."""
    wide = np.zeros((PER_CAMERA * count + 1, 6))
    for place, camera in enumerate(kept):
        wide[PER_CAMERA * camera : PER_CAMERA * camera + 2, :5] = gauge[2 * place : 2 * place + 2]
    wide[-1, 5] = 1.0
    picked = np.where(rows.index[..., None] >= 0, wide[rows.index], 0.0)
    columns: FloatArray = np.einsum("na,nab->nb", rows.value, picked)
    return columns


def _common_fit(rows: Rows, columns: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the (6,) amounts and their (6, 6) sandwich covariance, rows of one camera in one cluster."""
    ridge = np.diag(1e-6 * (columns**2).sum(axis=0) + 1e-9)
    x = np.array([0.0] * 5 + [-float(np.median(rows.slack))])
    weight, left = np.ones(len(columns)), rows.slack
    for _ in range(ITERATIONS):
        left = rows.slack + columns @ x
        weight = np.where(left < 0.0, np.minimum(1.0, HUBER_PX / np.maximum(-left, 1e-9)), np.exp(-(left**2)))
        following = -np.linalg.solve((columns * weight[:, None]).T @ columns + ridge, columns.T @ (weight * rows.slack))
        x = 0.5 * (x + following)
    inverse = np.linalg.inv((columns * weight[:, None]).T @ columns + ridge)
    scores = columns * (weight * left)[:, None]
    clusters = np.array([scores[rows.camera == camera].sum(axis=0) for camera in np.unique(rows.camera)])
    clusters = clusters - clusters.mean(axis=0)
    return x, inverse @ (clusters.T @ clusters) @ inverse
