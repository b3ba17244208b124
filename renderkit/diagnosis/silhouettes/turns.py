"""Which picture is turned against the others: a shift and a turn of each, as sizes are measured in `outlines`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.silhouettes.coherence import Frame
from renderkit.diagnosis.silhouettes.outlines import NUM, newton_step, with_fourth
from renderkit.diagnosis.silhouettes.prepare import Silhouette
from renderkit.diagnosis.silhouettes.shifts import Fit, fit_shifts
from renderkit.diagnosis.silhouettes.standouts import Standout, stand_out
from renderkit.geometry.pose import Pose

_TESTED = [0, 1, 3]

_STEPS: Final = 8
_LARGEST_PX: Final = 3.0
"""A step moves the contour by no more: a longer one is told too large, and may lead away."""

_SETTLED: Final = 0.3
"""A further step of so many standard errors changes nothing that is said."""


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
    values, answers = newton_step(fit, with_fourth(fit.rows, middles, reach, turned=True), flat)
    found = stand_out(values, answers, flat, _TESTED)
    return Turns(found.among(kept, count), reach)


@dataclass(frozen=True)
class SettledTurn:
    """A turn of one picture with the shift beside it, measured until another step changes neither.

    Attributes:
        turn: Clockwise, and its standard error, rad.
        amount: The same, px RMS along the contour.
        shift: (dx, dy) px of the contour's middle.
        error: Standard errors of both.
        settled: Whether the steps became small.
    """

    turn: tuple[float, float]
    amount: float
    shift: tuple[float, float]
    error: tuple[float, float]
    settled: bool


def settled_turn(
    frames: Sequence[Frame], camera: int, first: Turns, given: tuple[Collection[int], FloatArray]
) -> SettledTurn:
    """Measure a camera's turn again with the turn so far corrected, as Gauss and Newton do.

    A contour is bent: one step from where it stands comes out too large beyond a few px.

    Args:
        frames: Silhouettes.
        camera: Its index.
        first: What the pictures as they are say.
        given: Cameras that take no part, and the (2,) px that all pictures are corrected by.
    """
    dropped, base = given
    found, total, settled = first, 0.0, False
    for _ in range(_STEPS):
        reach = float(found.reach[camera])
        step, error = float(found.found.amounts[camera, 2]), float(found.found.errors[camera, 2])
        settled = abs(step) < _SETTLED * error
        if settled or not np.isfinite(step):
            break
        total += float(np.clip(step, -_LARGEST_PX, _LARGEST_PX)) / reach
        again = [
            frame.with_one(camera, turned(frame.one(camera), total)) if camera in frame.present else frame
            for frame in frames
        ]
        found = measure_turns(again, fit_shifts(again, dropped, base))
    (dx, dy, left), (ex, ey, error) = found.found.amounts[camera].tolist(), found.found.errors[camera].tolist()
    reach = float(found.reach[camera])
    total += left / reach
    return SettledTurn((total, error / reach), total * reach, (dx, dy), (ex, ey), settled)


def turned(one: Silhouette, turn: float) -> Silhouette:
    """Return a silhouette whose camera draws turned clockwise, in rad, about the middle of the contour."""
    camera, middle = one.camera, one.points.mean(axis=0)
    way = Pose.from_rotation_vector(np.array([0.0, 0.0, turn]), np.zeros(3))
    K = camera.K.copy()
    # Non-square pixels turn a little otherwise; their ratio is near one.
    K[:2, 2] = middle - way.R[:2, :2] @ (middle - K[:2, 2])
    return replace(one, camera=replace(camera, K=K, cam_from_world=way @ camera.cam_from_world))
