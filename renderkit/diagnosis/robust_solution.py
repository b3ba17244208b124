"""Least squares that a minority of outliers changes little."""

from __future__ import annotations

import numpy as np

from renderkit.arrays import FloatArray

_ROUNDS = 4


def robust_solution(design: FloatArray, target: FloatArray) -> FloatArray:
    """Return the least-squares solution of (N, M) design and (N,) target with Cauchy weights."""
    weights: FloatArray = np.ones(len(target))
    solution: FloatArray = np.zeros(design.shape[1])
    for _ in range(_ROUNDS):
        root = np.sqrt(weights)
        solution = np.asarray(np.linalg.lstsq(root[:, None] * design, root * target, rcond=None)[0], dtype=np.float64)
        residuals = target - design @ solution
        scale = 1.4826 * float(np.median(np.abs(residuals))) + 1e-6
        weights = 1.0 / (1.0 + (residuals / (2.0 * scale)) ** 2)
    return solution
