"""A calibration that is misread in all cameras alike is written as it was meant; OpenCV projects by the truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import renderkit as rk
from renderkit.geometry.camera import Camera
from renderkit.synth.faults import parse_fault
from renderkit.synth.truth import SynthTruth

FAULTS = ("inverted-extrinsics", "gl-axes", "scaled-translation", "half-pixel")
EXACT_PX = 1e-6
ESTIMATED_PX = {"half-pixel": 0.15}
"""A shift that is estimated is as exact as landmarks are."""


def made(folder: Path, *faults: str) -> tuple[SynthTruth, dict[str, Any]]:
    options = rk.SynthOptions(
        like="facescape",
        num_cameras=8,
        size=(306, 256),
        scan_faces=4000,
        seed=11,
        faults=tuple(map(parse_fault, faults)),
    )
    truth = rk.synthesize(folder, options)
    assert truth.masks is not None
    assert truth.landmarks is not None
    return truth, {"masks": truth.masks, "landmarks": truth.landmarks}


def error_px(camera: Camera, truth: Camera) -> float:
    """Largest distance over the head, which is about the point that the cameras look at."""
    axis = truth.optical_axis_world
    distance = float(np.linalg.norm(truth.center_world))
    points = np.random.default_rng(0).normal(size=(200, 3)) * 0.03 * distance + truth.center_world + distance * axis
    pose = truth.cam_from_world
    seen = cv2.projectPoints(points, pose.rotation_vector, pose.t, truth.K, truth.distortion.coefficients)[0][:, 0]
    return float(np.linalg.norm(camera.project(points) - seen, axis=1).max())


@pytest.mark.parametrize("fault", FAULTS)
def test_all_cameras_are_corrected(fault: str, tmp_path: Path) -> None:
    truth, beside = made(tmp_path, f"{fault}@all")
    true = next(iter(truth.cameras.values()))
    found = rk.refine(truth.capture, **beside)
    assert found.better, found.sentence
    assert found.whole is not None
    assert found.sentence.startswith("corrected: all ")
    assert set(found.rig.cameras) == set(true) - set(truth.skipped.get("1_neutral", ()))
    allowed = ESTIMATED_PX.get(fault, EXACT_PX)
    assert max(error_px(camera, true[name]) for name, camera in found.rig.cameras.items()) < allowed
    rk.write_rig(found.rig, tmp_path / "rig.json", format="rig")
    again = rk.validate(truth.capture, rig=tmp_path / "rig.json", checks=False, **beside)
    assert again.passed
    assert again.diagnosis is not None
    assert (again.diagnosis.verdict, again.diagnosis.readings) == ("fits", ())


def test_a_lens_that_the_file_lacks_is_estimated(tmp_path: Path) -> None:
    truth, beside = made(tmp_path, "no-distortion@all")
    true = next(iter(truth.cameras.values()))
    found = rk.refine(truth.capture, **beside)
    assert found.whole is not None
    assert found.whole.readings[0] == "lens missing"
    with rk.open_capture(truth.capture) as capture:
        stated = max(error_px(capture.camera(name), true[name]) for name in capture.camera_names)
    assert max(error_px(camera, true[name]) for name, camera in found.rig.cameras.items()) < 0.8 * stated


def test_one_camera_more(tmp_path: Path) -> None:
    truth, beside = made(tmp_path, "gl-axes@all", "rolled@3=2")
    true = next(iter(truth.cameras.values()))
    found = rk.refine(truth.capture, **beside)
    assert found.whole is not None
    assert [one.camera for one in found.cameras if one.supported] == ["3"]
    assert "then 1 of " in found.sentence
    errors = {name: error_px(camera, true[name]) for name, camera in found.rig.cameras.items()}
    assert errors.pop("3") < 0.5
    assert max(errors.values()) < EXACT_PX


def test_what_is_not_the_cameras_fault_changes_none(tmp_path: Path) -> None:
    truth, beside = made(tmp_path)
    sizes = {name: camera.size for name, camera in next(iter(truth.cameras.values())).items()}
    document = json.loads(beside["landmarks"].read_text())
    for frame in document["landmarks_2d"]["frames"].values():
        for name, points in frame.items():
            frame[name] = [
                None if point is None else [point[0] / sizes[name][0], point[1] / sizes[name][1]] for point in points
            ]
    beside["landmarks"].write_text(json.dumps(document))
    del beside["masks"]
    found = rk.refine(truth.capture, **beside)
    assert not found.better
    assert "it is the landmarks, not the cameras" in found.sentence
    assert found.rig is found.forced_rig
