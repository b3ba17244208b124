"""Polynomials with coefficients lowest first."""

from __future__ import annotations

import numpy as np

from renderkit.arrays import FloatArray


def horner(coefficients: FloatArray, x: FloatArray) -> FloatArray:
    """Evaluate a polynomial with coefficients lowest first."""
    result = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        result = result * x + coefficient
    return result


def derivative(coefficients: FloatArray) -> FloatArray:
    """Return the derivative's coefficients, lowest first."""
    return coefficients[1:] * np.arange(1.0, len(coefficients))
