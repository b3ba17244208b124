"""What the rig-wide readings concluded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from renderkit.results.diagnosis import RigFit

Verdict: TypeAlias = Literal["fits", "misread", "no reading fits", "cannot tell"]


@dataclass(frozen=True)
class RigReading:
    """Whether the rig is read as it was meant.

    Attributes:
        verdict: "fits" as stated; "misread": fits under `readings`; "no reading fits"; "cannot tell": no evidence, or
            several readings that fit alike (`alternatives`).
        readings: Names of the readings that make it fit, in the order of application; () unless misread or tied.
        alternatives: Other combinations that fit as well as `readings`.
        before: Fit as stated.
        after: Fit under `readings`, or under the best of those that do not fit.
        margin: By how much the log likelihood prefers the answer to the best other one that is not among
            `alternatives`; inf where no other was tried.
        num_tried: How many readings and pairs of them were tried.
        sentence: The answer in one sentence.
        same: Combinations that are other words for `readings`: every landmark lies where it does under them.
        notes: Small effects common to all cameras, beside what the verdict says.
        log_likelihood: Of the views under `readings`, as `readings.log_likelihood_of` has it; -inf without evidence.
    """

    verdict: Verdict
    readings: tuple[str, ...]
    alternatives: tuple[tuple[str, ...], ...]
    before: RigFit
    after: RigFit
    margin: float
    num_tried: int
    sentence: str
    notes: tuple[str, ...] = ()
    same: tuple[tuple[str, ...], ...] = ()
    log_likelihood: float = -math.inf
