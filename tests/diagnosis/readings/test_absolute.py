"""The absolute test of mattes: against figures that OpenCV fills, cut off by the picture, eroded, and turned."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from planted_rigs import Planted, draw_matte, filled_hull, make_rig, project

from renderkit.diagnosis.readings.absolute import fits
from renderkit.diagnosis.readings.agreement import Agreement, agreement
from renderkit.diagnosis.readings.interpretation import all_as_stated
from renderkit.diagnosis.readings.outline_gaps import outline_gaps


def _by_mattes(rig: Planted) -> Agreement:
    views = [replace(view, points_world=None, pixels=None) for view in rig.evidence().views]
    return agreement(all_as_stated(views))


@pytest.mark.parametrize("turns", range(4))
def test_shoulders_that_the_picture_cuts_off_stay_within_their_matte(turns: int) -> None:
    """A body that grows wider beyond an edge of the picture, whichever edge that is."""
    rig = make_rig(np.random.default_rng(61), count=4, noise_px=0.0)
    shot = rig.shots[0]
    rng = np.random.default_rng(62)
    # A cone, 300 px wide at the picture's edge and 500 px where it ends beyond it.
    height = rng.uniform(0.0, 1.0, 6000)
    half = np.sqrt(rng.uniform(0.0, 1.0, 6000)) * (20.0 + 170.0 * height)
    sign = rng.choice([-1.0, 1.0], 6000)
    along, across = height * 500.0 - 120.0, sign * half
    turn = cv2.Rodrigues(np.array([0.0, 0.0, np.pi / 2.0 * turns]))[0]
    world = (np.column_stack([across, along, np.full(6000, 1000.0)]) @ turn.T - shot.t * 1000.0) @ shot.R / 1000.0
    focal = 1000.0
    shot.K, shot.D, shot.size = np.array([[focal, 0, 249.5], [0, focal, 249.5], [0, 0, 1.0]]), np.zeros(5), (500, 500)
    pixels = project(shot, world)
    shot.matte = filled_hull(pixels, (500, 500))
    whole = Planted([replace(shot, landmarks=np.zeros((0, 2)))], np.zeros((0, 3)), world)
    gaps = outline_gaps(all_as_stated(replace(v, points_world=None, pixels=None) for v in whole.evidence().views)[0])
    assert np.abs(pixels - 249.5).max() > 350.0
    assert gaps[:-1].max() < 1.0
    # The nearest of 6,000 points to where the outline leaves the picture.
    assert gaps[:-1].min() > -12.0


def test_a_matte_that_is_eroded_all_around_does_not_contradict_and_cameras_rolled_at_random_do() -> None:
    rng = np.random.default_rng(63)
    rig = make_rig(rng, count=8, noise_px=0.0)
    assert fits(_by_mattes(rig)) == "fits"
    kernel = np.ones((13, 13), np.uint8)
    eroded = [replace(one, matte=cv2.erode(one.matte.astype(np.uint8), kernel) > 0) for one in rig.shots]  # type: ignore[union-attr]
    found = _by_mattes(replace(rig, shots=eroded))
    assert found.median_protrusion > 0.1
    assert found.median_overhang < 0.05
    assert fits(found) == "cannot tell"
    rig.vertices = rig.vertices * (1.0, 1.4, 0.8)
    drawn = [replace(one, matte=draw_matte(one, rig.vertices)) for one in rig.shots]
    assert fits(_by_mattes(replace(rig, shots=drawn))) == "fits"
    for one in drawn:
        roll = cv2.Rodrigues(np.array([0.0, 0.0, rng.choice([-1.0, 1.0]) * rng.uniform(0.24, 0.3)]))[0]
        one.R, one.t = roll @ one.R, roll @ one.t
    found = _by_mattes(replace(rig, shots=drawn))
    assert found.median_iou > 0.7
    assert fits(found) == "does not fit"
