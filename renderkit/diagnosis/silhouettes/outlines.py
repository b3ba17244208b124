"""Which matte is larger than the others, and which focal length: two amounts that look alike in a round outline.

A matte that is too large moves its contour outwards by the same px everywhere; a focal length that is too short, in
proportion to the distance from the principal point. To the shift and the edge offset of each camera that were fitted, a
size is added by one Newton step without priors. Each camera in turn is then taken for the only one that is off, by its
edge alone or by its size alone, so that the two are told apart by all four numbers and their correlations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray, Pixels
from renderkit.diagnosis.silhouettes.coherence import Frame
from renderkit.diagnosis.silhouettes.gauge import projected_middle
from renderkit.diagnosis.silhouettes.rows import HUBER_PX, PER_CAMERA, Rows, noise_answers
from renderkit.diagnosis.silhouettes.shifts import Fit
from renderkit.diagnosis.silhouettes.standouts import Standout, stand_out

NUM: Final = PER_CAMERA + 1
_EDGE, _SIZE = slice(2, 3), slice(3, 4)
_WEAK: Final = 1e-4
_FIXED: Final = 1e9


@dataclass(frozen=True, eq=False)
class Outlines:
    """How far each camera's outline stands out by its size.

    Attributes:
        by_edge: Each matte's edge offset, px; positive where it is too large.
        by_size: By how much the outline is larger than its calibration says, px at `reach`; positive where the focal
            length is too short.
        reach: (N,) px, RMS distance of each contour from its principal point.
    """

    by_edge: Standout
    by_size: Standout
    reach: FloatArray


def measure_outlines(frames: Sequence[Frame], fit: Fit) -> Outlines:
    """Test the edge offset and the size of every camera that took part in a fit."""
    kept, count = list(fit.kept), len(fit.shifts)
    middles, reach, subject = _places(frames, kept, count)
    gauge = np.zeros((len(kept), NUM, fit.gauge.shape[1] + 2))
    gauge[:, :2, :-2] = fit.gauge.reshape(len(kept), 2, -1)
    # All mattes may be too large, and the subject may be larger than it was taken for.
    gauge[:, 2, -2], gauge[:, 3, -1] = 1.0, reach[kept] / reach[kept].mean()
    gauge[:, :2, -1] = (middles - subject)[kept] / reach[kept].mean()
    flat = gauge.reshape(NUM * len(kept), -1)
    values, answers = newton_step(fit, with_fourth(fit.rows, middles, reach), flat)
    edge, size = (stand_out(values, answers, flat, which) for which in (_EDGE, _SIZE))
    return Outlines(edge.among(kept, count), size.among(kept, count), reach)


def newton_step(fit: Fit, rows: Rows, gauge: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Take a step without priors, for the n cameras that took part in a fit.

    Args:
        fit: Shifts and edge offsets.
        rows: With a fourth number of each camera.
        gauge: (4 n, g) motions that mean nothing.

    Returns:
        (n, 4) the cameras' numbers after the step, and (cells, 4 n) how these answer to noise; see `noise_answers`.
    """
    kept, count = list(fit.kept), len(fit.shifts)
    columns = [NUM * camera + a for camera in kept for a in range(NUM)]
    held = np.zeros((NUM * count + 1, gauge.shape[1]))
    held[columns] = np.linalg.qr(gauge)[0]
    weak = np.full(NUM * count + 1, _WEAK)
    weak[[NUM * camera + a for camera in set(range(count)) - set(kept) for a in range(NUM)]] = _FIXED
    answers, normal = noise_answers(rows, fit.residuals, np.diag(weak), held)
    step = np.linalg.solve(normal, _slope(rows, fit.residuals, NUM * count + 1))
    values: FloatArray = -step[:-1].reshape(count, NUM).astype(np.float64)
    values[:, :2] += fit.shifts
    values[:, 2] += fit.edges
    return values[kept], answers[:, columns]


def _places(frames: Sequence[Frame], kept: Sequence[int], count: int) -> tuple[Pixels, FloatArray, Pixels]:
    """Return (N, 2) principal points, (N,) reaches and the (N, 2) px where the subject's middle is; 0 if not kept."""
    middles, reach, subject = np.zeros((count, 2)), np.ones(count), np.zeros((count, 2))
    for index in kept:
        frame = next(frame for frame in frames if index in frame.present)
        one = frame.one(index)
        middles[index] = one.camera.K[:2, 2]
        if len(one.points):
            reach[index] = np.sqrt(((one.points - middles[index]) ** 2).sum(axis=1).mean())
        subject[index] = projected_middle(one.camera, frame.ball.middle)[0]
    return middles, reach, subject


def with_fourth(rows: Rows, middles: Pixels, reach: FloatArray, *, turned: bool = False) -> Rows:
    """Add to each camera of each row its size, px at `reach`, in proportion to the distance from the middle.

    Or its turn about the middle instead, clockwise, in px at `reach` too.
    """
    cameras = rows.cameras
    index = np.full((len(rows.slack), 3 * NUM + 1), -1, np.int64)
    value = np.zeros(index.shape)
    for slot in range(3):
        camera = cameras[:, slot]
        seen, old = camera >= 0, slice(PER_CAMERA * slot, PER_CAMERA * (slot + 1))
        apart = (np.nan_to_num(rows.places[:, slot]) - middles[camera]) / reach[camera, None]
        way = np.column_stack([-apart[:, 1], apart[:, 0]]) if turned else apart
        size = (way * rows.value[:, old][:, :2]).sum(axis=1)
        new = slice(NUM * slot, NUM * (slot + 1))
        value[:, new] = np.where(seen[:, None], np.column_stack([rows.value[:, old], size]), 0.0)
        index[:, new] = np.where(seen[:, None], NUM * camera[:, None] + np.arange(NUM), -1)
    index[:, -1], value[:, -1] = NUM * len(middles), rows.value[:, -1]
    return replace(rows, index=index, value=value)


def _slope(rows: Rows, residuals: FloatArray, size: int) -> FloatArray:
    """Return (size,) derivatives of the rows' robust loss by their parameters."""
    from renderkit.diagnosis.silhouettes.kernels import accumulate  # noqa: PLC0415 - loads the compiler

    normal, right, still = np.zeros((size, size)), np.zeros(size), np.zeros(size)
    out, weights = np.empty(len(residuals)), np.empty(len(residuals))
    accumulate(residuals, rows.index, rows.value, still, HUBER_PX, normal, right, out, weights)
    return right
