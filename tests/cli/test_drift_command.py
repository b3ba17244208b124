"""renderkit drift tells a moved camera from noise, from run folders and from captures."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from command_result import Result
from dataset_fixtures import encode

from renderkit.geometry.camera import Camera
from renderkit.geometry.rig import Rig
from renderkit.metrics.reprojection import ReprojectionScore
from renderkit.pipeline.synth import synthesize
from renderkit.pipeline.synth_options import SynthOptions
from renderkit.results.json_report import read_report, write_report
from renderkit.results.report import Report
from renderkit.results.rows import ViewKey, ViewResult
from renderkit.results.run_scene import write_run_scene
from renderkit.results.scores import Scores

Run = Callable[..., Result]


def write_run(
    folder: Path, seed: int, shift_px: tuple[float, float] = (0.0, 0.0), without: tuple[str, ...] = ()
) -> None:
    """A run of 8 cameras on an arc and 2 frames; the detections of camera 3 are displaced, some cameras have none."""
    rng = np.random.default_rng(seed)
    points = np.random.default_rng(5).normal(size=(30, 3)) * 0.07
    angles = np.linspace(-1.2, 1.2, 8)
    eyes = [(np.sin(a), 0.3 * np.cos(3.0 * a), np.cos(a)) for a in angles]
    cameras = {str(i): Camera.look_at(eye, (0, 0, 0), size=(640, 480), name=str(i)) for i, eye in enumerate(eyes)}
    rows = []
    for frame in ("0", "1"):
        moved = points + rng.normal(size=3) * 0.01
        for name, camera in cameras.items():
            projected = camera.project(moved)
            pixels = projected + rng.normal(size=projected.shape) * 0.3
            pixels += shift_px if name == "3" else (0.0, 0.0)
            key = ViewKey("take", frame, name, "scan")
            if name in without:
                rows.append(ViewResult(key, Scores({}), missing={"reprojection": "none"}))
                continue
            score = ReprojectionScore(projected - pixels, 0, 0)
            rows.append(ViewResult(key, Scores({"reprojection": score}), landmark_pixels=pixels))
    folder.mkdir()
    write_report(Report(tuple(rows)), folder)
    write_run_scene(folder, Rig(cameras, "m"), {})


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    write_run(tmp_path / "monday", 1)
    write_run(tmp_path / "tuesday", 2)
    write_run(tmp_path / "wednesday", 3, (2.0, 0.0))
    return tmp_path


def test_the_moved_camera_and_when(run: Run, runs: Path) -> None:
    result = run("drift", "monday", "tuesday", "wednesday", "--out", "drift.html", "--fail-on-drift")
    assert result.code == 1
    assert result.out.startswith("1 of 8 cameras moved: 3 (false alarm rate 1 %)")
    assert "camera 3 turned by" in result.out
    assert "between monday and wednesday" in result.out
    assert "between monday and tuesday" not in result.out
    page = (runs / "drift.html").read_text()
    assert page.count('class="spark"') == 8
    assert page.count('<tr class="moved">') == 1
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "<script" not in page


def test_still_runs_accuse_nobody(run: Run, runs: Path) -> None:
    result = run("drift", "monday", "tuesday", "--fail-on-drift", "--json")
    assert result.code == 0
    document = json.loads(result.out)
    assert not any(camera["moved"] for camera in document["cameras"])
    assert document["runs"] == ["monday", "tuesday"]
    assert document["noise_px"] == pytest.approx([0.3, 0.3], rel=0.2)


def test_a_shift_that_rounds_to_nothing_has_no_minus(run: Run, runs: Path) -> None:
    result = run("drift", "monday", "monday", "--out", "drift.html")
    assert "+0.00 +/- " in result.out
    assert "-0.00" not in result.out + (runs / "drift.html").read_text()


def test_a_calibration_of_its_own_is_not_a_move(run: Run, runs: Path) -> None:
    """The second run's world is turned and moved, and its pictures are the same."""
    turned = runs / "turned"
    write_run(turned, 4)
    report = read_report(turned)
    from renderkit.formats import read_rig
    from renderkit.geometry.pose import Pose

    world = Pose.from_rotation_vector((0.3, -0.2, 0.5), (0.4, 0.1, -0.3))
    rig = read_rig(turned / "rig.json")
    cameras = {name: replace(one, cam_from_world=one.cam_from_world @ world) for name, one in rig.cameras.items()}
    write_run_scene(turned, Rig(cameras, "m"), {})
    assert report.rows
    result = run("drift", "monday", "turned", "--fail-on-drift")
    assert result.code == 0, result.out
    assert "has a calibration of its own" in result.err


def test_bad_input_is_told(run: Run, runs: Path) -> None:
    assert run("drift", "monday").code == 2
    (runs / "wednesday" / "rig.json").unlink()
    result = run("drift", "monday", "wednesday")
    assert result.code == 2
    assert "no cameras stored" in result.err


def test_cameras_without_evidence_are_named(run: Run, runs: Path) -> None:
    write_run(runs / "thursday", 4, without=("5", "6"))
    result = run("drift", "thursday", "tuesday", "--out", "drift.html")
    gap = "2 of 8 cameras are not compared, without landmarks or outlines in all runs: 5, 6"
    assert gap in result.out
    assert gap in (runs / "drift.html").read_text()
    assert "the outlines of their mattes count as well" in result.err
    document = json.loads(run("drift", "tuesday", "thursday", "--json").out)
    assert document["not_compared"] == ["5", "6"]
    assert "not compared" not in run("drift", "monday", "tuesday").out


def test_captures_take_what_is_given_beside_them(run: Run, tmp_path: Path) -> None:
    """FaceScape has no mattes of its own: each capture's are in its folder. The second day's are 3 px aside in one."""
    days = []
    for day in ("monday", "tuesday"):
        options = SynthOptions(like="facescape", num_cameras=6, size=(240, 200), scan_faces=4000, seed=3)
        truth = synthesize(tmp_path / day, options)
        shutil.copytree(tmp_path / day / "masks" / "1_neutral", truth.capture / "masks")
        days.append(str(truth.capture))
    assert run("drift", *days).code == 2
    still = run("drift", *days, "--masks", "masks", "--fail-on-drift")
    assert still.out.startswith("none of 6 cameras moved")
    matte = Path(days[1], "masks", "2.png")
    image = cv2.imread(str(matte), cv2.IMREAD_UNCHANGED)
    assert image is not None
    encode(np.roll(image, 3, axis=1).astype(np.uint8), ".png").tofile(matte)
    moved = run("drift", *days, "--masks", "masks", "--fail-on-drift")
    assert (moved.code, moved.out[:30]) == (1, "1 of 6 cameras moved: 2 (false")


def test_nothing_is_given_beside_run_folders(run: Run, runs: Path) -> None:
    result = run("drift", "monday", "tuesday", "--masks", "masks")
    assert result.code == 2
    assert "monday: is a run folder" in result.err
