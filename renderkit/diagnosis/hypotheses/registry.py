"""The registry of fault hypotheses, the simplest first. A new one is a function in a module beside it, and a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from renderkit.diagnosis.hypotheses.case import Candidate, Case


@dataclass(frozen=True)
class Hypothesis:
    """One kind of fault.

    Attributes:
        candidates: Undoes it in every way that it could have happened.
        planted_as: Faults of renderkit.synth that it must name.
        is_amount: Whether it fits how large an error is.
        why_not_planted: Why there is none, where there is none.
    """

    candidates: Callable[[Case], Iterable[Candidate]]
    planted_as: tuple[str, ...] = ()
    is_amount: bool = False
    why_not_planted: str = ""


def _of(path: str) -> Callable[[Case], Iterable[Candidate]]:
    """Return a function of this package, given as MODULE:FUNCTION."""
    module, _, function = path.partition(":")
    found: Callable[[Case], Iterable[Candidate]] = getattr(import_module(f"{__package__}.{module}"), function)
    return found


HYPOTHESES: Final = (
    Hypothesis(_of("pose:inverted_extrinsics"), ("inverted-extrinsics",)),
    Hypothesis(_of("pose:gl_axes"), ("gl-axes",)),
    Hypothesis(_of("pose:inverted_gl_axes"), why_not_planted="inverted-extrinsics and gl-axes planted together"),
    Hypothesis(_of("pose:half_written_pose"), why_not_planted="the readings of whole rigs plant it"),
    Hypothesis(_of("pose:unit_of_translation"), ("scaled-translation",)),
    Hypothesis(_of("lens:distortion_dropped"), ("no-distortion",)),
    Hypothesis(_of("lens:distortion_order"), ("distortion-order",)),
    Hypothesis(_of("lens:distortion_sign"), ("flipped-distortion",)),
    Hypothesis(_of("lens:undistorted_picture"), why_not_planted="synth resamples no pictures"),
    Hypothesis(_of("identity:swapped_calibration"), ("swapped",)),
    Hypothesis(_of("identity:other_frame"), ("frame-offset",)),
    Hypothesis(
        _of("amount:landmark_pattern"),
        ("rotated", "rolled", "translated", "shifted", "half-pixel", "scaled-focal"),
        is_amount=True,
    ),
    Hypothesis(_of("identity:mirrored_picture"), ("mirrored",)),
    Hypothesis(_of("identity:resized_picture"), why_not_planted="views of another size than the calibration's fail"),
    Hypothesis(_of("identity:turned_picture"), why_not_planted="synth turns no pictures"),
    Hypothesis(_of("landmarks:written_otherwise"), why_not_planted="the readings of whole rigs plant it"),
    Hypothesis(
        _of("amount:outline_pattern"), ("rotated", "rolled", "translated", "shifted", "scaled-focal"), is_amount=True
    ),
)
"""Every hypothesis, conventions before amounts and landmarks before masks."""

CONVENTIONS: Final = tuple(one for one in HYPOTHESES if not one.is_amount)
"""Hypotheses that undo a slip, rather than fit how large an error is."""

LANDMARK_SLIPS: Final = (
    Hypothesis(_of("landmarks:written_otherwise")),
    Hypothesis(_of("identity:mirrored_picture")),
    Hypothesis(_of("identity:resized_picture")),
    Hypothesis(_of("identity:turned_picture")),
)
"""Hypotheses about landmarks that are wrong while their camera is right."""
