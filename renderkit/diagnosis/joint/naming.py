"""The rule by which a camera is named: how improbable its evidence is for a healthy camera.

A healthy camera's scatter and the inflation of its stated variances are not known; the other cameras give a posterior
of both. The probability of each slip's statistic is averaged over it. `diagnose` and `drift` name cameras by this rule,
and `prove` predicts what it finds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.chi_square import log_tails, standard_errors
from renderkit.diagnosis.joint.parameters import NAMING

_TINY = 1e-12
_RANK_TOLERANCE = 1e-10
_NEGLIGIBLE = 1e-2
_SAYS_NOTHING = 0.02
_DOUBLINGS = 12
_SECANTS = 6


def log_limit(alpha: float, num_cameras: int) -> float:
    """Return the log probability below which a slip is named, where all slips that name cameras are looked at."""
    return math.log(alpha) - math.log(num_cameras * len(NAMING))


def errors_to_name(alpha: float, num_cameras: int) -> float:
    """Return from how many standard errors on a slip of one number is named."""
    return standard_errors(log_limit(alpha, num_cameras))


@dataclass(frozen=True, eq=False)
class Scatter:
    """What one camera is tested against: scatter and inflation as the other cameras know them.

    Attributes:
        scales: (K, P) healthy scatter of its numbers, px.
        inflations: (K,) factors of the stated variances.
        weights: (K,) probability of each.
    """

    scales: FloatArray
    inflations: FloatArray
    weights: FloatArray

    def above(self, weight: float) -> Scatter:
        """Return the members of at least some weight; the likeliest is always kept."""
        kept = self.weights >= min(weight, float(self.weights.max()))
        return Scatter(self.scales[kept], self.inflations[kept], self.weights[kept])

    def rule(self, information: FloatArray, limit: float) -> NamingRule:
        """Return the rule for a camera whose evidence has (P, P) information.

        Args:
            information: Of the evidence alone.
            limit: Log probability that matters: members of the posterior that cannot decide it are left out.
        """
        kept = self.above(_NEGLIGIBLE * math.exp(limit))
        return NamingRule(np.log(kept.weights), _whiteners(information, kept.scales, kept.inflations))


def log_p_of(scatters: Sequence[Scatter], information: FloatArray, scores: FloatArray, limit: float) -> FloatArray:
    """Return (n,) log probabilities of the least probable slips of n healthy cameras with such scores.

    Where it is above `limit` any number that is above it as well: the likeliest member of the posterior is tried first.

    Args:
        scatters: What each camera is tested against.
        information: (n, P, P) of the evidence alone.
        scores: (n, P).
        limit: Log probability that matters.
    """
    first = [(one, int(one.weights.argmax())) for one in scatters]
    scales, inflations = (
        np.array([one.scales[at] for one, at in first]),
        np.array([one.inflations[at] for one, at in first]),
    )
    weights = np.log([one.weights[at] for one, at in first])
    whiteners = _whiteners(information, scales, inflations)
    each = [log_tails(((scores[:, None] @ one)[:, 0] ** 2).sum(axis=1), one.shape[2]) for one in whiteners]
    result: FloatArray = np.min(each, axis=0) + weights
    for index in np.flatnonzero(result <= limit).tolist():
        result[index] = scatters[index].rule(information[index], limit).log_p(scores[index][None])[0]
    return result


def _whiteners(information: FloatArray, scales: FloatArray, inflations: FloatArray) -> tuple[FloatArray, ...]:
    """Return for each slip (K, P, n): a healthy camera's score times it is standard normal.

    Args:
        information: (P, P), or (K, P, P).
        scales: (K, P) healthy scatter, px.
        inflations: (K,).
    """
    given = information / inflations[:, None, None]
    shrink = np.linalg.inv(np.eye(scales.shape[1]) + given * scales[:, None, :] ** 2)
    tested = shrink @ given
    tested = 0.5 * (tested + tested.swapaxes(1, 2))
    scaled = shrink.swapaxes(1, 2) / inflations[:, None, None]
    whiteners = []
    for slip in NAMING:
        at = list(slip.indices)
        values, vectors = np.linalg.eigh(tested[:, at][:, :, at])
        known = values > _RANK_TOLERANCE * np.maximum(values[:, -1:], _TINY)
        inverse = np.where(known, 1.0 / np.sqrt(np.where(known, values, 1.0)), 0.0)
        whiteners.append(scaled[:, :, at] @ (vectors * inverse[:, None, :]))
    return tuple(whiteners)


@dataclass(frozen=True, eq=False)
class NamingRule:
    """The rule for one camera's score: P numbers, K members of the posterior.

    Attributes:
        log_weights: (K,).
        whiteners: For each slip (K, P, n): a healthy camera's score times it is standard normal.
    """

    log_weights: FloatArray
    whiteners: tuple[FloatArray, ...]

    def log_p(self, scores: FloatArray) -> FloatArray:
        """Return (M,) log probabilities of the least probable slip, for (M, P) scores."""
        every = [self.averaged(((scores @ one) ** 2).sum(axis=2), one.shape[2]) for one in self.whiteners]
        result: FloatArray = np.min(every, axis=0)
        return result

    def averaged(self, statistics: FloatArray, degrees: int) -> FloatArray:
        """Return (M,) log probabilities of (K, M) statistics of one slip, averaged over the posterior."""
        each = log_tails(statistics, degrees) + self.log_weights[:, None]
        top = each.max(axis=0)
        result: FloatArray = top + np.log(np.exp(each - top).sum(axis=0))
        return result

    def along(self, scores: FloatArray, step: FloatArray) -> ScorePath:
        """Return the rule for (M, P) scores to which a multiple of a (P,) step is added."""
        paths = []
        for whitener in self.whiteners:
            start, way = scores @ whitener, step @ whitener
            square = (way**2).sum(axis=1)
            degrees = whitener.shape[2]
            paths.append(_Quadratic((start**2).sum(axis=2), 2.0 * (start @ way[:, :, None])[..., 0], square, degrees))
        largest = max(float(one.square.max()) for one in paths)
        # A slip that says next to nothing about this step is never the least probable one.
        least = max(_SAYS_NOTHING * largest, _TINY)
        return ScorePath(self, tuple(one for one in paths if float(one.square.max()) > least), len(scores))


@dataclass(frozen=True, eq=False)
class _Quadratic:
    """A slip's statistic for multiples t of a step: start + slope t + square t^2; (K, M), (K, M) and (K,)."""

    start: FloatArray
    slope: FloatArray
    square: FloatArray
    degrees: int

    def at(self, sizes: FloatArray) -> FloatArray:
        found: FloatArray = self.start + self.slope * sizes + self.square[:, None] * sizes**2
        return np.maximum(found, 0.0)


@dataclass(frozen=True, eq=False)
class ScorePath:
    """What the rule says of M scores as one fault grows in each of them."""

    rule: NamingRule
    slips: tuple[_Quadratic, ...]
    count: int

    def log_p(self, sizes: FloatArray) -> FloatArray:
        """Return (M,) log probabilities for (M,) sizes of the fault."""
        result: FloatArray = np.min([self.rule.averaged(one.at(sizes), one.degrees) for one in self.slips], axis=0)
        return result

    def smallest_sizes(self, limit: float) -> FloatArray:
        """Return (M,) smallest sizes at which the log probability is at the limit; infinite where there is none.

        The root of minus the log probability is nearly straight in the size: secants, kept within what is known.
        """
        if not self.slips:
            return np.full(self.count, np.inf)
        count, most = self.count, max(float(one.square.max()) for one in self.slips)
        wanted = math.sqrt(-limit)
        low, high = np.zeros(count), np.full(count, 2.0 * wanted / math.sqrt(most))
        lower, upper = self._root(low), self._root(high)
        for _ in range(_DOUBLINGS):
            short = upper < wanted
            if not short.any():
                break
            high = np.where(short, 2.0 * high, high)
            upper = self._root(high)
        for _ in range(_SECANTS):
            share = (wanted - lower) / np.maximum(upper - lower, _TINY)
            middle = low + np.clip(share, 0.02, 0.98) * (high - low)
            root = self._root(middle)
            below = root < wanted
            low, lower = np.where(below, middle, low), np.where(below, root, lower)
            high, upper = np.where(below, high, middle), np.where(below, upper, root)
        sizes = np.where(self._root(np.zeros(count)) >= wanted, 0.0, 0.5 * (low + high))
        return np.where(upper >= wanted, sizes, np.inf)

    def _root(self, sizes: FloatArray) -> FloatArray:
        result: FloatArray = np.sqrt(np.maximum(-self.log_p(sizes), 0.0))
        return result
