"""How far healthy cameras scatter, and by how much the stated errors are too small: estimated from the rig itself.

No calibration is perfect, and neighbouring errors of a mesh or a matte are not independent. In the eigenbasis of a
camera's information a healthy camera's estimate z scatters with the variance inflation / eigenvalue + tau^2; both
numbers are found by maximum likelihood under Student's distribution, so that cameras that are off count little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from renderkit.arrays import BoolArray, FloatArray
from renderkit.diagnosis.joint.estimate import CameraPosterior
from renderkit.diagnosis.joint.parameters import MATTE, NUM, NUM_LOCAL

TAUS_PX: Final = np.array([0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0])
"""Healthy scatters that are tried."""

INFLATIONS: Final = np.array([0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0, 16.0])
"""Factors of the stated variances that are tried."""

_STUDENT = 4.0
_KNOWN_PX = 10.0
_WITHIN = 1.0


@dataclass(frozen=True)
class Healthy:
    """Of one group of cameras.

    Attributes:
        tau_px: Scatter of each parameter, px.
        inflation: Factor of the stated variances.
    """

    tau_px: float
    inflation: float


def healthy_scatter(
    cameras: Sequence[CameraPosterior], scales: Sequence[FloatArray], *, with_outlines: bool
) -> Healthy:
    """Estimate scatter and inflation of like cameras.

    Of all pairs that are nearly as likely as the best, the one with the largest scatter is taken: too small a one
    accuses healthy cameras. Where there are outlines, so is the inflation: their errors are not independent.

    Args:
        cameras: What the evidence says about each.
        scales: (P,) healthy scatter for each so far; that of mattes and detections is taken from it.
        with_outlines: Whether any of them has outlines.
    """
    parts = [_components(camera, own) for camera, own in zip(cameras, scales, strict=True)]
    if not parts:
        return Healthy(float(TAUS_PX[0]), 1.0)
    values, variances = (np.concatenate(column) for column in zip(*parts, strict=True))
    if not len(values):
        return Healthy(float(TAUS_PX[0]), 1.0)
    spread = INFLATIONS[:, None, None] * variances + TAUS_PX[None, :, None] ** 2
    likelihood = _log_student(values, spread).sum(axis=2)
    near = likelihood >= likelihood.max() - _WITHIN
    tau = int(np.flatnonzero(near.any(axis=0))[-1])
    within = _WITHIN if with_outlines else 0.0
    inflation = int(np.flatnonzero(likelihood[:, tau] >= likelihood[:, tau].max() - within)[-1])
    return Healthy(float(TAUS_PX[tau]), float(INFLATIONS[inflation]))


def matte_scatter(cameras: Sequence[CameraPosterior], scales: Sequence[FloatArray]) -> float:
    """Return the scatter of how much too large mattes are, px."""
    values, variances = [], []
    for camera, own in zip(cameras, scales, strict=True):
        known, score = _marginal(camera, np.arange(NUM_LOCAL) == MATTE, own)
        if known[0, 0] > 0.0:
            values.append(score[0] / known[0, 0])
            variances.append(1.0 / known[0, 0])
    if not values:
        return float(TAUS_PX[0])
    spread = np.array(variances)[None] + TAUS_PX[:, None] ** 2
    likelihood = _log_student(np.array(values), spread).sum(axis=1)
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


def _log_student(values: FloatArray, variances: FloatArray) -> FloatArray:
    """Return the log density of Student's distribution with such variances as squared scales, up to a constant."""
    squares = values**2 / (_STUDENT * variances)
    result: FloatArray = -0.5 * np.log(variances) - 0.5 * (_STUDENT + 1.0) * np.log1p(squares)
    return result
