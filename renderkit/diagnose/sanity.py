"""Does a rig as a whole fit its evidence? The absolute test behind the exit code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from renderkit.diagnose.readings.absolute import fits, rig_fit
from renderkit.diagnose.readings.agreement import agreement
from renderkit.diagnose.readings.interpretation import as_stated
from renderkit.diagnose.readings.result import RigFit
from renderkit.diagnose.view_evidence import RigEvidence

SanityVerdict: TypeAlias = Literal["fits", "does not fit", "cannot tell"]


@dataclass(frozen=True)
class Sanity:
    """Whether the rig as stated fits.

    Attributes:
        verdict: "cannot tell" without landmarks and without mattes of a mesh.
        fit: The medians that decided.
        num_views: Views with evidence.
        sentence: The answer in one sentence.
    """

    verdict: SanityVerdict
    fit: RigFit
    num_views: int
    sentence: str


def check_sanity(evidence: RigEvidence) -> Sanity:
    """Say whether a rig as a whole fits, as stated and in absolute terms, by the median view.

    A few cameras that are off change nothing: they are for the joint estimate to find.

    Raises:
        ValueError: If the lens coefficients of a camera are not those of a lens.
    """
    usable = tuple(as_stated(view) for view in evidence.views if view.has_landmarks or view.has_matte)
    found = agreement(usable)
    verdict: SanityVerdict = fits(found)
    fit = rig_fit(found)
    sentence = {
        "fits": "the rig as a whole fits",
        "does not fit": "the rig as a whole does not fit: nothing that is measured on it can be trusted",
        "cannot tell": "whether the rig as a whole fits cannot be told: no landmarks, and no mattes of a mesh",
    }[verdict]
    return Sanity(verdict, fit, len(usable), sentence)
