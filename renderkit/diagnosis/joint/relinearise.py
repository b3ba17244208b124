"""The estimate once more about the corrected cameras: about a wrong calibration it is not quite linear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.assumed import START_PX
from renderkit.diagnosis.joint.corrected_views import with_corrected
from renderkit.diagnosis.joint.decide import Decision, Estimator, num_observations, ranked_causes, tests_of
from renderkit.diagnosis.joint.estimate import FREE_PX, CameraPriors, Estimate, Priors
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.observe import observe
from renderkit.diagnosis.joint.parameters import NUM, NUM_LOCAL, changed_camera
from renderkit.diagnosis.view_evidence import RigEvidence

MIN_STEP_PX: Final = 0.5
"""Smaller corrections leave nothing that is not linear."""

_MANY = 3
_NEARLY_ALL = 0.9


def relinearised(
    evidence: RigEvidence, seen: Observations, decision: Decision, given: tuple[Priors, Estimator]
) -> tuple[Observations, Decision]:
    """Estimate once more about the faulty cameras as their likeliest slips correct them (a Gauss-Newton step).

    Slips of many parameters are left: some of these imitate each other, and are nowhere near their estimates. Where one
    of these is the likeliest, a slip of few that accounts for nearly all of it is taken: what it leaves may be nothing
    but that a large error is not linear.

    Returns:
        Observations about the corrected cameras, and the decision with estimates that still count from the cameras as
        written.
    """
    steps, cameras = {}, {}
    for index, _ in decision.faulty:
        step = _step(decision, index, seen)
        name = seen.names[index]
        if np.abs(step).max() >= MIN_STEP_PX:
            before = evidence.cameras[name].to_camera()
            steps[index] = step * seen.units[index]
            cameras[name] = changed_camera(before, steps[index][:NUM])
    again = observe(with_corrected(evidence, cameras)) if steps else None
    if again is None or again.names != seen.names:
        return seen, decision
    priors, estimator = given
    scales = np.maximum(decision.scales, START_PX)
    scales[[index for index, _ in decision.faulty]] = FREE_PX
    found = estimator(again, CameraPriors(scales, decision.inflation), priors, decision.found)
    return again, replace(decision, found=_from_written(found, again, steps))


def _step(decision: Decision, index: int, seen: Observations) -> FloatArray:
    """Return the (P,) correction in px units."""
    step = np.zeros(NUM_LOCAL)
    tests = tests_of(decision.found.cameras[index], decision.scales[index])
    best = ranked_causes(tests, num_observations(seen, decision.found, index))[0]
    if len(best.amounts) > _MANY:
        few = [one for one in tests.tests if len(one.amounts) <= _MANY and max(one.slip.indices) < NUM]
        first = max(few, key=lambda one: one.statistic)
        best = first if first.statistic > _NEARLY_ALL * best.statistic else best
    if len(best.amounts) <= _MANY and max(best.slip.indices) < NUM:
        step[list(best.slip.indices)] = best.amounts
    return step


def _from_written(found: Estimate, seen: Observations, steps: Mapping[int, FloatArray]) -> Estimate:
    posteriors = list(found.cameras)
    for index, amounts in steps.items():
        step, camera = amounts / seen.units[index], posteriors[index]
        posteriors[index] = replace(camera, theta=camera.theta + step, score=camera.score + camera.information @ step)
    return replace(found, cameras=tuple(posteriors))
