"""Which of several correlated amounts stands out: one fault among measurements whose covariance is known to a scale.

Each camera in turn is taken for the only one that is off; its amount is then the generalised least squares estimate,
with all others and their correlations as the measure. After Baarda, "A testing procedure for use in geodetic networks"
(1968), with the scale from the others (Pope 1976).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray

FALSE_ALARM_RATE: Final = 0.005
"""Of each of the two tests, of shifts and of edges: how often a sound rig has an amount beyond the threshold."""

_DRAWS: Final = 4000
_USUAL_TIMES: Final = 1.5
"""Several faults inflate what is left of the others: never more than so many times the usual camera's square."""

_SMALLEST: Final = 1e-9


@dataclass(frozen=True, eq=False)
class Standout:
    """How far each of n amounts stands out.

    Attributes:
        amounts: (n, d) each camera's amount if it alone is off, px; NaN where nothing tells it.
        errors: (n, d) standard errors.
        ratios: (n,) length of the amount in its standard errors; NaN where nothing tells it.
        threshold: The largest ratio of a sound rig lies beyond this at a rate of `FALSE_ALARM_RATE`.
    """

    amounts: FloatArray
    errors: FloatArray
    ratios: FloatArray
    threshold: float

    def among(self, kept: Sequence[int], count: int) -> Standout:
        """Return the same for `count` cameras of which these are `kept`; NaN for the others."""
        wide = np.full((count, self.amounts.shape[1]), np.nan)
        amounts, errors, ratios = wide.copy(), wide, np.full(count, np.nan)
        amounts[list(kept)], errors[list(kept)], ratios[list(kept)] = self.amounts, self.errors, self.ratios
        return replace(self, amounts=amounts, errors=errors, ratios=ratios)


def stand_out(values: FloatArray, answers: FloatArray, gauge: FloatArray) -> Standout:
    """Test each camera's amount against those of all others.

    Args:
        values: (n, d) measured amounts, px.
        answers: (m, n d) how the amounts answer to m independent sources of noise, all of one unknown size.
        gauge: (n d, g) motions of all amounts that mean nothing.
    """
    count, size = values.shape
    basis = np.linalg.qr(gauge)[0]
    across = answers - (answers @ basis) @ basis.T
    variance, vectors = np.linalg.eigh(across.T @ across)
    known = variance > _SMALLEST * max(float(variance.max(initial=0.0)), _SMALLEST)
    whiten = vectors[:, known] / np.sqrt(variance[known])
    # What a unit of each camera's amount does to the white measurements.
    effect = whiten.reshape(count, size, -1)
    information = effect @ effect.transpose(0, 2, 1)
    strength, axes = np.linalg.eigh(information)
    told = strength > _SMALLEST * max(float(strength.max(initial=0.0)), _SMALLEST)
    root = axes * np.where(told, 1.0 / np.sqrt(np.where(told, strength, 1.0)), 0.0)[:, None]
    unit = root.transpose(0, 2, 1) @ effect
    white = values.ravel() @ whiten
    ratios, scale = _ratios(unit, white[None])
    parts = unit @ white
    draws = np.random.default_rng(0).normal(size=(_DRAWS, int(known.sum())))
    threshold = float(np.quantile(_ratios(unit, draws)[0].max(axis=1), 1.0 - FALSE_ALARM_RATE))
    blind = ~told.all(axis=1)
    amounts = np.einsum("kab,kb->ka", root, parts)
    errors = scale[0][:, None] * np.sqrt((root**2).sum(axis=2))
    amounts[blind], errors[blind] = np.nan, np.nan
    return Standout(amounts, errors, np.where(blind, np.nan, ratios[0]), threshold)


def _ratios(unit: FloatArray, white: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (draws, n) ratios of each camera, and the noise's scale as the others have it.

    Args:
        unit: (n, d, m) orthonormal directions of each camera's amount.
        white: (draws, m) measurements.
    """
    count, size, freedom = unit.shape
    own = ((white @ unit.reshape(count * size, freedom).T).reshape(-1, count, size) ** 2).sum(axis=2)
    left = ((white**2).sum(axis=1, keepdims=True) - own) / max(freedom - size, 1)
    # Median of chi-squared with d degrees of freedom, after Wilson and Hilferty.
    middle = size * (1.0 - 2.0 / (9.0 * size)) ** 3
    usual = np.median(own, axis=1, keepdims=True) / middle
    scale = np.sqrt(np.maximum(np.minimum(left, _USUAL_TIMES * usual), _SMALLEST**2))
    return np.sqrt(own) / scale, scale
