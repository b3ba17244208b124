from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from board_scenes import make_cameras, make_poses, make_sightings

from renderkit.boards.poses import BoardPoses, Sighting, estimate_poses
from renderkit.boards.spec import read_board
from renderkit.capture import View
from renderkit.diagnosis.evidence.board import measure_board, score_of
from renderkit.diagnosis.evidence.board_field import lens_field, place_name
from renderkit.diagnosis.evidence.board_findings import findings_of
from renderkit.diagnosis.evidence.kind import EvidenceOptions
from renderkit.geometry.camera import Camera
from renderkit.geometry.distortion import make_distortion
from renderkit.geometry.pose import Pose
from renderkit.images.encoded import EncodedImage
from renderkit.metrics.board import FIELD, BoardScore
from renderkit.results.findings import RigFindings

BOARD = read_board("charuco:9x7:0.025:0.018:DICT_5X5")


def _found(fault: str = "", *, frames: int = 10, cameras: int = 6, size: float = 1.0) -> BoardPoses:
    rig = make_cameras(cameras)
    views = make_sightings(rig, BOARD, make_poses(BOARD, frames, size), size=size)
    wrong = [replace(one, camera=_wrong(one.camera, fault)) if one.camera.name == "2" else one for one in views]
    found = estimate_poses(wrong, BOARD, 1.0)
    assert found is not None
    return found


def _wrong(camera: Camera, fault: str) -> Camera:
    intrinsics = camera.K.copy()
    if fault == "principal point":
        intrinsics[0, 2] += 0.3
    elif fault == "focal length":
        intrinsics[[0, 1], [0, 1]] *= 1.002
    elif fault == "turn":
        turn = Pose.from_rotation_vector((0.0, np.radians(0.05), 0.0), np.zeros(3))
        return replace(camera, cam_from_world=turn @ camera.cam_from_world)
    elif fault == "lens distortion k1":
        coefficients = camera.distortion.coefficients.copy()
        coefficients[0] += 0.1
        return replace(camera, distortion=make_distortion(coefficients))
    return replace(camera, K=intrinsics)


@pytest.mark.parametrize("fault", ["principal point", "focal length", "turn", "lens distortion k1"])
def test_a_small_fault_is_named_in_its_camera(fault: str) -> None:
    findings = findings_of(_found(fault), BOARD, "m")
    (off,) = findings.off
    assert off.camera == "2"
    assert fault in off.cannot_tell
    assert findings.sentence.startswith("1 of 6 cameras is off: 2")
    assert ("the run does not fail by it" in findings.sentence) == (findings.verdict == "fits")


def test_the_false_alarm_rate_is_the_one_asked_for() -> None:
    strict = findings_of(_found("focal length"), BOARD, "m", 1e-300)
    assert (strict.off, strict.false_alarm_rate) == ((), 1e-300)
    assert "(false alarm rate 1e-298 %)" in strict.sentence


def test_the_size_of_a_shift_has_an_honest_error() -> None:
    (off,) = findings_of(_found("principal point"), BOARD, "m").off
    assert off.shift_error_px[0] < 0.05
    assert abs(off.shift_px[0] + 0.3) < 4.0 * off.shift_error_px[0]


def test_a_rig_without_fault_accuses_nobody() -> None:
    findings = findings_of(_found(), BOARD, "m")
    assert findings.verdict == "fits"
    assert not findings.off
    assert len(findings.cameras) == 6
    assert findings.numbers["noise_px"] == pytest.approx(0.1, rel=0.1)


def test_a_board_printed_small_is_told_and_no_camera_accused() -> None:
    findings = findings_of(_found(size=0.99), BOARD, "m")
    assert findings.numbers["scale_percent"] == pytest.approx(-1.0, abs=0.03)
    assert "printed smaller" in findings.notes[0]
    assert not findings.off


def test_a_wrong_unit_is_told() -> None:
    findings = findings_of(_found(), BOARD, "mm")
    assert "is the rig's unit right" in findings.notes[0]
    unknown = findings_of(_found(), BOARD, "unknown")
    assert unknown.numbers["unit_mm"] == pytest.approx(1000.0, rel=1e-3)


def test_exchanged_cameras_are_gross() -> None:
    views = make_sightings(make_cameras(6), BOARD, make_poses(BOARD, 5))
    moved = [
        replace(one, pixels=one.pixels + np.array([150.0, 40.0])) if one.camera.name == "4" else one for one in views
    ]
    found = estimate_poses(moved, BOARD, 1.0)
    assert found is not None
    (off,) = findings_of(found, BOARD, "m").off
    assert off.camera == "4"
    assert "contradicts the others in 5 of 5 pictures" in off.sentence


@pytest.mark.parametrize(
    ("frames", "cameras", "why"),
    [(5, 2, "2 cameras saw the board .* at least 3"), (1, 6, "1 frame shows .* at least 3")],
)
def test_too_little_is_refused_with_what_is_missing(frames: int, cameras: int, why: str) -> None:
    found = _found(frames=frames, cameras=cameras)
    findings = findings_of(found, BOARD, "m")
    assert findings.verdict == "cannot tell"
    assert not findings.off
    assert _matches(findings, why)


def test_cameras_that_hardly_saw_the_board_are_not_said_to_be_sound() -> None:
    views = make_sightings(make_cameras(6), BOARD, make_poses(BOARD, 6))
    kept = [one for one in views if one.camera.name in "012" or one.frame == views[0].frame]
    some = estimate_poses(kept, BOARD, 1.0)
    assert some is not None
    findings = findings_of(some, BOARD, "m")
    assert findings.sentence.startswith("none of 3 cameras is off")
    assert findings.notes[-1] == "not judged: cameras 3, 4 and 5: each seen in fewer than 3 pictures of the board"
    none = estimate_poses([one for one in kept if one.camera.name != "0" or one.frame == views[0].frame], BOARD, 1.0)
    assert none is not None
    findings = findings_of(none, BOARD, "m")
    assert findings.verdict == "cannot tell"
    assert _matches(findings, "2 cameras saw the board in 3 pictures or more: at least 3 are needed")


def test_a_difference_of_size_that_detection_leaves_is_none() -> None:
    findings = findings_of(_found(size=1.0003), BOARD, "m")
    assert "as large in the rig as stated" in findings.notes[0]
    assert "printed larger" in findings_of(_found(size=1.0012), BOARD, "m").notes[0]


def test_one_camera_in_several_frames_is_refused_with_what_is_missing() -> None:
    views = make_sightings(make_cameras(1), BOARD, make_poses(BOARD, 3))
    assert estimate_poses(views, BOARD, 1.0) is None


@pytest.mark.parametrize(
    ("changed", "named"), [({0: 0.15}, "lens distortion k1"), ({2: 0.004}, "tangential distortion")]
)
def test_where_in_the_picture_a_lens_is_wrong_is_said(changed: dict[int, float], named: str) -> None:
    camera = make_cameras(6)[2]
    coefficients = camera.distortion.coefficients.copy()
    for index, amount in changed.items():
        coefficients[index] += amount
    bent = replace(camera, distortion=make_distortion(coefficients))
    views = make_sightings(make_cameras(6), BOARD, make_poses(BOARD, 14))
    found = estimate_poses([replace(one, camera=bent) if one.camera.name == "2" else one for one in views], BOARD, 1.0)
    assert found is not None
    (off,) = findings_of(found, BOARD, "m").off
    assert (off.camera, off.cause) == ("2", named)
    told = re.search(r"the lens is wrong by up to ([\d.]+) px in the ([a-z ]+) of the picture", off.sentence)
    assert told is not None
    # The truth: by how much the lens moves the corners beyond an affine map, over the picture.
    pixels = np.concatenate([one.pixels for one in views if one.camera.name == "2"])
    moved = bent.project_cam(camera.unproject(pixels)) - pixels
    known = np.isfinite(moved[:, 0])
    design = np.column_stack([np.ones(known.sum()), pixels[known]])
    left = np.linalg.norm(moved[known] - design @ np.linalg.lstsq(design, moved[known], rcond=None)[0], axis=1)
    assert 0.4 * left.max() < float(told[1]) < 1.1 * left.max()
    cells = np.floor((pixels[known] + 0.5) / camera.size * FIELD).astype(int)
    there = [place_name(int(row), int(column)) == told[2] for column, row in cells]
    assert left[there].max() > 0.6 * left.max()


def test_a_lens_that_no_slip_describes_is_named_with_its_field() -> None:
    """The residuals of one camera wave over its picture, as a lens with a flaw would make them."""
    views = make_sightings(make_cameras(6), BOARD, make_poses(BOARD, 14))
    waved = [
        replace(one, pixels=one.pixels + 0.3 * np.sin(one.pixels[:, ::-1] / 40.0)) if one.camera.name == "2" else one
        for one in views
    ]
    found = estimate_poses(waved, BOARD, 1.0)
    assert found is not None
    (off,) = findings_of(found, BOARD, "m").off
    assert off.camera == "2"
    assert "the lens is wrong by up to 0." in off.sentence


def test_the_lenses_of_a_rig_without_fault_are_not_wrong_anywhere() -> None:
    found = _found(frames=14)
    for name in {one.camera.name for one in found.sightings}:
        field = lens_field(found, [one for one in found.sightings if one.camera.name == name])
        assert not field.is_wrong(6)
        assert field.log_p > np.log(1e-3)
        assert field.sentence == ""


def _matches(findings: RigFindings, why: str) -> bool:
    return re.search(why, findings.sentence) is not None


def test_a_camera_that_is_late_is_told() -> None:
    cameras = make_cameras(5)
    speed = np.array([0.01, 0.004, 0.0])
    poses, late = {}, {}
    turn = Pose.from_rotation_vector((0.1, 0.2, 0.1), np.zeros(3)).R
    for frame in range(14):
        swing = np.array([0.06 * np.sin(frame / 3.0), 0.05 * np.cos(frame / 2.5), 0.0]) + speed
        later = np.array([0.06 * np.sin((frame + 0.2) / 3.0), 0.05 * np.cos((frame + 0.2) / 2.5), 0.0]) + speed
        poses[str(frame)], late[str(frame)] = Pose(turn, swing), Pose(turn, later)
    views = make_sightings(cameras[:4], BOARD, poses) + make_sightings(cameras[4:], BOARD, late)
    found = estimate_poses(views, BOARD, 1.0)
    assert found is not None
    findings = findings_of(found, BOARD, "m")
    assert findings.numbers["time_offset_4_frames"] == pytest.approx(0.2, abs=0.08)
    assert "time_offset_4_frames" not in findings_of(_found(frames=12), BOARD, "m").numbers


def test_the_score_says_where_in_the_picture_the_lens_is_wrong() -> None:
    camera = make_cameras(1)[0]
    rng = np.random.default_rng(2)
    pixels = rng.uniform((0, 0), camera.size, (4000, 2))
    offset = (pixels - (600, 500)) / 600
    bent = 0.3 * offset * (offset**2).sum(axis=1, keepdims=True)
    noise = rng.normal(0.0, 0.1, pixels.shape)
    places = (pixels + 0.5) / camera.size
    wrong, right = BoardScore(bent + noise, places), BoardScore(noise, places)
    assert wrong.field_px > 0.15
    assert right.field_px < 0.02
    assert wrong.field[0, 0, 0] < -0.1 < 0.1 < wrong.field[0, -1, 0]
    assert right.coverage == 1.0


def test_pictures_without_the_board_are_refused_with_reasons() -> None:
    camera = make_cameras(1)[0]
    small = replace(camera, width=64, height=48)
    blank = EncodedImage.from_array(np.full((48, 64, 3), 90, np.uint8), Path("memory"))
    options = EvidenceOptions(board=BOARD)
    nothing = measure_board([View("0", small, blank)], options)
    assert "was found in none of 1 picture" in nothing.findings.sentence
    wrong = measure_board([View("0", camera, blank)], options)
    assert "the picture is 64 x 48 px, its calibration 1200 x 1000" in wrong.findings.sentence
    assert measure_board([], options).findings.verdict == "cannot tell"
    assert "--board SPEC" in measure_board([View("0", small, blank)], EvidenceOptions()).findings.sentence


def test_a_score_holds_the_found_corners_alone() -> None:
    found = _found(frames=3)
    one: Sighting = found.sightings[0]
    score = score_of(found, replace(one, pixels=np.where(np.arange(48)[:, None] < 5, np.nan, one.pixels)))
    assert len(score.residuals) == 43
