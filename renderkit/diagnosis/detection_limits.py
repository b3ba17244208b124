"""The smallest fault of each kind that the joint estimate would find in each camera of a real rig.

The linearised model of the rig at its own data gives each camera's information Lambda beside healthy scatter, which is
that of the other cameras with this one off. A fault theta adds Lambda theta to the camera's score, whose covariance is
Lambda. Scores are drawn, every slip of the diagnosis is tested on them, and the smallest size at which one of them
passes its limit is solved for; the sizes' 50 % and 99 % points are the answer. Nothing is rendered.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.chi_square import log_tail
from renderkit.diagnosis.joint.estimate import Priors
from renderkit.diagnosis.joint.fit import fit_joint
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.parameters import PARAMETERS, SLIPS
from renderkit.diagnosis.rig_posteriors import (
    displacements,
    observed,
    posteriors,
    scatters_with_one_off,
    tested_information,
    units_of_camera,
)
from renderkit.diagnosis.view_evidence import RigEvidence
from renderkit.results.detection_limits import CameraLimits, DetectionLimits, FaultLimit

NUM_DRAWS: Final = 2000
_SEED = 20261126
_TINY = 1e-12


@dataclass(frozen=True)
class FaultKind:
    """A kind of fault for people.

    Attributes:
        name: Its name.
        parameter: Which of `joint.parameters.PARAMETERS` it moves.
        factor: From the parameter's own unit to `unit`.
        unit: Shown unit; "world" stands for the world unit.
    """

    name: str
    parameter: int
    factor: float
    unit: str


_DEG = math.degrees(1.0)
KINDS: Final = tuple(
    FaultKind(name, PARAMETERS.index(parameter), factor, unit)
    for name, parameter, factor, unit in (
        ("cx", "cx", 1.0, "px"),
        ("cy", "cy", 1.0, "px"),
        ("turn x", "turn_x", _DEG, "deg"),
        ("turn y", "turn_y", _DEG, "deg"),
        ("roll", "roll", _DEG, "deg"),
        ("step x", "step_x", 1.0, "world"),
        ("step y", "step_y", 1.0, "world"),
        ("step z", "step_z", 1.0, "world"),
        ("focal", "log_focal", 100.0, "%"),
        ("fx / fy", "log_aspect", 100.0, "%"),
        ("k1", "k1", 1.0, ""),
    )
)


def find_limits(evidence: RigEvidence, *, alpha: float, unit: str = "unknown") -> DetectionLimits:
    """Return what the joint estimate would find in each camera; `passes` is NaN.

    Args:
        evidence: Views of the rig.
        alpha: Probability that a rig without fault has a finding.
        unit: World unit.

    Raises:
        ValueError: If alpha is not between 0 and 1.
    """
    found = fit_joint(evidence, alpha=alpha)
    seen = observed(evidence)
    every = tuple(evidence.cameras)
    if seen is None:
        none = tuple(CameraLimits(name, (), "no landmarks or outlines") for name in every)
        return DetectionLimits(none, alpha, 0.0, 0.0, reason=found.reason)
    faulty = tuple(one.camera for one in found.findings)
    result = posteriors(seen, faulty, found.tau_px, Priors())
    scatters = scatters_with_one_off(result.cameras)
    limits = _limits_by_parts(alpha, len(seen.names))
    draws = np.random.default_rng(_SEED).normal(size=(NUM_DRAWS, len(result.cameras[0].theta)))
    known = {
        name: CameraLimits(name, _faults(seen, name, tested_information(one, tau), limits, draws, unit))
        for name, one, tau in zip(seen.names, result.cameras, scatters, strict=True)
    }
    cameras = tuple(known.get(name, CameraLimits(name, (), "no landmarks or outlines")) for name in every)
    return DetectionLimits(cameras, alpha, result.noise_px, found.tau_px, faulty)


def _limits_by_parts(alpha: float, num_cameras: int) -> Mapping[int, float]:
    """Return by number of parameters the statistic that a slip must exceed, all slips of all cameras considered."""
    wanted = math.log(alpha / (num_cameras * len(SLIPS)))
    return {count: _quantile(count, wanted) for count in {len(slip.indices) for slip in SLIPS}}


def _quantile(degrees: int, log_p: float) -> float:
    low, high = 0.0, 1.0
    while log_tail(high, degrees) > log_p:
        low, high = high, 2.0 * high
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if log_tail(middle, degrees) > log_p else (low, middle)
    return high


def _faults(
    seen: Observations,
    camera: str,
    information: FloatArray,
    limits: Mapping[int, float],
    draws: FloatArray,
    unit: str,
) -> tuple[FaultLimit, ...]:
    values, vectors = np.linalg.eigh(information)
    scores = (draws * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
    units, derivatives = units_of_camera(seen, camera), displacements(seen, camera)
    world = "world units" if unit == "unknown" else unit
    found = []
    for kind in KINDS:
        sizes = found_sizes(information, scores, information[:, kind.parameter], limits)
        half, nearly = (float(np.quantile(sizes, share, method="higher")) for share in (0.5, 0.99))
        factor = float(units[kind.parameter]) * kind.factor
        rms = float(np.sqrt((derivatives[..., kind.parameter] ** 2).sum(axis=1).mean()))
        shown = world if kind.unit == "world" else kind.unit
        found.append(FaultLimit(kind.name, shown, factor * half, factor * nearly, rms * half, rms * nearly, math.nan))
    return tuple(found)


def found_sizes(
    information: FloatArray, scores: FloatArray, slope: FloatArray, limits: Mapping[int, float]
) -> FloatArray:
    """Return (M,) smallest sizes of a fault at which a slip's statistic passes its limit, one for each drawn score.

    Args:
        information: (P, P) of the camera's parameters.
        scores: (M, P) drawn without a fault.
        slope: (P,) what a fault of size 1 adds to the score.
        limits: Least statistic by the slip's number of parameters.
    """
    smallest = np.full(len(scores), np.inf)
    for slip in SLIPS:
        at = list(slip.indices)
        values, vectors = np.linalg.eigh(information[np.ix_(at, at)])
        kept = values > 1e-10 * max(float(values[-1]), _TINY)
        whiten = vectors[:, kept] / np.sqrt(values[kept])
        noise, signal = scores[:, at] @ whiten, slope[at] @ whiten
        square = float(signal @ signal)
        if square < _TINY:
            continue
        product, lacking = noise @ signal, limits[len(at)] - (noise**2).sum(axis=1)
        sizes = (np.sqrt(np.maximum(product**2 + square * lacking, 0.0)) - product) / square
        smallest = np.minimum(smallest, np.where(lacking <= 0.0, 0.0, sizes))
    return smallest


def with_passes(
    limits: DetectionLimits, passes: Mapping[tuple[str, str], float], gates: Sequence[str]
) -> DetectionLimits:
    """Return the limits with what gates let pass, by camera and kind."""
    cameras = tuple(
        replace(
            one,
            faults=tuple(replace(each, passes=passes.get((one.camera, each.kind), math.nan)) for each in one.faults),
        )
        for one in limits.cameras
    )
    return replace(limits, cameras=cameras, gates=tuple(gates))
