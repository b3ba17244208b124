"""Faults of one camera that have no amount are named by the diagnosis, on rigs that OpenCV projects."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from planted_rigs import Planted, make_rig

from renderkit.diagnosis.rig import diagnose_rig
from renderkit.diagnosis.view_evidence import RigEvidence
from renderkit.results.diagnosis import diagnosis_from_json, diagnosis_json

FLIP = np.diag([1.0, -1.0, -1.0])


def _swapped(rig: Planted) -> None:
    first, second = rig.shots[3], rig.shots[6]
    for name in ("K", "D", "R", "t"):
        one, other = getattr(first, name), getattr(second, name)
        setattr(first, name, other)
        setattr(second, name, one)


def _gl_axes(rig: Planted) -> None:
    rig.shots[3].R, rig.shots[3].t = FLIP @ rig.shots[3].R, FLIP @ rig.shots[3].t


def _inverted(rig: Planted) -> None:
    shot = rig.shots[3]
    shot.R, shot.t = shot.R.T, -shot.R.T @ shot.t


def _other_unit(rig: Planted) -> None:
    rig.shots[3].t = 1000.0 * rig.shots[3].t


def _mirrored(rig: Planted) -> None:
    shot = rig.shots[3]
    flipped = np.column_stack([shot.size[0] - 1.0 - shot.landmarks[:, 0], shot.landmarks[:, 1]])
    # A detector takes the left of a flipped face for its right.
    shot.landmarks = flipped[np.random.default_rng(1).permutation(len(flipped))]


def _resized(rig: Planted) -> None:
    rig.shots[3].landmarks = 0.5 * (rig.shots[3].landmarks + 0.5) - 0.5


def _transposed(rig: Planted) -> None:
    rig.shots[3].R = rig.shots[3].R.T


def _centre(rig: Planted) -> None:
    rig.shots[3].t = -rig.shots[3].R.T @ rig.shots[3].t


def _negated(rig: Planted) -> None:
    rig.shots[3].t = -rig.shots[3].t


def _exchanged(rig: Planted) -> None:
    rig.shots[3].landmarks = rig.shots[3].landmarks[:, ::-1]


def _from_the_bottom(rig: Planted) -> None:
    rig.shots[3].landmarks = rig.shots[3].landmarks * (1.0, -1.0) + (0.0, rig.shots[3].size[1] - 1.0)


def _normalised(rig: Planted) -> None:
    rig.shots[3].landmarks = 2.0 * rig.shots[3].landmarks / rig.shots[3].size - 1.0


@pytest.mark.parametrize(
    ("plant", "cause", "cameras"),
    [
        (_swapped, "swapped calibration", 2),
        (_gl_axes, "OpenGL axes", 1),
        (_inverted, "inverted extrinsics", 1),
        (_other_unit, "unit of the translation", 1),
        (_mirrored, "mirrored picture", 1),
        (_resized, "resized picture", 1),
        (_transposed, "transposed rotation", 1),
        (_centre, "centre as translation", 1),
        (_negated, "negated translation", 1),
        (_exchanged, "exchanged x and y", 1),
        (_from_the_bottom, "y from the bottom", 1),
        (_normalised, "normalised landmarks", 1),
    ],
)
def test_a_slip_of_one_camera_is_named(plant: Callable[[Planted], None], cause: str, cameras: int) -> None:
    rig = make_rig(np.random.default_rng(7), count=12, mattes=False)
    names = [rig.shots[index].name for index in (3, 6)[:cameras]]
    plant(rig)
    found = diagnose_rig(rig.evidence())
    assert sorted(one.camera for one in found.cameras) == sorted(names)
    assert {one.cause for one in found.cameras} == {cause}
    assert found.cameras_sentence.startswith(f"{cameras} of 12 cameras")


@pytest.mark.parametrize(
    ("plant", "words"),
    [
        (_exchanged, "x and y of its landmarks are exchanged"),
        (_from_the_bottom, "its landmarks count y from the bottom"),
        (_normalised, "its landmarks are normalised to -1..1"),
    ],
)
def test_landmarks_that_are_wrong_while_the_outline_is_in_its_place_are_not_the_cameras_fault(
    plant: Callable[[Planted], None], words: str
) -> None:
    rig = make_rig(np.random.default_rng(7), count=12)
    plant(rig)
    found = diagnose_rig(rig.evidence())
    assert found.cameras == ()
    told = [one for one in found.others if one.startswith(f"the landmarks of camera {rig.shots[3].name} are wrong")]
    assert len(told) == 1
    assert words in told[0]


@pytest.mark.parametrize("about_itself", [True, False])
def test_a_camera_that_looks_elsewhere_is_off_whatever_the_cause(about_itself: bool) -> None:
    rig = make_rig(np.random.default_rng(8), count=12, mattes=False)
    shot = rig.shots[4]
    turn = cv2.Rodrigues(np.array([0.3, 2.2, 0.4]))[0]
    shot.R = turn @ shot.R
    shot.t = turn @ shot.t if about_itself else shot.t
    found = diagnose_rig(rig.evidence())
    assert [(one.camera, one.cause, one.explained) for one in found.cameras] == [(shot.name, "far off", False)]
    assert ("does not see" in found.cameras[0].sentence) == about_itself


def test_a_camera_whose_drawing_misses_its_matte_is_off() -> None:
    rig = make_rig(np.random.default_rng(8), count=12)
    for index, shot in enumerate(rig.shots):
        shot.landmarks = np.full_like(shot.landmarks, np.nan) if index == 4 else shot.landmarks
    rig.shots[4].R = cv2.Rodrigues(np.array([0.0, 1.5, 0.0]))[0] @ rig.shots[4].R
    rig.shots[4].t = cv2.Rodrigues(np.array([0.0, 1.5, 0.0]))[0] @ rig.shots[4].t
    found = diagnose_rig(rig.evidence())
    assert [(one.camera, one.cause) for one in found.cameras] == [(rig.shots[4].name, "far off")]
    assert found.cameras_sentence.startswith("1 of 12 cameras")
    again = diagnosis_from_json(json.loads(json.dumps(diagnosis_json(found), allow_nan=False)))
    assert np.isnan(again.cameras[0].size_px)


def test_pictures_of_another_frame_are_named() -> None:
    """The head moves its parts: no motion of a camera does that."""
    rig = make_rig(np.random.default_rng(9), count=12, mattes=False)
    way = 0.003 * np.sin(40.0 * rig.points[:, [1, 2, 0]])
    noise, views = np.random.default_rng(10), []
    for frame in range(3):
        for index, view in enumerate(replace(rig, points=rig.points + frame * way).evidence().views):
            shot, shown = rig.shots[index], rig.points + (frame + (index == 5)) * way
            pixels = cv2.projectPoints(shown, cv2.Rodrigues(shot.R)[0], shot.t, shot.K, shot.D)[0][:, 0]
            detected = np.asarray(pixels + noise.normal(0.0, 0.4, pixels.shape), dtype=np.float64)
            views.append(replace(view, frame=f"{frame}", pixels=detected))
    found = diagnose_rig(RigEvidence(tuple(views)))
    assert [(one.camera, one.cause) for one in found.cameras] == [(rig.shots[5].name, "other frame")]
    assert "shows frame 1: +1 frames" in found.cameras[0].sentence
