"""How far healthy cameras scatter, and by how much the stated errors are too small: estimated from the rig itself.

No calibration is perfect, and neighbouring errors of a mesh or a matte are not independent. In the eigenbasis of a
camera's information a healthy camera's estimate z scatters with the variance inflation * stated + tau^2. Both numbers
have a posterior on a grid, from a normal likelihood with a share of gross errors, so that cameras that are off count
little. A camera is tested against the posterior of the others, and over all of it: for one common scale this is
Student's t and Fisher's F.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from renderkit.arrays import BoolArray, FloatArray
from renderkit.diagnosis.joint.estimate import CameraPosterior
from renderkit.diagnosis.joint.parameters import NUM, NUM_LOCAL

TAUS_PX: Final = np.geomspace(0.004, 5.0, 36)
"""Healthy scatters that are tried."""

INFLATIONS: Final = np.geomspace(0.35, 16.0, 23)
"""Factors of the stated variances that are tried."""

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


def healthy_scatter(
    cameras: Sequence[CameraPosterior],
    scales: Sequence[FloatArray],
    *,
    with_outlines: bool,
    inflated: float = 1.0,
) -> Healthy:
    """Estimate scatter and inflation of like cameras.

    Args:
        cameras: What the evidence says about each.
        scales: (P,) healthy scatter for each so far; that of mattes and detections is taken from it.
        with_outlines: Whether any of them has outlines: their errors are not independent, so less is known about the
            inflation beforehand.
        inflated: By how much the stated variances are inflated already.
    """
    likelihood = np.zeros((len(cameras), len(INFLATIONS), len(TAUS_PX)))
    for index, (camera, own) in enumerate(zip(cameras, scales, strict=True)):
        values, variances = _components(camera, own)
        spread = INFLATIONS[:, None, None] * variances + TAUS_PX[None, :, None] ** 2
        likelihood[index] = _log_density(values, spread).sum(axis=2)
    width = _PRIOR_LOG_OUTLINES if with_outlines else _PRIOR_LOG
    prior = -0.5 * (np.log(INFLATIONS * inflated) / width) ** 2
    total = likelihood.sum(axis=0) + prior[:, None]
    whole = _normalised(total)
    others = np.array([_normalised(total - own) for own in likelihood]).reshape(-1, *total.shape)
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
    density: FloatArray = np.exp(log_density - log_density.max())
    density /= density.sum()
    return density


def evidence_scatter(cameras: Sequence[CameraPosterior], scales: Sequence[FloatArray], numbers: Sequence[int]) -> float:
    """Return the scatter of what is wrong with healthy cameras' pictures, px: the largest that is nearly the likeliest.

    Args:
        cameras: What the evidence says about each.
        scales: (P,) healthy scatter for each so far.
        numbers: Which of a camera's numbers: how much too large its mattes are, or where its detections lie.
    """
    values, variances = [], []
    for camera, own in zip(cameras, scales, strict=True):
        for number in numbers:
            known, score = _marginal(camera, np.arange(NUM_LOCAL) == number, own)
            if known[0, 0] > 1.0 / _KNOWN_PX**2:
                values.append(score[0] / known[0, 0])
                variances.append(1.0 / known[0, 0])
    if not values:
        return float(TAUS_PX[0])
    spread = np.array(variances)[None] + TAUS_PX[:, None] ** 2
    likelihood = _log_density(np.array(values), spread).sum(axis=1)
    return float(TAUS_PX[np.flatnonzero(likelihood >= likelihood.max() - _WITHIN)[-1]])


def _components(camera: CameraPosterior, scales: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return estimates and their stated variances along the directions of a camera's parameters that are known."""
    information, score = _marginal(camera, np.arange(NUM_LOCAL) < NUM, scales)
    values, vectors = np.linalg.eigh(information)
    known = values > 1.0 / _KNOWN_PX**2
    return (vectors[:, known].T @ score) / values[known], 1.0 / values[known]


def _marginal(camera: CameraPosterior, wanted: BoolArray, scales: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return information and score of the wanted numbers, the others integrated out over their healthy scatter."""
    at, other = np.flatnonzero(wanted), np.flatnonzero(~wanted)
    full, score = camera.information, camera.score
    carried = full[np.ix_(at, other)] @ np.linalg.inv(full[np.ix_(other, other)] + np.diag(scales[other] ** -2.0))
    information = full[np.ix_(at, at)] - carried @ full[np.ix_(other, at)]
    return 0.5 * (information + information.T), score[at] - carried @ score[other]


def _log_density(values: FloatArray, variances: FloatArray) -> FloatArray:
    """Return the log density of a normal distribution with a share of gross errors, up to a constant."""
    squares = values**2 / variances
    core = math.log1p(-_GROSS) - 0.5 * squares
    gross = math.log(_GROSS / _GROSS_TIMES) - 0.5 * squares / _GROSS_TIMES**2
    result: FloatArray = np.logaddexp(core, gross) - 0.5 * np.log(variances)
    return result
