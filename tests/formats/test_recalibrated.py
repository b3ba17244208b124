"""A capture seen by other cameras than its own: a corrected calibration on the same pictures."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import renderkit as rk
from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats import open_capture, write_rig
from renderkit.formats.recalibrated import RecalibratedCapture
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig, Unit
from renderkit.synth.faults import parse_fault
from renderkit.synth.truth import SynthTruth

FAULTY = {"renderme360": "25", "facescape": "3"}


@pytest.fixture(scope="module", params=FAULTY)
def truth(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> SynthTruth:
    """A capture of eight cameras, one of them written rolled by two degrees."""
    like = request.param
    fault = parse_fault(f"rolled@{FAULTY[like]}=2")
    options = rk.SynthOptions(like=like, num_cameras=8, size=(240, 200), scan_faces=8000, seed=3, faults=(fault,))
    return rk.synthesize(tmp_path_factory.mktemp(like), options)


def true_rig(truth: SynthTruth, unit: Unit = "unknown") -> Rig:
    return Rig(next(iter(truth.cameras.values())), unit)


def beside(truth: SynthTruth) -> dict[str, Any]:
    given = {"masks": truth.masks, "landmarks": truth.landmarks, "flame": truth.flame_topology}
    return {name: path for name, path in given.items() if path is not None}


def test_the_true_cameras_make_the_same_pictures_fit(truth: SynthTruth, tmp_path: Path) -> None:
    write_rig(true_rig(truth), tmp_path / "true.json", format="rig")
    (camera,) = truth.faulty_cameras
    own = rk.validate(truth.capture, checks=False, **beside(truth))
    corrected = rk.validate(truth.capture, rig=tmp_path / "true.json", checks=False, **beside(truth))
    assert own.diagnosis is not None
    assert corrected.diagnosis is not None
    assert [one.camera for one in own.diagnosis.cameras] == [camera]
    assert corrected.diagnosis.cameras == ()
    assert corrected.diagnosis.verdict == "fits"
    assert len(corrected.rows) == len(own.rows)
    assert min(one.iou or 1.0 for one in corrected.cameras.values()) > 0.99
    assert tmp_path / "true.json" in [Path(one.path) for one in corrected.provenance.inputs]


def test_only_the_cameras_differ(truth: SynthTruth, tmp_path: Path) -> None:
    write_rig(true_rig(truth), tmp_path / "true.json", format="rig")
    with open_capture(truth.capture) as own, open_capture(truth.capture, rig=tmp_path / "true.json") as other:
        assert isinstance(other, RecalibratedCapture)
        assert (other.camera_names, other.frame_ids) == (own.camera_names, own.frame_ids)
        assert (other.unit, other.dataset, other.path) == (own.unit, own.dataset, own.path)
        for again in (other, pickle.loads(pickle.dumps(other)), other.reopen()):  # noqa: S301 - made here
            for name in own.camera_names:
                expected, found = next(iter(truth.cameras.values()))[name], again.view(own.frame_ids[0], name).camera
                np.testing.assert_allclose(found.cam_from_world.matrix, expected.cam_from_world.matrix, atol=1e-12)
                np.testing.assert_allclose(found.K, expected.K, rtol=1e-12)
                assert found == again.camera(name)
        assert set(own.inventory().annotations["image"]) == set(other.inventory().annotations["image"])


def test_cameras_that_the_file_lacks_are_skipped(truth: SynthTruth, tmp_path: Path) -> None:
    rig = true_rig(truth)
    kept = dict(list(rig.cameras.items())[:5])
    write_rig(Rig(kept), tmp_path / "five.json", format="rig")
    with open_capture(truth.capture, rig=tmp_path / "five.json") as capture:
        assert set(capture.camera_names) <= set(kept)
        skipped = {one.name: one.why for one in capture.skipped_cameras}
        assert set(skipped) >= {name for name in rig.cameras if name not in kept and name not in truth.skipped}
        assert "five.json has no such camera" in skipped.values()
        with pytest.raises(KeyError):
            capture.camera(next(name for name in rig.cameras if name not in kept))


def test_names_and_units_of_another_program(tmp_path: Path) -> None:
    truth = rk.synthesize(tmp_path / "made", rk.SynthOptions(num_cameras=4, size=(96, 80), scan_faces=2000))
    rig = true_rig(truth)
    millimetres = {
        f"cam{index}": replace(
            one, name=f"cam{index}", cam_from_world=Pose(one.cam_from_world.R, 1e3 * one.cam_from_world.t)
        )
        for index, one in enumerate(rig)
    }
    write_rig(Rig(millimetres, "mm"), tmp_path / "mm.json", format="rig")
    with pytest.raises(DatasetError, match=r"none of its cameras \(cam0, cam1"):
        open_capture(truth.capture, rig=tmp_path / "mm.json")
    with open_capture(truth.capture, rig=tmp_path / "mm.json", camera_names=list(rig.cameras)) as capture:
        assert capture.unit == "m"
        for name in capture.camera_names:
            np.testing.assert_allclose(
                capture.camera(name).cam_from_world.matrix, rig[name].cam_from_world.matrix, atol=1e-9
            )
            assert capture.camera(name).name == name


def test_sizes_come_from_the_capture_and_a_bad_camera_fails_alone(tmp_path: Path) -> None:
    truth = rk.synthesize(tmp_path / "made", rk.SynthOptions(num_cameras=4, size=(96, 80), scan_faces=2000))
    names = list(true_rig(truth).cameras)
    cameras = {}
    for name, one in true_rig(truth).cameras.items():
        cameras[name] = {
            "K": one.K.tolist(), "R": one.cam_from_world.R.tolist(), "t": one.cam_from_world.t.tolist(),
            "dist": one.distortion.coefficients.tolist(),
        }  # fmt: skip
    cameras[names[0]]["K"][0][0] = -5.0
    (tmp_path / "plain.json").write_text(json.dumps(cameras))
    with open_capture(truth.capture, rig=tmp_path / "plain.json") as capture:
        assert {capture.camera(name).size for name in names[1:]} == {(96, 80)}
        with pytest.raises(CalibrationError, match=r"plain\.json"):
            capture.view("0", names[0])
        assert names[0] in capture.camera_names


def test_patterns_still_start_from_the_folder(tmp_path: Path) -> None:
    """With a pattern of photographs a capture's folder is a folder of pictures."""
    truth = rk.synthesize(
        tmp_path / "made", rk.SynthOptions(like="facescape", num_cameras=4, size=(96, 80), scan_faces=2000)
    )
    write_rig(true_rig(truth), tmp_path / "true.json", format="rig")
    with open_capture(truth.capture, rig=tmp_path / "true.json", images="{camera}.jpg") as capture:
        assert capture.dataset == "folder"
        assert not isinstance(capture, RecalibratedCapture)
        assert isinstance(capture.camera(capture.camera_names[0]), Camera)
