"""The registry of fault hypotheses, the simplest first. A new one is a function and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from renderkit.diagnose.hypotheses.amount import landmark_pattern, outline_pattern
from renderkit.diagnose.hypotheses.case import Candidate, Case
from renderkit.diagnose.hypotheses.identity import mirrored_picture, other_frame, swapped_calibration, turned_picture
from renderkit.diagnose.hypotheses.lens import (
    distortion_dropped,
    distortion_order,
    distortion_sign,
    undistorted_picture,
)
from renderkit.diagnose.hypotheses.pose import gl_axes, inverted_extrinsics, inverted_gl_axes, unit_of_translation


@dataclass(frozen=True)
class Hypothesis:
    """One kind of fault.

    Attributes:
        candidates: Undoes it in every way that it could have happened.
        planted_as: Faults of renderkit.synth that it must name.
        why_not_planted: Why there is none, where there is none.
    """

    candidates: Callable[[Case], Iterable[Candidate]]
    planted_as: tuple[str, ...] = ()
    why_not_planted: str = ""


HYPOTHESES: Final = (
    Hypothesis(inverted_extrinsics, ("inverted-extrinsics",)),
    Hypothesis(gl_axes, ("gl-axes",)),
    Hypothesis(inverted_gl_axes, why_not_planted="inverted-extrinsics and gl-axes planted together"),
    Hypothesis(unit_of_translation, ("scaled-translation",)),
    Hypothesis(distortion_dropped, ("no-distortion",)),
    Hypothesis(distortion_order, ("distortion-order",)),
    Hypothesis(distortion_sign, ("flipped-distortion",)),
    Hypothesis(undistorted_picture, why_not_planted="synth resamples no pictures"),
    Hypothesis(swapped_calibration, ("swapped",)),
    Hypothesis(other_frame, ("frame-offset",)),
    Hypothesis(landmark_pattern, ("rotated", "rolled", "translated", "shifted", "half-pixel", "scaled-focal")),
    Hypothesis(mirrored_picture, ("mirrored",)),
    Hypothesis(turned_picture, why_not_planted="synth turns no pictures"),
    Hypothesis(outline_pattern, ("rotated", "rolled", "translated", "shifted", "scaled-focal")),
)
"""Every hypothesis, conventions before amounts and landmarks before masks."""
