"""Tail of the chi-square distribution, in logarithms, for whole degrees of freedom.

Closed form: Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.4.4 and 26.4.5.
"""

from __future__ import annotations

import math

_FAR = 1000.0


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


def median(degrees: int) -> float:
    """Return the median, by Wilson and Hilferty's approximation (within 2 %)."""
    return float(degrees * (1.0 - 2.0 / (9.0 * degrees)) ** 3)
