"""Moves of single cameras between runs of one rig, each against the first run.

All runs are read with one calibration, that of the first run. What is wrong with it is the same in every run: it is
estimated from all runs together and taken out, so that each run is close to its linearisation and the healthy cameras'
scatter is that of moves, not of the calibration. Then every run by itself gives each camera's information and score,
all else integrated out; with the camera's own parameters in the first run integrated out as well, those of its move m
follow: Lambda_m = Lambda_B - Lambda_B (Lambda_A + Lambda_B + P)^-1 Lambda_B, with P the prior's precision.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.drift_words import change_of
from renderkit.diagnosis.joint.estimate import FREE_PX, CameraPosterior, Priors
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.parameters import SLIPS
from renderkit.diagnosis.rig_posteriors import (
    freedom_of,
    observed,
    posteriors,
    scatter_of,
    shifted,
    slip_tests,
    units_of_camera,
)
from renderkit.diagnosis.view_evidence import RigEvidence
from renderkit.results.drift import CameraHistory, Drift

COMMON_PX: Final = 5.0
"""Prior of the calibration's own errors, which all runs share."""

_ROUNDS = 2


@dataclass(frozen=True, eq=False)
class RunEvidence:
    """What one run saw.

    Attributes:
        name: The run's name.
        evidence: Its views, with the first run's calibration.
    """

    name: str
    evidence: RigEvidence


@dataclass(frozen=True, eq=False)
class _Pair:
    """Two runs on one grid of cameras."""

    first: Observations
    second: Observations
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Moves:
    posteriors: tuple[CameraPosterior, ...]
    scatter_px: float
    noise_px: tuple[float, float]


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
    seen = _without_common(runs, Priors())
    names = tuple(name for name in seen[0].names if all(name in one.names for one in seen))
    if len(names) < 3:
        raise ValueError(f"expected at least 3 cameras with landmarks in all runs, found {len(names)}")
    count = len(names) * len(SLIPS) * (len(runs) - 1)
    changes, scatter, noise = [], [], [0.0]
    for run, later in zip(runs[1:], seen[1:], strict=True):
        pair = _Pair(seen[0], later, names)
        moves, moved = _decide(pair, Priors(), alpha, count)
        noise[0] = moves.noise_px[0]
        noise.append(moves.noise_px[1])
        scatter.append(moves.scatter_px)
        between = (runs[0].name, run.name)
        changes.append(
            [
                change_of(one, pair.first, name, moves.scatter_px, moved.get(name), between=between, unit=unit)
                for one, name in zip(moves.posteriors, names, strict=True)
            ]
        )
    cameras = tuple(CameraHistory(name, tuple(each[i] for each in changes)) for i, name in enumerate(names))
    return Drift(tuple(run.name for run in runs), cameras, tuple(noise), tuple(scatter), alpha, tuple(notes))


def _without_common(runs: Sequence[RunEvidence], priors: Priors) -> list[Observations]:
    """Return each run's observations without what all runs share: the calibration's own errors."""
    views = [replace(view, frame=f"{i}/{view.frame}") for i, run in enumerate(runs) for view in run.evidence.views]
    pooled = observed(RigEvidence(tuple(views)))
    each = [observed(run.evidence) for run in runs]
    found = [one for one in each if one is not None]
    if pooled is None or len(found) < len(runs):
        bad = next((run.name for run, one in zip(runs, each, strict=True) if one is None), runs[0].name)
        raise ValueError(f"run {bad}: fewer than 3 cameras have landmarks")
    cameras = posteriors(pooled, (), COMMON_PX, priors).cameras
    common = {name: one.theta * units_of_camera(pooled, name) for name, one in zip(pooled.names, cameras, strict=True)}
    return [shifted(one, np.array([common[name] for name in one.names])) for one in found]


def _decide(pair: _Pair, priors: Priors, alpha: float, count: int) -> tuple[_Moves, dict[str, float]]:
    """Free the camera that moved most significantly, while one does."""
    moved: dict[str, float] = {}
    most = max(1, (len(pair.names) - 1) // 2)
    tau = 0.1
    while True:
        for _ in range(_ROUNDS):
            moves = _moves(pair, tuple(moved), tau, priors)
            tau = moves.scatter_px
        rest = {
            name: slip_tests(one, tau).log_p(freedom_of(len(pair.names))) + math.log(count)
            for name, one in zip(pair.names, moves.posteriors, strict=True)
            if name not in moved
        }
        worst = min(rest, key=lambda name: rest[name])
        if rest[worst] > math.log(alpha) or len(moved) == most:
            return moves, moved
        moved[worst] = rest[worst]


def _moves(pair: _Pair, moved: tuple[str, ...], tau_px: float, priors: Priors) -> _Moves:
    # Half of a move's variance falls to each run.
    first, second = (posteriors(seen, moved, tau_px / math.sqrt(2.0), priors) for seen in (pair.first, pair.second))
    found = []
    for name in pair.names:
        ratio = units_of_camera(pair.first, name) / units_of_camera(pair.second, name)
        one, other = (run.cameras[seen.names.index(name)] for run, seen in ((first, pair.first), (second, pair.second)))
        found.append(_move(one, other, ratio))
    still = [one for name, one in zip(pair.names, found, strict=True) if name not in moved]
    return _Moves(tuple(found), scatter_of(still), (first.noise_px, second.noise_px))


def _move(first: CameraPosterior, second: CameraPosterior, ratio: FloatArray) -> CameraPosterior:
    """Return what two runs say about a camera's move, in the first run's px units.

    Args:
        first: The camera in the first run.
        second: And in the later one.
        ratio: (11,) units of the first run over those of the later one.
    """
    information, score = second.information * np.outer(ratio, ratio), second.score * ratio
    prior = np.eye(len(ratio)) / FREE_PX**2
    total = np.linalg.inv(first.information + information + prior)
    kept = (first.information + prior) @ total
    of_move = kept @ information
    of_move = 0.5 * (of_move + of_move.T)
    of_score = kept @ score - information @ total @ first.score
    covariance: FloatArray = np.asarray(np.linalg.inv(of_move + prior))
    return CameraPosterior(covariance @ of_score, covariance, of_move, of_score)
