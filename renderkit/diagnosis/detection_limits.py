"""The smallest fault of each kind that the joint estimate would find in each camera of a real rig.

The linearised model of the rig at its own data gives each camera's information Lambda beside healthy scatter, which is
that of a rig with a fault in it. A fault theta adds Lambda theta to the camera's score, whose covariance is
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
from renderkit.diagnosis.joint.estimate import CameraPosterior, Priors
from renderkit.diagnosis.joint.fit import fit_joint
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.parameters import PARAMETERS, SLIPS
from renderkit.diagnosis.rig_posteriors import (
    displacements,
    freedom_of,
    observed,
    posteriors,
    scatter_with_fault,
    tested_information,
    units_of_camera,
)
from renderkit.diagnosis.view_evidence import RigEvidence
from renderkit.results.detection_limits import CameraLimits, DetectionLimits, FaultLimit

NUM_DRAWS: Final = 2000
NUM_PROBES: Final = 3
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


def find_limits(
    evidence: RigEvidence, *, alpha: float, unit: str = "unknown", cameras: Sequence[str] = ()
) -> DetectionLimits:
    """Return what the joint estimate would find in each camera; `passes` is NaN.

    Args:
        evidence: Views of the rig.
        alpha: Probability that a rig without fault has a finding.
        unit: World unit.
        cameras: Names to list; those of the evidence by default.

    Raises:
        ValueError: If alpha is not between 0 and 1.
    """
    found = fit_joint(evidence, alpha=alpha)
    seen = observed(evidence)
    every = tuple(cameras) or tuple(evidence.cameras)
    if seen is None:
        none = tuple(CameraLimits(name, (), "no landmarks or outlines") for name in every)
        return DetectionLimits(none, alpha, 0.0, 0.0, reason=found.reason)
    faulty = tuple(one.camera for one in found.findings)
    rig = dict(zip(seen.names, posteriors(seen, faulty, found.tau_px, Priors()).cameras, strict=True))
    statistics = _limits_by_parts(alpha, len(seen.names))
    draws = np.random.default_rng(_SEED).normal(size=(NUM_DRAWS, len(next(iter(rig.values())).theta)))
    tau = max(found.tau_px, _probed_scatter(evidence, faulty, rig, (found.tau_px, statistics, draws)))
    known = {
        name: CameraLimits(name, _faults(seen, name, _Model.of(one, tau, draws), statistics, unit))
        for name, one in rig.items()
    }
    limits = tuple(known.get(name, CameraLimits(name, (), "no landmarks or outlines")) for name in every)
    noise = posteriors(seen, faulty, tau, Priors()).noise_px
    return DetectionLimits(limits, alpha, noise, tau, faulty)


@dataclass(frozen=True, eq=False)
class _Model:
    """A camera's score without a fault.

    Attributes:
        information: (P, P) also the score's covariance.
        scores: (M, P) drawn.
    """

    information: FloatArray
    scores: FloatArray

    @classmethod
    def of(cls, camera: CameraPosterior, tau_px: float, draws: FloatArray) -> _Model:
        """Draw scores from (M, P) standard normal values."""
        information = tested_information(camera, tau_px)
        values, vectors = np.linalg.eigh(information)
        return cls(information, (draws * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T)


def _probed_scatter(
    evidence: RigEvidence,
    faulty: Sequence[str],
    cameras: Mapping[str, CameraPosterior],
    given: tuple[float, Mapping[int, float], FloatArray],
) -> float:
    """Return the healthy scatter while a fault is in the rig: a fault that is not found yet adds to it.

    Rolls of the size that would be found with 99 % probability are put into a few cameras' residuals, one at a time.
    """
    tau, statistics, draws = given
    healthy = observed(RigEvidence(tuple(view for view in evidence.views if view.camera.name not in faulty)))
    if healthy is None:
        return tau
    roll = PARAMETERS.index("roll")
    found = []
    for name in healthy.names[:: max(1, len(healthy.names) // NUM_PROBES)][:NUM_PROBES]:
        model = _Model.of(cameras[name], tau, draws)
        sizes = found_sizes(model.information, model.scores, model.information[:, roll], statistics)
        size = float(np.quantile(sizes, 0.99, method="higher"))
        if math.isfinite(size):
            fault = np.zeros(len(model.information))
            fault[roll] = size
            found.append(scatter_with_fault(healthy, name, fault, Priors()))
    return float(np.median(found)) if found else tau


def _limits_by_parts(alpha: float, num_cameras: int) -> Mapping[int, float]:
    """Return by number of parameters the statistic that a slip must exceed, all slips of all cameras considered."""
    wanted = math.log(alpha / (num_cameras * len(SLIPS)))
    freedom = freedom_of(num_cameras)
    # The diagnosis tests freedom * log(1 + statistic / freedom).
    return {
        count: freedom * math.expm1(_quantile(count, wanted) / freedom)
        for count in {len(slip.indices) for slip in SLIPS}
    }


def _quantile(degrees: int, log_p: float) -> float:
    low, high = 0.0, 1.0
    while log_tail(high, degrees) > log_p:
        low, high = high, 2.0 * high
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if log_tail(middle, degrees) > log_p else (low, middle)
    return high


def _faults(
    seen: Observations, camera: str, model: _Model, statistics: Mapping[int, float], unit: str
) -> tuple[FaultLimit, ...]:
    units, derivatives = units_of_camera(seen, camera), displacements(seen, camera)
    world = "world units" if unit == "unknown" else unit
    found = []
    for kind in KINDS:
        sizes = found_sizes(model.information, model.scores, model.information[:, kind.parameter], statistics)
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
