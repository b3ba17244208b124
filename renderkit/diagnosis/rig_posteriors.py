"""What refine, prove and drift ask of the joint estimate: every camera's posterior, some cameras taken for faulty."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.chi_square import median
from renderkit.diagnosis.joint.decide import TAUS_PX, CameraTests, SlipTest, decide, ranked_causes, tests_of
from renderkit.diagnosis.joint.estimate import FREE_PX, CameraPosterior, Priors, estimate
from renderkit.diagnosis.joint.observations import Observations, observe
from renderkit.diagnosis.joint.parameters import NUM
from renderkit.diagnosis.view_evidence import RigEvidence

MIN_TAU_PX: Final = 0.02
"""Cameras are never taken for more exact than this."""

_TINY = 1e-12
_RANK_TOLERANCE = 1e-6
_SAFETY = 0.5
"""The median must lie a standard error below what is expected: a scatter taken too small accuses healthy cameras."""


@dataclass(frozen=True, eq=False)
class RigPosteriors:
    """Posteriors of a rig's cameras.

    Attributes:
        cameras: One for each camera of the observations, in px units.
        noise_px: Median noise of the landmarks over groups of cameras, per component.
    """

    cameras: tuple[CameraPosterior, ...]
    noise_px: float


def observed(evidence: RigEvidence) -> Observations | None:
    """Put evidence on the grid; None where fewer than 3 cameras have any."""
    return observe(evidence)


def posteriors(seen: Observations, free: Iterable[str], tau_px: float, priors: Priors) -> RigPosteriors:
    """Estimate all cameras.

    Args:
        seen: The evidence.
        free: Names of cameras that may be anywhere.
        tau_px: Prior of the parameters of all others, px.
        priors: Of what is not a camera's fault.
    """
    prior = np.full(len(seen.names), max(tau_px, MIN_TAU_PX))
    prior[[seen.names.index(name) for name in free if name in seen.names]] = FREE_PX
    found = estimate(seen, prior, priors)
    return RigPosteriors(found.cameras, float(np.median(found.noise_px)))


def slip_tests(camera: CameraPosterior, tau_px: float) -> CameraTests:
    """Test every slip of a camera against healthy scatter alone."""
    return tests_of(camera, tau_px)


def scatter_of(cameras: Iterable[CameraPosterior]) -> float:
    """Return the smallest healthy scatter, px, under which the median of some cameras is as expected, or below.

    Right while less than half of them are off.
    """
    misfits = _misfits(tuple(cameras))
    return _smallest_scatter(misfits, 1.0 - _SAFETY / math.sqrt(max(len(misfits), 1)))


def scatter_with_fault(seen: Observations, camera: str, fault: FloatArray, priors: Priors) -> float:
    """Return the healthy scatter, px, that the diagnosis goes by before it has found a fault of one camera.

    Args:
        seen: The evidence of cameras without fault.
        camera: The camera that gets a fault, to first order.
        fault: (11,) px units.
        priors: Of what is not a camera's fault.
    """
    parameters = np.zeros_like(seen.units)
    index = seen.names.index(camera)
    parameters[index] = -fault * seen.units[index]
    return decide(shifted(seen, parameters), priors, 0.5, max_faulty=0).tau_px


def _misfits(cameras: Sequence[CameraPosterior]) -> FloatArray:
    """Return (C, T) by how much each camera's evidence exceeds what each scatter of `TAUS_PX` explains; 1 is median."""
    found = np.zeros((len(cameras), len(TAUS_PX)))
    for index, camera in enumerate(cameras):
        values, vectors = np.linalg.eigh(camera.information)
        values, squares = np.clip(values, _TINY, None), (vectors.T @ camera.score) ** 2
        for at, tau in enumerate(TAUS_PX):
            spread = 1.0 + values * tau**2
            kept = values / spread > _RANK_TOLERANCE * (values / spread).max()
            found[index, at] = (squares / (values * spread))[kept].sum() / median(int(kept.sum()))
    return found


def _smallest_scatter(misfits: FloatArray, limit: float) -> float:
    good = np.median(misfits, axis=0) <= limit if len(misfits) else np.ones(len(TAUS_PX), dtype=bool)
    return TAUS_PX[int(np.argmax(good))] if good.any() else TAUS_PX[-1]


def causes_of(tests: CameraTests, seen: Observations, camera: str) -> list[SlipTest]:
    """Return the slips that cannot be told apart, the likeliest first."""
    index = seen.names.index(camera)
    count = 2 * int(seen.known[index].sum()) + 4 * int(seen.outline_weights[index].any(axis=(1, 2)).sum())
    return ranked_causes(tests, count)


def units_of_camera(seen: Observations, camera: str) -> FloatArray:
    """Return the (11,) amounts of a camera's parameters that displace its picture by 1 px RMS."""
    units: FloatArray = seen.units[seen.names.index(camera)]
    return units


def displacements(seen: Observations, camera: str) -> FloatArray:
    """Return (N, 2, 11) derivatives of what a camera sees, by its parameters in px units."""
    index = seen.names.index(camera)
    of_landmarks: FloatArray = seen.by_camera[index][seen.known[index]]
    if len(of_landmarks):
        return of_landmarks
    of_outlines: FloatArray = seen.outline_by_camera[index][:, :2]
    return of_outlines


def shifted(seen: Observations, parameters: FloatArray) -> Observations:
    """Return the observations for cameras that are changed by (C, 11) parameters, to first order."""
    theta = parameters / seen.units
    errors = seen.errors - np.einsum("cfjka,ca->cfjk", seen.by_camera, theta)
    outline = seen.outline_errors - np.einsum("cfia,ca->cfi", seen.outline_by_camera, theta)
    return replace(seen, errors=errors * seen.known[..., None], outline_errors=outline)


def expanded(test: SlipTest) -> tuple[FloatArray, FloatArray]:
    """Return a slip's (11,) amounts and (11, 11) covariance among all parameters, px units."""
    amounts, covariance = np.zeros(NUM), np.zeros((NUM, NUM))
    at = list(test.slip.indices)
    amounts[at] = test.amounts
    covariance[np.ix_(at, at)] = test.covariance
    return amounts, covariance


def tested_information(camera: CameraPosterior, tau_px: float) -> FloatArray:
    """Return the (11, 11) information about a fault beside healthy scatter, which is also its score's covariance."""
    information = np.linalg.inv(np.eye(len(camera.information)) + camera.information * tau_px**2) @ camera.information
    result: FloatArray = 0.5 * (information + information.T)
    return result
