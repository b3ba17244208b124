"""The rows of the joint fit of slacks, and their solution: every camera's shift, every matte's edge, what is common.

Row of a contour point p of camera c: r = S + J_c d_c + |J_c| b_c + sum_i (J_i d_i - |J_i| b_i) + beta, over the one or
two cameras i that hold the slack S down; J_i are the derivatives of the slack by a shift of picture i, b is how much a
matte is too large, beta is common. Negative rows weigh as Huber's loss, positive ones fade.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray
from renderkit.diagnosis.silhouettes.coherence import Slacks

PER_CAMERA: Final = 3
INFORMATIVE_PX: Final = 2.9
"""Slacks of more say nothing."""

PRIORS: Final = (10.0, 10.0, 0.3)
"""Standard deviations of a shift's two components and of a matte's edge as they are expected beforehand, px."""

HUBER_PX: Final = 1.0
_FIXED: Final = 1e9
_GAUGE: Final = 1e8
ITERATIONS: Final = 30
_SETTLED_PX: Final = 5e-3
_USUAL_PX: Final = 0.5
"""By so much a matte's edge wanders; half or twice as much changes no standard error by over 3 %."""

_DEEP_PX: Final = 1.0
CELL_PX: Final = 20.0
"""Noise of a matte's edge is taken as alike within so many px; half or twice as many change little."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of the fit, informative ones only.

    Attributes:
        slack: (n,) px, beyond what the subject's roundness explains. All numbers of a row are multiplied by how much it
            is trusted.
        index: (n, 10) columns that a row holds, -1 where none: dx, dy, b of its camera and of those that hold it down,
            and the common offset.
        value: (n, 10).
        camera: (n,) whose contour point it is.
        frame: (n,) number of its frame.
        places: (n, 3, 2) px where its camera, and those that hold it down, see it; NaN where none.
    """

    slack: FloatArray
    index: NDArray[np.int64]
    value: FloatArray
    camera: NDArray[np.int64]
    frame: NDArray[np.int64]
    places: FloatArray

    @property
    def per_camera(self) -> int:
        """How many columns each camera has."""
        columns: int = self.index.shape[1]
        return columns // 3

    @property
    def cameras(self) -> NDArray[np.int64]:
        """(n, 3) the cameras that see `places`; -1 where none."""
        first: NDArray[np.int64] = self.index[:, : 3 * self.per_camera : self.per_camera] // self.per_camera
        return first


def rows_of(slacks: Sequence[Slacks], count: int) -> Rows:
    """Return the rows of all frames; points that nothing holds down say nothing and are left out."""
    from renderkit.diagnosis.silhouettes import kernels as k  # noqa: PLC0415 - loads the compiler

    table = np.concatenate([one.table for one in slacks])
    use = (table[:, k.S] < INFORMATIVE_PX) & (table[:, k.FIRST] >= 0)
    camera = np.concatenate([one.camera for one in slacks])[use]
    frame = np.repeat(np.arange(len(slacks)), [len(one.camera) for one in slacks])[use]
    points = np.concatenate([one.points for one in slacks])[use]
    table = table[use]
    index = np.full((len(table), 3 * PER_CAMERA + 1), -1, np.int64)
    value = np.zeros(index.shape)
    parts = (
        (camera, table[:, k.OWN_U : k.OWN_V + 1], 1.0),
        (table[:, k.FIRST].astype(np.int64), table[:, k.FIRST_U : k.FIRST_V + 1], -1.0),
        (table[:, k.SECOND].astype(np.int64), table[:, k.SECOND_U : k.SECOND_V + 1], -1.0),
    )
    for slot, (which, slope, sign) in enumerate(parts):
        columns = (slope[:, 0], slope[:, 1], sign * np.hypot(slope[:, 0], slope[:, 1]))
        for a, column in enumerate(columns):
            index[:, PER_CAMERA * slot + a] = np.where(which >= 0, PER_CAMERA * which + a, -1)
            value[:, PER_CAMERA * slot + a] = column
    index[:, -1], value[:, -1] = PER_CAMERA * count, 1.0
    slack, trust = _without_roundness(table[:, k.S], table[:, k.ROUND])
    value *= trust[:, None]
    seen = [points, table[:, k.FIRST_X : k.FIRST_Y + 1], table[:, k.SECOND_X : k.SECOND_Y + 1]]
    places = np.where(index[:, : 3 * PER_CAMERA : PER_CAMERA, None] >= 0, np.stack(seen, axis=1), np.nan)
    return Rows(slack * trust, index, value, camera, frame, places)


def _without_roundness(slack: FloatArray, ball: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (n,) slacks without what the subject's shape explains, and how much each is trusted, 0 to 1.

    How round the subject is, is the median of its slacks over those of a ball. What its shape explains scatters by as
    much, from a nose to a cheek, so that points with much of it say less.
    """
    deep = ball > _DEEP_PX
    roundness = max(float(np.median(slack[deep] / ball[deep])), 0.0) if deep.any() else 0.0
    explained = roundness * ball
    return slack - explained, 1.0 / np.sqrt(1.0 + (explained / _USUAL_PX) ** 2)


def solve_rows(
    rows: Rows, count: int, fixed: Sequence[int] = (), huber_px: float = HUBER_PX
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the (3 N + 1,) parameters, their normal matrix, and the (n,) residuals, by iterated least squares."""
    from renderkit.diagnosis.silhouettes.kernels import accumulate  # noqa: PLC0415 - loads the compiler

    size = PER_CAMERA * count + 1
    prior = row_prior(count, fixed)
    x: FloatArray = np.zeros(size)
    x[-1] = -float(np.median(rows.slack)) if len(rows.slack) else 0.0
    residuals, weights = np.empty(len(rows.slack)), np.empty(len(rows.slack))
    normal = prior
    for iteration in range(ITERATIONS):
        normal, right = prior.copy(), np.zeros(size)
        accumulate(rows.slack, rows.index, rows.value, x, huber_px, normal, right, residuals, weights)
        following: FloatArray = -np.asarray(np.linalg.solve(normal, right), np.float64)
        step = float(np.abs(following - x).max())
        x = following if iteration < 2 else 0.5 * (x + following)
        if step < _SETTLED_PX:
            break
    return x, normal, residuals


def row_prior(count: int, fixed: Sequence[int]) -> FloatArray:
    """Return the (3 N + 1, 3 N + 1) normal matrix of what is known beforehand; `fixed` cameras do not move."""
    diagonal = np.append(np.tile(1.0 / np.array(PRIORS) ** 2, count), 1e-9)
    for camera in fixed:
        diagonal[PER_CAMERA * camera : PER_CAMERA * (camera + 1)] = _FIXED
    return np.diag(diagonal)


def noise_answers(
    rows: Rows, residuals: FloatArray, prior: FloatArray, held: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return (cells, P) how the solution answers to 1 px of noise in each cell of an edge, and its (P, P) matrix.

    An edge's noise is alike over some px and moves all rows that touch it: those of its own contour, and those of
    others that it holds down.
    """
    from renderkit.diagnosis.silhouettes.kernels import spread  # noqa: PLC0415 - loads the compiler

    cameras = rows.cameras
    cells = np.floor(np.nan_to_num(rows.places) / CELL_PX).astype(np.int64)
    key = ((rows.frame[:, None] * (cameras.max(initial=0) + 1) + cameras) << 40) + (cells[..., 0] << 20) + cells[..., 1]
    used, cell = np.unique(np.where(cameras >= 0, key, -1), return_inverse=True)
    cell = np.where(cameras >= 0, cell.reshape(cameras.shape), -1)
    near = np.exp(-(residuals**2))
    slope = np.where(residuals < 0.0, residuals > -HUBER_PX, (1.0 - 2.0 * residuals**2) * near)
    # Rows beyond the turn of the loss may, in a matte with hardly another row, leave no minimum.
    for each in (slope, np.maximum(slope, 0.0)):
        normal, spreads = prior + _GAUGE * (held @ held.T), np.zeros((len(used), len(prior)))
        spread(rows.index, rows.value, each, cell, np.arange(3) * rows.per_camera + 2, normal, spreads)
        if np.linalg.eigvalsh(normal)[0] > 0.0:
            break
    return np.asarray(np.linalg.solve(normal, spreads.T).T, np.float64), normal
