"""The estimate once more about the corrected cameras: about a wrong calibration it is not quite linear."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.decide import START_PX, Decision, Estimator, num_observations, ranked_causes, tests_of
from renderkit.diagnosis.joint.estimate import FREE_PX, CameraPriors, Estimate, Priors
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.observe import observe
from renderkit.diagnosis.joint.parameters import NUM, NUM_LOCAL, changed_camera
from renderkit.diagnosis.view_evidence import OutlineEvidence, RigEvidence, ViewEvidence
from renderkit.formats.as_stated import raw_from_rig
from renderkit.geometry.camera import Camera
from renderkit.geometry.rig import Rig

MIN_STEP_PX: Final = 0.5
"""Smaller corrections leave nothing that is not linear."""

_MANY = 3
_REACH = 6
_STEADY = 1.5
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
            cameras[name] = before, changed_camera(before, steps[index][:NUM])
    again = observe(_with(evidence, cameras)) if steps else None
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


def _with(evidence: RigEvidence, cameras: Mapping[str, tuple[Camera, Camera]]) -> RigEvidence:
    return RigEvidence(
        tuple(
            _moved(view, *cameras[view.camera.name]) if view.camera.name in cameras else view for view in evidence.views
        )
    )


def _moved(view: ViewEvidence, before: Camera, after: Camera) -> ViewEvidence:
    """Return a view of the corrected camera; its outline moves with the points that it was drawn from."""
    raw = raw_from_rig(Rig({view.camera.name: after})).cameras[0]
    outline = view.outline
    if outline is not None:
        drawn = (before, after) if view.matte_is_bent else (before.undistorted(), after.undistorted())
        outline = _shifted(outline, *drawn)
    return replace(view, camera=raw, outline=outline)


def _shifted(outline: OutlineEvidence, before: Camera, after: Camera) -> OutlineEvidence:
    """Return the outline as another camera draws it, its offsets to the same outline of the matte.

    That outline is bent: where the drawn one moves along it, other samples say where it lies. Where it was found far
    away the drawn one was moved along it already, and the samples by themselves say more.
    """
    drawn = before.project(outline.points_world)
    moved = after.project(outline.points_world)
    linear = outline.offsets_px - ((moved - drawn) * outline.normals).sum(axis=1)
    measured = drawn + outline.offsets_px[:, None] * outline.normals
    near = _neighbours(outline)
    away = measured[near] - moved[:, None]
    along = away @ np.array([[0.0, -1.0], [1.0, 0.0]])
    along = (along * outline.normals[:, None]).sum(axis=2)
    beyond = (away * outline.normals[:, None]).sum(axis=2)
    bent = _crossings(along, beyond, linear)
    return replace(
        outline, offsets_px=min(bent, linear, key=lambda one: float(np.nanquantile(np.abs(one), _NEARLY_ALL)))
    )


def _neighbours(outline: OutlineEvidence) -> NDArray[np.intp]:
    """Return (N, 2 reach + 1) samples before and after each along its closed curve."""
    result = np.empty((len(outline.curves), 2 * _REACH + 1), dtype=np.intp)
    steps = np.arange(-_REACH, _REACH + 1)
    for curve in np.unique(outline.curves):
        own = np.flatnonzero(outline.curves == curve)
        result[own] = own[(np.arange(len(own))[:, None] + steps) % len(own)]
    return result


def _crossings(along: FloatArray, beyond: FloatArray, otherwise: FloatArray) -> FloatArray:
    """Return (N,) heights of curves where they cross the normals, by a cubic through four samples.

    Args:
        along: (N, K) places of a curve's samples along the outline, 0 at the normal.
        beyond: (N, K) their heights.
        otherwise: (N,) for curves that are not known there, or cross more than once.
    """
    first = along[:, 1:-2]
    crossing = (first * along[:, 2:-1] <= 0.0) & np.isfinite(along[:, :-3] + first + along[:, 2:-1] + along[:, 3:])
    rows = np.flatnonzero(crossing.sum(axis=1) == 1)
    at = crossing[rows].argmax(axis=1)[:, None] + np.arange(4)
    places, heights = (np.take_along_axis(one[rows], at, axis=1) for one in (along, beyond))
    weights = np.ones(places.shape)
    gaps = places[:, :, None] - places[:, None, :]
    for one, other in itertools.permutations(range(4), 2):
        with np.errstate(divide="ignore", invalid="ignore"):
            weights[:, one] *= -places[:, other] / gaps[:, one, other]
    found = (weights * heights).sum(axis=1)
    # Samples that do not follow each other along the outline are no curve.
    good = (np.abs(weights) < _STEADY).all(axis=1) & np.isfinite(found)
    result: FloatArray = otherwise.copy()
    result[rows[good]] = found[good]
    return result
