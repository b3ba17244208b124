"""The diagnosis of a rig: the rig as a whole first, then the cameras that are off."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias

from renderkit.diagnosis.blank_mattes import blank_mattes, num_mattes, usable, with_blank
from renderkit.diagnosis.by_mattes import NOTHING, by_mattes
from renderkit.diagnosis.common_answer import CorrectedAlike, camera_fault, with_common
from renderkit.diagnosis.even_mattes import corrected, even_faults, even_mattes
from renderkit.diagnosis.identify import far_cameras, far_fault, far_landmarks, landmark_words, with_identity
from renderkit.diagnosis.joint import fit_joint
from renderkit.diagnosis.joint.fit import MIN_CAMERAS
from renderkit.diagnosis.joint.matte_faults import MatteFault, matte_faults
from renderkit.diagnosis.joint.mesh_fault import MIN_SHARE
from renderkit.diagnosis.joint.parameters import SLIPS
from renderkit.diagnosis.joint.sentences import rig_sentence
from renderkit.diagnosis.landmark_faults import landmark_faults, without_landmarks
from renderkit.diagnosis.matte_pieces import without_pieces
from renderkit.diagnosis.outline_answer import outlines_of_few, with_mesh
from renderkit.diagnosis.readings.absolute import fit_text
from renderkit.diagnosis.readings.stated import StatedRig
from renderkit.diagnosis.sanity import Sanity, check_sanity
from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence
from renderkit.results.diagnosis import ALPHA, NOT_THE_CAMERA, BadMatte, CameraFault, Diagnosis
from renderkit.results.findings import RigFindings, RigVerdict

if TYPE_CHECKING:
    from renderkit.diagnosis.joint.result import JointDiagnosis
    from renderkit.diagnosis.readings.result import RigReading
    from renderkit.diagnosis.subject_motion import SubjectMotion

MAX_LANDMARKS: Final = 40
"""Of so many landmarks of a view at most, evenly thinned, single cameras are compared."""

DEEP_PX: Final = 4.0
"""A camera that is off by less than this moves no part of a drawing's inside out of a matte."""

MESH_SHARE: Final = 0.03
"""By less of its radius the mesh of any capture is off: it is said beside the answer, and is not the answer."""

MANY: Final = 2
MANY_SHARE: Final = 0.15
"""Of so many cameras that are off, and such a share, it is asked whether the rig is misread though it fits."""

_AMOUNTS = frozenset(slip.name for slip in SLIPS)


Measure: TypeAlias = Callable[[], RigFindings]
"""Measures what the mattes alone say about a rig."""


def diagnose_rig(
    evidence: RigEvidence, *, thorough: bool = False, alpha: float = ALPHA, mattes: Measure | None = None
) -> Diagnosis:
    """Say whether a rig as a whole fits, what would make it fit, and which cameras are off.

    Args:
        evidence: Views of the rig.
        thorough: Try the readings even where the rig fits and nothing common to all cameras is left, and estimate all
            cameras in full even where nothing stands out.
        alpha: Probability that a camera of a rig without fault is named.
        mattes: Called where a camera's place is not known well by the mesh; None asks no mattes by themselves.
    """
    blank, num = blank_mattes(evidence.views), num_mattes(evidence.views)
    used = usable(evidence)
    if not any(view.has_landmarks or view.has_matte for view in used.views):
        return with_blank(_resized_answer(evidence), blank, num)
    stated, pieces = without_pieces(StatedRig(used.views))
    found = _diagnosed(stated, alpha, mattes, thorough=thorough)
    if pieces.mattes:
        found = replace(found, others=(*found.others, pieces.sentence), mattes=(*found.mattes, *pieces.mattes))
    if found.verdict != "fits" and used is not evidence and not any(view.has_matte for view in used.views):
        # A reading may explain the mattes' size as well.
        found = _diagnosed(StatedRig(evidence.views), alpha, mattes, thorough=thorough)
    return with_blank(found, blank, num)


def _diagnosed(stated: StatedRig, alpha: float, mattes: Measure | None, *, thorough: bool) -> Diagnosis:
    evidence, read_likelihood = RigEvidence(stated.views), -math.inf
    sanity = check_sanity(stated)
    moved = _subject_motion(evidence) if sanity.verdict == "does not fit" else None
    alike = CorrectedAlike(lambda: compared(evidence), alpha)
    if moved is not None and not alike.fits_better_than(compared(moved.evidence)):
        return _with_motion(sanity, moved, alpha)
    if sanity.verdict == "fits" and not (sanity.suspect or thorough):
        sentence = f"the rig as a whole fits: {fit_text(sanity.fit)}"
        whole = Diagnosis("fits", sentence, sanity.fit, sanity.fit, num_views=sanity.num_views)
    else:
        whole, read_likelihood = _read(_rig_wide(evidence), sanity.verdict, sanity.num_views)
    is_open = whole.verdict == "cannot tell" and not whole.readings and sanity.num_views > 0
    is_judged = sanity.verdict == "fits" or is_open
    if not is_judged and not alike.fits(whole):
        return whole
    return _with_cameras(whole, stated, alpha, mattes, read_likelihood=read_likelihood, thorough=thorough)


def _resized_answer(evidence: RigEvidence) -> Diagnosis:
    """Return what can be said by mattes that are not of their pictures' size, stretched to it: no more than a hint."""
    sanity = check_sanity(StatedRig(evidence.views))
    whole, _ = _read(_rig_wide(evidence), sanity.verdict, sanity.num_views)
    if whole.readings or not whole.num_views:
        return whole
    fit = f"they overlap with the mesh, {fit_text(whole.before)}" if whole.verdict == "fits" else whole.sentence
    sentence = f"whether the rig as a whole fits cannot be told by these mattes; stretched to the pictures' size, {fit}"
    return replace(whole, verdict="cannot tell", sentence=sentence)


def _subject_motion(evidence: RigEvidence) -> SubjectMotion | None:
    from renderkit.diagnosis.subject_motion import subject_motion  # noqa: PLC0415 - for rigs that do not fit

    return subject_motion(evidence)


def _with_motion(sanity: Sanity, moved: SubjectMotion, alpha: float) -> Diagnosis:
    """Return the diagnosis of a rig that fits once its subject is moved, and which single cameras are off then."""
    named = Diagnosis("does not fit", moved.sentence, sanity.fit, moved.after, num_views=sanity.num_views)
    return _with_cameras(named, StatedRig(moved.evidence.views), alpha, None)


def _rig_wide(evidence: RigEvidence) -> RigReading:
    from renderkit.diagnosis.readings.rig_wide import read_rig_wide  # noqa: PLC0415 - loads every reading

    return read_rig_wide(evidence)


def _read(reading: RigReading, stated: RigVerdict, num_views: int) -> tuple[Diagnosis, float]:
    """Return the answer of the readings for a rig that is or is not found to fit as stated, and its log likelihood."""
    from renderkit.diagnosis.readings.registry import amiss, slots_of  # noqa: PLC0415 - loads every reading

    verdict: RigVerdict
    if reading.verdict == "cannot tell":
        # Without any evidence, or fitting as stated and better in ways of several kinds, nothing is proved.
        kinds = {slots_of(one) for one in (reading.readings, *reading.alternatives) if one}
        verdict = "does not fit" if stated == "does not fit" or len(kinds) == 1 else "cannot tell"
    else:
        verdict = "fits" if reading.verdict == "fits" else "does not fit"
    found = Diagnosis(
        verdict=verdict,
        sentence=reading.sentence,
        before=reading.before,
        after=reading.after,
        readings=reading.readings,
        amiss=amiss(name for one in (reading.readings, *reading.alternatives) for name in one),
        alternatives=reading.alternatives,
        margin=reading.margin if math.isfinite(reading.margin) else math.nan,
        num_tried=reading.num_tried,
        num_views=num_views,
    )
    return found, reading.log_likelihood


def _with_cameras(
    whole: Diagnosis,
    stated: StatedRig,
    alpha: float,
    measure: Measure | None,
    *,
    read_likelihood: float = -math.inf,
    thorough: bool = True,
) -> Diagnosis:
    views = tuple(view for view in stated.views if view.has_landmarks or view.outline is not None)
    cameras = {view.camera.name for view in views}
    if len(cameras) < MIN_CAMERAS:
        least = f"{len(cameras)} of at least {MIN_CAMERAS}"
        words = f"single cameras are not compared: {least} have landmarks, or mattes and a mesh"
        return replace(whole, cameras_sentence=words, outlines=outlines_of_few(stated.agreement))
    landmarks = landmark_faults(stated)
    views = without_landmarks(views, landmarks)
    mattes = matte_faults(stated)
    exchanged = {name for one in mattes if one.is_of_others for name in _doubtful(one)}
    far = {name: error for name, error in far_cameras(stated).items() if name not in exchanged}
    wrong = far_landmarks(stated)
    marked = landmark_words(wrong, views)
    views = tuple(_without_marks(view) if view.camera.name in wrong else view for view in views)
    used = _compared([view for view in views if view.camera.name not in far], mattes)
    even = even_mattes(used.views)
    used = RigEvidence(corrected(used.views, even)) if even else used
    found = fit_joint(used, alpha=alpha, screen=not thorough)
    off = (*(far_fault(name, error) for name, error in far.items()), *map(camera_fault, found.findings))
    faults = with_identity(off, views)
    alone = NOTHING if measure is None else by_mattes(measure, found.shift_errors_px, {one.camera for one in faults})
    faults += alone.faults
    moved = {one.camera for one in faults if one.family not in NOT_THE_CAMERA and not _is_slight(one)}
    # The inside of a drawing that is not in its place says nothing about the matte.
    mattes = tuple(one for one in mattes if one.is_of_others or one.camera not in {*moved, *even})
    mattes += even_faults(used.views, even)
    others = (*(one.sentence for one in landmarks), *marked, *(one.sentence for one in mattes))
    is_many = len(found.findings) >= max(MANY, MANY_SHARE * len(cameras))
    whole, read_likelihood = _read_if_doubtful(whole, read_likelihood, found, stated, is_many=is_many)
    # A reading that is common to all cameras moves the mesh against them as well.
    is_moved = found.mesh is not None and whole.verdict != "does not fit" and not whole.readings
    whole = with_common(whole, found, used, read_likelihood)
    whole, mesh = _with_mesh(whole, found, stated, is_moved=is_moved)
    sentence = found.sentence
    if far or alone.faults:
        sentence = rig_sentence([one.camera for one in faults], len(cameras | far.keys()), alpha)
    return replace(
        whole,
        cameras_sentence="; ".join(filter(None, [sentence, found.untold])),
        cameras=faults,
        others=(*whole.others, *others, *alone.notes),
        mesh=mesh,
        mattes=tuple(BadMatte(one.camera, one.frame, one.cause) for one in mattes),
        outlines=found.outlines,
    )


def _read_if_doubtful(
    whole: Diagnosis, likelihood: float, found: JointDiagnosis, stated: StatedRig, *, is_many: bool
) -> tuple[Diagnosis, float]:
    """Try the readings on a rig that fits where the joint estimate finds what may be a misreading's doing."""
    is_turned = _mesh_is_off(found) and not any(view.has_landmarks for view in stated.views)
    is_doubtful = found.blames_all or found.is_alike or is_many or is_turned
    if not is_doubtful or whole.verdict != "fits" or whole.num_tried:
        return whole, likelihood
    read, read_likelihood = _read(_rig_wide(RigEvidence(tuple(stated.views))), whole.verdict, whole.num_views)
    # How far a mesh is off that fits the mattes is said by the joint estimate.
    return (whole, likelihood) if read.amiss == ("mesh",) else (read, read_likelihood)


def _with_mesh(whole: Diagnosis, found: JointDiagnosis, stated: StatedRig, *, is_moved: bool) -> tuple[Diagnosis, str]:
    """Return the answer with a mesh that is off against all cameras, and how it is off where that heads the answer."""
    if found.mesh is not None and is_moved:
        whole = with_mesh(whole, found.mesh, found.outlines)
        return whole, found.mesh.sentence if _mesh_is_off(found) and whole.verdict == "fits" else ""
    moved = _subject_motion(RigEvidence(tuple(stated.views))) if _may_be_moved(whole, stated) else None
    if moved is None:
        return whole, ""
    head = moved.sentence if whole.before.relative > MESH_SHARE else ""
    return replace(whole, others=(*whole.others, moved.sentence)), head


def _may_be_moved(whole: Diagnosis, stated: StatedRig) -> bool:
    """Whether it is worth asking landmarks for a motion of the subject: outlines, which tell it better, have none."""
    is_open = whole.verdict == "fits" and not whole.readings and whole.common is None
    return is_open and whole.before.relative > MIN_SHARE and all(view.outline is None for view in stated.views)


def _mesh_is_off(found: JointDiagnosis) -> bool:
    return found.mesh is not None and found.mesh.share > MESH_SHARE


def _is_slight(fault: CameraFault) -> bool:
    return fault.cause in _AMOUNTS and fault.size_px < DEEP_PX


def compared(evidence: RigEvidence) -> RigEvidence:
    """Return what cameras are compared by: no mattes of other views, and no more landmarks than needed."""
    stated = StatedRig(evidence.views)
    return _compared(without_landmarks(evidence.views, landmark_faults(stated)), matte_faults(stated))


def _compared(every: Sequence[ViewEvidence], mattes: Sequence[MatteFault]) -> RigEvidence:
    others = {(name, one.frame) for one in mattes if one.is_of_others for name in _doubtful(one)}
    views = [view for view in every if view.has_landmarks or view.outline is not None]
    used = [_without_outline(view) if (view.camera.name, view.frame) in others else view for view in views]
    return RigEvidence(tuple(thinned(view) for view in used))


def _doubtful(fault: MatteFault) -> tuple[str, ...]:
    """Return the cameras whose mattes are not theirs."""
    return (fault.camera, fault.partner) if fault.cause == "exchanged" else (fault.camera,)


def _without_outline(view: ViewEvidence) -> ViewEvidence:
    """Return a view without a matte that is of another view."""
    return replace(view, outline=None, matte=None)


def _without_marks(view: ViewEvidence) -> ViewEvidence:
    """Return a view without landmarks that are wrong."""
    return replace(view, points_world=None, pixels=None, landmark_ids=None)


def thinned(view: ViewEvidence) -> ViewEvidence:
    """Return a view with no more landmarks than are compared."""
    if view.points_world is None or view.pixels is None:
        return view
    step = -(-len(view.pixels) // MAX_LANDMARKS)
    ids = None if view.landmark_ids is None else view.landmark_ids[::step]
    return replace(view, points_world=view.points_world[::step], pixels=view.pixels[::step], landmark_ids=ids)
