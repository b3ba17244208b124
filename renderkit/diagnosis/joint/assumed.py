"""What is assumed about healthy cameras: how far they scatter, by how much their noise is larger, by groups of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.estimate import CameraPriors, Estimate
from renderkit.diagnosis.joint.groups import MIN_GROUP, like_cameras
from renderkit.diagnosis.joint.healthy import Healthy, healthy_scatter, own_scatter, scatter_likelihoods
from renderkit.diagnosis.joint.naming import Scatter
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.parameters import DETECTIONS, LENS, MATTE, NUM, NUM_LOCAL

MIN_INFLATION: Final = 0.7
"""Stated variances are not taken for larger than needed by more than this; with outlines not at all: by those they are
never too large, and where they look so, that is chance."""

MIN_MATTE_PX: Final = 0.2
"""By so much healthy mattes are too large or too small, at least: where the edge of a matte is, is a convention."""

START_PX: Final = 0.01
"""Healthy scatter of a camera's numbers, at least."""

_FIRST_PX = 0.1
_LONE_SAMPLES = 16.0


@dataclass(frozen=True, eq=False)
class Assumed:
    """What is assumed about the cameras, and what each is tested against."""

    priors: CameraPriors
    scatters: tuple[Scatter, ...]


def assumed_first(seen: Observations) -> CameraPriors:
    """Return what is assumed before any estimate."""
    count = len(seen.names)
    return CameraPriors(np.full((count, NUM_LOCAL), _FIRST_PX), np.ones(count))


def assumed_after(seen: Observations, found: Estimate, free: Sequence[int], before: CameraPriors) -> Assumed:
    """Return the healthy scatter of each group of like cameras, from those that are not thought to be faulty."""
    scales, inflation = before.scales_px.copy(), before.inflation.copy()
    healthy = [index for index in range(len(seen.names)) if index not in free]

    posteriors = [found.cameras[index] for index in healthy]
    scales[:, MATTE] = max(own_scatter(posteriors, scales[healthy], (MATTE,)), MIN_MATTE_PX)
    scales[:, DETECTIONS] = own_scatter(posteriors, scales[healthy], DETECTIONS)
    lens = own_scatter(posteriors, scales[healthy], LENS[:1])
    likelihoods = dict(zip(healthy, scatter_likelihoods(posteriors, scales[healthy]), strict=True))

    def scatter_of(members: Sequence[int]) -> Healthy:
        return healthy_scatter(
            np.array([likelihoods[index] for index in members]),
            with_outlines=bool(seen.has_outlines[list(members)].any()),
            inflated=float(np.median(before.inflation[list(members)])),
        )

    whole = scatter_of(healthy)
    groups = like_cameras(seen, found)
    against: list[tuple[Healthy, int]] = [(whole, 0)] * len(seen.names)
    for group in range(int(groups.max()) + 1):
        members = np.flatnonzero(groups == group)
        own = [int(index) for index in members if index not in free]
        level, order = (scatter_of(own), own) if len(own) >= MIN_GROUP else (whole, healthy)
        scales[members, :NUM] = level.tau_px
        scales[members, LENS[0]] = max(level.tau_px, lens)
        scales[members[:, None], list(LENS[1:])] = START_PX
        least = 1.0 if seen.has_outlines[members].any() else MIN_INFLATION
        inflation[members] = np.maximum(inflation[members] * level.inflation, least)
        for index in own:
            against[index] = (level, order.index(index))
        if len(members) < MIN_GROUP:
            # There is nothing like them to compare with: what is wrong all along the outline may be one error.
            samples = seen.offset_known[members].sum(axis=(1, 2)) / seen.num_frames
            alone = samples / (_LONE_SAMPLES * found.noise.correlation[members])
            inflation[members] = np.maximum(inflation[members], alone)
    factors = inflation / before.inflation
    scatters = tuple(
        _scatter(level, place, scales[index], float(factors[index])) for index, (level, place) in enumerate(against)
    )
    return Assumed(CameraPriors(scales, inflation), scatters)


def _scatter(level: Healthy, place: int, scales: FloatArray, factor: float) -> Scatter:
    every = np.tile(scales, (len(level.taus), 1))
    lenses = every[:, LENS[0]]
    every[:, :NUM] = np.maximum(level.taus, START_PX)[:, None]
    every[:, LENS[0]] = np.maximum(every[:, LENS[0]], lenses)
    # Where the inflation is not the group's own, it is larger by as much for every member of the posterior.
    return Scatter(every, level.inflations * max(1.0, factor / level.inflation), level.weights[place])
