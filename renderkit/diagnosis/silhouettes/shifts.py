"""The joint fit of slacks: every camera's shift and every matte's edge offset, and what is common to all.

Row of a contour point p of camera c: r = S + J_c d_c + |J_c| b_c + sum_i (J_i d_i - |J_i| b_i) + beta, over the one or
two cameras i that hold the slack S down; J_i are the derivatives of the slack by a shift of picture i, b is how much a
matte is too large, beta is common. Negative rows weigh as Huber's loss, positive ones fade.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray, Pixels
from renderkit.diagnosis.silhouettes.coherence import Frame, Slacks
from renderkit.diagnosis.silhouettes.standouts import Standout, stand_out
from renderkit.geometry.camera import Camera

PER_CAMERA: Final = 3
INFORMATIVE_PX: Final = 2.9
PRIORS: Final = (10.0, 10.0, 0.3)
HUBER_PX: Final = 1.0
_FIXED: Final = 1e9
_GAUGE: Final = 1e8
_ITERATIONS: Final = 30
_SETTLED_PX: Final = 5e-3
_LEAST_PX: Final = 0.02
_USUAL_PX: Final = 0.5
"""By so much a matte's edge wanders; half or twice as much changes no standard error by over 3 %."""

_DEEP_PX: Final = 1.0
COMMON_ERRORS: Final = 5.0
MAX_COMMON_ERROR_PX: Final = 2.0
"""A shift common to all that is known less well than this is not known: the subject's place can take its part."""

COMMON_PX: Final = 0.25
"""A shift common to all cameras is told from so many standard errors and so many px on, as in the sanity test."""

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


@dataclass(frozen=True, eq=False)
class Fit:
    """The cameras' shifts.

    Attributes:
        shifts: (N, 2) px by which each camera's picture lies beside its calibration, gauge removed; 0 where dropped.
        base: (2,) px by which all pictures do so, beyond that.
        edges: (N,) px by which each matte is too large.
        kept: Indices of the cameras that took part.
        rows: The rows of the last round.
        solution: (3 N + 1,) the last round's parameters.
        residuals: (n,) of the rows.
        answers: (cells, 3 N + 1) how the parameters answer to 1 px of noise in each cell of a matte's edge.
        gauge: (2 n, 5) see `gauge_of`.
        slacks: By frame, the last round's slacks.
    """

    shifts: FloatArray
    base: FloatArray
    edges: FloatArray
    kept: tuple[int, ...]
    rows: Rows
    solution: FloatArray
    residuals: FloatArray
    answers: FloatArray
    gauge: FloatArray
    slacks: tuple[Slacks, ...]

    @cached_property
    def by_shift(self) -> Standout:
        """How far each camera's picture alone lies beside those of the others."""
        columns = [PER_CAMERA * camera + a for camera in self.kept for a in range(2)]
        found = stand_out(self.shifts[list(self.kept)], self.answers[:, columns], self.gauge)
        return found.among(self.kept, len(self.shifts))

    @property
    def applied(self) -> FloatArray:
        """(N, 2) px that correct each picture."""
        applied: FloatArray = self.shifts + self.base
        return applied


def fit_shifts(
    frames: Sequence[Frame], without: Collection[int] = (), base: FloatArray | None = None, rounds: int = 2
) -> Fit:
    """Fit all cameras together; the shifts are applied, and the rays marched and fitted once more.

    Args:
        frames: Silhouettes.
        without: Cameras that take no part.
        base: (2,) px, a shift of all pictures that is applied from the start.
        rounds: How often.
    """
    count, common = len(frames[0].silhouettes), np.zeros(2) if base is None else base
    shifts = np.zeros((count, 2))
    members = {index for frame in frames for index in frame.present}
    kept = tuple(sorted(members - set(without)))
    fixed = sorted(set(range(count)) - set(kept))
    gauge = gauge_of(frames[0], kept)
    found = None
    for _ in range(rounds):
        slacks = tuple(frame.slacks(shifts + common, without) for frame in frames)
        rows = rows_of(slacks, count)
        solution, _, residuals = solve_rows(rows, count, fixed)
        shifts = shifts + solution[:-1].reshape(count, PER_CAMERA)[:, :2]
        shifts[fixed] = 0.0
        shifts[list(kept)] = without_gauge(shifts[list(kept)], gauge)
        found = _fit((rows, slacks), (solution, residuals), (shifts, common), (kept, gauge))
    assert found is not None  # noqa: S101 - the loop ran
    return found


def _fit(
    given: tuple[Rows, tuple[Slacks, ...]],
    solved: tuple[FloatArray, FloatArray],
    moved: tuple[FloatArray, FloatArray],
    known: tuple[tuple[int, ...], FloatArray],
) -> Fit:
    (rows, slacks), (solution, residuals) = given, solved
    (shifts, base), (kept, gauge) = moved, known
    count = len(shifts)
    held = np.zeros((len(solution), gauge.shape[1]))
    places = np.array([(PER_CAMERA * camera, PER_CAMERA * camera + 1) for camera in kept]).ravel()
    held[places] = np.linalg.qr(gauge)[0]
    return Fit(
        shifts=shifts,
        base=base,
        edges=solution[2:-1:PER_CAMERA],
        kept=kept,
        rows=rows,
        solution=solution,
        residuals=residuals,
        answers=noise_answers(rows, residuals, _prior(count, sorted({*range(count)} - {*kept})), held)[0],
        gauge=gauge,
        slacks=slacks,
    )


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
    prior = _prior(count, fixed)
    x: FloatArray = np.zeros(size)
    x[-1] = -float(np.median(rows.slack)) if len(rows.slack) else 0.0
    residuals, weights = np.empty(len(rows.slack)), np.empty(len(rows.slack))
    normal = prior
    for iteration in range(_ITERATIONS):
        normal, right = prior.copy(), np.zeros(size)
        accumulate(rows.slack, rows.index, rows.value, x, huber_px, normal, right, residuals, weights)
        following: FloatArray = -np.asarray(np.linalg.solve(normal, right), np.float64)
        step = float(np.abs(following - x).max())
        x = following if iteration < 2 else 0.5 * (x + following)
        if step < _SETTLED_PX:
            break
    return x, normal, residuals


def _prior(count: int, fixed: Sequence[int]) -> FloatArray:
    """Return the (3 N + 1, 3 N + 1) normal matrix of what is known beforehand; `fixed` cameras do not move."""
    diagonal = np.append(np.tile(1.0 / np.array(PRIORS) ** 2, count), 1e-9)
    for camera in fixed:
        diagonal[PER_CAMERA * camera : PER_CAMERA * (camera + 1)] = _FIXED
    return np.diag(diagonal)


def gauge_of(frame: Frame, kept: Sequence[int]) -> FloatArray:
    """Return (2 n, 5): what a displacement of the subject (3), and a shift common to all pictures (2), do to each, px.

    The columns of the displacement are per radius of the subject.
    """
    parts = []
    for index in kept:
        silhouette = frame.silhouettes[index]
        if silhouette is None:
            parts.append(np.zeros((2, 3)))
            continue
        camera = silhouette.camera
        middle, depth = projected_middle(camera, frame.ball.middle)
        slope = (camera.K[:2] - np.outer(middle, camera.K[2])) / depth
        parts.append(slope @ camera.cam_from_world.R * frame.ball.radius)
    return np.hstack([np.concatenate(parts), np.tile(np.eye(2), (len(kept), 1))])


def projected_middle(camera: Camera, place: FloatArray) -> tuple[Pixels, float]:
    """Return (2,) px where a camera without distortion sees a (3,) place, and its depth."""
    seen = camera.K @ camera.cam_from_world.apply(place[None])[0]
    return seen[:2] / seen[2], float(seen[2])


def without_gauge(shifts: FloatArray, gauge: FloatArray) -> FloatArray:
    """Take what a displacement of the subject and a common shift explain out of (n, 2) shifts, robustly."""
    flat = shifts.ravel()
    amounts = np.zeros(gauge.shape[1])
    ridge = np.diag(1e-6 * (gauge**2).sum(axis=0))
    for _ in range(_ITERATIONS):
        left = (flat - gauge @ amounts).reshape(-1, 2)
        weight = np.repeat(1.0 / np.maximum(np.linalg.norm(left, axis=1), _LEAST_PX), 2)
        amounts = np.linalg.solve((gauge * weight[:, None]).T @ gauge + ridge, (gauge * weight[:, None]).T @ flat)
    return (flat - gauge @ amounts).reshape(-1, 2)


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


def common_shift(frames: Sequence[Frame], without: Collection[int] = (), rounds: int = 3) -> CommonShift:
    """Fit a shift that all cameras have alike, with the subject's place free; errors are clustered by camera."""
    count = len(frames[0].silhouettes)
    kept = [index for index in range(count) if index not in without]
    gauge = gauge_of(frames[0], kept)
    total: FloatArray = np.zeros(6)
    covariance: FloatArray = np.eye(6)
    for _ in range(rounds):
        shifts = np.zeros((count, 2))
        shifts[kept, :] = np.tile(total[3:5], (len(kept), 1))
        rows = rows_of([frame.slacks(shifts, without) for frame in frames], count)
        amounts, covariance = _common_fit(rows, _columns(rows, gauge, kept, count))
        total[3:5] += amounts[3:5]
        if np.abs(amounts[3:5]).max() < _LEAST_PX:
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
    for _ in range(_ITERATIONS):
        left = rows.slack + columns @ x
        weight = np.where(left < 0.0, np.minimum(1.0, HUBER_PX / np.maximum(-left, 1e-9)), np.exp(-(left**2)))
        following = -np.linalg.solve((columns * weight[:, None]).T @ columns + ridge, columns.T @ (weight * rows.slack))
        x = 0.5 * (x + following)
    inverse = np.linalg.inv((columns * weight[:, None]).T @ columns + ridge)
    scores = columns * (weight * left)[:, None]
    clusters = np.array([scores[rows.camera == camera].sum(axis=0) for camera in np.unique(rows.camera)])
    clusters = clusters - clusters.mean(axis=0)
    return x, inverse @ (clusters.T @ clusters) @ inverse
