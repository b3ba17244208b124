"""Which cameras are off, and by what: likelihood-ratio tests with one false alarm rate for the whole rig."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.chi_square import log_tail, median
from renderkit.diagnosis.joint.estimate import FREE_PX, CameraPosterior, Estimate, Priors, estimate
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.parameters import NUM, SLIPS, Slip

TAUS_PX: Final = (0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0)
"""Healthy scatters that are tried, smallest first."""

CANNOT_TELL: Final = 6.0
"""Slips whose criterion is within this of the best are not told apart (Kass and Raftery 1995: "strong" above)."""

MISFIT_LOG_P: Final = math.log(1e-3)
_RANK_TOLERANCE = 1e-6
_ROUNDS = 3
_START_PX = 0.02
_CAUTION = 0.85


@dataclass(frozen=True, eq=False)
class SlipTest:
    """One slip of one camera.

    Attributes:
        slip: Which.
        statistic: Twice the log likelihood ratio against a healthy camera.
        amounts: (k,) estimates, px units.
        covariance: (k, k) of them.
    """

    slip: Slip
    statistic: float
    amounts: FloatArray
    covariance: FloatArray

    @property
    def log_p(self) -> float:
        """Logarithm of the probability of such a statistic from a healthy camera."""
        return log_tail(self.statistic, len(self.amounts))


@dataclass(frozen=True, eq=False)
class CameraTests:
    """All slips of one camera, and what all parameters together would explain."""

    tests: tuple[SlipTest, ...]
    total: float
    rank: int

    @property
    def best(self) -> SlipTest:
        """The slip with the smallest probability."""
        return min(self.tests, key=lambda one: one.log_p)


@dataclass(frozen=True, eq=False)
class Decision:
    """The cameras that are off (index, log p over the whole rig), and the estimate with those free."""

    faulty: tuple[tuple[int, float], ...]
    tau_px: float
    found: Estimate


Estimator: TypeAlias = Callable[[Observations, FloatArray, Priors], Estimate]
"""Estimates all cameras, given the prior of each camera's parameters."""


def decide(
    seen: Observations, priors: Priors, alpha: float, max_faulty: int, *, estimator: Estimator = estimate
) -> Decision:
    """Free the worst camera while it is significant; the healthy scatter comes from the others each time."""
    faulty: list[tuple[int, float]] = []
    tau = 0.1
    for _ in range(max_faulty + 1):
        found, tau = _estimated(
            lambda prior: estimator(seen, prior, priors), len(seen.names), [index for index, _ in faulty], tau
        )
        rest = [index for index in range(len(seen.names)) if index not in {one for one, _ in faulty}]
        count = math.log(len(seen.names) * len(SLIPS))
        probabilities = {index: tests_of(found.cameras[index], tau).best.log_p + count for index in rest}
        worst = min(probabilities, key=lambda index: probabilities[index])
        if probabilities[worst] > math.log(alpha) or len(faulty) == max_faulty:
            break
        faulty.append((worst, probabilities[worst]))
    return Decision(tuple(faulty), tau, found)


def _estimated(
    estimated: Callable[[FloatArray], Estimate], count: int, free: Sequence[int], tau: float
) -> tuple[Estimate, float]:
    """Return the estimate and the healthy scatter that belong together.

    Cameras that move more than the healthy scatter get a wider prior, as far as they move: a narrow one would press
    their error into the nuisances and from there into the other cameras.
    """
    widths = np.ones(count)
    found = None
    for _ in range(_ROUNDS):
        prior = np.minimum(max(tau, _START_PX) * widths, FREE_PX)
        prior[list(free)] = FREE_PX
        found = estimated(prior)
        tau = _healthy_scatter([one for i, one in enumerate(found.cameras) if i not in free])
        tests = [tests_of(camera, max(tau, _START_PX)) for camera in found.cameras]
        widths = np.array([max(1.0, math.sqrt(one.total / max(one.rank, 1))) for one in tests])
    assert found is not None  # noqa: S101 - the loop ran
    return found, tau


def _healthy_scatter(cameras: Sequence[CameraPosterior]) -> float:
    """Return the smallest scatter under which the median camera is as expected: right while less than half are off.

    A scatter taken too small accuses healthy cameras, so the median must lie one standard error below what is expected.
    """
    for tau in TAUS_PX:
        tests = [tests_of(camera, tau) for camera in cameras]
        ratios = [one.total / median(one.rank) for one in tests if one.rank]
        if not ratios or float(np.median(ratios)) <= _CAUTION:
            return tau
    return TAUS_PX[-1]


def tests_of(camera: CameraPosterior, tau: float) -> CameraTests:
    """Test every slip of a camera against healthy scatter alone."""
    shrink = np.linalg.inv(np.eye(NUM) + camera.information * tau**2)
    information = shrink @ camera.information
    information, score = 0.5 * (information + information.T), shrink @ camera.score
    tests = []
    for slip in SLIPS:
        at = list(slip.indices)
        covariance: FloatArray = np.asarray(np.linalg.pinv(information[np.ix_(at, at)], rcond=1e-10, hermitian=True))
        amounts = covariance @ score[at]
        tests.append(SlipTest(slip, float(amounts @ score[at]), amounts, covariance))
    values, vectors = np.linalg.eigh(information)
    kept = values > _RANK_TOLERANCE * max(float(values[-1]), 1e-12)
    total = float(((vectors[:, kept].T @ score) ** 2 / values[kept]).sum())
    return CameraTests(tuple(tests), total, int(kept.sum()))


def ranked_causes(camera: CameraTests, num_observations: int) -> list[SlipTest]:
    """Return the slips that cannot be told apart, the likeliest first, by the Bayesian information criterion."""

    def criterion(one: SlipTest) -> float:
        return -one.statistic + len(one.amounts) * math.log(max(num_observations, 2))

    ranked = sorted(camera.tests, key=criterion)
    return [one for one in ranked if criterion(one) <= criterion(ranked[0]) + CANNOT_TELL]


def explains(test: SlipTest, camera: CameraTests) -> bool:
    """Say whether a slip leaves no more than noise."""
    left = camera.rank - len(test.amounts)
    return left < 1 or log_tail(max(camera.total - test.statistic, 0.0), left) > MISFIT_LOG_P
