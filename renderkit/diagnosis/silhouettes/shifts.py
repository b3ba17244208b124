"""The joint fit of all cameras' shifts by their mattes' slacks; see `rows` for what a row is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.silhouettes.coherence import Frame, Slacks
from renderkit.diagnosis.silhouettes.gauge import gauge_of, without_gauge
from renderkit.diagnosis.silhouettes.rows import PER_CAMERA, Rows, noise_answers, row_prior, rows_of, solve_rows
from renderkit.diagnosis.silhouettes.standouts import Standout, stand_out

_ROUNDS: Final = 2


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


def fit_shifts(frames: Sequence[Frame], without: Collection[int] = (), base: FloatArray | None = None) -> Fit:
    """Fit all cameras together; the shifts are applied, and the rays marched and fitted once more.

    Args:
        frames: Silhouettes.
        without: Cameras that take no part.
        base: (2,) px, a shift of all pictures that is applied from the start.
    """
    count, common = len(frames[0].silhouettes), np.zeros(2) if base is None else base
    shifts = np.zeros((count, 2))
    members = {index for frame in frames for index in frame.present}
    kept = tuple(sorted(members - set(without)))
    fixed = sorted(set(range(count)) - set(kept))
    gauge = gauge_of(frames[0], kept)
    found = None
    for _ in range(_ROUNDS):
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
        answers=noise_answers(rows, residuals, row_prior(count, sorted({*range(count)} - {*kept})), held)[0],
        gauge=gauge,
        slacks=slacks,
    )
