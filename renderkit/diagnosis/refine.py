"""Cameras corrected by the joint estimate, as far as held-out data agree."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from renderkit.diagnosis.camera_change import largest_rms
from renderkit.diagnosis.correction import Correction, correct_cameras
from renderkit.diagnosis.held_out import score_held_out
from renderkit.diagnosis.joint.estimate import Priors
from renderkit.diagnosis.joint.fit import fit_joint
from renderkit.diagnosis.joint.parameters import NUM, PARAMETERS, SLIPS, Slip
from renderkit.diagnosis.joint.result import CameraFinding
from renderkit.diagnosis.readings.stated import StatedRig
from renderkit.diagnosis.sanity import check_sanity
from renderkit.diagnosis.view_evidence import RigEvidence
from renderkit.geometry.rig import Rig
from renderkit.results.diagnosis import ALPHA, NOT_THE_CAMERA
from renderkit.results.refinement import CameraRefinement, HeldOut, Reference, Refinement
from renderkit.wording import counted

MIN_SUPPORT: Final = 0.5
"""Held-out data must ask for more than half of a change: else the camera as written is nearer."""

MIN_SUPPORT_ERRORS: Final = 3.0
"""... and for a share that is so many standard errors above none."""

_AS_GIVEN: Final = replace(Priors(), turn_rad=1e-6, step=1e-6, growth=1e-6, landmark=0.002)
"""The 3D points and the mesh stay where they are; errors of single landmarks count as noise."""

_TURN = "turn"


def refine_rig(
    rig: Rig, evidence: RigEvidence, *, alpha: float = ALPHA, reference: Reference = "cameras"
) -> Refinement:
    """Correct the cameras that the joint estimate names, where held-out data support it.

    Only the parameters of a camera's likeliest slip are changed, and only cameras that are named.

    Args:
        rig: The cameras to change.
        evidence: Views of them.
        alpha: Probability that a camera of a rig without fault is named.
        reference: What holds the world in place: "cameras", the mean pose of those that are not named, with the 3D
            points and the mesh free to move; or "mesh", the 3D points and the mesh as they are given.

    Raises:
        ValueError: If alpha is not between 0 and 1.
    """
    priors = Priors() if reference == "cameras" else _AS_GIVEN
    count = len(evidence.cameras)
    if check_sanity(StatedRig(evidence.views)).verdict == "does not fit":
        reason = "the rig as a whole does not fit; see `renderkit diagnose`"
        return Refinement(rig, rig, (), reference, count, alpha, reason)
    found = fit_joint(evidence, alpha=alpha, priors=priors)
    if found.common is not None and found.blames_all:
        reason = f"{found.common.sentence}; single cameras are corrected only where the others are right"
        return Refinement(rig, rig, (), reference, len(found.deltas), alpha, reason)
    named = tuple(one for one in found.findings if one.family not in NOT_THE_CAMERA)
    if found.reason or not named:
        reason = found.reason or f"none of {counted(len(found.deltas), 'camera')} is off"
        return Refinement(rig, rig, (), reference, len(found.deltas) or count, alpha, reason)
    slips = {one.camera: _slip(one) for one in named}
    corrected = correct_cameras(evidence, slips, found.tau_px, priors)
    held = score_held_out(evidence, slips, found.tau_px, priors)
    cameras = tuple(
        replace(_refined(one, slips[one.camera], corrected[one.camera], held[one.camera]), unit=rig.unit)
        for one in named
    )
    every = {name: one.camera for name, one in corrected.items()}
    better = {one.camera: every[one.camera] for one in cameras if one.supported}
    reason = "" if better else "; ".join(f"camera {one.camera}: {one.reason}" for one in cameras)
    changed, forced = (replace(rig, cameras={**rig.cameras, **some}) for some in (better, every))
    return Refinement(changed, forced, cameras, reference, len(found.deltas), alpha, reason)


def _slip(finding: CameraFinding) -> Slip:
    """Return the slip to change: of those that cannot be told apart a turn, before a step.

    A turn and a shifted principal point agree at any depth; a step fits the subject's depth alone.
    """
    name = finding.cause
    if finding.family == "shift" and _TURN in finding.cannot_tell:
        name = _TURN
    return next(slip for slip in SLIPS if slip.name == name)


def _refined(finding: CameraFinding, slip: Slip, correction: Correction, held: HeldOut) -> CameraRefinement:
    reason = why_not_supported(held)
    errors = np.sqrt(np.diag(correction.covariance))
    moved = correction.derivatives @ correction.parameters
    return CameraRefinement(
        camera=finding.camera,
        cause=slip.name,
        cannot_tell=tuple(dict.fromkeys((slip.name, *finding.cannot_tell))),
        change={PARAMETERS[index]: float(correction.parameters[index]) for index in slip.indices},
        errors={PARAMETERS[index]: float(errors[index]) for index in slip.indices},
        covariance=correction.free_covariance[:NUM, :NUM],
        parameters=PARAMETERS,
        moved_px=float(np.sqrt((moved**2).sum(axis=1).mean())),
        left_px=largest_rms(correction.derivatives, correction.covariance),
        held_out=held,
        supported=not reason,
        reason=reason,
    )


def why_not_supported(held: HeldOut) -> str:
    """Return why a change is not supported; "" if it is."""
    if held.kind == "nothing":
        return "no data could be held out: give more frames, more landmarks, or mattes with a mesh"
    if held.support < MIN_SUPPORT or held.support < MIN_SUPPORT_ERRORS * held.support_error:
        return f"held-out {held.kind} support {held.support:.2f} +/- {held.support_error:.2f} of the change"
    # Mattes that are too large lie off with the right camera as well.
    if held.compared == "landmarks" and held.after_px > held.before_px:
        return f"held-out {held.kind} fit worse: median {held.before_px:.2f} px before, {held.after_px:.2f} px after"
    return ""
