"""Corrects what is wrong with all cameras of a rig alike: misread numbers, and errors that they share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.diagnosis.common_answer import CorrectedAlike
from renderkit.diagnosis.read_rig_as import is_reading, read_rig_as
from renderkit.diagnosis.readings.agreement import TIE
from renderkit.diagnosis.readings.rig_wide import log_likelihood_of
from renderkit.diagnosis.readings.search import MAX_OUTLINE_SHARE
from renderkit.diagnosis.readings.stated import StatedRig
from renderkit.diagnosis.rig import compared, diagnose_rig
from renderkit.diagnosis.view_evidence import RigEvidence
from renderkit.geometry.rig import Rig
from renderkit.results.diagnosis import Diagnosis
from renderkit.results.refinement import WholeRig

_MOST_STEPS: Final = 3
"""A rig that does not fit after so many corrections is not understood."""

MAX_WORSE: Final = 1.02
"""A correction that brings outlines nearer may raise the landmarks' median residual by this factor: it is noise."""


@dataclass(frozen=True, eq=False)
class CorrectedRig:
    """A rig after what is wrong with all cameras alike was corrected.

    Attributes:
        rig: The cameras.
        evidence: Views of them.
        steps: The diagnoses by which the rig was corrected, in order.
        last: The diagnosis of `rig`.
        refusal: Why nothing more is corrected where `rig` does not fit.
    """

    rig: Rig
    evidence: RigEvidence
    steps: tuple[Diagnosis, ...]
    last: Diagnosis
    refusal: str = ""

    @property
    def fits(self) -> bool:
        """Whether nothing is left that is wrong with all cameras alike, so that single ones may be looked at."""
        return self.last.verdict != "does not fit"

    @property
    def reason(self) -> str:
        """What is left, and why it is not corrected."""
        return "; ".join(filter(None, [self.last.sentence, self.refusal]))

    @property
    def whole(self) -> WholeRig | None:
        """What was corrected; None where nothing was."""
        if not self.steps:
            return None
        readings = tuple(name for one in self.steps for name in one.readings)
        sentence = "; and ".join(one.sentence for one in self.steps)
        return WholeRig(readings, sentence, self.steps[0].before, self.last.before)


def correct_alike(rig: Rig, gather: Callable[[Rig], RigEvidence], alpha: float) -> CorrectedRig:
    """Correct all cameras alike until the rig fits.

    Where one reading of the numbers makes it fit and none fits as well, the cameras are read so; where the joint
    estimate finds that all cameras share an error, they are corrected by it. Evidence is gathered again after each
    correction, as outlines lie elsewhere then; a correction is kept only where it fits far better.

    Args:
        rig: The cameras as they are written.
        gather: Returns views of a rig.
        alpha: Probability that a camera of a rig without fault is named.
    """
    evidence = gather(rig)
    found = CorrectedRig(rig, evidence, (), diagnose_rig(evidence, alpha=alpha))
    while not found.fits and len(found.steps) < _MOST_STEPS:
        try:
            changed = _corrected(found, alpha)
        except ValueError as error:
            return replace(found, refusal=str(error))
        evidence = gather(changed)
        if not _is_better(evidence, found.evidence):
            return replace(found, refusal="what is left is not corrected: it would not fit better")
        found = CorrectedRig(changed, evidence, (*found.steps, found.last), diagnose_rig(evidence, alpha=alpha))
    return found


def _is_better(corrected: RigEvidence, before: RigEvidence) -> bool:
    """Say whether views fit far better: as a whole, or by outlines that come clearly nearer while landmarks stay."""
    if log_likelihood_of(corrected) - log_likelihood_of(before) > TIE:
        return True
    (residual, distance), (old_residual, old_distance) = _misfit(corrected), _misfit(before)
    # A rig without landmarks compares NaN, which is never more.
    return distance <= MAX_OUTLINE_SHARE * old_distance and not residual > MAX_WORSE * old_residual


def _misfit(evidence: RigEvidence) -> tuple[float, float]:
    """Return the median landmark residual and the median distance of outlines, px; NaN without such evidence."""
    stated = StatedRig(evidence.views)
    offsets = [view.outline.offsets_px for view in evidence.views if view.outline is not None]
    distances = np.abs(np.concatenate([*offsets, np.zeros(0)]))
    known = distances[np.isfinite(distances)]
    return stated.agreement.median_px, float(np.median(known)) if len(known) else math.nan


def _corrected(found: CorrectedRig, alpha: float) -> Rig:
    """Return a rig that does not fit, corrected as its diagnosis says.

    Raises:
        ValueError: If no reading makes it fit and the cameras share no error, if several readings fit alike, or if it
            is not the cameras that are misread.
    """
    last = found.last
    if last.alternatives:
        ways = " or ".join(" and ".join(names) for names in (last.readings, *last.alternatives) if names)
        raise ValueError(f"which of these it is cannot be told: {ways}")
    if last.readings and all(map(is_reading, last.readings)):
        return read_rig_as(found.rig, found.evidence, last.readings)
    shared = None if last.common is None else CorrectedAlike(lambda: compared(found.evidence), alpha).corrected
    if shared is None:
        raise ValueError("single cameras are corrected only where the rig as a whole fits")
    cameras = {name: raw.to_camera() for name, raw in shared.cameras.items()}
    return replace(found.rig, cameras={**found.rig.cameras, **cameras})
