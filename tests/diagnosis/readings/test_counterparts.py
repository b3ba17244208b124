"""Opposite landmarks of a face, and pictures that were mirrored before landmarks were detected in them."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from planted_rigs import Planted, head, make_rig, project

from renderkit.diagnosis.readings.counterparts import counterparts
from renderkit.diagnosis.readings.rig_wide import read_rig_wide
from renderkit.diagnosis.view_evidence import RigEvidence

PAIRS, MIDDLE = 28, 8


def _face(rng: np.random.Generator, uneven: float = 0.002) -> tuple[np.ndarray, np.ndarray]:
    """Points of two halves and of the middle between them, in any order and pose, m; and each one's counterpart."""
    x, y = rng.uniform(0.01, 0.07, PAIRS), rng.uniform(-0.1, 0.1, PAIRS)
    left = np.column_stack([x, y, 0.05 - 6.0 * x**2 + 0.01 * rng.normal(size=PAIRS)])
    middle = np.column_stack([np.zeros(MIDDLE), rng.uniform(-0.1, 0.1, MIDDLE), rng.uniform(0.04, 0.08, MIDDLE)])
    points = np.concatenate([left, left * (-1.0, 1.0, 1.0), middle])
    opposite = np.concatenate([np.arange(PAIRS) + PAIRS, np.arange(PAIRS), 2 * PAIRS + np.arange(MIDDLE)])
    points += rng.normal(size=points.shape) * uneven
    order = rng.permutation(len(points))
    turn = cv2.Rodrigues(rng.normal(size=3))[0]
    return points[order] @ turn.T + rng.normal(size=3), np.argsort(order)[opposite[order]]


@pytest.mark.parametrize("seed", range(6))
def test_each_landmark_has_the_one_opposite(seed: int) -> None:
    points, expected = _face(np.random.default_rng(seed), uneven=0.0005)
    found = counterparts(points)
    assert found is not None
    assert (found == expected).mean() > 0.9
    # Two neighbours on one half may look alike; none is taken for a point of its own half.
    np.testing.assert_array_equal(counterparts(np.concatenate([points, np.full((2, 3), np.nan)]))[-2:], [-1, -1])  # type: ignore[index]


def test_what_has_no_two_halves_has_no_counterparts() -> None:
    rng = np.random.default_rng(7)
    assert counterparts(head(rng)[0]) is None
    assert counterparts(rng.normal(size=(60, 3))) is None
    points, opposite = _face(rng)
    assert counterparts(points[np.arange(len(points)) < opposite]) is None
    assert counterparts(points[:5]) is None
    assert counterparts(np.full((20, 3), np.nan)) is None


def _mirrored(rng: np.random.Generator, *, swapped: bool) -> Planted:
    rig = make_rig(rng, count=6, noise_px=0.4)
    points, opposite = _face(rng)
    points += rig.points.mean(axis=0) - points.mean(axis=0)
    order = opposite if swapped else np.arange(len(points))
    for shot in rig.shots:
        pixels = project(shot, points)[order] + 0.4 * rng.normal(size=(len(points), 2))
        shot.landmarks = pixels * (-1.0, 1.0) + (shot.size[0] - 1.0, 0.0)
        assert shot.matte is not None
        shot.matte = shot.matte[:, ::-1]
    return replace(rig, points=points)


@pytest.mark.parametrize("mattes", [False, True])
@pytest.mark.parametrize("swapped", [False, True])
def test_mirrored_pictures_are_named_whichever_half_a_landmark_was_taken_for(swapped: bool, mattes: bool) -> None:
    evidence = _mirrored(np.random.default_rng(8), swapped=swapped).evidence()
    if not mattes:
        evidence = RigEvidence(tuple(replace(view, vertices=None, matte=None) for view in evidence.views))
    found = read_rig_wide(evidence)
    plain = "pictures mirrored" if mattes else "landmarks mirrored"
    assert found.verdict == "misread"
    assert found.readings == ("pictures mirrored before detection" if swapped else plain,)
