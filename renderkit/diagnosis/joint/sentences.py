"""Findings of the joint estimate in words.

Amounts are what has to be added to a calibration; sentences say what is wrong with it, as seen, which is the opposite.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from renderkit.diagnosis.joint.mesh_fault import MIN_MARKED
from renderkit.diagnosis.joint.result import CameraFinding
from renderkit.results.diagnosis import NOT_THE_CAMERA
from renderkit.wording import SIDES, cameras_off, lies_text, too_much, turned_text

MOST_CAUSES: Final = 6
"""Of more causes that explain a camera's error alike none is named."""

UNSURE_PX: Final = 0.5
"""A healthy scatter that is larger is no healthy one: half a pixel is the smallest known slip."""

_TOLD_APART = {
    "shift": "at a second depth, or more frames, would tell them apart",
    "scale": "at a second depth would tell them apart",
}


_TELLS_SUBJECT = {
    (True, False): "mattes, or the subject's measured size, would tell which it is",
    (False, True): f"landmarks in at least {MIN_MARKED} cameras, or an exact mesh, would tell which it is",
    (True, True): "a subject whose size and shape are known would tell which it is",
}


def finding_sentence(finding: CameraFinding, subject: str = "the subject") -> CameraFinding:
    """Return the finding with its sentence; `subject` is what the pictures show."""
    words = f"camera {finding.camera}: {_what(finding, subject)}"
    if not finding.explained:
        words += "; this does not explain all of its residuals"
    return replace(finding, sentence=words)


def common_sentence(finding: CameraFinding, num_cameras: int) -> CameraFinding:
    """Return the finding about an error that all cameras share with its sentence."""
    words = f"all {num_cameras} cameras alike: {_what(finding, 'the subject')}"
    if not finding.explained:
        words += "; this does not explain all that they share"
    return replace(finding, sentence=words)


def alike_sentence(finding: CameraFinding, num_cameras: int, kinds: tuple[bool, bool]) -> CameraFinding:
    """Return the finding about what all cameras share, and what may be the subject's, with its sentence.

    Args:
        finding: The error.
        num_cameras: How many cameras there are.
        kinds: Whether there are landmarks, and outlines.
    """
    if finding.family == "subject":
        growth, error = finding.amounts["growth"], finding.amount_errors["growth"]
        what = (
            f"the subject is drawn {abs(100 * growth):.2f} +/- {100 * error:.2f} % {too_much(-growth)}, or in another "
            "shape: size or shape of the subject, or focal length"
        )
    else:
        what = f"{_size_text(finding)}: {_listed(finding)}"
    tells = _TELLS_SUBJECT[kinds]
    words = f"all {num_cameras} cameras alike: {what}; this explains as much as errors of single cameras do; {tells}"
    return replace(finding, sentence=words)


def rig_sentence(names: Sequence[str], num_cameras: int, alpha: float) -> str:
    """Return the answer for the rig."""
    words = cameras_off(names, num_cameras)
    return f"{words} (false alarm rate {100 * alpha:g} % per rig)"


def gauge_sentence(findings: Sequence[CameraFinding], tau_px: float, *, common: bool = False) -> str:
    """Return what the sizes of findings count from; "" without any.

    Args:
        findings: Single cameras.
        tau_px: Healthy scatter of the others, px.
        common: Whether an error that all cameras share was found, and taken out before.
    """
    if not any(math.isfinite(one.size_px) for one in findings):
        return ""
    if common:
        words = "sizes of single cameras count from what the others agree on once the error that all share is corrected"
    else:
        words = "sizes count from what the other cameras agree on: an error that all cameras share is not in them"
    if tau_px > UNSURE_PX:
        words += f"; the others differ by {tau_px:.1f} px themselves, so more cameras may be off"
    return words


def unnamed_sentence(num_found: int, tau_px: float, num_cameras: int) -> str:
    """Return that cameras are off of which none can be named; "" where there is nothing of the kind."""
    if num_found or tau_px <= UNSURE_PX:
        return ""
    return (
        f"the cameras differ by {tau_px:.1f} px themselves, more than sound ones do: at least one is off, and the "
        f"evidence of {num_cameras} does not tell which; more cameras, or frames with the subject elsewhere, would tell"
    )


def floor_sentence(errors_px: Sequence[float], threshold: float) -> str:
    """Return which shifts of one camera are not found, where these are not small; "" elsewhere.

    Args:
        errors_px: Standard errors of the cameras' shifts.
        threshold: Of the test of a camera, in standard errors: of shifts as large half are found.
    """
    floor = threshold * float(np.median(errors_px)) if errors_px else 0.0
    if not UNSURE_PX < floor < math.inf:
        return ""
    return (
        f"what cannot be told: shifts of one camera below about {floor:.2g} px in the median camera; more cameras or "
        "more frames would tell"
    )


def _what(finding: CameraFinding, subject: str) -> str:
    if math.isnan(finding.size_px):
        return f"it is off, and the evidence does not tell by how much: {_listed(finding)}"
    size = _size_text(finding)
    if len(finding.cannot_tell) == 1:
        return size if finding.family in NOT_THE_CAMERA else f"{size}: {finding.cause}"
    advice = _TOLD_APART.get(finding.family)
    return f"{size}: {_listed(finding)}" + (f"; {subject} {advice}" if advice else "")


def _size_text(finding: CameraFinding) -> str:
    if math.isnan(finding.size_px):
        return "the error of each is of one kind and of its own size"
    return {
        "shift": _shift_text,
        "roll": _roll_text,
        "scale": _scale_text,
        "lens": _lens_text,
        "aspect": _aspect_text,
        "several": _rms_text,
        "matte": _matte_text,
        "detections": _detections_text,
    }[finding.family](finding)


def _listed(finding: CameraFinding) -> str:
    if len(finding.cannot_tell) > MOST_CAUSES:
        return f"too little to tell which of {len(finding.cannot_tell)} causes it is"
    *others, last = finding.cannot_tell
    return f"{', '.join(others)} or {last}" if others else last


def _whose(finding: CameraFinding) -> str:
    return "its" if finding.camera else "their"


def _lies_text(finding: CameraFinding, sign: float) -> str:
    """Return where something lies, the shift times a sign: along the axes that are told where all cameras share it."""
    (dx, dy), errors = finding.shift_px, finding.shift_error_px
    told = [bool(finding.camera) or error <= UNSURE_PX for error in errors]
    if all(told) or not any(told):
        return lies_text((sign * dx, sign * dy), errors)
    axis = told.index(True)
    value, (less, more) = sign * finding.shift_px[axis], SIDES[axis]
    lies = f"lie {abs(value):.2f} +/- {errors[axis]:.2f} px too far {more if value > 0.0 else less}"
    return f"{lies} (how far {' or '.join(SIDES[1 - axis])} is not told from where the subject stands)"


def _shift_text(finding: CameraFinding) -> str:
    return f"{_whose(finding)} projections {_lies_text(finding, -1.0)}"


def _roll_text(finding: CameraFinding) -> str:
    value, error = math.degrees(finding.amounts["roll"]), math.degrees(finding.amount_errors["roll"])
    return f"{_whose(finding)} projections are {turned_text(-value, error)}"


def _scale_text(finding: CameraFinding) -> str:
    if "log_focal" in finding.amounts:
        value, error = finding.amounts["log_focal"], finding.amount_errors["log_focal"]
        return f"{_whose(finding)} projections are {abs(100 * value):.2f} +/- {100 * error:.2f} % {too_much(-value)}"
    # A camera that has to stand farther away draws its subject too large.
    way = too_much(finding.amounts["step_z"])
    return f"{_whose(finding)} projections are {way}, by {finding.size_px:.2f} +/- {finding.size_error_px:.2f} px RMS"


def _lens_text(finding: CameraFinding) -> str:
    errors = finding.amount_errors
    stated = [
        f"{name} is {too_much(-value)} by {abs(value):.4f} +/- {errors[name]:.4f}"
        for name, value in finding.amounts.items()
    ]
    return f"{_whose(finding)} lens is wrong: {' and '.join(stated)}"


def _aspect_text(finding: CameraFinding) -> str:
    value, error = finding.amounts["log_aspect"], finding.amount_errors["log_aspect"]
    return f"{_whose(finding)} fx / fy is {too_much(-value)} by {abs(100 * value):.2f} +/- {100 * error:.2f} %"


def _rms_text(finding: CameraFinding) -> str:
    return (
        f"{_whose(finding)} projections are displaced by {finding.size_px:.2f} +/- {finding.size_error_px:.2f} px RMS"
    )


def _matte_text(finding: CameraFinding) -> str:
    value, error = finding.amounts["matte_px"], finding.amount_errors["matte_px"]
    words = f"its mattes are {too_much(value)} by {abs(value):.2f} +/- {error:.2f} px all around"
    return f"{words}, which is not the camera's fault"


def _detections_text(finding: CameraFinding) -> str:
    where = _lies_text(finding, 1.0)
    words = f"{_whose(finding)} detected landmarks {where} while the outline is in its place"
    return f"{words}, which is not the camera's fault"
