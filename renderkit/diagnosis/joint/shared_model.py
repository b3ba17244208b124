"""Several cameras that are off, or one error that all share? By the marginal likelihoods of both models.

Where all cameras share an error that the model of single cameras does not have, some show it more than others: the test
of each against the others names these. Both are normal models of the same numbers with the same weights, so their
marginal likelihoods are known in closed form (MacKay 1992, "Bayesian interpolation", section 4): the more numbers are
free, the more they have to explain. In all of them a motion, a size and a stretch of the subject are free.

    log p = (b' H^-1 b + log det P - log det H) / 2, up to a constant of the evidence

b, H: right side and matrix of the normal equations; P: precisions of the priors.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.assumed import START_PX
from renderkit.diagnosis.joint.common import CommonEvidence, common_evidence
from renderkit.diagnosis.joint.decide import (
    CANNOT_TELL,
    Decision,
    SlipTest,
    max_faulty,
    num_observations,
    ranked_causes,
    tests_of,
)
from renderkit.diagnosis.joint.estimate import MIN_TAU_PX, CameraPosterior, posteriors_of
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.parameters import DETECTIONS, LENS, NAMING, NUM_LOCAL, SLIPS, Slip
from renderkit.diagnosis.joint.solve import Solution, solve

MANY: Final = 2
"""From so many cameras that are off on it is asked whether all share an error instead."""

DECISIVE: Final = 0.5 * CANNOT_TELL
"""Log likelihood by which single cameras must explain the evidence better than what all share, or they are not named.
To be named beside it each must improve on it by as much, and by the logarithm of how many might be named instead."""

MOST_NUMBERS: Final = 2
"""An error that all cameras share has at most so many numbers."""

COMMON: Final = tuple(
    place for place, slip in enumerate(SLIPS) if len(slip.indices) <= MOST_NUMBERS and slip.family != "matte"
)
"""Places of the slips that all cameras may share. Mattes that are too large in all are a mesh that is too small."""

_FREE_PX: Final = 5.0
"""Prior of an error whose size is not known; that of a few pixels is what the linear model is for."""

_SCATTER_PX: Final = 0.3
"""By so much the cameras' own errors may differ from the one that all share, beside healthy scatter."""

_TRIED: Final = 4
"""Of so many slips, the likeliest ones that are alike in all cameras, that scatter is tried."""


@dataclass(frozen=True, eq=False)
class SharedModel:
    """What all cameras share explains the evidence about as well as the cameras that are off.

    Attributes:
        causes: Slips that all cameras may share, which cannot be told apart, the likeliest first; () where a subject of
            another size or shape explains it alone.
        faulty: Cameras that are off beside it: index, and a bound of log p over the whole rig.
        scales: (C, P) healthy scatter with it, px.
    """

    causes: tuple[SlipTest, ...]
    faulty: tuple[tuple[int, float], ...]
    scales: FloatArray


def shared_model(seen: Observations, decision: Decision) -> SharedModel | None:
    """Return what all cameras share where single cameras do not explain the evidence better by far; else None.

    Several that are off beside it may as well share a second error: then none of them is named.

    Args:
        seen: The evidence.
        decision: What was decided about single cameras.
    """
    named = [index for index, _ in decision.faulty]
    if len(named) < MANY:
        return None
    models = _Models(seen, decision)
    scales = np.maximum(decision.scales, START_PX)
    plain = scales.copy()
    plain[:, LENS[0]] = np.maximum(decision.scales[:, 0], START_PX)
    single = max(models.of_single(each, named) for each in (scales, plain))
    shared = list(models.shared(plain))
    best = max(shared, key=lambda one: one.log_likelihood)
    if best.log_likelihood <= single - DECISIVE or set(named) <= {index for index, _ in best.faulty}:
        return None
    beside = {index for index, _ in best.faulty}
    is_sound = len(beside) < MANY or (best.slip is None and beside < set(named))
    return SharedModel(models.causes(best, shared), best.faulty if is_sound else (), best.scales)


@dataclass(frozen=True, eq=False)
class _Shared:
    """A model of an error that all cameras share.

    Attributes:
        slip: Which; None where it is the subject's.
        faulty: Cameras that are off beside it, and their log p.
        scales: (C, P) healthy scatter, px.
        free: (C, P) the same with the cameras that are off free.
        log_likelihood: Marginal.
    """

    slip: Slip | None
    faulty: tuple[tuple[int, float], ...]
    scales: FloatArray
    free: FloatArray
    log_likelihood: float


@dataclass(frozen=True, eq=False)
class _Solved:
    """The evidence under (C, P) scatter of the cameras' numbers.

    Attributes:
        log_likelihood: Marginal, with the subject as its priors have it.
        solution: Of the normal equations.
        common: What all cameras share.
    """

    log_likelihood: float
    solution: Solution
    common: CommonEvidence

    def with_common(self, slip: Slip | None) -> float:
        """Return the marginal log likelihood with the subject free, and a slip that all cameras have alike."""
        own = len(self.common.units)
        numbers = [] if slip is None else list(slip.indices)
        at = [*numbers, *range(own, own + len(self.common.priors))]
        prior = np.concatenate([np.full(len(numbers), _FREE_PX**-2.0), self.common.priors])
        normal = self.common.information[np.ix_(at, at)] + np.diag(prior)
        score = self.common.score[at]
        gain = float(score @ np.linalg.solve(normal, score)) + float(np.log(prior).sum()) - _log_det(normal)
        return self.log_likelihood + 0.5 * gain


@dataclass(frozen=True, eq=False)
class _Models:
    seen: Observations
    decision: Decision

    def of_single(self, scales: FloatArray, named: Sequence[int]) -> float:
        """Return the log likelihood of single cameras that are off, by all their numbers or their likeliest slips."""
        found = self.decision.found
        free, few = scales.copy(), scales.copy()
        free[named] = _FREE_PX
        for index in named:
            few[index] = self._freed(few[index], found.cameras[index], index)
        return max(self._solved(each).with_common(None) for each in (free, few))

    def shared(self, scales: FloatArray) -> Iterable[_Shared]:
        """Return models of what all cameras share, with the cameras that are off beside it."""
        alike = self._solved(scales)
        ranked = sorted(self._slips(), key=alike.with_common, reverse=True)
        for slip in (None, *ranked[:_TRIED]):
            yield self._with_faulty(slip, scales)
            if slip is not None:
                yield self._with_faulty(slip, self._scattered(scales, slip))

    def _scattered(self, scales: FloatArray, slip: Slip) -> FloatArray:
        """Return the scales of cameras of which each has a slip of about, and not exactly, the same size.

        Lenses have a scatter of their own in the estimate.
        """
        result, own = scales.copy(), LENS[:1] if slip.family == "lens" else slip.indices
        for at in {*slip.indices, *own}:
            result[:, at] = np.maximum(scales[:, at], np.maximum(self.decision.scales[:, at], _SCATTER_PX))
        return result

    def causes(self, best: _Shared, others: Iterable[_Shared]) -> tuple[SlipTest, ...]:
        """Return the slips that all may share instead of the best model's, where it is more than a subject's shape."""
        solved = self._solved(best.free)
        limit = best.log_likelihood - DECISIVE
        least = max(limit, solved.with_common(None))
        likely = {one: found for one in self._slips() if (found := solved.with_common(one)) > least}
        if best.slip is not None:
            for one in others:
                if one.slip is not None and one.log_likelihood > max(limit, likely.get(one.slip, limit)):
                    likely[one.slip] = one.log_likelihood
        ranked = sorted(likely, key=lambda one: -likely[one])
        tests = tests_of(solved.common.of_cameras(), np.zeros(NUM_LOCAL)).tests
        return tuple(one for slip in ranked for one in tests if one.slip is slip)

    def _slips(self) -> list[Slip]:
        marked = bool(self.seen.has_landmarks.any())
        return [SLIPS[place] for place in COMMON if marked or SLIPS[place].indices != DETECTIONS]

    def _with_faulty(self, slip: Slip | None, scales: FloatArray) -> _Shared:
        """Return the model with single cameras added while each of them improves it by far."""
        faulty: list[tuple[int, float]] = []
        left, chances = set(range(len(scales))), math.log(len(scales) * len(NAMING))
        free, solved = scales, self._solved(scales)
        best = solved.with_common(slip)
        while len(faulty) < max_faulty(self.seen):
            posteriors = self._posteriors(solved.solution, free)
            worst = max(left, key=lambda index: self._best_slip(posteriors[index], scales[index], index).statistic)
            wider = free.copy()
            wider[worst] = self._freed(scales[worst], posteriors[worst], worst)
            tried = self._solved(wider)
            gain = tried.with_common(slip) - best
            if gain <= DECISIVE + chances:
                break
            # A likelihood ratio exceeds a number with the probability of its inverse, at most.
            faulty.append((worst, chances - gain))
            left.remove(worst)
            free, solved, best = wider, tried, best + gain
        return _Shared(slip, tuple(faulty), scales, free, best)

    def _freed(self, scales: FloatArray, camera: CameraPosterior, index: int) -> FloatArray:
        """Return (P,) scales of a camera that is off by its likeliest slip."""
        result = scales.copy()
        result[list(self._best_slip(camera, scales, index).slip.indices)] = _FREE_PX
        return result

    def _best_slip(self, camera: CameraPosterior, scales: FloatArray, index: int) -> SlipTest:
        count = num_observations(self.seen, self.decision.found, index)
        return ranked_causes(tests_of(camera, scales), count)[0]

    @staticmethod
    def _posteriors(solution: Solution, scales: FloatArray) -> tuple[CameraPosterior, ...]:
        return posteriors_of(solution.thetas, solution.covariances, 1.0 / np.maximum(scales, MIN_TAU_PX) ** 2)

    def _solved(self, scales: FloatArray) -> _Solved:
        found = self.decision.found
        if found.solution is None:
            raise ValueError("expected an estimate of what all cameras share, got one of free points")
        precisions = replace(found.solution.precisions, cameras=1.0 / np.maximum(scales, MIN_TAU_PX) ** 2)
        solution = solve(self.seen, found.noise.inflated(self.decision.inflation), precisions)
        common = common_evidence(self.seen, replace(found, solution=solution))
        return _Solved(log_marginal_likelihood(solution), solution, common)


def log_marginal_likelihood(solution: Solution) -> float:
    """Return the log marginal likelihood of the evidence, up to a constant of it and its weights."""
    precisions, spread = solution.precisions.shared, solution.spread
    explained = float(solution.shared @ np.linalg.solve(spread, solution.shared))
    result = explained + float(np.log(precisions).sum()) + _log_det(spread)
    for one in solution.parts:
        target = one.part.target[..., None]
        result += float((target.swapaxes(1, 2) @ one.inverse @ target).sum())
        result += float(np.log(one.prior).sum()) + float(np.linalg.slogdet(one.inverse)[1].sum())
    return 0.5 * result


def _log_det(matrix: FloatArray) -> float:
    return float(np.linalg.slogdet(matrix)[1]) if len(matrix) else 0.0
