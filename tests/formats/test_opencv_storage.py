"""OpenCV's own calibration files, written by cv2.FileStorage itself, against cv2's projection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from camera_samples import ROTATION, TRANSLATION, K, brown_pixels, file_with, fisheye_pixels, rows, worst

from renderkit.errors import DatasetError
from renderkit.formats import detect_format, read_raw_rig
from renderkit.formats.file_storage import stored_matrix

EYE, ZERO = np.eye(3), np.zeros(3)
BROWN, FISHEYE = [-0.15, 0.1, 0.001, -0.0005, 0.02], [0.02, -0.01, 0.003, -0.0005]


def stored(path: Path, values: dict[str, Any]) -> Path:
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    for key, value in values.items():
        storage.write(key, np.array(value) if isinstance(value, list) else value)
    storage.release()
    return path


@pytest.mark.parametrize("suffix", [".yml", ".xml", ".json"])
def test_one_camera_as_calibration_cpp_writes_it(suffix: str, tmp_path: Path) -> None:
    values = {"image_width": 640, "image_height": 480, "camera_matrix": K, "distortion_coefficients": BROWN,
              "extrinsic_parameters": np.ones((3, 6)), "avg_reprojection_error": 0.2}  # fmt: skip
    path = stored(tmp_path / f"camera{suffix}", values)
    assert detect_format(path) == "opencv-storage"
    raw = read_raw_rig(path)
    camera = raw.to_rig()["camera"]
    assert camera.size == (640, 480)
    assert worst(camera, brown_pixels(EYE, ZERO, BROWN)) < 1e-9
    assert len(raw.notes) == 1
    assert "no pose, only intrinsics" in raw.notes[0]


@pytest.mark.parametrize("keys", [("cameraMatrix", "distCoeffs"), ("K", "D"), ("mtx", "dist"), ("M", "D")])
def test_other_spellings_with_a_pose_and_a_fisheye_flag(keys: tuple[str, str], tmp_path: Path) -> None:
    values = {keys[0]: K, keys[1]: FISHEYE, "rvec": cv2.Rodrigues(ROTATION)[0], "tvec": TRANSLATION,
              "fisheye_model": 1, "imageSize": [640, 480], "rolling_shutter": 0.01}  # fmt: skip
    raw = read_raw_rig(stored(tmp_path / "a.yml", values))
    assert worst(raw.to_rig()["a"], fisheye_pixels(ROTATION, TRANSLATION, FISHEYE)) < 1e-9
    assert raw.notes == ("`rolling_shutter` is ignored",)


@pytest.mark.parametrize(("first", "second"), [("1", "2"), ("_left", "_right"), ("L", "R")])
def test_stereo_pairs(first: str, second: str, tmp_path: Path) -> None:
    values = {f"M{first}": K, f"D{first}": BROWN, f"M{second}": K, f"D{second}": BROWN, "R": ROTATION, "T": TRANSLATION,
              "R1": EYE, "image_width": 640, "image_height": 480}  # fmt: skip
    raw = read_raw_rig(stored(tmp_path / "stereo.yml", values))
    left, right = raw.to_rig()
    assert worst(left, brown_pixels(EYE, ZERO, BROWN)) < 1e-9
    assert worst(right, brown_pixels(ROTATION, TRANSLATION, BROWN)) < 1e-9
    assert "the world is the first camera's frame" in raw.notes[0]
    assert "`R1` is ignored" in raw.notes


def test_extrinsics_yml_beside_a_pair_gives_its_pose(tmp_path: Path) -> None:
    path = stored(tmp_path / "intrinsics.yml", {"M1": K, "D1": BROWN, "M2": K, "D2": BROWN})
    alone = read_raw_rig(path, size=(640, 480))
    assert any("extrinsics.yml: put it beside" in note for note in alone.notes)
    stored(tmp_path / "extrinsics.yml", {"R": ROTATION, "T": TRANSLATION, "Q": np.eye(4)})
    raw = read_raw_rig(path, size=(640, 480))
    assert worst(raw.to_rig()["2"], brown_pixels(ROTATION, TRANSLATION, BROWN)) < 1e-9


def test_plain_yaml_of_nested_lists_and_orb_slam_settings(tmp_path: Path) -> None:
    plain = file_with(tmp_path, "p.yaml", f"camera_matrix: {rows(K)}\ndist_coeff: [{BROWN}]\n")
    assert worst(read_raw_rig(plain, size=(640, 480)).to_rig()["p"], brown_pixels(EYE, ZERO, BROWN)) < 1e-9
    text = f'%YAML:1.0\nCamera.type: "PinHole"\nCamera.fx: {K[0, 0]}\nCamera.fy: {K[1, 1]}\nCamera.cx: {K[0, 2]}\n'
    text += f"Camera.cy: {K[1, 2]}\nCamera.k1: -0.1\nCamera.p1: 0.01\nCamera.width: 640\n"
    text += "Camera.height: 480\nCamera.bf: 4.0\n"
    raw = read_raw_rig(file_with(tmp_path, "orb.yaml", text))
    assert worst(raw.to_rig()["orb"], brown_pixels(EYE, ZERO, [-0.1, 0.0, 0.01, 0.0, 0.0])) < 1e-9
    assert "`Camera.bf` is ignored" in raw.notes


def test_a_matrix_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    text = "%YAML:1.0\n---\nK: !!opencv-matrix\n   rows: 3\n   cols: 3\n   dt: d\n   data: [ 1., 2. ]\n"
    with pytest.raises(DatasetError, match=r"\[K\]: expected 3 x 3 numbers, found 2"):
        read_raw_rig(file_with(tmp_path, "x.yml", text))


@pytest.mark.parametrize("rows", ["1e308", "1e999", "-1", "2.5", ".nan", "9" * 400])
def test_a_matrix_of_absurd_sides_is_refused(rows: str, tmp_path: Path) -> None:
    path = tmp_path / "camera.json"
    path.write_text("{}")
    side = float(rows.replace(".nan", "nan"))
    with pytest.raises(DatasetError, match="expected"):
        stored_matrix({"rows": side, "cols": 3, "data": [1.0] * 9}, [(3, 3)], path, "K")


@pytest.mark.parametrize("key", ["RT", "extrinsic_matrix", "w2c"])
def test_one_matrix_for_the_pose_and_a_lens_model_by_name(key: str, tmp_path: Path) -> None:
    pose = np.vstack([np.column_stack([ROTATION, TRANSLATION]), [0.0, 0.0, 0.0, 1.0]])
    values = {"K": K, "D": FISHEYE, key: pose, "camera_model": "fisheye", "imageSize": [640, 480]}
    raw = read_raw_rig(stored(tmp_path / "a.yml", values))
    assert worst(raw.to_rig()["a"], fisheye_pixels(ROTATION, TRANSLATION, FISHEYE)) < 1e-9
    assert raw.notes == ()
    with pytest.raises(DatasetError, match="stored column by column"):
        read_raw_rig(stored(tmp_path / "a.yml", values | {key: pose.T}))


def test_half_a_pose_is_noted(tmp_path: Path) -> None:
    raw = read_raw_rig(stored(tmp_path / "a.yml", {"K": K, "D": BROWN, "R": ROTATION}), size=(640, 480))
    assert raw.notes[1:] == ("`R` is ignored",)
