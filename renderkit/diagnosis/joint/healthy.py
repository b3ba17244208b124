"""How far healthy cameras scatter, and by how much the stated errors are too small: estimated from the rig itself.

No calibration is perfect, and neighbouring errors of a mesh or a matte are not independent. In the eigenbasis of a
camera's information a healthy camera's estimate z scatters with the variance inflation * stated + tau^2. Both numbers
have a posterior on a grid, from a normal likelihood with a share of gross errors, so that cameras that are off count
little. A camera is tested against the posterior of the others, and over all of it: for one common scale this is
Student's t and Fisher's F.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from renderkit.arrays import BoolArray, FloatArray, frozen
from renderkit.diagnosis.joint.estimate import CameraPosterior
from renderkit.diagnosis.joint.parameters import LENS, NUM, NUM_LOCAL

TAUS_PX: Final = np.geomspace(0.004, 5.0, 36)
"""Healthy scatters that are tried."""

INFLATIONS: Final = np.geomspace(0.35, 16.0, 23)
"""Factors of the stated variances that are tried."""

_OF_CAMERA: Final[BoolArray] = frozen((np.arange(NUM_LOCAL) < NUM) & ~np.isin(np.arange(NUM_LOCAL), LENS))
"""Numbers that scatter alike in healthy cameras, in px; lenses have a scatter of their own."""

_GROSS = 0.02
_GROSS_TIMES = 8.0
_KNOWN_PX = 10.0
_WITHIN = 1.0
_LIGHT = 1e-6
_PRIOR_LOG = 0.3
_PRIOR_LOG_OUTLINES = 1.0


@dataclass(frozen=True, eq=False)
class Healthy:
    """Scatter and inflation of one group of cameras.

    Attributes:
        tau_px: Scatter of each parameter, px: root of the posterior's mean square.
        inflation: Factor of the stated variances, the posterior's mean.
        taus: (K,) scatters with weight, px.
        inflations: (K,) their inflations.
        weights: (n, K) posterior without each of the cameras in turn.
    """

    tau_px: float
    inflation: float
    taus: FloatArray
    inflations: FloatArray
    weights: FloatArray


def scatter_likelihoods(cameras: Sequence[CameraPosterior], scales: FloatArray) -> FloatArray:
    """Return (n, I, T) log likelihoods of `INFLATIONS` and `TAUS_PX` by each camera's estimates.

    Args:
        cameras: What the evidence says about each.
        scales: (n, P) healthy scatter of each so far; that of lenses, mattes and detections is taken from it.
    """
    values, variances, known = _components(cameras, scales)
    squares, likelihood = TAUS_PX**2, np.zeros((len(cameras), len(INFLATIONS), len(TAUS_PX)))
    # One camera after the other: its grids stay in the processor's cache.
    for index, own in enumerate(known):
        spread = INFLATIONS[:, None] * variances[index, own, None, None] + squares
        likelihood[index] = _log_density(values[index, own, None, None], spread).sum(axis=0)
    return likelihood


def healthy_scatter(likelihood: FloatArray, *, with_outlines: bool, inflated: float = 1.0) -> Healthy:
    """Estimate scatter and inflation of like cameras.

    Args:
        likelihood: (n, I, T) from `scatter_likelihoods`.
        with_outlines: Whether any of them has outlines: their errors are not independent, so less is known about the
            inflation beforehand.
        inflated: By how much the stated variances are inflated already.
    """
    width = _PRIOR_LOG_OUTLINES if with_outlines else _PRIOR_LOG
    prior = -0.5 * (np.log(INFLATIONS * inflated) / width) ** 2
    total = likelihood.sum(axis=0) + prior[:, None]
    whole, others = _normalised(total), _normalised(total - likelihood)
    kept = (whole > _LIGHT) | (others > _LIGHT).any(axis=0)
    inflation, tau = np.nonzero(kept)
    weights = others[:, kept]
    return Healthy(
        tau_px=float(np.sqrt((whole.sum(axis=0) * TAUS_PX**2).sum())),
        inflation=float((whole.sum(axis=1) * INFLATIONS).sum()),
        taus=TAUS_PX[tau],
        inflations=INFLATIONS[inflation],
        weights=weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300),
    )


def _normalised(log_density: FloatArray) -> FloatArray:
    """Return (..., I, T) densities whose sum is 1."""
    density: FloatArray = np.exp(log_density - log_density.max(axis=(-2, -1), keepdims=True))
    density /= density.sum(axis=(-2, -1), keepdims=True)
    return density


def own_scatter(cameras: Sequence[CameraPosterior], scales: FloatArray, numbers: Sequence[int]) -> float:
    """Return the scatter of some of healthy cameras' numbers, px: the largest that is nearly the likeliest.

    Args:
        cameras: What the evidence says about each.
        scales: (n, P) healthy scatter of each so far.
        numbers: Which of a camera's numbers: of the lens, how much too large its mattes are, or where its detections
            lie.
    """
    found = [_marginals(cameras, np.arange(NUM_LOCAL) == number, scales) for number in numbers]
    precisions = np.column_stack([information[:, 0, 0] for information, _ in found])
    scores = np.column_stack([score[:, 0] for _, score in found])
    known = precisions > 1.0 / _KNOWN_PX**2
    if not known.any():
        return float(TAUS_PX[0])
    spread = 1.0 / precisions[known] + TAUS_PX[:, None] ** 2
    likelihood = _log_density(scores[known] / precisions[known], spread).sum(axis=1)
    return float(TAUS_PX[np.flatnonzero(likelihood >= likelihood.max() - _WITHIN)[-1]])


def _components(cameras: Sequence[CameraPosterior], scales: FloatArray) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Return (n, k) estimates along directions of the cameras' parameters, their stated variances, which are known."""
    information, score = _marginals(cameras, _OF_CAMERA, scales)
    values, vectors = np.linalg.eigh(information)
    known = values > 1.0 / _KNOWN_PX**2
    variances = 1.0 / np.where(known, values, 1.0)
    return (vectors.swapaxes(1, 2) @ score[..., None])[..., 0] * variances, variances, known


def _marginals(
    cameras: Sequence[CameraPosterior], wanted: BoolArray, scales: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return (n, k, k) information and (n, k) scores of k wanted numbers.

    The others are integrated out over their healthy scatter.
    """
    at, other = np.flatnonzero(wanted), np.flatnonzero(~wanted)
    full, score = stacked(cameras)
    own = full[:, other[:, None], other] + scales[:, other, None] ** -2.0 * np.eye(len(other))
    carried = full[:, at[:, None], other] @ np.linalg.inv(own)
    information = full[:, at[:, None], at] - carried @ full[:, other[:, None], at]
    return (
        0.5 * (information + information.swapaxes(1, 2)),
        score[:, at] - (carried @ score[:, other, None])[..., 0],
    )


def stacked(cameras: Sequence[CameraPosterior]) -> tuple[FloatArray, FloatArray]:
    """Return the (n, P, P) information and the (n, P) scores of n cameras."""
    return np.array([one.information for one in cameras]), np.array([one.score for one in cameras])


def _log_density(values: FloatArray, variances: FloatArray) -> FloatArray:
    """Return the log density of a normal distribution with a share of gross errors, up to a constant."""
    halves = (0.5 * values**2) / variances
    # The narrow density over the wide one, which underflows later, and one logarithm for all factors.
    narrow = np.exp(halves * (_GROSS_TIMES**-2 - 1.0))
    both = ((1.0 - _GROSS) * narrow + _GROSS / _GROSS_TIMES) ** 2 / variances
    result: FloatArray = 0.5 * np.log(both) - halves * _GROSS_TIMES**-2
    return result
