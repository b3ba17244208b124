"""Each planted fault is named as what it is, or as the class of faults that look the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from renderkit.diagnosis.hypotheses.registry import HYPOTHESES
from renderkit.formats import open_capture
from renderkit.pipeline.explain import explain_cameras
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.synth import synthesize
from renderkit.pipeline.synth_options import SynthOptions
from renderkit.pipeline.validate import validate_views
from renderkit.renderers.cpu import CpuRenderer
from renderkit.report.registry import write_formats
from renderkit.results.cameras import rank_cameras, summarise_cameras
from renderkit.results.causes import group_causes
from renderkit.results.explanation import CameraExplanation
from renderkit.results.report import Report
from renderkit.synth.faults import parse_fault

_CAUSES = {
    # A turn by 0.3 deg, a step aside by 5 mm and a shifted principal point look the same over a head.
    "rotated": "shift",
    "translated": "shift",
    "shifted": "shift",
    "half-pixel": "shift",
    "rolled": "roll",
    "scaled-focal": "scale",
    "no-distortion": "distortion dropped",
    "distortion-order": "order of the distortion",
    "flipped-distortion": "sign of the distortion",
    "inverted-extrinsics": "inverted extrinsics",
    "gl-axes": "OpenGL axes",
    "scaled-translation": "unit of the translation",
    "swapped": "swapped calibration",
    "mirrored": "mirrored picture",
    "frame-offset": "other frame",
}
_LENS = {"no-distortion", "flipped-distortion", "distortion-order"}


def _explained(folder: Path, *faults: str, undistort: bool = False) -> tuple[Report, tuple[CameraExplanation, ...]]:
    names = {text.split("@")[0] for text in faults}
    options = SynthOptions(
        num_cameras=8,
        num_frames=2 if "frame-offset" in names else 1,
        size=(306, 256),
        scan_faces=6_000,
        lens="folding" if names & _LENS else "modest",
        faults=tuple(map(parse_fault, faults)),
        image_noise=0.0,
        samples=1,
    )
    truth = synthesize(folder, options)
    chosen = ValidationOptions(frames=("0",), undistort=undistort)
    with open_capture(truth.capture) as capture, CpuRenderer(1) as renderer:
        report = Report(tuple(validate_views(capture, renderer, chosen)))
        return report, explain_cameras(capture, renderer, chosen, report)


def test_every_fault_that_a_hypothesis_names_is_planted_here() -> None:
    assert set(_CAUSES) == {fault for one in HYPOTHESES for fault in one.planted_as}


@pytest.mark.parametrize("name", sorted(_CAUSES))
def test_a_camera_with_landmarks_is_explained(name: str, tmp_path: Path) -> None:
    cameras = ("25", "28") if name == "swapped" else ("25",)
    report, found = _explained(tmp_path, f"{name}@{','.join(cameras)}")
    assert rank_cameras(summarise_cameras(report.rows))[0].camera in cameras
    causes = {one.camera: one for one in found}
    assert set(causes) == set(cameras)
    for camera in cameras:
        assert causes[camera].cause == _CAUSES[name], causes[camera].sentence
        assert causes[camera].after < causes[camera].before
    if name == "half-pixel":
        assert "half a pixel on both axes" in causes["25"].sentence
    if name == "swapped":
        assert "camera 28" in causes["25"].sentence


@pytest.mark.parametrize(
    "name", ["shifted", "rolled", "scaled-focal", "distortion-order", "gl-axes", "swapped", "mirrored"]
)
def test_a_camera_without_landmarks_is_explained_by_its_mask(name: str, tmp_path: Path) -> None:
    _, found = _explained(tmp_path, f"{name}@40,28" if name == "swapped" else f"{name}@40")
    cause = next(one for one in found if one.camera == "40")
    assert (cause.cause, cause.measure) == (_CAUSES[name], "1 - IoU"), cause.sentence


def test_a_resized_picture_says_so_by_itself(tmp_path: Path) -> None:
    report, found = _explained(tmp_path, "resized@25")
    assert found == ()
    (failed,) = report.failures
    assert failed.failure is not None
    assert "the picture has 153 x 128 px, the calibration of its camera 306 x 256 px" in failed.failure.message


def test_the_diagnosis_says_which_camera_is_wrong_and_why(tmp_path: Path) -> None:
    report, found = _explained(tmp_path, "gl-axes@31", "scaled-focal@22=1.03")
    told = Report(report.rows, explanations=found)
    details = {group.cameras: group.detail for group in group_causes(told)}
    assert "OpenGL's camera axes" in details["31",]
    assert "focal length too long" in details["22",]


def test_a_wrong_focal_length_is_told_in_the_same_words_everywhere(tmp_path: Path) -> None:
    report, found = _explained(tmp_path, "scaled-focal@25=1.015")
    told = replace(report, explanations=found)
    (cause,) = found
    assert cause.cause == "scale"
    assert "too large: focal length too long, or distance along the axis" in cause.sentence
    assert any(group.detail.endswith(cause.sentence) for group in group_causes(told))
    for path in write_formats(told, tmp_path, ["html", "markdown"]):
        text = path.read_text(encoding="utf-8").replace("\\", "")  # Markdown escapes punctuation
        assert cause.sentence in text
        assert "principal point" not in text


def test_undistorted_runs_are_explained_too(tmp_path: Path) -> None:
    _, found = _explained(tmp_path, "shifted@25=4", "shifted@40=4", undistort=True)
    assert {one.camera: one.cause for one in found} == {"25": "shift", "40": "shift"}


def test_cameras_whose_ids_are_shifted_round_are_told_so(tmp_path: Path) -> None:
    _, found = _explained(tmp_path, "swapped@25,28", "swapped@28,31")
    assert {one.camera: one.cause for one in found} == dict.fromkeys(("25", "28", "31"), "shifted ids")


def test_a_sound_rig_needs_no_explanation(tmp_path: Path) -> None:
    report, found = _explained(tmp_path)
    assert found == ()
    assert len(report.rows) == 8


def test_a_cause_that_cannot_be_looked_for_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("no such lens")

    monkeypatch.setattr("renderkit.diagnosis.explain_camera.explain_camera", fail)
    _, (found,) = _explained(tmp_path, "shifted@25=4")
    assert (found.cause, found.sentence) == ("unexplained", "no cause could be looked for: no such lens")
