"""Which fault explains a camera? Every hypothesis is tried and held against how the other cameras fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from renderkit.diagnosis.hypotheses.case import Candidate, Case
from renderkit.diagnosis.hypotheses.registry import HYPOTHESES, Hypothesis
from renderkit.results.explanation import CameraExplanation

CLOSES: Final = 0.7
"""Share of a camera's distance from the rig's median that a cause must account for."""

UNEXPLAINED: Final = "unexplained"

_INDISTINGUISHABLE: Final = 6.0
"""Candidates whose criteria differ by less cannot be told apart (Kass and Raftery 1995)."""

_EQUAL_OVERLAP: Final = 0.02
"""Share of the disagreement by which two causes may differ in overlap and still fit equally well."""


def explain_camera(case: Case, mesh: str, hypotheses: Sequence[Hypothesis] = HYPOTHESES) -> CameraExplanation:
    """Return the likeliest cause of a camera's disagreement, or say that none of the usual ones explains it."""
    shown = case.where_it_shows()
    tried = [candidate for one in hypotheses for candidate in one.candidates(shown)]
    accepted = [candidate for candidate in tried if accepts(candidate, shown)]
    # Landmarks tell more than masks, where a cause fits them at all.
    accepted = [candidate for candidate in accepted if candidate.measure == shown.measure] or accepted
    if not accepted:
        return CameraExplanation(
            camera=case.camera.name,
            mesh=mesh,
            cause=UNEXPLAINED,
            sentence=_unexplained(tried, shown),
            before=shown.error(shown.camera),
            after=math.nan,
            measure=shown.measure,
        )
    chosen = _chosen(accepted, shown)
    return CameraExplanation(
        camera=case.camera.name,
        mesh=mesh,
        cause=chosen.cause,
        sentence=chosen.sentence,
        before=chosen.before,
        after=chosen.after,
        measure=chosen.measure,
    )


def accepts(candidate: Candidate, case: Case) -> bool:
    """Whether the camera is like the others without the fault, and owes most of its disagreement to it."""
    usual = case.usual[candidate.measure]
    if not candidate.after < candidate.before or candidate.after > usual.limit + candidate.allowance:
        return False
    if candidate.before <= usual.limit and (candidate.measure == "px" or candidate.measure != case.measure):
        return False  # what is as good as everyone's says nothing about what is wrong
    target = min((0.0 if math.isnan(usual.median) else usual.median) + candidate.allowance, candidate.before)
    gained, needed = candidate.before - candidate.after, candidate.before - target
    return math.isinf(candidate.before) or gained >= CLOSES * needed


def _chosen(accepted: Sequence[Candidate], case: Case) -> Candidate:
    """Return the best, and name in its sentence those that fit as well."""
    best = min(one.after for one in accepted)
    if accepted[0].measure == "px":
        cost = {one: _criterion(one, case) for one in accepted}
        near = [one for one in accepted if cost[one] <= min(cost.values()) + _INDISTINGUISHABLE]
    else:
        near = [one for one in accepted if one.after <= best + _EQUAL_OVERLAP * (min(one.before, 1.0) - best)]
    # What a stand-in leaves beyond the usual is expected, and no evidence against it.
    near += [one for one in accepted if 0.0 < one.after - best <= one.allowance and one not in near]
    # A pattern has free numbers and fits much; a fault of convention that fits as well has none.
    chosen = min(near, key=lambda one: (one.num_free > 0, accepted.index(one)))
    alike = dict.fromkeys(one.cause for one in near if one.cause != chosen.cause and not one.num_free)
    if alike and not chosen.num_free:
        return replace(chosen, sentence=f"{chosen.sentence} (or {', '.join(alike)}: they fit as well)")
    return chosen


def _criterion(candidate: Candidate, case: Case) -> float:
    """Return Schwarz's criterion for residuals of known standard deviation."""
    count = 2 * len(case.landmarks.captured) if case.landmarks is not None else 1
    return candidate.misfit + candidate.num_free * math.log(count)


def _unexplained(tried: Sequence[Candidate], case: Case) -> str:
    words = "none of the usual slips explains it"
    usual = case.usual[case.measure]
    better = [one for one in tried if one.measure == case.measure and one.after < one.before]
    if not better:
        return words
    best = min(better, key=lambda one: one.after)
    median = "unknown" if math.isnan(usual.median) else _text(usual.median, best)
    return f"{words}; the best, {best.cause}, leaves {_text(best.after, best)}, the rig's usual is {median}"


def _text(value: float, candidate: Candidate) -> str:
    return f"{value:.2f} px" if candidate.measure == "px" else f"1 - IoU {value:.3f}"
