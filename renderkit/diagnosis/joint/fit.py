"""The entry to the joint estimate: which cameras are off, by what, how much, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.common_fault import common_fault
from renderkit.diagnosis.joint.decide import (
    Decision,
    Estimator,
    criterion,
    decide,
    explains,
    max_faulty,
    num_observations,
    ranked_causes,
    tested_information,
    tests_of,
)
from renderkit.diagnosis.joint.estimate import Priors, estimate
from renderkit.diagnosis.joint.finding import Shown, displacement, finding_of
from renderkit.diagnosis.joint.lens_slips import LensEvidence, lens_limit, lens_slips, with_lens_slips
from renderkit.diagnosis.joint.mesh_fault import mesh_fault
from renderkit.diagnosis.joint.naming import limit_in_errors
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.observe import observe, written_cameras
from renderkit.diagnosis.joint.outline_fit import outline_fit
from renderkit.diagnosis.joint.parameters import NUM, NUM_LOCAL, PARAMETERS
from renderkit.diagnosis.joint.relinearise import relinearised
from renderkit.diagnosis.joint.result import CameraDelta, CameraFinding, JointDiagnosis
from renderkit.diagnosis.joint.screen import screened
from renderkit.diagnosis.joint.sentences import (
    finding_sentence,
    floor_sentence,
    gauge_sentence,
    rig_sentence,
    unnamed_sentence,
)
from renderkit.diagnosis.view_evidence import RigEvidence
from renderkit.geometry.camera import Camera
from renderkit.results.diagnosis import ALPHA

MIN_CAMERAS: Final = 4
"""Of three cameras that disagree any two may be right: nothing tells which one is off."""


def fit_joint(
    evidence: RigEvidence,
    *,
    alpha: float = ALPHA,
    priors: Priors | None = None,
    estimator: Estimator = estimate,
    screen: bool = False,
) -> JointDiagnosis:
    """Estimate all cameras together from all frames, and name those that are off.

    The rig should fit as a whole (`read_rig_wide`): the model is linear about the calibration as written.

    Args:
        evidence: Landmarks and outlines of at least `MIN_CAMERAS` cameras.
        alpha: Probability that a rig without fault has a finding.
        priors: Of what is not a camera's fault.
        estimator: Estimates all cameras together; `free_points.estimate_free_points` where the landmarks' places are
            not known.
        screen: Estimate a rig in which nothing stands out with fewer rounds. What is found in other rigs is the same.

    Returns:
        Findings, a delta with covariance for every camera, noise and healthy scatter; with a reason where nothing can
        be told.

    Raises:
        ValueError: If alpha is not between 0 and 1.
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"expected 0 < alpha < 1, got {alpha:g}")
    seen = observe(evidence)
    if seen is None or len(seen.names) < MIN_CAMERAS:
        reason = f"fewer than {MIN_CAMERAS} cameras have landmarks or outlines"
        return JointDiagnosis((), (), 0.0, {}, 0.0, alpha, 0, None, reason, f"cameras cannot be compared: {reason}")
    stated, given = seen, (priors or Priors(), estimator)
    quiet, begun = screened(seen, given[0], alpha) if screen else (None, estimator)
    decision = quiet or decide(seen, given[0], alpha, max_faulty(seen), estimator=begun)
    is_asked = estimator is estimate and quiet is None
    common = common_fault(evidence, (seen, decision), alpha, given) if is_asked else None
    is_corrected = common is not None and bool(common.amounts.any())
    if common is not None:
        evidence, seen, decision = common.evidence, common.seen, common.decision
    seen, decision = relinearised(evidence, seen, decision, given)
    written = written_cameras(evidence)
    findings = tuple(_finding(seen, decision, index, (log_p, written)) for index, log_p in decision.faulty)
    aside = np.zeros(NUM_LOCAL) if common is None else common.amounts
    deltas = tuple(_delta(seen, decision, index, aside) for index in range(len(seen.names)))
    found = decision.found
    tested = tested_information(found.cameras, decision.scales)
    shift_errors = _shift_errors(tested)
    threshold = limit_in_errors(alpha, len(seen.names))
    unnamed = unnamed_sentence(len(findings), decision.tau_px, len(seen.names))
    untold = (
        gauge_sentence(findings, decision.tau_px, common=is_corrected),
        "" if unnamed else floor_sentence(shift_errors, threshold),
        lens_limit(seen, tested, written, alpha),
    )
    return JointDiagnosis(
        findings=findings,
        deltas=deltas,
        tau_px=decision.tau_px,
        noise_px=dict(zip(seen.group_names, found.noise.noise_px.tolist(), strict=True)),
        view_shift_px=found.noise.view_shift_px,
        alpha=alpha,
        num_views=int((seen.known.any(axis=2) | seen.offset_known.any(axis=2)).sum()),
        mesh=mesh_fault(seen, found),
        reason="",
        sentence=unnamed or rig_sentence([one.camera for one in findings], len(seen.names), alpha),
        unnamed=unnamed,
        untold="; ".join(filter(None, untold)),
        shift_errors_px=dict(zip(seen.names, shift_errors, strict=True)),
        common=None if common is None else common.finding,
        corrected=common.evidence if common is not None and is_corrected else None,
        outlines=outline_fit(stated, seen, found),
    )


def _shift_errors(tested: FloatArray) -> list[float]:
    """Return the standard errors, px, of shifts of n pictures by the (n, P, P) information about faults."""
    cx, cy = PARAMETERS.index("cx"), PARAMETERS.index("cy")
    own = tested[:, cx : cy + 1, cx : cy + 1]
    sizes = np.linalg.det(own)
    variance = np.divide(0.5 * np.trace(own, axis1=1, axis2=2), sizes, out=np.full(len(own), np.inf), where=sizes > 0.0)
    errors: list[float] = np.sqrt(variance).tolist()
    return errors


def _delta(seen: Observations, decision: Decision, index: int, common: FloatArray) -> CameraDelta:
    posterior, units = decision.found.cameras[index], seen.units[index][:NUM]
    theta = posterior.theta[:NUM] + common[:NUM] / units
    return CameraDelta(
        seen.names[index],
        theta * units,
        posterior.covariance[:NUM, :NUM] * np.outer(units, units),
        displacement(seen.displacements[index][..., :NUM], theta),
    )


def _finding(
    seen: Observations, decision: Decision, index: int, given: tuple[float, Mapping[str, Camera]]
) -> CameraFinding:
    log_p, written = given
    camera = tests_of(decision.found.cameras[index], decision.scales[index])
    count = num_observations(seen, decision.found, index)
    causes = ranked_causes(camera, count)
    shown = Shown(seen.names[index], seen.units[index], seen.displacements[index])
    finding = finding_of(causes, shown, log_p, explained=explains(causes[0], camera))
    lens = LensEvidence(camera, seen.units[index], seen.displacements[index])
    slips = lens_slips(lens, seen.names[index], written)
    return with_lens_slips(finding_sentence(finding), [(criterion(one, count), one) for one in causes], slips)
