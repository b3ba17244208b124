"""Does a rig as a whole fit its evidence? The absolute test behind the exit code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from renderkit.diagnosis.readings.absolute import fits, rig_fit
from renderkit.diagnosis.readings.common_shift import common_shift
from renderkit.diagnosis.readings.lens_comparison import compare_lenses
from renderkit.diagnosis.readings.stated import StatedRig
from renderkit.results.diagnosis import RigFit
from renderkit.results.findings import RigVerdict

MIN_SUSPECT_PX: Final = 0.25
"""A shift common to all cameras that is smaller is no reading's doing."""

SUSPECT_ERRORS: Final = 5.0
"""Standard errors by which a common shift must differ from zero."""

SUSPECT_IOU: Final = 0.85
"""A rig without landmarks is looked at closer below this IoU."""


@dataclass(frozen=True)
class Sanity:
    """Whether the rig as stated fits.

    Attributes:
        verdict: "cannot tell" without landmarks and without mattes of a mesh, and where mattes alone overlap only.
        fit: The medians that decided.
        num_views: Views with evidence.
        suspect: Whether something common to all cameras is left although the rig fits: worth trying readings.
    """

    verdict: RigVerdict
    fit: RigFit
    num_views: int
    suspect: bool


def check_sanity(stated: StatedRig) -> Sanity:
    """Say whether a rig as a whole fits, as stated and in absolute terms, by the median view.

    A few cameras that are off change nothing: they are for the joint estimate to find.
    """
    views, found = stated.read, stated.agreement
    fit = rig_fit(found)
    shift, lens = common_shift(views), compare_lenses(views)
    shifted = shift is not None and bool(
        (abs(shift[0]) > SUSPECT_ERRORS * shift[1]).any() and abs(shift[0]).max() > MIN_SUSPECT_PX
    )
    loose = fit.relative != fit.relative and fit.iou < SUSPECT_IOU
    return Sanity(fits(found), fit, len(views), shifted or loose or (lens is not None and lens.is_worth_saying))
