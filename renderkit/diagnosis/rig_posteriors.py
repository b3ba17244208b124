"""What refine and prove ask of the joint estimate: every camera's posterior, some cameras taken for faulty."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.decide import CameraTests, tests_of
from renderkit.diagnosis.joint.estimate import FREE_PX, CameraPosterior, CameraPriors, Priors, estimate
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.observe import observe
from renderkit.diagnosis.joint.parameters import MATTE, NUM, NUM_LOCAL
from renderkit.diagnosis.view_evidence import RigEvidence

MIN_TAU_PX: Final = 0.02
"""Cameras are never taken for more exact than this."""

MATTE_PX: Final = 1.0
"""Healthy scatter of how much too large mattes are."""


def observed(evidence: RigEvidence) -> Observations | None:
    """Put evidence on the grid; None where fewer than 3 cameras have any."""
    return observe(evidence)


def posteriors(seen: Observations, free: Iterable[str], tau_px: float, priors: Priors) -> tuple[CameraPosterior, ...]:
    """Return the posterior of each camera of the observations, in px units.

    Args:
        seen: The evidence.
        free: Names of cameras that may be anywhere.
        tau_px: Prior of the parameters of all others, px.
        priors: Of what is not a camera's fault.
    """
    prior = np.tile(_scales(tau_px), (len(seen.names), 1))
    prior[[seen.names.index(name) for name in free if name in seen.names], :NUM] = FREE_PX
    return estimate(seen, CameraPriors(prior, np.ones(len(seen.names))), priors).cameras


def _scales(tau_px: float) -> FloatArray:
    """Return the (P,) healthy scatter of a camera's numbers."""
    scales = np.full(NUM_LOCAL, max(tau_px, MIN_TAU_PX))
    scales[MATTE] = MATTE_PX
    return scales


def slip_tests(camera: CameraPosterior, tau_px: float) -> CameraTests:
    """Test every slip of a camera against healthy scatter alone."""
    return tests_of(camera, _scales(tau_px))


def units_of_camera(seen: Observations, camera: str) -> FloatArray:
    """Return the (P,) amounts of a camera's parameters that displace its picture by 1 px RMS."""
    units: FloatArray = seen.units[seen.names.index(camera)]
    return units


def displacements(seen: Observations, camera: str) -> FloatArray:
    """Return (N, 2, P) derivatives of what a camera sees, by its parameters in px units."""
    return seen.displacements[seen.names.index(camera)]


def shifted(seen: Observations, parameters: FloatArray) -> Observations:
    """Return the observations for cameras that are changed by (C, P) parameters, to first order."""
    theta = parameters / seen.units
    errors = seen.errors - np.einsum("cfjka,ca->cfjk", seen.by_camera, theta)
    offsets = seen.offsets - np.einsum("cfna,ca->cfn", seen.offset_by_camera, theta)
    return replace(seen, errors=errors * seen.known[..., None], offsets=offsets * seen.offset_known)
