"""renderkit refine writes what held-out frames support, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from command_result import Result

from renderkit.formats import read_rig
from renderkit.pipeline.synth import synthesize
from renderkit.pipeline.synth_options import SynthOptions
from renderkit.synth.faults import parse_fault
from renderkit.synth.truth import SynthTruth

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> SynthTruth:
    options = SynthOptions(
        num_cameras=10, num_frames=2, size=(306, 256), scan_faces=2_000, faults=(parse_fault("rotated@25=0.3"),)
    )
    return synthesize(tmp_path_factory.mktemp("faulty"), options)


def test_the_true_camera_comes_back(run: Run, faulty: SynthTruth, tmp_path: Path) -> None:
    result = run("refine", faulty.capture, "-o", "rig.json")
    assert result.code == 0, result.err
    assert result.out.startswith("1 of ")
    assert "better on held-out frames: 25" in result.out
    written = read_rig(tmp_path / "rig.json")
    truth = next(iter(faulty.cameras.values()))
    true = truth["25"]
    points = np.random.default_rng(0).normal(size=(50, 3)) * 0.07 + true.center_world + 1.5 * true.optical_axis_world
    pose = true.cam_from_world
    seen = cv2.projectPoints(points, pose.rotation_vector, pose.t, true.K, true.distortion.coefficients)[0][:, 0]
    off = np.linalg.norm(written["25"].project(points) - seen, axis=1)
    beside = json.loads((tmp_path / "rig.refinement.json").read_text())
    assert float(np.sqrt((off**2).mean())) < 3.0 * beside["cameras"][0]["left_px"] < 1.0
    assert np.array(beside["cameras"][0]["covariance"]).shape == (14, 14)
    assert set(written.cameras) == set(truth)


def test_what_was_written_is_validated_on_the_same_capture(run: Run, faulty: SynthTruth) -> None:
    options = (faulty.capture, "--flame", faulty.flame_topology, "--no-checks", "--overlays", "none", "-q")
    assert run("validate", *options).out.startswith("1 CAMERA OFF")
    assert run("refine", faulty.capture, "-o", "rig.json").code == 0
    result = run("validate", *options, "--rig", "rig.json")
    assert (result.code, result.out.partition(":")[0]) == (0, "FITS")


def test_any_format_that_is_written(run: Run, faulty: SynthTruth, tmp_path: Path) -> None:
    result = run("refine", faulty.capture, "-o", "cameras.json", "--to", "opencv", "--json")
    document = json.loads(result.out)
    assert document["better"]
    assert len(document["written"]) == 2
    assert run("refine", faulty.capture, "--to", "smc").code == 2


def test_a_camera_without_landmarks_comes_back_by_its_matte(run: Run, tmp_path: Path) -> None:
    fault = parse_fault("rotated@04=0.3")
    options = SynthOptions(num_cameras=8, size=(306, 256), scan_faces=2_000, faults=(fault,))
    truth = synthesize(tmp_path / "by mattes", options)
    result = run("refine", truth.capture, "--mesh", "scan", "-o", "rig.json")
    assert result.code == 0, result.err
    assert "better on held-out outlines: 04" in result.out
    true = next(iter(truth.cameras.values()))["04"].cam_from_world
    turn = read_rig(tmp_path / "rig.json")["04"].cam_from_world.R @ true.R.T
    assert np.degrees(np.linalg.norm(cv2.Rodrigues(turn)[0])) < 0.05


def test_a_clean_rig_is_left_alone(run: Run, tmp_path: Path) -> None:
    truth = synthesize(tmp_path / "clean", SynthOptions(num_cameras=8, size=(306, 256), scan_faces=2_000))
    result = run("refine", truth.capture, "-o", "rig.json")
    assert result.code == 1
    assert "nothing is better: none of " in result.out
    assert "not written" in result.out
    assert not (tmp_path / "rig.json").exists()
    assert run("refine", truth.capture, "-o", "rig.json", "--force").code == 1
    assert (tmp_path / "rig.json").exists()
    again = run("refine", truth.capture, "-o", "rig.json")
    assert again.code == 2
    assert "--overwrite" in again.err
