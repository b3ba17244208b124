"""Which cameras are off, and by what: likelihood-ratio tests with one false alarm rate for the whole rig."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.assumed import START_PX, Assumed, assumed_after, assumed_first
from renderkit.diagnosis.joint.chi_square import log_tail
from renderkit.diagnosis.joint.estimate import FREE_PX, CameraPosterior, CameraPriors, Estimate, Priors, estimate
from renderkit.diagnosis.joint.healthy import stacked
from renderkit.diagnosis.joint.naming import Scatter, averaged_log_p_of, likeliest_log_p_of, log_limit
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.parameters import NUM, SLIPS, Slip

CANNOT_TELL: Final = 2.0 * math.log(100.0)
"""Slips whose criterion is within this of the best are not told apart: a likelihood ratio against the true one is over
100 with a probability of at most 1 % (Markov's inequality; Royall 1997, "Statistical evidence", section 1.4)."""

MOST: Final = 0.5
"""One slip explains most of an error: this share of what all parameters together explain."""

MISFIT_LOG_P: Final = math.log(1e-3)
_RANK_TOLERANCE = 1e-6
_ROUNDS = 3
_WARM_ROUNDS = 1


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


@dataclass(frozen=True, eq=False)
class CameraTests:
    """All slips of one camera.

    Attributes:
        tests: One for each slip.
        information: (P, P) about a fault beside healthy scatter.
        score: (P,).
        total: What all parameters together would explain.
        rank: How many of them are known.
    """

    tests: tuple[SlipTest, ...]
    information: FloatArray
    score: FloatArray
    total: float
    rank: int


@dataclass(frozen=True, eq=False)
class Decision:
    """What was decided.

    Attributes:
        faulty: Cameras that are off: index, and log p over the whole rig.
        scales: (C, P) healthy scatter of each camera's numbers, px.
        inflation: (C,) of the noise, see `CameraPriors`.
        found: The estimate with the faulty cameras free.
        scatters: What each camera is tested against.
    """

    faulty: tuple[tuple[int, float], ...]
    scales: FloatArray
    inflation: FloatArray
    found: Estimate
    scatters: tuple[Scatter, ...]

    @property
    def tau_px(self) -> float:
        """Median over cameras of the healthy scatter of their parameters, px."""
        return float(np.median(self.scales[:, 0]))


Estimator: TypeAlias = Callable[[Observations, CameraPriors, Priors, Estimate | None], Estimate]
"""Estimates all cameras, given what is assumed about them and an estimate before."""


def max_faulty(seen: Observations) -> int:
    """Return how many cameras may be named at most: fewer than half of them, at least one."""
    return max(1, (len(seen.names) - 1) // 2)


def decide(
    seen: Observations,
    priors: Priors,
    alpha: float,
    most: int,
    *,
    estimator: Estimator = estimate,
    free: Sequence[int] = (),
) -> Decision:
    """Free the worst camera while it is significant; the healthy scatter comes from the others each time.

    Args:
        seen: The evidence.
        priors: Of what is not a camera's fault.
        alpha: Probability that a rig without fault has a camera named.
        most: At most so many cameras are named.
        estimator: Estimates all cameras together.
        free: Cameras that are known to be off; they are not counted.
    """
    step = Step(seen, lambda given, before: estimator(seen, given, priors, before), alpha)
    faulty: list[tuple[int, float]] = []
    state = step.after(free, None)
    while len(faulty) < most:
        worst = min(state.log_p, key=lambda index: state.log_p[index])
        if state.log_p[worst] <= math.log(alpha):
            named = [(worst, state.log_p[worst])]
        else:
            named = step.masked_pair(state) if len(faulty) + 2 <= most else []
        if not named:
            break
        faulty += named
        state = step.after([*free, *(index for index, _ in faulty)], state)
    return state.decision(faulty)


@dataclass(frozen=True, eq=False)
class State:
    """An estimate with some cameras free.

    Attributes:
        free: These.
        found: The estimate.
        healthy: The healthy scatter that belongs to it.
        log_p: Of every other camera, over the whole rig.
        likeliest: The same by the likeliest member of the scatter's posterior alone.
    """

    free: tuple[int, ...]
    found: Estimate
    healthy: Assumed
    log_p: Mapping[int, float]
    likeliest: Mapping[int, float]

    def decision(self, faulty: Sequence[tuple[int, float]]) -> Decision:
        """Return the decision that these cameras are off, each with its log p over the whole rig."""
        priors = self.healthy.priors
        return Decision(tuple(faulty), priors.scales_px, priors.inflation, self.found, self.healthy.scatters)


@dataclass(frozen=True, eq=False)
class Step:
    """Frees cameras, and tests the others.

    Attributes:
        seen: The evidence.
        estimated: Estimates all cameras, given what is assumed about them and an estimate before.
        alpha: Probability that a rig without fault has a camera named.
        rounds: How often the estimate and the healthy scatter follow each other without an estimate before.
    """

    seen: Observations
    estimated: Callable[[CameraPriors, Estimate | None], Estimate]
    alpha: float
    rounds: int = _ROUNDS

    def after(self, free: Sequence[int], before: State | None) -> State:
        """Return the estimate with these cameras free, from the one before."""
        count = len(self.seen.names)
        found, healthy = self._estimated(free, before)
        limit = log_limit(self.alpha, count)
        own = [index for index in range(count) if index not in free]
        tested = [healthy.scatters[index] for index in own], *stacked([found.cameras[index] for index in own])
        likeliest = likeliest_log_p_of(*tested)
        averaged = averaged_log_p_of(*tested, limit, likeliest)
        of_rig, of_rig_likeliest = (
            dict(zip(own, (log_p - limit + math.log(self.alpha)).tolist(), strict=True))
            for log_p in (averaged, likeliest)
        )
        return State(tuple(free), found, healthy, of_rig, of_rig_likeliest)

    def _estimated(self, free: Sequence[int], before: State | None) -> tuple[Estimate, Assumed]:
        """Return the estimate and the healthy scatter that belong together.

        Cameras that move more than the healthy scatter get a wider prior, as far as they move: a narrow one would press
        their error into the nuisances and from there into the other cameras.
        """
        assumed = assumed_first(self.seen) if before is None else before.healthy.priors
        found = None if before is None else before.found
        widths = np.ones(len(self.seen.names))
        healthy = None
        for _ in range(self.rounds if before is None else _WARM_ROUNDS):
            prior = np.minimum(np.maximum(assumed.scales_px, START_PX) * widths[:, None], FREE_PX)
            prior[list(free)] = FREE_PX
            found = self.estimated(CameraPriors(prior, assumed.inflation), found)
            healthy = assumed_after(self.seen, found, free, assumed)
            assumed = healthy.priors
            scales = np.maximum(assumed.scales_px, START_PX)
            totals, ranks = _totals(*_tested(*stacked(found.cameras), scales))
            widths = np.maximum(1.0, np.sqrt(totals / np.maximum(ranks, 1)))
        assert found is not None and healthy is not None  # noqa: S101, PT018 - the loop ran
        return found, healthy

    def masked_pair(self, state: State) -> list[tuple[int, float]]:
        """Return two cameras that hide each other: each is named once the other is free.

        A second one that is as far off makes the first look like the healthy scatter of all. Only a camera is tried
        that stands out from the likeliest scatter, and both have to be named: a rig without fault seldom has even one.
        """
        suspect = min(state.likeliest, key=lambda index: state.likeliest[index])
        if state.likeliest[suspect] > math.log(self.alpha):
            return []
        without = self.after([*state.free, suspect], state)
        second = min(without.log_p, key=lambda index: without.log_p[index])
        if without.log_p[second] > math.log(self.alpha):
            return []
        log_p = self.after([*state.free, second], state).log_p[suspect]
        pair = [(suspect, log_p), (second, without.log_p[second])]
        return sorted(pair, key=lambda one: one[1]) if log_p <= math.log(self.alpha) else []


def tests_of(camera: CameraPosterior, scales: FloatArray) -> CameraTests:
    """Test every slip of a camera against its healthy scatter (P,) alone."""
    informations, scores = _tested(*stacked([camera]), scales[None])
    information, score = informations[0], scores[0]
    tests = []
    for slip in SLIPS:
        at = list(slip.indices)
        covariance: FloatArray = np.asarray(np.linalg.pinv(information[np.ix_(at, at)], rcond=1e-10, hermitian=True))
        amounts = covariance @ score[at]
        tests.append(SlipTest(slip, float(amounts @ score[at]), amounts, covariance))
    totals, ranks = _totals(informations, scores)
    return CameraTests(tuple(tests), information, score, float(totals[0]), int(ranks[0]))


def tested_information(cameras: Sequence[CameraPosterior], scales: FloatArray) -> FloatArray:
    """Return the (n, P, P) information about faults of cameras beside their healthy scatter (n, P)."""
    return _tested(*stacked(cameras), scales)[0]


def _tested(information: FloatArray, scores: FloatArray, scales: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the (n, P, P) information about faults beside healthy scatter (n, P), and the (n, P) scores."""
    shrink = np.linalg.inv(np.eye(scales.shape[1]) + information * scales[:, None] ** 2)
    tested = shrink @ information
    return 0.5 * (tested + tested.swapaxes(1, 2)), (shrink @ scores[..., None])[..., 0]


def _totals(information: FloatArray, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the (n,) statistics of all parameters together, and how many are known."""
    values, vectors = np.linalg.eigh(information)
    kept = values > _RANK_TOLERANCE * np.maximum(values[:, -1:], 1e-12)
    along = (vectors.swapaxes(1, 2) @ scores[..., None])[..., 0]
    return np.where(kept, along**2 / np.where(kept, values, 1.0), 0.0).sum(axis=1), kept.sum(axis=1)


def ranked_causes(camera: CameraTests, num_observations: int) -> list[SlipTest]:
    """Return the slips that cannot be told apart, the likeliest first, by the Bayesian information criterion.

    All parameters together also explain what the linear model leaves of one large slip. Where they are the likeliest,
    slips stay beside them that explain most of it; what these leave is then taken for the model's error, as in
    quasi-likelihood (Wedderburn 1974). A slip that only adds parameters to another one is left out.
    """
    ranked = sorted(camera.tests, key=lambda one: criterion(one, num_observations))
    least = criterion(ranked[0], num_observations)
    kept = [one for one in ranked if criterion(one, num_observations) <= least + CANNOT_TELL]
    simple = [one for one in ranked if len(one.slip.indices) < NUM and one.statistic >= MOST * camera.total]
    if len(kept[0].slip.indices) == NUM and simple:
        left = (camera.total - simple[0].statistic) / max(camera.rank - len(simple[0].amounts), 1)
        scale = max(1.0, left)
        limit = criterion(simple[0], num_observations, scale) + CANNOT_TELL
        kept += [one for one in simple if one not in kept and criterion(one, num_observations, scale) <= limit]
    return _told(kept)


def _told(causes: Sequence[SlipTest]) -> list[SlipTest]:
    """Return the causes without those that only add parameters to another: not "turn with roll" beside "turn"."""
    parts = [frozenset(one.slip.indices) for one in causes]
    return [
        one for one, own in zip(causes, parts, strict=True) if one is causes[0] or not any(each < own for each in parts)
    ]


def criterion(test: SlipTest, num_observations: int, scale: float = 1.0) -> float:
    """Return the Bayesian information criterion of a slip against a healthy camera: the lower, the likelier.

    Args:
        test: The slip.
        num_observations: Independent numbers of the evidence.
        scale: By how much variances are larger than stated.
    """
    return -test.statistic / scale + len(test.amounts) * math.log(max(num_observations, 2))


def num_observations(seen: Observations, found: Estimate, index: int) -> int:
    """Return how many independent numbers the evidence of one camera has."""
    samples = float(seen.offset_known[index].sum()) / float(found.noise.correlation[index])
    return 2 * int(seen.known[index].sum()) + round(samples)


def has_amount(test: SlipTest) -> bool:
    """Say whether a slip's amounts differ from none, once the camera was estimated about its correction."""
    return log_tail(test.statistic, len(test.amounts)) < MISFIT_LOG_P


def explains(test: SlipTest, camera: CameraTests) -> bool:
    """Say whether a slip leaves no more than noise."""
    left = camera.rank - len(test.amounts)
    return left < 1 or log_tail(max(camera.total - test.statistic, 0.0), left) > MISFIT_LOG_P
