"""Which of several correlated amounts stands out: one fault among measurements whose covariance is known to a scale.

Each camera in turn is taken for the only one that is off; its amount is then the generalised least squares estimate,
with all others and their correlations as the measure. After Baarda, "A testing procedure for use in geodetic networks"
(1968). The noise's scale is that of what is left without the two worst, so that two faults do not hide each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.arrays import BoolArray, FloatArray

FALSE_ALARM_RATE: Final = 0.005
"""Of each test, of shifts, turns, edges and sizes: how often a sound rig has an amount beyond the threshold."""

_DRAWS: Final = 4000
_SMALLEST: Final = 1e-9


@dataclass(frozen=True, eq=False)
class Standout:
    """How far each of n amounts stands out.

    Attributes:
        amounts: (n, d) each camera's amount if it alone is off, px; NaN where nothing tells it.
        errors: (n, d) standard errors.
        ratios: (n,) length of the amount in its standard errors; NaN where nothing tells it.
        threshold: The largest ratio of a sound rig lies beyond this at a rate of `FALSE_ALARM_RATE`.
        whiteners: (n, d, d): an amount of a camera times it has the length that `ratios` counts; 0 where nothing tells.
    """

    amounts: FloatArray
    errors: FloatArray
    ratios: FloatArray
    threshold: float
    whiteners: FloatArray

    def ratio_of(self, camera: int, amount: FloatArray) -> float:
        """Return the length of a (d,) amount of a camera in its standard errors."""
        return float(np.linalg.norm(self.whiteners[camera] @ amount))

    def among(self, kept: Sequence[int], count: int) -> Standout:
        """Return the same for `count` cameras of which these are `kept`; NaN for the others."""
        wide = np.full((count, self.amounts.shape[1]), np.nan)
        amounts, errors, ratios = wide.copy(), wide, np.full(count, np.nan)
        amounts[list(kept)], errors[list(kept)], ratios[list(kept)] = self.amounts, self.errors, self.ratios
        whiteners = np.zeros((count, *self.whiteners.shape[1:]))
        whiteners[list(kept)] = self.whiteners
        return replace(self, amounts=amounts, errors=errors, ratios=ratios, whiteners=whiteners)


def stand_out(
    values: FloatArray, answers: FloatArray, gauge: FloatArray, tested: slice | list[int] = slice(None)
) -> Standout:
    """Test each camera's amount against those of all others.

    Args:
        values: (n, k) measured numbers of each camera, px.
        answers: (m, n k) how the numbers answer to m independent sources of noise, all of one unknown size.
        gauge: (n k, g) motions of all numbers that mean nothing.
        tested: Which d of a camera's k numbers are its amount; the others are those of a sound camera.
    """
    count, size = values.shape
    basis = np.linalg.qr(gauge)[0]
    across = answers - (answers @ basis) @ basis.T
    variance, vectors = np.linalg.eigh(across.T @ across)
    known = variance > _SMALLEST * max(float(variance.max(initial=0.0)), _SMALLEST)
    whiten = vectors[:, known] / np.sqrt(variance[known])
    # What a unit of each camera's amount does to the white measurements.
    unit, root = _orthonormal(whiten.reshape(count, size, -1)[:, tested])
    white = values.ravel() @ whiten
    draws = np.random.default_rng(0).normal(size=(_DRAWS, len(white)))
    scales = _scales(unit, draws)
    largest = _lengths(unit, draws).max(axis=1) / scales
    usual = float(np.median(scales))
    scale = float(_scales(unit, white[None])[0]) / usual
    blind: BoolArray = np.asarray((root == 0.0).all(axis=1).any(axis=1))
    amounts = np.einsum("kab,kb->ka", root, unit @ white)
    errors = scale * np.sqrt((root**2).sum(axis=2))
    amounts[blind], errors[blind] = np.nan, np.nan
    ratios = np.where(blind, np.nan, _lengths(unit, white[None])[0] / scale)
    threshold = usual * float(np.quantile(largest, 1.0 - FALSE_ALARM_RATE))
    return Standout(amounts, errors, ratios, threshold, np.asarray(np.linalg.pinv(root) / scale, np.float64))


def _orthonormal(effect: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (n, d, m) orthonormal rows that span those of `effect`, and the (n, d, d) roots that make them.

    Rows and columns of what has no effect are zero.
    """
    strength, axes = np.linalg.eigh(effect @ effect.transpose(0, 2, 1))
    told = strength > _SMALLEST * max(float(strength.max(initial=0.0)), _SMALLEST)
    root = axes * np.where(told, 1.0 / np.sqrt(np.where(told, strength, 1.0)), 0.0)[:, None]
    unit: FloatArray = root.transpose(0, 2, 1) @ effect
    return unit, root


def _lengths(unit: FloatArray, white: FloatArray) -> FloatArray:
    """Return (draws, n) lengths of the (draws, m) measurements along each camera's directions."""
    count, size, freedom = unit.shape
    parts = (white @ unit.reshape(count * size, freedom).T).reshape(-1, count, size)
    return np.asarray(np.linalg.norm(parts, axis=2), np.float64)


def _scales(unit: FloatArray, white: FloatArray) -> FloatArray:
    """Return (draws,) RMS of what is left of the measurements without the two cameras that explain most of them."""
    left = np.empty(len(white))
    worst = _lengths(unit, white).argmax(axis=1)
    for camera in np.unique(worst):
        own, mine = unit[camera], worst == camera
        rest = white[mine] - (white[mine] @ own.T) @ own
        others, _ = _orthonormal(unit - (unit @ own.T) @ own)
        left[mine] = (rest**2).sum(axis=1) - _lengths(others, rest).max(axis=1) ** 2
    freedom = max(unit.shape[2] - 2 * unit.shape[1], 1)
    return np.asarray(np.sqrt(np.maximum(left / freedom, _SMALLEST**2)), np.float64)
