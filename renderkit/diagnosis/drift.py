"""Moves of single cameras between runs of one rig, each against the first run.

All runs are read with one calibration, that of the first run, and each later run is put with the first one into the
joint model: what is wrong with the calibration, the mesh and the detector in both cancels (`joint.moves`). Cameras are
named by the rule of the diagnosis, the false alarm rate divided by the number of later runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.drift_words import Move, change_of
from renderkit.diagnosis.joint.decide import Decision, decide, max_faulty
from renderkit.diagnosis.joint.estimate import Priors
from renderkit.diagnosis.joint.healthy import stacked
from renderkit.diagnosis.joint.moves import estimate_moves, pair_of
from renderkit.diagnosis.joint.naming import log_limit, log_p_of
from renderkit.diagnosis.joint.noise import landmark_noise_px
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.observe import observe
from renderkit.diagnosis.view_evidence import RigEvidence
from renderkit.results.drift import CameraChange, CameraHistory, Drift

_SAME_SHAPE: Final = 0.005
"""Landmarks whose distances differ by a smaller share are of one subject with the same errors."""

_MAX_POINTS = 60


@dataclass(frozen=True, eq=False)
class RunEvidence:
    """What one run saw.

    Attributes:
        name: The run's name.
        evidence: Its views, with the first run's calibration.
    """

    name: str
    evidence: RigEvidence


def find_drift(runs: Sequence[RunEvidence], *, alpha: float, unit: str = "unknown", notes: Sequence[str] = ()) -> Drift:
    """Estimate every camera's move between the first run and each later one, and name the cameras that moved.

    Args:
        runs: At least two, all with the first run's calibration.
        alpha: Probability that a rig that did not move has a finding, over all cameras, slips and runs.
        unit: World unit, for steps.
        notes: What the user should know.

    Raises:
        ValueError: With fewer than two runs, or where fewer than 3 cameras have evidence in all of them.
    """
    if len(runs) < 2:
        raise ValueError(f"expected at least two runs, got {len(runs)}")
    names = _common_names(runs)
    each = alpha / (len(runs) - 1)
    changes, scatter, noise = [], [], []
    for run in runs[1:]:
        pair = _pair(runs[0], run, names)
        decision = decide(pair, Priors(), each, max_faulty(pair), estimator=estimate_moves)
        noise.append(landmark_noise_px(pair, decision.found.noise))
        scatter.append(decision.tau_px)
        changes.append(_changes(pair, decision, (runs[0].name, run.name), unit))
    cameras = tuple(CameraHistory(name, tuple(one[name] for one in changes)) for name in names)
    return Drift(
        runs=tuple(run.name for run in runs),
        cameras=cameras,
        noise_px=(noise[0], *noise),
        scatter_px=tuple(scatter),
        alpha=alpha,
        notes=tuple(notes),
        not_compared=tuple(name for name in runs[0].evidence.cameras if name not in names),
    )


def _common_names(runs: Sequence[RunEvidence]) -> tuple[str, ...]:
    """Return the cameras that have evidence in all runs, in the order of the first.

    Raises:
        ValueError: If there are fewer than 3.
    """
    names: tuple[str, ...] | None = None
    for run in runs:
        seen = observe(run.evidence)
        if seen is None:
            raise ValueError(f"run {run.name}: fewer than 3 cameras have landmarks or outlines")
        names = seen.names if names is None else tuple(name for name in names if name in seen.names)
    if names is None or len(names) < 3:
        found = len(names or ())
        raise ValueError(f"expected at least 3 cameras with landmarks or outlines in all runs, found {found}")
    return names


def _pair(first: RunEvidence, second: RunEvidence, names: Sequence[str]) -> Observations:
    views = [
        replace(view, frame=f"{number}/{view.frame}")
        for number, run in enumerate((first, second))
        for view in run.evidence.views
        if view.camera.name in names
    ]
    seen = observe(RigEvidence(tuple(views)))
    assert seen is not None  # noqa: S101 - each run has evidence of these cameras
    later = np.array([frame.startswith("1/") for frame in seen.frames])
    return pair_of(seen, later, one_subject=_is_one_subject(first.evidence, second.evidence))


def _is_one_subject(first: RigEvidence, second: RigEvidence) -> bool:
    """Say whether two runs' landmarks, or without them their meshes, have the same shape wherever they are."""
    shapes = [_distances(run) for run in (first, second)]
    if shapes[0] is None or shapes[1] is None or shapes[0].shape != shapes[1].shape:
        return False
    apart = np.abs(shapes[0] - shapes[1])
    known = np.isfinite(apart)
    return bool(known.any()) and float(np.median(apart[known])) < _SAME_SHAPE * float(np.median(shapes[0][known]))


def _distances(run: RigEvidence) -> FloatArray | None:
    """Return (n, n) distances between points of the first view's subject; None where there are none."""
    for view in run.views:
        points = view.points_world if view.points_world is not None else view.vertices
        if points is not None and len(points):
            chosen = points[:: max(1, len(points) // _MAX_POINTS)]
            distances: FloatArray = np.linalg.norm(chosen[:, None] - chosen[None], axis=2)
            return distances
    return None


def _changes(pair: Observations, decision: Decision, between: tuple[str, str], unit: str) -> dict[str, CameraChange]:
    moved = dict(decision.faulty)
    count = log_limit(1.0, len(pair.names))
    every = log_p_of(decision.scatters, *stacked(decision.found.cameras), 0.0)
    found = {}
    for index, name in enumerate(pair.names):
        log_p = moved.get(index, min(float(every[index]) - count, 0.0))
        move = Move(pair, decision, index)
        found[name] = change_of(move, log_p, is_named=index in moved, between=between, unit=unit)
    return found
