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
    half = 0.5 * x
    # Everything is kept without its factor exp(-x / 2), which underflows.
    if degrees % 2:
        term = math.sqrt(half) / math.gamma(1.5)
        total = math.exp(half) * math.erfc(math.sqrt(half)) if x < _FAR else 1.0 / math.sqrt(math.pi * half)
        order = 1.5
    else:
        term, total, order = 1.0, 0.0, 1.0
    for _ in range(degrees // 2):
        total += term
        term *= half / order
        order += 1.0
    return min(0.0, math.log(total) - half)


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
    roots = np.arange(int(_LAST_ROOT) * _NODES_PER_ROOT + 2) / _NODES_PER_ROOT
    return np.array([log_tail(root**2, degrees) + 0.5 * root**2 for root in roots.tolist()])


def median(degrees: int) -> float:
    """Return the median, by Wilson and Hilferty's approximation (within 2 %)."""
    return float(degrees * (1.0 - 2.0 / (9.0 * degrees)) ** 3)
