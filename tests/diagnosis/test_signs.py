"""Every sentence says what is wrong as it is seen in the picture, in the same words whatever the evidence is.

OpenCV plants the faults: with a principal point that is written too far right, projections lie too far right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from board_scenes import make_cameras, make_poses, make_sightings
from drift_rigs import camera_of, runs_of
from joint_rigs import IDEAL, Conditions, joint_evidence, perturbed, ring
from planted_rigs import Shot, head, project
from silhouette_rigs import around, matte

from renderkit.boards.poses import estimate_poses
from renderkit.boards.spec import read_board
from renderkit.capture import View
from renderkit.diagnosis.drift import find_drift
from renderkit.diagnosis.evidence.board_findings import findings_of
from renderkit.diagnosis.evidence.kind import EvidenceOptions
from renderkit.diagnosis.evidence.mattes import measure_mattes
from renderkit.diagnosis.evidence.points import measure_points
from renderkit.diagnosis.joint import fit_joint
from renderkit.diagnosis.refine import refine_rig
from renderkit.diagnosis.residual_pattern import find_pattern
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.rig import Rig
from renderkit.images.encoded import EncodedImage

POINTS = head(np.random.default_rng(1))[0]
AT = 3
SIDES = {
    ("cx", 1.0): "px too far right",
    ("cx", -1.0): "px too far left",
    ("cy", 1.0): "px too far down",
    ("cy", -1.0): "px too far up",
}
"""What is written by so much too large, and where projections lie then."""

SIZES = {("focal length", 1.0): "too large", ("focal length", -1.0): "too small"}
ROLLS = {("roll", 1.0): "turned clockwise", ("roll", -1.0): "turned counterclockwise"}
ASPECTS = {("aspect fx / fy", 1.0): "fx / fy is too large", ("aspect fx / fy", -1.0): "fx / fy is too small"}


def _wrong(shot: Shot, kind: str, amount_px: float) -> Shot:
    return perturbed(shot, kind, amount_px, POINTS, np.random.default_rng(0))


def _wrong_camera(camera: Camera, kind: str, amount_px: float) -> Camera:
    pose, coefficients = camera.cam_from_world, np.resize(camera.distortion.coefficients, 5)
    lens = coefficients if camera.distortion.coefficients.size else np.zeros(5)
    shot = Shot(camera.name, camera.K, lens, pose.R, pose.t, camera.size, np.zeros((0, 2)), None)
    return camera_of(_wrong(shot, kind, amount_px))


def _joint(conditions: Conditions, kind: str, sign: float) -> str:
    faults = {AT: (kind, 2.0 * sign)}
    evidence = joint_evidence(np.random.default_rng(5), conditions, cameras=8, frames=2, faults=faults)
    (found,) = fit_joint(evidence).findings
    return found.sentence


def by_landmarks(kind: str, sign: float) -> str:
    return _joint(IDEAL, kind, sign)


def by_outlines(kind: str, sign: float) -> str:
    return _joint(Conditions(mattes=True, landmarks=False), kind, sign)


def by_both(kind: str, sign: float) -> str:
    return _joint(Conditions(mattes=True), kind, sign)


def by_explanation(kind: str, sign: float) -> str:
    shot = ring(np.random.default_rng(5), 8)[AT]
    captured = project(shot, POINTS) + np.random.default_rng(2).normal(size=(len(POINTS), 2)) * 0.3
    written = camera_of(_wrong(shot, kind, 2.0 * sign))
    found = find_pattern(captured, written.project(POINTS) - captured, written)
    assert found is not None
    return found.sentence


def by_points(kind: str, sign: float) -> str:
    rng = np.random.default_rng(5)
    views = []
    for index, shot in enumerate(ring(rng, 8)):
        camera = camera_of(_wrong(shot, kind, 2.0 * sign) if index == AT else shot)
        pixels = project(shot, POINTS[:30]) + rng.normal(size=(30, 2)) * 0.3
        seen = Landmarks.all_valid(pixels, "unknown")
        views.append(View("0", camera, read_landmarks=lambda seen=seen: seen))  # type: ignore[misc]
    (off,) = measure_points(views, EvidenceOptions()).findings.off
    return off.sentence


def by_board(kind: str, sign: float) -> str:
    board = read_board("charuco:9x7:0.025:0.018:DICT_5X5")
    views = make_sightings(make_cameras(6), board, make_poses(board, 10))
    wrong = [
        replace(one, camera=_wrong_camera(one.camera, kind, 0.5 * sign)) if one.camera.name == str(AT) else one
        for one in views
    ]
    found = estimate_poses(wrong, board, 1.0)
    assert found is not None
    (off,) = findings_of(found, board, "m").off
    return off.sentence


def by_mattes(kind: str, sign: float) -> str:
    rng = np.random.default_rng(2)
    views = []
    for index, camera in enumerate(around(16).values()):
        written = _wrong_camera(camera, kind, 2.0 * sign) if index == AT else camera
        picture = EncodedImage.from_array(matte(camera, rng, 0.3), Path("memory"), camera.name)
        views.append(View("0", written, mask=picture))
    (off,) = measure_mattes(views, EvidenceOptions(threads=1)).findings.off
    return off.sentence


TABLE = [
    (by_landmarks, SIDES | SIZES | ROLLS | ASPECTS),
    (by_outlines, SIDES | SIZES | ROLLS),
    (by_both, SIDES | SIZES | ROLLS),
    (by_explanation, SIDES | SIZES | ROLLS),
    (by_points, SIDES | SIZES | ROLLS),
    (by_board, SIDES | SIZES | ROLLS),
    (by_mattes, {("cx", 1.0): "px too far right", ("cy", -1.0): "px too far up", ("focal length", -1.0): "too small"}),
]


@pytest.mark.parametrize(
    ("said", "kind", "sign", "words"),
    [(said, *fault, words) for said, table in TABLE for fault, words in table.items()],
)
def test_sentences_say_what_is_seen(said: Callable[[str, float], str], kind: str, sign: float, words: str) -> None:
    sentence = said(kind, sign)
    told = [one for one in sentence.replace(":", " and").split(" and ") if words.rsplit(maxsplit=1)[-1] in one]
    assert len(told) == 1, sentence
    assert words in sentence
    if kind in {"cx", "cy"}:
        # The other axis is at most noise; this one has the planted size.
        size = float(told[0].split(" px")[0].split(" +/- ")[0].split()[-1])
        assert size == pytest.approx(0.5 if said is by_board else 2.0, rel=0.35)


@pytest.mark.parametrize(("kind", "amount", "parameter"), [("cx", 2.0, "turn_y"), ("roll", -2.0, "roll")])
def test_a_correction_has_the_sign_of_what_is_added(kind: str, amount: float, parameter: str) -> None:
    """A camera that turns by +y moves its picture to the right: what is written too far right is turned back."""
    evidence = joint_evidence(np.random.default_rng(5), IDEAL, cameras=8, frames=2, faults={AT: (kind, amount)})
    rig = Rig({name: raw.to_camera() for name, raw in evidence.cameras.items()}, "m")
    (found,) = refine_rig(rig, evidence).cameras
    assert np.sign(found.change[parameter]) == -np.sign(amount)


@pytest.mark.parametrize(
    ("kind", "amount", "words"),
    [
        ("roll", 2.0, "its picture turned clockwise by"),
        ("roll", -2.0, "its picture turned counterclockwise by"),
        ("step along the axis", 2.0, "moved back along its axis by"),
        ("step along the axis", -2.0, "moved forward along its axis by"),
    ],
)
def test_a_move_is_told_as_the_camera_made_it(kind: str, amount: float, words: str) -> None:
    runs, _ = runs_of(4, IDEAL, ({AT: (kind, amount)},))
    (found,) = find_drift(runs, alpha=0.01).moved
    assert words in found.changes[0].sentence
    assert "by -" not in found.changes[0].sentence


def test_the_picture_of_a_camera_that_moved_is_told_with_its_side() -> None:
    runs, _ = runs_of(4, IDEAL, ({AT: ("cx", 2.0)},))
    (found,) = find_drift(runs, alpha=0.01).moved
    assert found.changes[0].shift_px[0] == pytest.approx(2.0, abs=0.3)
