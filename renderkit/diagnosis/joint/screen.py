"""Does nothing stand out, by far? A shorter estimate answers that for most sound rigs.

It has four solutions of the normal equations where the full one has eleven: the rounds that are left out change numbers
by fractions of a standard error. Where anything comes near a threshold the full estimate goes on from the first of them
and decides, with the numbers that it has without this.
"""

from __future__ import annotations

import math
from typing import Final

from renderkit.diagnosis.joint.assumed import assumed_first
from renderkit.diagnosis.joint.common_fault import may_share
from renderkit.diagnosis.joint.decide import Decision, Estimator, State, Step
from renderkit.diagnosis.joint.estimate import CameraPriors, Estimate, Priors, begun, continued, estimate, shortened
from renderkit.diagnosis.joint.mesh_fault import may_be_off
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.sentences import UNSURE_PX

MARGIN: Final = math.log(20.0)
"""What is less than so many times as probable as at its threshold comes near it."""

_SHARE_MARGIN: Final = math.log(3.0)
"""The same for an error of all cameras, for which the threshold itself lies a hundred times above what is named."""

_ROUNDS = 2


def screened(seen: Observations, priors: Priors, alpha: float) -> tuple[Decision | None, Estimator]:
    """Return the decision on a rig in which nothing comes near a threshold; None where something does.

    And what estimates all cameras then: the full estimate, which begins with what is known already.

    Args:
        seen: The evidence.
        priors: Of what is not a camera's fault.
        alpha: Probability that a rig without fault has a camera named.
    """
    first = begun(seen, assumed_first(seen), priors)

    def short(given: CameraPriors, before: Estimate | None) -> Estimate:
        return first if before is None else shortened(seen, given, priors, before)

    def full(evidence: Observations, given: CameraPriors, known: Priors, before: Estimate | None) -> Estimate:
        is_begun = before is None and evidence is seen
        return continued(evidence, given, known, first) if is_begun else estimate(evidence, given, known, before)

    state = Step(seen, short, alpha, _ROUNDS).after((), None)
    return state.decision(()) if _is_quiet(seen, state, alpha) else None, full


def _is_quiet(seen: Observations, state: State, alpha: float) -> bool:
    decision = state.decision(())
    return (
        min(state.likeliest.values()) > math.log(alpha) + MARGIN
        and 2.0 * decision.tau_px < UNSURE_PX
        and not may_share(seen, decision, _SHARE_MARGIN)
        and not may_be_off(seen, state.found)
    )
