"""The largest fault of each kind that gates on landmarks let pass, camera by camera, from the residuals at hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from renderkit.arrays import BoolArray, FloatArray
from renderkit.diagnosis.detection_limits import KINDS
from renderkit.diagnosis.joint.parameters import linearise
from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence
from renderkit.gates.cameras import choose_cameras
from renderkit.gates.gate import AbsoluteLimit, Gate, MetricCheck
from renderkit.metrics.reprojection import KIND, ReprojectionScore
from renderkit.results.kinds import METRICS
from renderkit.results.scores import Scores

_FIRST_PX = 0.125
_DOUBLINGS = 14
_HALVINGS = 9


def answerable(gates: Sequence[Gate]) -> tuple[tuple[Gate, ...], tuple[str, ...]]:
    """Return the gates whose answer follows from landmarks, and a note for each of the others."""
    kept, notes = [], []
    for gate in gates:
        why = _why_not(gate)
        if why:
            notes.append(f"gate {gate.name}: not answered: {why}")
        else:
            kept.append(gate)
    return tuple(kept), tuple(notes)


def passing_sizes(evidence: RigEvidence, gates: Sequence[Gate]) -> dict[tuple[str, str], float]:
    """Return by camera and kind of fault the largest size, in the kind's unit, that all gates let pass.

    The larger one of both signs counts; infinite where no gate is about the camera or no size up to 2000 px fails.
    Residuals are those at hand, the fault's displacement is linear. Landmarks that the mesh hides count as well.
    """
    cameras = tuple(evidence.cameras)
    found: dict[tuple[str, str], float] = {}
    for name in cameras:
        mine = [gate for gate in gates if name in choose_cameras(gate.cameras, cameras, gate.name).cameras]
        views = [view for view in evidence.views if view.camera.name == name and view.has_landmarks]
        if not views:
            continue
        parts = [_linear(view) for view in views]
        residuals = np.concatenate([part[0] for part in parts])
        slopes = np.concatenate([part[1] for part in parts])
        for kind in KINDS:
            slope = slopes[:, :, kind.parameter]
            rms = float(np.sqrt(np.nanmean((slope**2).sum(axis=1))))
            if rms > 0.0:
                size = max(_largest(_judged(residuals, sign * slope / rms, mine)) for sign in (1.0, -1.0))
                found[name, kind.name] = size / rms * kind.factor
    return found


def _why_not(gate: Gate) -> str:
    check = gate.check
    if not isinstance(check, MetricCheck):
        return "it counts cameras"
    if METRICS[check.metric].kind != KIND.name:
        return f"{check.metric} needs a rendering of every fault"
    if not isinstance(check.limit, AbsoluteLimit):
        return "its limit is relative to another run"
    if check.quantile is not None and check.quantile.share < 1.0:
        return f"{check.quantile.text} is about the whole rig, and one camera alone hardly moves it"
    return ""


def _linear(view: ViewEvidence) -> tuple[FloatArray, FloatArray]:
    """Return (L, 2) projected minus detected px, NaN where not known, and their (L, 2, 11) derivatives."""
    assert view.points_world is not None and view.pixels is not None  # noqa: S101, PT018 - has_landmarks says so
    known: BoolArray = np.asarray(np.isfinite(view.points_world).all(axis=1))
    found = linearise(view.camera.to_camera(), np.where(known[:, None], view.points_world, 0.0))
    residuals = np.where(known[:, None], found.pixels - view.pixels, np.nan)
    seen: BoolArray = np.asarray(np.isfinite(residuals).all(axis=1))
    return residuals, np.where(seen[:, None, None], found.by_camera, np.nan)


def _judged(residuals: FloatArray, slope: FloatArray, gates: Sequence[Gate]) -> Callable[[float], bool]:
    checks = [gate.check for gate in gates if isinstance(gate.check, MetricCheck)]
    limits = [
        (METRICS[check.metric], check.operator, check.limit.value)
        for check in checks
        if isinstance(check.limit, AbsoluteLimit)
    ]

    def passes(size: float) -> bool:
        scores = Scores({KIND.name: ReprojectionScore(residuals + size * slope, 0, 0)})
        values = ((metric.value(scores), operator, limit) for metric, operator, limit in limits)
        return all(value <= limit if operator == "<=" else value >= limit for value, operator, limit in values)

    return passes


def _largest(passes: Callable[[float], bool]) -> float:
    """Return the largest size in px that passes, within 0.2 %; 0 where even none does."""
    if not passes(0.0):
        return 0.0
    size = _FIRST_PX
    for _ in range(_DOUBLINGS):
        if not passes(size):
            break
        size *= 2.0
    else:
        return math.inf
    low, high = 0.5 * size if size > _FIRST_PX else 0.0, size
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if passes(middle) else (low, middle)
    return low
