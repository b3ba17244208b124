"""What to do about what all cameras of a rig share."""

from __future__ import annotations

from typing import Final

from renderkit.results.diagnosis import Diagnosis

_CORRECT: Final = {
    "calibration": "Correct the calibration file, or how it is read, as stated",
    "landmarks": "Correct the landmarks (--landmarks) as stated",
    "mattes": "Correct the mattes (--masks) as stated",
    "mesh": "Move or turn the mesh, or the cameras' world, as stated",
    "pictures": "Make the pictures, mattes and landmarks as the calibration has them, or calibrate them as they are",
}


def step_for_readings(diagnosis: Diagnosis) -> str:
    """Return which files are to be corrected; several readings that fit alike may ask for different ones."""
    amiss = diagnosis.amiss or ("calibration",)
    word = "; or: " if diagnosis.alternatives else "; and: "
    step = f"{word.join(_CORRECT[one] for one in amiss)}, and validate again."
    is_written = amiss == ("calibration",) and not diagnosis.alternatives
    return f"{step} `renderkit refine` with -o FILE writes it corrected." if is_written else step


_SHIFTED_STEP = "Look at overlays: the pictures tell whether mattes or landmarks lie aside, or the cameras do."
_ALIKE_STEP = "Give what tells cameras from the subject: landmarks and mattes of more cameras, or an exact mesh."


_MESH_STEP = "Move or fit the mesh anew as stated, and validate again; overlays show how it lies."


def step_for_all(diagnosis: Diagnosis | None) -> str:
    """Return what to do about what all cameras of a rig that fits share; "" where that is nothing."""
    if diagnosis is None or diagnosis.verdict != "fits":
        return ""
    if diagnosis.common is not None:
        return _SHIFTED_STEP if diagnosis.common.family == "shift" else _ALIKE_STEP
    return _MESH_STEP if diagnosis.mesh else ""
