"""The diagnosis of a rig: the rig as a whole first, then the cameras that are off."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from renderkit.diagnosis.joint import fit_joint
from renderkit.diagnosis.joint.result import JointDiagnosis
from renderkit.diagnosis.readings import read_rig_wide
from renderkit.diagnosis.readings.result import RigReading
from renderkit.diagnosis.readings.sentences import fit_text
from renderkit.diagnosis.sanity import check_sanity
from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence
from renderkit.results.diagnosis import CameraFault, Diagnosis, RigVerdict

MIN_JOINT_CAMERAS: Final = 4
"""Single cameras are compared where at least this many have landmarks or outlines."""

MAX_LANDMARKS: Final = 1000
"""Single cameras are compared by at most so many landmarks in all views together, evenly thinned: a few seconds ..."""

MAX_LANDMARKS_THOROUGH: Final = 4000
"""... and in the long form by so many."""

MIN_LANDMARKS_PER_VIEW: Final = 12
"""Views are left out rather than fewer landmarks of a view used."""


def diagnose_rig(evidence: RigEvidence, *, thorough: bool = False) -> Diagnosis:
    """Say whether a rig as a whole fits, what would make it fit, and which cameras are off.

    Args:
        evidence: Views of the rig.
        thorough: Try the readings even where the rig fits and nothing common to all cameras is left.
    """
    sanity = check_sanity(evidence)
    if sanity.verdict == "fits" and not (sanity.suspect or thorough):
        sentence = f"the rig as a whole fits: {fit_text(sanity.fit)}"
        whole = Diagnosis("fits", sentence, sanity.fit, sanity.fit, num_views=sanity.num_views)
    else:
        whole = _read(read_rig_wide(evidence), sanity.verdict, sanity.num_views)
    if sanity.verdict != "fits":
        return whole
    return _with_cameras(whole, evidence, MAX_LANDMARKS_THOROUGH if thorough else MAX_LANDMARKS)


def _read(reading: RigReading, stated: RigVerdict, num_views: int) -> Diagnosis:
    verdict: RigVerdict
    if reading.verdict == "cannot tell":
        # Without any evidence, or fitting as stated and better in several ways, nothing is proved.
        verdict = "does not fit" if stated == "does not fit" else "cannot tell"
    else:
        verdict = "fits" if reading.verdict == "fits" else "does not fit"
    return Diagnosis(
        verdict=verdict,
        sentence=reading.sentence,
        before=reading.before,
        after=reading.after,
        readings=reading.readings,
        alternatives=reading.alternatives,
        margin=reading.margin if math.isfinite(reading.margin) else math.nan,
        num_tried=reading.num_tried,
        num_views=num_views,
    )


def _with_cameras(whole: Diagnosis, evidence: RigEvidence, most: int) -> Diagnosis:
    views = tuple(view for view in evidence.views if view.has_landmarks)
    cameras = {view.camera.name for view in views}
    if len(cameras) < MIN_JOINT_CAMERAS:
        why = f"single cameras are not compared: {len(cameras)} of at least {MIN_JOINT_CAMERAS} have landmarks"
        return _changed(whole, why)
    found = fit_joint(_thinned(views, most))
    return _changed(whole, found.sentence, found)


def _thinned(views: tuple[ViewEvidence, ...], most: int) -> RigEvidence:
    """Return at most about `most` landmarks: every n-th of each view, and of too many views the first ones."""
    kept = views[: max(1, most // MIN_LANDMARKS_PER_VIEW)]
    per_view = most // len(kept)
    return RigEvidence(tuple(_thinned_view(view, per_view) for view in kept))


def _thinned_view(view: ViewEvidence, most: int) -> ViewEvidence:
    if view.points_world is None or view.pixels is None:
        return view
    step = -(-len(view.pixels) // most)
    return replace(view, points_world=view.points_world[::step], pixels=view.pixels[::step])


def _changed(whole: Diagnosis, sentence: str, found: JointDiagnosis | None = None) -> Diagnosis:
    return replace(whole, cameras_sentence=sentence, cameras=() if found is None else _faults(found))


def _faults(found: JointDiagnosis) -> tuple[CameraFault, ...]:
    return tuple(
        CameraFault(
            camera=one.camera,
            cause=one.cause,
            cannot_tell=one.cannot_tell,
            family=one.family,
            size_px=one.size_px,
            size_error_px=one.size_error_px,
            explained=one.explained,
            sentence=one.sentence,
        )
        for one in found.findings
    )
