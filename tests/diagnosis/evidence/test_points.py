"""Points alone: which camera is off, without any 3D annotation. Projections are OpenCV's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from joint_rigs import perturbed, ring
from planted_rigs import head, project

from renderkit.capture import View
from renderkit.diagnosis.evidence.kind import EvidenceOptions, MeasuredEvidence
from renderkit.diagnosis.evidence.points import measure_points
from renderkit.errors import DatasetError
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.pose import Pose

FRAMES, MARKS = 3, 30


def _views(seed: int, count: int = 8, fault: str = "", size_px: float = 1.0, noise_px: float = 0.5) -> list[View]:
    """Views of a rig whose camera 3 has a fault."""
    rng = np.random.default_rng(seed)
    shots = ring(rng, count)
    points = head(rng)[0][:MARKS]
    written = [
        perturbed(shot, fault, size_px, points, rng) if fault and i == 3 else shot for i, shot in enumerate(shots)
    ]
    views = []
    for frame in range(FRAMES):
        moved = points + rng.normal(size=points.shape) * 0.002 + rng.normal(size=3) * 0.01
        for true, stated in zip(shots, written, strict=True):
            pixels = project(true, moved) + rng.normal(size=(MARKS, 2)) * noise_px
            pose = Pose(stated.R, np.ravel(stated.t))
            camera = Camera.from_opencv(stated.K, stated.D, pose, stated.size, stated.name)
            found = Landmarks.all_valid(pixels, "ibug68" if MARKS == 68 else "unknown")
            views.append(View(str(frame), camera, read_landmarks=lambda found=found: found))  # type: ignore[misc]
    return views


def _measured(views: list[View]) -> MeasuredEvidence:
    return measure_points(views, EvidenceOptions())


def test_a_sound_rig_has_no_camera_that_is_off() -> None:
    found = _measured(_views(1)).findings
    assert (found.verdict, found.off) == ("fits", ())
    assert found.numbers["noise_px"] == pytest.approx(0.5, rel=0.15)
    assert len(found.cameras) == 8


@pytest.mark.parametrize("fault", ["principal point", "turn", "focal length"])
def test_one_pixel_is_found_in_the_right_camera_and_in_no_other(fault: str) -> None:
    measured = _measured(_views(2, fault=fault))
    found = measured.findings
    assert [one.camera for one in found.off] == ["03"]
    assert fault in found.off[0].cannot_tell
    assert found.off[0].size_px == pytest.approx(1.0, abs=0.25)
    assert found.verdict == "does not fit"
    # The neighbours' scores are not pulled: all rest on points that the bad camera has no part in.
    medians = {
        camera: score["held_out"].median_px for (frame, camera), score in measured.scores.items() if frame == "0"
    }
    assert max(value for name, value in medians.items() if name != "03") < 1.0 < medians["03"] + 0.2
    assert [mark.camera for mark in measured.marks] == ["03"]
    assert len(measured.marks[0].arrows) == MARKS


def test_a_small_error_is_named_and_the_rig_still_fits() -> None:
    found = _measured(_views(3, fault="principal point", size_px=0.4, noise_px=0.1)).findings
    assert [one.camera for one in found.off] == ["03"]
    assert found.verdict == "fits"
    assert found.sentence.startswith(
        "1 of 8 cameras is off: 03, by 0.5 px or less: named, and the run does not fail by it (8 cameras"
    )


def test_the_false_alarm_rate_is_the_one_asked_for() -> None:
    views = _views(3, fault="principal point", size_px=0.4, noise_px=0.1)
    strict = measure_points(views, EvidenceOptions(false_alarms=1e-300)).findings
    assert (strict.off, strict.false_alarm_rate) == ((), 1e-300)


@pytest.mark.parametrize(("count", "words"), [(2, "0 cameras see at least 6 landmarks"), (3, "at least 4 are needed")])
def test_too_few_cameras_are_refused_with_what_is_missing(count: int, words: str) -> None:
    measured = _measured(_views(4, count))
    assert measured.findings.verdict == "cannot tell"
    assert words in measured.findings.sentence
    assert len(measured.scores) == (FRAMES * count if count == 3 else 0)


def test_three_cameras_that_disagree_do_not_say_which_is_off() -> None:
    views = _views(4, 3)
    K = views[0].camera.K + np.array([[0.0, 0.0, 30.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    moved = [replace(one, camera=replace(one.camera, K=K)) if one.camera.name == "00" else one for one in views]
    found = _measured(moved).findings
    assert found.verdict == "does not fit"
    assert "at least 4 cameras are needed to say which" in found.sentence


@pytest.mark.parametrize("fault", ["roll", "focal length"])
def test_one_of_four_cameras_that_is_far_off_is_named(fault: str) -> None:
    """Every landmark rests on it, so no prediction of another view is right as long as it takes part."""
    found = _measured(_views(3, 4, fault=fault, size_px=10.0)).findings
    assert [(one.camera, one.cause) for one in found.off] == [("03", fault)]
    assert found.off[0].size_px == pytest.approx(10.0, abs=2.5)
    assert found.verdict == "does not fit"


def test_a_rig_that_is_misread_does_not_fit_as_a_whole() -> None:
    views = [
        replace(view, camera=replace(view.camera, cam_from_world=view.camera.cam_from_world.inverse()))
        for view in _views(5)
    ]
    found = _measured(views).findings
    assert found.verdict == "does not fit"
    assert "do not agree about the landmarks" in found.sentence


def test_views_without_landmarks_and_damaged_ones_are_left_out() -> None:
    def broken() -> Landmarks:
        raise DatasetError("landmarks.json", None, "damaged")

    views = _views(6)
    views[0] = replace(views[0], read_landmarks=broken)
    views[1] = replace(views[1], read_landmarks=lambda: None)
    found = _measured(views)
    assert found.findings.num_views == len(views) - 2
    assert ("0", views[0].camera.name) not in found.scores
    assert _measured([]).findings.sentence == "no view has 2D landmarks; give them with --landmarks FILE"
