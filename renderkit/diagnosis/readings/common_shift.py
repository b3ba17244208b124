"""A shift common to all cameras, with its standard error: is it half a pixel on both axes?"""

from __future__ import annotations

from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.readings.agreement import landmark_residuals
from renderkit.diagnosis.readings.reading import Views

HALF_PIXEL: Final = "half pixel"

MIN_CAMERAS: Final = 5
SIGNIFICANT: Final = 5.0
"""Standard errors by which the shift must differ from zero on both axes."""

CONSISTENT: Final = 3.0
"""Standard errors within which it must be half a pixel on both axes."""

MAX_ERROR_PX: Final = 0.12
"""A shift that is known less well than this is not called half a pixel."""


def half_pixel(views: Views) -> str | None:
    """Return the name of the half-pixel reading that the landmarks ask for, or None.

    Both axes must differ from zero and agree with half a pixel, of one sign: a detector's bias in y, or a subject that
    stands a little too low, does neither.
    """
    found = common_shift(views)
    if found is None:
        return None
    shift, error = found
    sign = float(np.sign(shift[0]))
    significant = bool((sign * shift > SIGNIFICANT * error).all() and (error <= MAX_ERROR_PX).all())
    consistent = bool((np.abs(sign * shift - 0.5) <= CONSISTENT * np.maximum(error, 0.02)).all())
    if not (significant and consistent):
        return None
    return HALF_PIXEL if sign > 0.0 else f"{HALF_PIXEL}, subtracted twice"


def leaves_no_shift(views: Views) -> bool:
    """Say whether landmarks lie aside by nothing that all cameras share; where too few cameras tell, they do not."""
    found = common_shift(views)
    return found is None or bool((np.abs(found[0]) <= CONSISTENT * np.maximum(found[1], 0.02)).all())


def common_shift(views: Views) -> tuple[FloatArray, FloatArray] | None:
    """Return the (2,) median over cameras of predicted minus detected, and its standard error, px.

    The error comes from the scatter between cameras, so it holds whatever the cameras' own errors are.
    """
    by_camera: dict[str, list[FloatArray]] = {}
    for view in views:
        residuals = landmark_residuals(view)
        known = np.isfinite(residuals).all(axis=1)
        if known.sum() >= 6:
            by_camera.setdefault(view.camera, []).append(np.median(residuals[known], axis=0))
    if len(by_camera) < MIN_CAMERAS:
        return None
    shifts = np.array([np.mean(all_of_one, axis=0) for all_of_one in by_camera.values()])
    middle = np.median(shifts, axis=0)
    scatter = 1.4826 * np.median(np.abs(shifts - middle), axis=0)
    # The median's standard error is sqrt(pi / 2) times the mean's.
    return middle, np.sqrt(np.pi / 2.0) * scatter / np.sqrt(len(shifts))
