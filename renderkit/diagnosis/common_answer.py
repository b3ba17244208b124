"""An error that all cameras share, in the answer for the rig: beside readings of its numbers, and a moved subject."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from renderkit.computed_once import computed_once
from renderkit.diagnosis.joint import fit_joint
from renderkit.diagnosis.joint.result import CameraFinding, JointDiagnosis
from renderkit.diagnosis.readings.absolute import fit_text, fits
from renderkit.diagnosis.readings.agreement import TIE, agreement
from renderkit.diagnosis.readings.interpretation import all_as_stated
from renderkit.diagnosis.readings.lens import LENSES
from renderkit.diagnosis.view_evidence import RigEvidence
from renderkit.results.diagnosis import CameraFault, Diagnosis

MAX_RELATIVE: Final = 0.2
"""Share of the landmarks' spread up to which an error is small enough for the linear model."""

_LENS_READINGS: Final = frozenset(one.name for one in LENSES)


def camera_fault(one: CameraFinding) -> CameraFault:
    """Return a finding of the joint estimate as it is reported."""
    return CameraFault(
        camera=one.camera,
        cause=one.cause,
        cannot_tell=one.cannot_tell,
        family=one.family,
        size_px=one.size_px,
        size_error_px=one.size_error_px,
        explained=one.explained,
        sentence=one.sentence,
    )


@dataclass(frozen=True, eq=False)
class CorrectedAlike:
    """A rig with all cameras corrected by an error that they share; estimated when it is first asked for.

    Attributes:
        compared: Returns what cameras are compared by.
        alpha: Probability that a rig without fault has a finding.
    """

    compared: Callable[[], RigEvidence]
    alpha: float

    @computed_once
    def corrected(self) -> RigEvidence | None:
        """The evidence with corrected cameras; None where they share no error."""
        return fit_joint(self.compared(), alpha=self.alpha).corrected

    def fits(self, before: Diagnosis) -> bool:
        """Say whether a rig that does not fit, as `before` has it, does so then."""
        if not before.before.relative <= MAX_RELATIVE or self.corrected is None:
            return False
        return fits(agreement(all_as_stated(self.corrected.views))) == "fits"

    def fits_better_than(self, moved: RigEvidence) -> bool:
        """Say whether the rig fits better then than with its subject moved."""
        corrected = self.corrected
        return corrected is not None and _log_likelihood_of(corrected) - _log_likelihood_of(moved) > TIE


def with_common(whole: Diagnosis, found: JointDiagnosis, evidence: RigEvidence, read_likelihood: float) -> Diagnosis:
    """Return the answer for the rig with what all cameras share: the rig as written does not fit then.

    A reading of the numbers stands where the shared error does not fit better; a shift of all pictures is no reading
    where a motion of the subject fits as well. A rig whose landmarks may as well be detected aside fits: detectors do
    so, and only mattes could tell.

    Args:
        whole: The answer without it.
        found: The joint estimate.
        evidence: Views of the rig.
        read_likelihood: Log likelihood under the readings of `whole`; -inf without any.
    """
    if not whole.readings:
        # Where the subject was moved before, that is the answer.
        is_moved = whole.verdict == "does not fit" and whole.num_tried == 0
        is_answer = found.blames_all and not is_moved
        return whole if found.common is None else _answered(whole, found.common, is_answer=is_answer)
    if found.common is None or found.corrected is None:
        return _or_moved(whole, evidence, read_likelihood)
    named_lens = found.common.family == "lens" and _LENS_READINGS.issuperset(whole.readings)
    gain = _log_likelihood_of(found.corrected) - read_likelihood
    stands = gain <= TIE or (named_lens and whole.after == whole.before) or not found.blames_all
    answered = _answered(whole, found.common, is_answer=not stands)
    if stands and -TIE < gain <= TIE:
        # Both fit alike.
        return replace(answered, sentence=f"{whole.sentence}; or {found.common.sentence}", others=())
    return answered


def _answered(whole: Diagnosis, common: CameraFinding, *, is_answer: bool) -> Diagnosis:
    fault = camera_fault(common)
    if not is_answer:
        return replace(whole, common=fault, others=(fault.sentence,))
    sentence = f"{fault.sentence}; as stated: {fit_text(whole.before)}"
    return replace(
        whole, verdict="does not fit", sentence=sentence, common=fault, readings=(), alternatives=(), after=whole.before
    )


def _or_moved(whole: Diagnosis, evidence: RigEvidence, read_likelihood: float) -> Diagnosis:
    from renderkit.diagnosis.readings.registry import READINGS  # noqa: PLC0415 - loads every reading
    from renderkit.diagnosis.readings.search import cost_of  # noqa: PLC0415 - as above
    from renderkit.diagnosis.subject_motion import subject_motion  # noqa: PLC0415 - for few rigs

    moved = subject_motion(evidence)
    if moved is None:
        return whole
    # A motion of the subject has as many numbers in every frame, and most readings have none.
    known = {one.name: one.num_estimated for one in READINGS}
    more = moved.num_estimated - sum(known.get(name, 0) for name in whole.readings)
    gain = _log_likelihood_of(moved.evidence) - read_likelihood - cost_of(more, len(evidence.views))
    if gain < -TIE:
        return whole
    sentence = f"{moved.sentence}; or {whole.sentence}"
    return replace(whole, sentence=sentence, readings=(), alternatives=(whole.readings, *whole.alternatives))


def _log_likelihood_of(evidence: RigEvidence) -> float:
    from renderkit.diagnosis.readings.rig_wide import log_likelihood_of  # noqa: PLC0415 - loads every reading

    return log_likelihood_of(evidence)
