"""The absolute test: does a rig fit its evidence, whatever the alternatives?"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import numpy as np

from renderkit.diagnosis.readings.agreement import Agreement
from renderkit.diagnosis.readings.noise import DETECTOR_PX, is_all_noise
from renderkit.results.diagnosis import RigFit

FitAnswer: TypeAlias = Literal["fits", "does not fit", "cannot tell"]

MAX_RELATIVE: Final = 0.06
"""Landmarks fit when their median residual is at most this share of their spread: 3 to 4 mm on a face."""

MAX_NOISE: Final = 0.15
"""Landmarks whose residuals are noise, view by view and landmark by landmark, fit up to this share: a poor detector, or
a small subject, is no error of a rig."""

MIN_IOU: Final = 0.7
"""A mesh of the whole subject fits when its coarse IoU with the matte is at least this."""

MIN_INSIDE: Final = 0.9
"""A mesh of a part of the subject (a head in a person's matte) fits when this share of its vertices is inside ..."""

MIN_PART_IOU: Final = 0.08
"""... and it fills at least this share of the matte: a mesh that shrinks to a point is inside as well."""

NEARLY_INSIDE: Final = 0.8
"""With landmarks that fit, mattes contradict only below this share of vertices inside."""


CLOSE_OUTLINE: Final = 0.05
"""Outlines agree where their tangents lie this share of the matte's half width apart; smoothed meshes reach 0.04."""

MAX_PROTRUSION: Final = 0.1
"""By mattes alone, a drawing that overlaps with them is in its place when it reaches out of them by at most this share
of their half width: hair and clothes are missing in a mesh, seldom in a matte. A mesh turned by 7 deg reaches 0.09."""

MAX_OVERHANG: Final = 0.2
"""By mattes alone, a drawing that reaches out of them by more than this share of their half width is not in its place,
however much they were eroded all around."""


def convinces(found: Agreement) -> bool:
    """Say whether a fit leaves no doubt: by landmarks, or by outlines that agree, not by areas that overlap."""
    return not np.isnan(found.median_relative) or found.median_outline_share <= CLOSE_OUTLINE


def fits(found: Agreement) -> FitAnswer:
    """Say whether a rig fits: by its landmarks where there are any, by its mattes otherwise; both must not disagree.

    "Cannot tell" without evidence, and where mattes alone overlap with a drawing that reaches out of them.
    """
    landmarks, inside, iou = found.median_relative, found.median_inside, found.median_iou
    if np.isnan(landmarks) and np.isnan(iou):
        return "cannot tell"
    if not np.isnan(landmarks) and _are_off(found):
        return "does not fit"
    if np.isnan(iou):
        return "fits"
    if not np.isnan(landmarks):
        return "fits" if inside >= NEARLY_INSIDE and iou >= MIN_PART_IOU else "does not fit"
    apart = iou < MIN_IOU and (inside < MIN_INSIDE or iou < MIN_PART_IOU)
    if apart or found.median_overhang > MAX_OVERHANG:
        return "does not fit"
    return "cannot tell" if found.median_protrusion > MAX_PROTRUSION else "fits"


def _are_off(found: Agreement) -> bool:
    """Say whether landmarks lie farther off than those of a rig that fits, and no detector's noise explains it."""
    if found.median_relative <= MAX_RELATIVE or found.median_detected_px <= DETECTOR_PX:
        return False
    return found.median_relative > MAX_NOISE or not is_all_noise(found.views)


def rig_fit(found: Agreement) -> RigFit:
    """Return the medians over views."""
    return RigFit(found.median_px, found.median_relative, found.median_iou, found.median_inside)


def fit_text(fit: RigFit) -> str:
    """Return the numbers of a fit, those that are known."""
    parts = []
    if fit.relative == fit.relative:
        parts.append(f"median landmark residual {fit.residual_px:.3g} px ({100 * fit.relative:.3g} % of their spread)")
    if fit.iou == fit.iou:
        parts.append(f"coarse IoU {fit.iou:.2f}")
    return ", ".join(parts)
