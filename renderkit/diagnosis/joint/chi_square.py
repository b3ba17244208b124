"""Tail of the chi-square distribution, in logarithms, for whole degrees of freedom.

Closed form: Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.4.4 and 26.4.5.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray

_FAR = 1000.0
_LAST_ROOT: Final = 60.0
_NEWTON_ROUNDS: Final = 8
_NODES_PER_ROOT: Final = 50


def log_tail(x: float, degrees: int) -> float:
    """Return the logarithm of the probability that chi-square with `degrees` of freedom exceeds x.

    Raises:
        ValueError: If there are no degrees of freedom.
    """
    if degrees < 1:
        raise ValueError(f"expected at least 1 degree of freedom, got {degrees}")
    if x <= 0.0:
        return 0.0
    return min(0.0, float(_scaled_logs(np.array([x]), degrees)[0]) - 0.5 * x)


def _scaled_logs(x: FloatArray, degrees: int) -> FloatArray:
    """Return the logarithms of the tails at (N,) places times exp(x / 2), which would underflow; x > 0."""
    half = 0.5 * x
    roots = np.sqrt(half)
    if degrees % 2:
        near = np.minimum(half, 0.5 * _FAR)
        erfc = np.array([math.erfc(root) for root in np.sqrt(near).tolist()])
        term, total, order = roots / math.gamma(1.5), np.exp(near) * erfc, 1.5
        total = np.where(x < _FAR, total, 1.0 / (math.sqrt(math.pi) * roots))
    else:
        term, total, order = np.ones(len(x)), np.zeros(len(x)), 1.0
    for _ in range(degrees // 2):
        total = total + term
        term = term * (half / order)
        order += 1.0
    logs: FloatArray = np.log(total)
    return logs


def log_tails(x: FloatArray, degrees: int) -> FloatArray:
    """Return `log_tail` of many values: within 1e-4 up to 3600, beyond it a little too small.

    Interpolated in the root of x, in which all but -x / 2 is nearly straight.
    """
    table = _remainders(degrees)
    place = np.minimum(np.sqrt(x), _LAST_ROOT) * _NODES_PER_ROOT
    node = place.astype(np.intp)
    low = table[node]
    result: FloatArray = low + (place - node) * (table[node + 1] - low) - 0.5 * x
    return result


@lru_cache(maxsize=32)
def _remainders(degrees: int) -> FloatArray:
    """Return log_tail(x) + x / 2 at the nodes of the interpolation, and one beyond."""
    x = (np.arange(1, int(_LAST_ROOT) * _NODES_PER_ROOT + 2) / _NODES_PER_ROOT) ** 2
    return np.concatenate([[0.0], np.minimum(_scaled_logs(x, degrees), 0.5 * x)])


def standard_errors(log_p: float) -> float:
    """Return how many standard errors a normal number exceeds, on either side, with a probability of exp(log_p) < 1.

    Newton's method on the logarithm of the tail, which is concave: from beyond the root no step goes past it.
    """
    found = math.sqrt(-2.0 * log_p)
    for _ in range(_NEWTON_ROUNDS):
        tail = math.erfc(found / math.sqrt(2.0))
        slope = -math.sqrt(2.0 / math.pi) * math.exp(-0.5 * found**2) / tail
        found -= (math.log(tail) - log_p) / slope
    return found


def median(degrees: int) -> float:
    """Return the median, by Wilson and Hilferty's approximation (within 2 %)."""
    return float(degrees * (1.0 - 2.0 / (9.0 * degrees)) ** 3)
