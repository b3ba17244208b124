"""Named cameras corrected by the joint estimate: only the parameters of their slips are changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.corrected_views import with_corrected
from renderkit.diagnosis.joint.decide import SlipTest
from renderkit.diagnosis.joint.estimate import CameraPosterior, Priors
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.parameters import NUM, Slip, changed_camera
from renderkit.diagnosis.rig_posteriors import (
    MIN_TAU_PX,
    displacements,
    observed,
    posteriors,
    slip_tests,
    units_of_camera,
)
from renderkit.diagnosis.view_evidence import RigEvidence
from renderkit.geometry.camera import Camera

_STEPS = 2
_WIDTH = 3.0


@dataclass(frozen=True, eq=False)
class Correction:
    """How one camera is changed.

    Attributes:
        camera: The changed camera.
        parameters: (P,) the sum of the steps that led to it, `joint.parameters.PARAMETERS` first.
        covariance: (P, P) given that the slip is right: zero for the parameters that it does not move.
        free_covariance: (P, P) with all parameters left open.
        derivatives: (N, 2, P) displacement of what the camera sees by its parameters.
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
        seen = observed(current)
        if seen is None:
            return {}
        result = posteriors(seen, slips, tau_px, priors)
        for name in slips:
            if name in seen.names:
                posterior = result[seen.names.index(name)]
                tests = slip_tests(posterior, tau_px).tests
                test = next(one for one in tests if one.slip.name == slips[name].name)
                camera = current.cameras[name].to_camera()
                found[name] = _stepped(found.get(name), camera, seen, (test, posterior))
        current = with_corrected(current, {name: one.camera for name, one in found.items()})
    return found


def _stepped(
    before: Correction | None,
    camera: Camera,
    seen: Observations,
    estimated: tuple[SlipTest, CameraPosterior],
) -> Correction:
    test, posterior = estimated
    units, derivatives = units_of_camera(seen, camera.name), displacements(seen, camera.name)
    at = list(test.slip.indices)
    size = float(np.sqrt(((derivatives[..., at] @ test.amounts) ** 2).sum(axis=1).mean()))
    width = _WIDTH * size if before is None else before.width_px
    information = np.linalg.pinv(test.covariance, rcond=1e-10, hermitian=True)
    inner = np.linalg.inv(information + np.eye(len(at)) / max(width, MIN_TAU_PX) ** 2)
    step, covariance = np.zeros(len(units)), np.zeros((len(units),) * 2)
    step[at] = inner @ information @ test.amounts
    covariance[np.ix_(at, at)] = inner
    total = step * units + (0.0 if before is None else before.parameters)
    scale = np.outer(units, units)
    return Correction(
        camera=changed_camera(camera, (step * units)[:NUM]),
        parameters=total,
        covariance=covariance * scale,
        free_covariance=posterior.covariance * scale,
        derivatives=derivatives / units,
        width_px=width,
    )
