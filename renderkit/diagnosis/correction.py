"""Named cameras corrected by the joint estimate: only the parameters of their slips are changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.camera_change import changed_camera, with_cameras
from renderkit.diagnosis.joint.decide import SlipTest, tests_of
from renderkit.diagnosis.joint.estimate import FREE_PX, CameraPosterior, Priors, estimate
from renderkit.diagnosis.joint.observations import Observations, observe
from renderkit.diagnosis.joint.parameters import NUM, Slip
from renderkit.diagnosis.view_evidence import RigEvidence
from renderkit.geometry.camera import Camera

MIN_TAU_PX: Final = 0.02
_STEPS = 2
_WIDTH = 3.0


@dataclass(frozen=True, eq=False)
class Correction:
    """How one camera is changed.

    Attributes:
        camera: The changed camera.
        parameters: (11,) the sum of the steps that led to it, in the units of `joint.parameters.PARAMETERS`.
        covariance: (11, 11) given that the slip is right: zero for the parameters that it does not move.
        free_covariance: (11, 11) with all parameters left open.
        derivatives: (N, 2, 11) displacement of what the camera sees by its parameters.
        width_px: Prior of each parameter: what the evidence leaves open moves no further than what it shows.
    """

    camera: Camera
    parameters: FloatArray
    covariance: FloatArray
    free_covariance: FloatArray
    derivatives: FloatArray
    width_px: float


def correct_cameras(
    evidence: RigEvidence, slips: Mapping[str, Slip], tau_px: float, priors: Priors
) -> dict[str, Correction]:
    """Estimate the slips of named cameras, relinearised once; cameras without evidence are left out.

    Args:
        evidence: Views of the rig.
        slips: The parameters that are changed, by camera.
        tau_px: Scatter of the other cameras. They are not changed, so their mean pose holds the world in place.
        priors: Of what is not a camera's fault.
    """
    found: dict[str, Correction] = {}
    current = evidence
    for _ in range(_STEPS):
        seen = observe(current)
        if seen is None:
            return {}
        wanted = {name: seen.names.index(name) for name in slips if name in seen.names}
        posteriors = with_free(seen, tuple(wanted.values()), tau_px, priors)
        for name, index in wanted.items():
            test = next(one for one in tests_of(posteriors[index], tau_px).tests if one.slip.name == slips[name].name)
            camera = current.cameras[name].to_camera()
            found[name] = _stepped(found.get(name), camera, seen, index, (test, posteriors[index]))
        current = with_cameras(current, {name: one.camera for name, one in found.items()})
    return found


def with_free(seen: Observations, free: tuple[int, ...], tau_px: float, priors: Priors) -> tuple[CameraPosterior, ...]:
    """Return the posteriors of all cameras, some of them taken for faulty."""
    prior = np.full(len(seen.names), max(tau_px, MIN_TAU_PX))
    prior[list(free)] = FREE_PX
    return estimate(seen, prior, priors).cameras


def seen_derivatives(seen: Observations, index: int) -> FloatArray:
    """Return (N, 2, 11) derivatives of what a camera sees, by its parameters in px units."""
    of_landmarks: FloatArray = seen.by_camera[index][seen.known[index]]
    if len(of_landmarks):
        return of_landmarks
    of_outlines: FloatArray = seen.outline_by_camera[index][:, :2]
    return of_outlines


def _stepped(
    before: Correction | None,
    camera: Camera,
    seen: Observations,
    index: int,
    estimated: tuple[SlipTest, CameraPosterior],
) -> Correction:
    test, posterior = estimated
    units, derivatives = seen.units[index], seen_derivatives(seen, index)
    at = list(test.slip.indices)
    size = float(np.sqrt(((derivatives[..., at] @ test.amounts) ** 2).sum(axis=1).mean()))
    width = _WIDTH * size if before is None else before.width_px
    information = np.linalg.pinv(test.covariance, rcond=1e-10, hermitian=True)
    inner = np.linalg.inv(information + np.eye(len(at)) / max(width, MIN_TAU_PX) ** 2)
    step, covariance = np.zeros(NUM), np.zeros((NUM, NUM))
    step[at] = inner @ information @ test.amounts
    covariance[np.ix_(at, at)] = inner
    total = step * units + (0.0 if before is None else before.parameters)
    scale = np.outer(units, units)
    return Correction(
        camera=changed_camera(camera, step * units),
        parameters=total,
        covariance=covariance * scale,
        free_covariance=posterior.covariance * scale,
        derivatives=derivatives / units,
        width_px=width,
    )
