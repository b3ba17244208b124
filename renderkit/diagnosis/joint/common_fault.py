"""Is one error the same in all cameras? A motion of the subject imitates some of it; what is left is tested here.

Three steps: the common part of the estimate as it is (`common_evidence`); where that is more than chance, all cameras
are corrected by the likeliest slip and everything is estimated once more about them, so that the error that they share
is not taken for their healthy scatter; the slip is then tested against that scatter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np

from renderkit.arrays import BoolArray, FloatArray
from renderkit.diagnosis.joint.chi_square import log_tail
from renderkit.diagnosis.joint.common import CommonEvidence, common_evidence
from renderkit.diagnosis.joint.corrected_views import with_corrected
from renderkit.diagnosis.joint.decide import (
    CameraTests,
    Decision,
    Estimator,
    SlipTest,
    decide,
    explains,
    max_faulty,
    num_observations,
    ranked_causes,
    tests_of,
)
from renderkit.diagnosis.joint.estimate import FREE_PX, CameraPriors, Priors
from renderkit.diagnosis.joint.finding import Shown, displacement, expanded, finding_of, subject_finding
from renderkit.diagnosis.joint.mesh_fault import MIN_MARKED
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.observe import observe, written_cameras
from renderkit.diagnosis.joint.parameters import (
    ALL_DETECTIONS,
    ALL_MATTES,
    ALL_SUBJECT,
    DETECTIONS,
    NUM,
    NUM_LOCAL,
    changed_camera,
)
from renderkit.diagnosis.joint.result import CameraFinding
from renderkit.diagnosis.joint.sentences import alike_sentence, common_sentence
from renderkit.diagnosis.joint.shared_model import COMMON, MANY, SharedModel, shared_model
from renderkit.diagnosis.view_evidence import RigEvidence

SHARE: Final = 0.1
"""Part of the false alarm rate of a rig that goes to errors that all cameras share."""

MIN_SIZE_PX: Final = 0.25
"""Smaller errors that all cameras share are not named ..."""

MIN_LEFT_PX: Final = 0.1
"""... nor those of which a motion of the subject leaves less."""

MOST_OF_ALL: Final = 0.9
"""A slip must explain so much of what all cameras share, unless it leaves no more than noise: else it stands for
something that is none of the slips, such as a mesh of another shape."""

MAX_ASIDE_PX: Final = 2.0
"""By so much mattes may lie aside in all views: made at a quarter of the picture's size and enlarged by another
convention of where a pixel's middle is, by 1.5 px."""

KNOWN: Final = 4
"""The healthy scatter, known from all numbers, counts as much as the scatter of so many cameras along one slip."""

BY_OUTLINES: Final = frozenset({"shift", "roll"})
"""What is named with landmarks in fewer cameras than `MIN_MARKED`."""

_SCREEN: Final = math.log(0.02)
_ROUNDS: Final = 3
_CONVERGED: Final = 0.1
_MOTION_ROUNDS: Final = 6
_WIDE_PX: Final = 2.0
_TELLS: Final = 1.0
_FAR_MORE: Final = 3.0
"""By so many times a scale must move pictures more than a shift that explains as much, to stand behind it."""

Given: TypeAlias = tuple[Priors, Estimator]


@dataclass(frozen=True, eq=False)
class CommonFault:
    """An error that all cameras share.

    Attributes:
        finding: It.
        amounts: (P,) what to add to the numbers of every camera; 0 where it need not be theirs.
        evidence: With all cameras corrected.
        seen: The same on the grid.
        decision: The estimate about it.
    """

    finding: CameraFinding
    amounts: FloatArray
    evidence: RigEvidence
    seen: Observations
    decision: Decision


def common_fault(
    evidence: RigEvidence, start: tuple[Observations, Decision], alpha: float, given: Given
) -> CommonFault | None:
    """Return the error that all cameras share, or None where there is none that no subject imitates.

    Args:
        evidence: As written.
        start: The evidence on the grid, and what was decided about single cameras.
        alpha: Probability that a rig without fault has a finding.
        given: Priors, and what estimates all cameras.
    """
    seen, decision = start
    if len(decision.faulty) < MANY:
        found = _Common.of(seen, decision)
        return _named(evidence, found, alpha, given) if found.stands_out else None
    # Cameras that are free say nothing about what all share.
    wide = CameraPriors(np.full(decision.scales.shape, _WIDE_PX), decision.inflation)
    found = _Common.of(seen, replace(decision, found=given[1](seen, wide, given[0], decision.found)))
    named = _named(evidence, found, alpha, given)
    if named is not None:
        return named
    decision, shared = without_innocent(seen, decision, given)
    if shared is None:
        return None
    return _named(evidence, _Common.of(seen, decision), alpha, given) or _alike(evidence, (seen, decision), shared)


def _named(evidence: RigEvidence, found: _Common, alpha: float, given: Given) -> CommonFault | None:
    """Return the error that all cameras share once they are corrected by it; None where it is not told for certain."""
    seen = before = found.seen
    amounts, changed, decision = found.amounts, evidence, found.decision
    for _ in range(_ROUNDS):
        amounts = found.amounts
        try:
            changed = _corrected(evidence, amounts)
        except ValueError:
            # No camera has such numbers.
            return None
        again = observe(changed)
        if again is None or again.names != seen.names:
            return None
        decided = decide(again, given[0], alpha, max_faulty(again), estimator=given[1])
        seen, decision = again, without_innocent(again, decided, given)[0]
        found = _Common.of(seen, decision, amounts)
        if found.left < _CONVERGED:
            break
    finding = found.finding(alpha)
    if finding is None:
        return None
    by_landmarks, by_outlines = _nearer(before, seen)
    if not (by_landmarks or by_outlines):
        # Too large for a linear model.
        return None
    if finding.family == "shift" and finding.size_px <= MAX_ASIDE_PX and not by_landmarks:
        causes = (*finding.cannot_tell, ALL_MATTES)
        finding = common_sentence(replace(finding, cannot_tell=causes), len(seen.names))
    return CommonFault(finding, amounts, changed, seen, decision)


def may_share(seen: Observations, decision: Decision, margin: float) -> bool:
    """Whether all cameras may share an error, by a decision without faulty cameras whose logarithms may be off."""
    return _Common.of(seen, decision).log_p_by_chance < _SCREEN + margin


def without_innocent(seen: Observations, decision: Decision, given: Given) -> tuple[Decision, SharedModel | None]:
    """Return the decision without cameras whose errors something that all share explains as well, and what that is."""
    shared = shared_model(seen, decision)
    if shared is None:
        return decision, None
    scales = shared.scales.copy()
    scales[[index for index, _ in shared.faulty]] = FREE_PX
    found = given[1](seen, CameraPriors(scales, decision.inflation), given[0], decision.found)
    return replace(decision, faulty=shared.faulty, scales=shared.scales, found=found), shared


def _alike(evidence: RigEvidence, start: tuple[Observations, Decision], shared: SharedModel) -> CommonFault:
    """Return what all cameras share where the subject's size or shape explains it as well: no camera is corrected."""
    seen, decision = start
    common = common_evidence(seen, decision.found)
    if shared.causes:
        log_p = log_tail(max(shared.causes[0].statistic, 0.0), len(shared.causes[0].amounts))
        finding = finding_of(shared.causes, _shown(seen, common), log_p, explained=True)
        finding = replace(finding, cannot_tell=(*finding.cannot_tell, ALL_SUBJECT))
    else:
        finding = subject_finding(*common.growth)
    kinds = bool(seen.has_landmarks.any()), bool(seen.has_outlines.any())
    finding = alike_sentence(finding, len(seen.names), kinds)
    return CommonFault(finding, np.zeros(NUM_LOCAL), evidence, seen, decision)


def _least_first(causes: Sequence[SlipTest], shown: Callable[[], Shown]) -> tuple[SlipTest, ...]:
    """Return causes that cannot be told apart, a shift before a scale that moves the pictures far more.

    Nearly all of a focal length or of a step along the axis is hidden by the subject's size, so that a large one leaves
    what a small shift does.
    """
    shifts = [one for one in causes if one.slip.family == "shift" and max(one.slip.indices) < NUM]
    if causes[0].slip.family != "scale" or not shifts:
        return tuple(causes)
    displacements = shown().displacements
    moved_px = {one.slip: displacement(displacements, expanded(one)[0]) for one in (causes[0], *shifts)}
    least = min(shifts, key=lambda one: moved_px[one.slip])
    if moved_px[causes[0].slip] <= _FAR_MORE * moved_px[least.slip]:
        return tuple(causes)
    return least, *(one for one in causes if one is not least)


def _shown(seen: Observations, common: CommonEvidence) -> Shown:
    scaled = common.units / seen.units
    shown = np.concatenate([one * scale for one, scale in zip(seen.displacements, scaled, strict=True)])
    return Shown("", common.units, shown)


def _nearer(before: Observations, after: Observations) -> tuple[bool, bool]:
    """Say of landmarks and of outlines whether they lie nearer to where they are drawn, in most cameras that have them.

    How large mattes are is left out, and outlines are those of a mesh that is moved to where it fits best: before they
    were measured it was moved to where the cameras as written see it.
    """
    marks, edges = [], []
    known, sampled = before.known & after.known, before.offset_known & after.offset_known
    offsets = [_without_motion(one, sampled) for one in (before, after)]
    for index in range(len(before.names)):
        if known[index].any():
            marks.append(_smaller([np.hypot(*one.errors[index][known[index]].T) for one in (before, after)]))
        if sampled[index].any():
            found = [one[index][sampled[index]] for one in offsets]
            edges.append(_smaller([one - np.median(one) for one in found]))
    return sum(marks) > 0.5 * len(marks), sum(edges) > 0.5 * len(edges)


def _without_motion(seen: Observations, sampled: BoolArray) -> FloatArray:
    """Return the (C, F, N) offsets of outlines without what a motion and a size of the mesh in each frame explain."""
    left = seen.offsets.copy()
    for frame in range(seen.num_frames):
        some = sampled[:, frame]
        rows, target = seen.offset_by_mesh[:, frame][some], seen.offsets[:, frame][some]
        if len(target) <= rows.shape[1]:
            continue
        residual = target
        for _ in range(_MOTION_ROUNDS):
            root = np.sqrt(1.0 / (1.0 + (residual / max(2.0 * float(np.median(np.abs(residual))), 1e-9)) ** 2))
            motion = np.linalg.lstsq(rows * root[:, None], target * root, rcond=None)[0]
            residual = target - rows @ motion
        left[:, frame][some] = residual
    return left


def _smaller(residuals: Sequence[FloatArray]) -> bool:
    before, after = (float(np.median(np.abs(one))) for one in residuals)
    return after < before


def _corrected(evidence: RigEvidence, amounts: FloatArray) -> RigEvidence:
    """Return the evidence with (P,) amounts added to the numbers of every camera, and landmarks moved back.

    Raises:
        ValueError: If a camera is invalid then.
    """
    written = written_cameras(evidence)
    if amounts[:NUM].any():
        cameras = {name: changed_camera(camera, amounts[:NUM]) for name, camera in written.items()}
        return with_corrected(evidence, cameras)
    step = amounts[list(DETECTIONS)]
    views = [view if view.pixels is None else replace(view, pixels=view.pixels - step) for view in evidence.views]
    return RigEvidence(tuple(views))


@dataclass(frozen=True, eq=False)
class _Common:
    """The common part of one estimate, from the calibration as written.

    Attributes:
        seen: The evidence about the corrected cameras.
        decision: The estimate about them.
        common: What they share.
        tests: Of the slips from the calibration as written.
        causes: Those that explain it about as well, the likeliest first.
    """

    seen: Observations
    decision: Decision
    common: CommonEvidence
    tests: CameraTests
    causes: tuple[SlipTest, ...]

    @staticmethod
    def of(seen: Observations, decision: Decision, amounts: FloatArray | None = None) -> _Common:
        """Return it for an estimate about cameras to whose numbers (P,) amounts were added."""
        common = common_evidence(seen, decision.found)
        about = common.of_cameras()
        step = np.zeros(NUM_LOCAL) if amounts is None else amounts / common.units
        written = replace(about, score=about.score + about.information @ step)
        tests = tests_of(written, np.zeros(NUM_LOCAL))
        count = sum(num_observations(seen, decision.found, index) for index in range(len(seen.names)))
        own = [tests.tests[place] for place in COMMON]
        causes = [one for one in ranked_causes(tests, count) if one in own]
        if not causes:
            causes = [max(own, key=lambda one: one.statistic)]
        return _Common(seen, decision, common, tests, _least_first(causes, lambda: _shown(seen, common)))

    @property
    def best(self) -> SlipTest:
        return self.causes[0]

    @property
    def amounts(self) -> FloatArray:
        """(P,) what the likeliest slip adds to every camera's numbers."""
        result = np.zeros(NUM_LOCAL)
        result[list(self.best.slip.indices)] = self.best.amounts
        return result * self.common.units

    @property
    def log_p_by_chance(self) -> float:
        """Log probability that the slip that stands out most explains so much, were the cameras' scatter healthy."""
        logs = [log_tail(max(one.statistic, 0.0), len(one.amounts)) for one in (self.tests.tests[at] for at in COMMON)]
        return min(logs) + math.log(len(COMMON))

    @property
    def stands_out(self) -> bool:
        """Whether any slip explains more than chance, were the scatter of the cameras healthy."""
        return self.log_p_by_chance < _SCREEN

    @property
    def left(self) -> float:
        """What of the likeliest slip is left in the corrected cameras, squared standard errors."""
        at = list(self.best.slip.indices)
        score = self.common.of_cameras().score[at]
        return float(score @ self.best.covariance @ score)

    def log_p(self, test: SlipTest) -> float:
        """Return the log probability of a slip's statistic, with the cameras' own scatter along it as its yardstick."""
        own = self._own_statistics(test)
        count, free = len(test.amounts), len(own) - len(test.amounts) - 1
        if free < 1:
            return 0.0
        scatter = max(1.0, float(np.sum(own) + KNOWN * count) / (count * (len(own) + KNOWN)))
        return log_f_tail(test.statistic / scatter, count, free + KNOWN)

    def _own_statistics(self, test: SlipTest) -> FloatArray:
        faulty = {index for index, _ in self.decision.faulty}
        place = next(place for place in COMMON if self.tests.tests[place].slip == test.slip)
        cameras, scales = self.decision.found.cameras, self.decision.scales
        healthy = [index for index in range(len(cameras)) if index not in faulty]
        return np.array([tests_of(cameras[index], scales[index]).tests[place].statistic for index in healthy])

    def finding(self, alpha: float) -> CameraFinding | None:
        """Return the finding, None where there is none."""
        log_p = self.log_p(self.best) + math.log(len(COMMON) / SHARE)
        explained = explains(self.best, self.tests)
        finding = finding_of(self.causes, _shown(self.seen, self.common), log_p, explained=explained)
        if log_p > math.log(alpha) or not finding.size_px >= MIN_SIZE_PX:
            return None
        marked = int(self.seen.has_landmarks.sum())
        if marked < MIN_MARKED and finding.family not in BY_OUTLINES:
            return None
        if not explained and self.best.statistic < MOST_OF_ALL * self.tests.total:
            return None
        left = finding.size_px * self.common.share_left(self.best.slip.indices, self.best.amounts)
        if left < MIN_LEFT_PX:
            return None
        if finding.family == "shift" and marked and not self.tells_detections:
            finding = replace(finding, cannot_tell=(*finding.cannot_tell, ALL_DETECTIONS))
        return common_sentence(finding, len(self.seen.names))

    @property
    def tells_detections(self) -> bool:
        """Whether outlines tell landmarks that are detected aside from cameras that look aside."""
        return bool(self.common.known[list(DETECTIONS), list(DETECTIONS)].max() > _TELLS)


def log_f_tail(statistic: float, count: int, free: int) -> float:
    """Return the log probability that `count` times Fisher's F exceeds a statistic.

    By the chi-square that is as probable, exact for two numbers; for one by Wallace's approximation to Student's t
    (1959, "Bounds on normal approximations to Student's and the chi-square distributions").
    """
    alike = free * math.log1p(max(statistic, 0.0) / free)
    if count == 1:
        alike *= ((8.0 * free + 1.0) / (8.0 * free + 3.0)) ** 2
    return log_tail(alike, count)
