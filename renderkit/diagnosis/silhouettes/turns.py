"""Which picture is turned against the others: a shift and a turn of each, as sizes are measured in `outlines`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.silhouettes.coherence import Frame
from renderkit.diagnosis.silhouettes.outlines import NUM, newton_step, with_fourth
from renderkit.diagnosis.silhouettes.shifts import Fit
from renderkit.diagnosis.silhouettes.standouts import Standout, stand_out

_TESTED = [0, 1, 3]


@dataclass(frozen=True, eq=False)
class Turns:
    """How far each picture stands out by a shift and a turn together.

    Attributes:
        found: (N, 3) dx, dy, and the turn clockwise about the middle of the contour, px at `reach`.
        reach: (N,) RMS distance of each contour from its middle, px.
    """

    found: Standout
    reach: FloatArray


def measure_turns(frames: Sequence[Frame], fit: Fit) -> Turns:
    """Test the shift and the turn of every camera that took part in a fit."""
    kept, count = list(fit.kept), len(fit.shifts)
    middles, reach = np.zeros((count, 2)), np.ones(count)
    for index in kept:
        points = np.concatenate([frame.one(index).points for frame in frames if index in frame.present])
        middles[index] = points.mean(axis=0)
        reach[index] = max(float(np.sqrt(((points - middles[index]) ** 2).sum(axis=1).mean())), 1.0)
    gauge = np.zeros((len(kept), NUM, fit.gauge.shape[1] + 1))
    gauge[:, :2, :-1], gauge[:, 2, -1] = fit.gauge.reshape(len(kept), 2, -1), 1.0
    flat = gauge.reshape(NUM * len(kept), -1)
    columns = [NUM * camera + a for camera in kept for a in range(NUM)]
    held = np.zeros((NUM * count + 1, flat.shape[1]))
    held[columns] = np.linalg.qr(flat)[0]
    values, answers = newton_step(fit, with_fourth(fit.rows, middles, reach, turned=True), held)
    found = stand_out(values[kept], answers[:, columns], flat, _TESTED)
    return Turns(found.among(kept, count), reach)
