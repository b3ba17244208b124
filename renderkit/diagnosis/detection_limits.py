"""The smallest fault of each kind that the joint estimate would find in each camera of a real rig.

The rig's own data give each camera's information Lambda, and what it is tested against. A fault theta adds Lambda theta
to the camera's score. Scores of a healthy camera are drawn, and the smallest size is solved for at which the rule of
the diagnosis (`joint.naming`) names the camera; the sizes' 50 % and 99 % points are the answer. A fault that is not
found yet makes the other cameras look worse and the camera's own evidence count less: a few are really planted in the
linearised rig, to see what the rule then tests against, and how much of the fault arrives in the score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.decide import Decision, decide, max_faulty
from renderkit.diagnosis.joint.estimate import CameraPosterior, Priors
from renderkit.diagnosis.joint.groups import like_cameras
from renderkit.diagnosis.joint.naming import NamingRule, Scatter, log_limit
from renderkit.diagnosis.joint.noise import landmark_noise_px
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.observe import observe
from renderkit.diagnosis.joint.parameters import PARAMETERS
from renderkit.diagnosis.rig_posteriors import shifted
from renderkit.diagnosis.view_evidence import RigEvidence
from renderkit.results.detection_limits import CameraLimits, DetectionLimits, FaultLimit
from renderkit.results.refinement import WORLD, shown_in, world_unit_text

NUM_DRAWS: Final = 200
NUM_PROBES: Final = 2
"""Cameras of each group of like ones, and kind of displacement, in which a fault is planted."""

_PLANTED = 1.15
_SEED = 20261126


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


KINDS: Final = tuple(
    FaultKind(name, PARAMETERS.index(parameter), *shown_in(parameter))
    for name, parameter in (
        ("cx", "cx"),
        ("cy", "cy"),
        ("turn x", "turn_x"),
        ("turn y", "turn_y"),
        ("roll", "roll"),
        ("step x", "step_x"),
        ("step y", "step_y"),
        ("step z", "step_z"),
        ("focal", "log_focal"),
        ("fx / fy", "log_aspect"),
        ("k1", "k1"),
    )
)


_PROBED: Final = {
    "turn_x": "cx",
    "turn_y": "cx",
    "step_x": "cx",
    "step_y": "cx",
    "cx": "cx",
    "cy": "cx",
    "roll": "roll",
}
"""What is planted to see how a fault changes the other cameras, by the parameter; for all others a focal length."""


@dataclass(frozen=True, eq=False)
class TestedAgainst:
    """What a camera is tested against, and how much of its evidence counts while it has a fault that is not found.

    Attributes:
        scatter: What it is tested against.
        information: Its information, as a share of that without the fault.
        score: What a fault adds to its score, likewise.
    """

    scatter: Scatter
    information: float = 1.0
    score: float = 1.0


Against: TypeAlias = Mapping[str, Sequence[TestedAgainst]]


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
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"expected 0 < alpha < 1, got {alpha:g}")
    seen = observe(evidence)
    every = tuple(cameras) or tuple(evidence.cameras)
    if seen is None:
        none = tuple(CameraLimits(name, (), "no landmarks or outlines") for name in every)
        return DetectionLimits(none, alpha, math.nan, 0.0, reason="fewer than 3 cameras have landmarks or outlines")
    rig = LinearisedRig.of(seen, alpha)
    decision = rig.decision
    against = rig.against_faults()
    known = {
        name: CameraLimits(name, rig.faults(index, against, world_unit_text(unit)))
        for index, name in enumerate(seen.names)
    }
    limits = tuple(known.get(name, CameraLimits(name, (), "no landmarks or outlines")) for name in every)
    faulty = tuple(seen.names[index] for index, _ in decision.faulty)
    noise = landmark_noise_px(seen, decision.found.noise)
    return DetectionLimits(limits, alpha, noise, decision.tau_px, faulty)


@dataclass(frozen=True, eq=False)
class LinearisedRig:
    """A rig as the diagnosis sees it, and the log probability below which it names a camera."""

    seen: Observations
    decision: Decision
    limit: float

    @staticmethod
    def of(seen: Observations, alpha: float) -> LinearisedRig:
        """Return a rig with its cameras that are off taken out."""
        return LinearisedRig(seen, decide(seen, Priors(), alpha, max_faulty(seen)), log_limit(alpha, len(seen.names)))

    def power(self, index: int, theta: FloatArray, tested: TestedAgainst) -> float:
        """Return the probability that a fault of one camera is found, in px units (P,) of its numbers."""
        scores, rule = self._tested(index, tested)
        step = tested.score * (self.decision.found.cameras[index].information @ theta)
        return float((rule.log_p(scores + step) <= self.limit).mean())

    def faults(self, index: int, against: Against, world: str) -> tuple[FaultLimit, ...]:
        """Return the limits of one camera."""
        units, derivatives = self.seen.units[index], self.seen.displacements[index]
        found = []
        for kind in KINDS:
            half, nearly = self.sizes(index, kind.parameter, against[_probe_of(kind)][index])
            factor = float(units[kind.parameter]) * kind.factor
            rms = float(np.sqrt((derivatives[..., kind.parameter] ** 2).sum(axis=1).mean()))
            unit = world if kind.unit == WORLD else kind.unit
            found.append(
                FaultLimit(kind.name, unit, factor * half, factor * nearly, rms * half, rms * nearly, math.nan)
            )
        return tuple(found)

    def sizes(self, index: int, parameter: int, tested: TestedAgainst) -> tuple[float, float]:
        """Return the sizes of a fault that are found with 50 % and 99 % probability, px units."""
        scores, rule = self._tested(index, tested)
        step = tested.score * self.decision.found.cameras[index].information[:, parameter]
        sizes = rule.along(scores, step).smallest_sizes(self.limit)
        half, nearly = (float(np.quantile(sizes, share, method="higher")) for share in (0.5, 0.99))
        return half, nearly

    def _tested(self, index: int, tested: TestedAgainst) -> tuple[FloatArray, NamingRule]:
        """Return (M, P) scores that a healthy camera may have, and the rule by which it would be named."""
        camera = self.decision.found.cameras[index]
        scores = math.sqrt(tested.information) * _healthy_scores(camera, self.decision.scatters[index])
        return scores, tested.scatter.rule(tested.information * camera.information, self.limit)

    def against_faults(self) -> Against:
        """Return by planted kind what each camera is tested against while it has a fault that is not found yet."""
        free = {index for index, _ in self.decision.faulty}
        groups = like_cameras(self.seen, self.decision.found)
        result = {}
        for probe in dict.fromkeys(map(_probe_of, KINDS)):
            against = [TestedAgainst(scatter) for scatter in self.decision.scatters]
            for group in range(int(groups.max()) + 1):
                members = [int(index) for index in np.flatnonzero(groups == group) if index not in free]
                chosen = members[:: max(1, len(members) // NUM_PROBES)][:NUM_PROBES]
                probed = {index: self._probed(index, PARAMETERS.index(probe)) for index in chosen}
                for index in members:
                    against[index] = probed[min(chosen, key=lambda other: abs(other - index))]
            result[probe] = against
        return result

    def _probed(self, index: int, parameter: int) -> TestedAgainst:
        """Return what a camera is tested against with a fault that is found about as often as not."""
        healthy = TestedAgainst(self.decision.scatters[index])
        size = _PLANTED * self.sizes(index, parameter, healthy)[0]
        if not math.isfinite(size):
            return healthy
        planted = np.zeros_like(self.seen.units)
        planted[index, parameter] = -size * self.seen.units[index, parameter]
        free = tuple(each for each, _ in self.decision.faulty)
        found = decide(shifted(self.seen, planted), Priors(), 0.5, 0, free=free)
        before, after = self.decision.found.cameras[index], found.found.cameras[index]
        own = float(before.information[parameter, parameter])
        score = float(after.score[parameter] - before.score[parameter]) / (size * own)
        return TestedAgainst(found.scatters[index], float(after.information[parameter, parameter]) / own, score)


def _probe_of(kind: FaultKind) -> str:
    return _PROBED.get(PARAMETERS[kind.parameter], "log_focal")


def _healthy_scores(camera: CameraPosterior, scatter: Scatter) -> FloatArray:
    """Return (M, P) scores of a healthy camera: noise as inflated as the rig says, and healthy scatter."""
    inflation = float(scatter.weights @ scatter.inflations)
    squares = scatter.weights @ scatter.scales**2
    information = camera.information
    values, vectors = np.linalg.eigh(inflation * information + (information * squares) @ information)
    draws = np.random.default_rng(_SEED).normal(size=(NUM_DRAWS, len(values)))
    result: FloatArray = (draws * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
    return result


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
