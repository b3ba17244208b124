"""Qualisys, Vicon, CMU Panoptic and mrcal: hand-written samples of each layout against OpenCV and published values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from camera_samples import POINTS, ROTATION, TRANSLATION, K, brown_pixels, file_with, rows, worst

from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats import detect_format, read_raw_rig

CENTER = -ROTATION.T @ TRANSLATION
FLIP = np.diag([1.0, -1.0, -1.0])


def qualisys(extra: str = "", model: str = "Miqus Video") -> str:
    lens = {"radialDistortion1": -0.15, "radialDistortion2": 0.1, "radialDistortion3": 0.0,
            "tangentalDistortion1": 0.001, "tangentalDistortion2": -0.0005}  # fmt: skip
    inner = {"focalLengthU": K[0, 0], "focalLengthV": K[1, 1], "centerPointU": K[0, 2] + 10.0,
             "centerPointV": K[1, 2] + 20.0, "skew": 0.0} | lens  # fmt: skip
    outer = (FLIP @ ROTATION).tolist()
    turns = " ".join(f'r{i + 1}{j + 1}="{outer[i][j]!r}"' for i in range(3) for j in range(3))
    numbers = " ".join(f'{key}="{64.0 * float(value)!r}"' for key, value in inner.items())
    x, y, z = CENTER.tolist()
    return (
        f'<calibration type="regular"><cameras><camera active="1" avg-residual="0.3" serial="21001" model="{model}" '
        f'viewrotation="0" {extra}><fov_marker left="0" top="0" right="1" bottom="1"/>'
        f'<fov_video left="10" top="20" right="649" bottom="499"/><transform x="{x!r}" y="{y!r}" z="{z!r}" {turns}/>'
        f'<intrinsic focallength="9.1" sensorMinU="0" {numbers}/></camera></cameras></calibration>'
    )


def test_qualisys(tmp_path: Path) -> None:
    path = file_with(tmp_path, "x.qca.txt", qualisys('shutter_delay="3"'))
    assert detect_format(path) == "qualisys"
    raw = read_raw_rig(path)
    camera = raw.to_rig()["21001"]
    assert (raw.unit, camera.size) == ("mm", (640, 480))
    assert worst(camera, brown_pixels(ROTATION, TRANSLATION, [-0.15, 0.1, 0.001, -0.0005])) < 1e-9
    assert "video cameras by their model: 1 of 1" in raw.notes[0]
    assert "`shutter_delay` is ignored (1 camera)" in raw.notes
    with pytest.raises(DatasetError, match="DTD"):
        read_raw_rig(file_with(tmp_path, "y.qca.txt", '<!DOCTYPE x><calibration a="1"><fov_video/></calibration>'))


def vicon(lens: str) -> str:
    x, y, z, w = _quaternion()
    cx, cy, cz = (float(value) for value in CENTER)
    return (
        f'<?xml version="1.0"?><Cameras><Camera DEVICEID="2107" SENSOR_SIZE="640 480" TYPE="BonitaVideo" '
        f'PIXEL_ASPECT_RATIO="{float(K[0, 0] / K[1, 1])!r}" SKEW="0.0"><KeyFrames><KeyFrame FRAME="0" '
        f'FOCAL_LENGTH="{float(K[0, 0])!r}" PRINCIPAL_POINT="{float(K[0, 2])!r} {float(K[1, 2])!r}" '
        f'ORIENTATION="{x!r} {y!r} {z!r} {w!r}" POSITION="{cx!r} {cy!r} {cz!r}" {lens}/></KeyFrames>'
        "</Camera></Cameras>"
    )


def _quaternion() -> list[float]:
    """Return x y z w of ROTATION from its rotation vector."""
    vector = cv2.Rodrigues(ROTATION)[0].ravel()
    angle = float(np.linalg.norm(vector))
    return [*(np.sin(0.5 * angle) * vector / angle).tolist(), float(np.cos(0.5 * angle))]


def test_vicon(tmp_path: Path) -> None:
    path = file_with(tmp_path, "x.xcp", vicon('VICON_RADIAL2="ViconRadial2 320 240 -0.15 0.1 0.02"'))
    assert detect_format(path) == "vicon"
    raw = read_raw_rig(path)
    camera = raw.to_rig()["2107"]
    assert (raw.unit, camera.size) == ("mm", (640, 480))
    assert worst(camera, brown_pixels(ROTATION, TRANSLATION, [-0.15, 0.1, 0.0, 0.0, 0.02])) < 1e-9
    assert "`SKEW` is ignored (1 camera)" in raw.notes
    older = read_raw_rig(file_with(tmp_path, "y.xcp", vicon('VICON_RADIAL="-0.15 0.1"'))).to_rig()["2107"]
    assert worst(older, brown_pixels(ROTATION, TRANSLATION, [-0.15, 0.1, 0.0, 0.0])) < 1e-9
    bare = vicon("").replace("<KeyFrames>", "<None>").replace("</KeyFrames>", "</None>")
    with pytest.raises(DatasetError, match="not calibrated"):
        read_raw_rig(file_with(tmp_path, "z.xcp", bare))


def panoptic(**more: Any) -> str:
    entry = {"name": "00_05", "type": "hd", "resolution": [640, 480], "panel": 0, "node": 5, "K": K.tolist(),
             "distCoef": [-0.15, 0.1, 0.001, -0.0005, 0.02], "R": ROTATION.tolist(),
             "t": [[float(value)] for value in TRANSLATION]}  # fmt: skip
    return json.dumps({"calibDataSource": "160422", "cameras": [entry | more]})


def test_panoptic(tmp_path: Path) -> None:
    path = file_with(tmp_path, "calibration.json", panoptic(lens_shift=1.0))
    assert detect_format(path) == "panoptic"
    raw = read_raw_rig(path)
    camera = raw.to_rig()["00_05"]
    assert camera.size == (640, 480)
    assert worst(camera, brown_pixels(ROTATION, TRANSLATION, [-0.15, 0.1, 0.001, -0.0005, 0.02])) < 1e-9
    assert "centimetre" in raw.notes[0]
    assert raw.notes[1] == "`lens_shift` is ignored (1 camera)"


def model(lens: str, values: list[float], pose: str = "extrinsics") -> str:
    vector = [*cv2.Rodrigues(ROTATION)[0].ravel().tolist(), *TRANSLATION.tolist()]
    return (
        f"# generated by mrcal\n{{\n    'lensmodel':  '{lens}',\n\n    # intrinsics\n    'intrinsics': {values},\n"
        f"    'valid_intrinsics_region': [ [ 1, 2 ], [ 3, 4 ] ],\n"
        f"    '{pose}': {vector},\n    'imagersize': [ 640, 480,]\n"
        "}\n"
    )


@pytest.mark.parametrize("pose", ["extrinsics", "rt_cam_ref"])
def test_mrcal(pose: str, tmp_path: Path) -> None:
    lens = [-0.15, 0.1, 0.001, -0.0005, 0.02, 0.01, 0.002, -0.01]
    values = [K[0, 0], K[1, 1], K[0, 2], K[1, 2], *lens]
    path = file_with(tmp_path, "cam.cameramodel", model("LENSMODEL_OPENCV8", [float(one) for one in values], pose))
    assert detect_format(path) == detect_format(tmp_path) == "mrcal"
    raw = read_raw_rig(path)
    camera = raw.to_rig()["cam"]
    assert (raw.unit, camera.size) == ("m", (640, 480))
    assert worst(camera, brown_pixels(ROTATION, TRANSLATION, lens)) < 1e-9
    assert raw.notes == ("`valid_intrinsics_region` is ignored",)
    assert list(read_raw_rig(tmp_path).to_rig().cameras) == ["cam"]


@pytest.mark.parametrize("name", ["OPENCV4", "OPENCV5", "OPENCV8", "OPENCV12"])
def test_mrcals_own_reference_pixels(name: str, shared_data: Path, tmp_path: Path) -> None:
    refs = json.loads((shared_data / "mrcal_refs" / "opencv_projection_refs.json").read_text())
    if name not in refs:
        pytest.skip("no reference values for this model")
    text = model(f"LENSMODEL_{name}", [*refs["fx_fy_cx_cy"], *refs[name]["k"]])
    text = text.replace(str(cv2.Rodrigues(ROTATION)[0].ravel().tolist())[:-1], "[0.0, 0.0, 0.0")
    text = text.replace(str(TRANSLATION.tolist())[1:-1], "0.0, 0.0, 0.0")
    camera = read_raw_rig(file_with(tmp_path, "a.cameramodel", text)).to_rig()["a"]
    got = camera.project(np.array(refs["p"]))
    seen = np.isfinite(got).all(axis=1)
    assert seen.any()
    assert np.abs(got - np.array(refs[name]["q"]))[seen].max() < refs["tolerance_px"]


@pytest.mark.parametrize(
    "lens",
    ["LENSMODEL_SPLINED_STEREOGRAPHIC_order=3_Nx=30_Ny=20_fov_x_deg=150", "LENSMODEL_CAHVOR", "LENSMODEL_LATLON"],
)
def test_mrcal_models_without_a_counterpart_are_refused(lens: str, tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match=rf"{lens}.*mrcal-convert-lensmodel"):
        read_raw_rig(file_with(tmp_path, "a.cameramodel", model(lens, [1.0, 2.0, 3.0, 4.0])))


def test_mrcal_refuses_another_count_and_evaluates_nothing(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"expected shape \(9,\), found \(4,\)"):
        read_raw_rig(file_with(tmp_path, "a.cameramodel", model("LENSMODEL_OPENCV5", [1.0, 2.0, 3.0, 4.0])))
    text = model("LENSMODEL_PINHOLE", [1.0, 2.0, 3.0, 4.0]).replace("[ 640, 480,]", "__import__('os')")
    with pytest.raises(DatasetError, match="imagersize"):
        read_raw_rig(file_with(tmp_path, "b.cameramodel", text))


def test_rows_are_what_the_files_need() -> None:
    assert json.loads(rows(POINTS[:2])) == POINTS[:2].tolist()
