"""Kalibr camchains against OpenCV: chains, IMU poses, lens models, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from camera_samples import ROTATION, TRANSLATION, K, brown_pixels, file_with, fisheye_pixels, rows, worst

from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats import detect_format, read_raw_rig, read_rig, write_rig
from renderkit.geometry.rig import Rig

RADTAN = [-0.15, 0.1, 0.001, -0.0005]
POSE = np.vstack([np.column_stack([ROTATION, TRANSLATION]), [0.0, 0.0, 0.0, 1.0]])
INNER = f"""  camera_model: pinhole
  intrinsics: [{K[0, 0]}, {K[1, 1]}, {K[0, 2]}, {K[1, 2]}]
  distortion_model: radtan
  distortion_coeffs: {RADTAN}
  resolution: [640, 480]
  rostopic: /cam0/image_raw
"""
CHAIN = "  T_cn_cnm1:\n" + "".join(f"  - {row.tolist()}\n" for row in POSE)


def test_a_chain_maps_each_camera_from_the_one_before(tmp_path: Path) -> None:
    path = file_with(tmp_path, "c.yaml", f"cam0:\n{INNER}cam1:\n{INNER}{CHAIN}cam2:\n{INNER}{CHAIN}")
    assert detect_format(path) == "kalibr"
    raw = read_raw_rig(path)
    rig = raw.to_rig()
    assert (raw.unit, rig["cam1"].size, raw.notes) == ("m", (640, 480), ("the world is the frame of cam0",))
    assert worst(rig["cam0"], brown_pixels(np.eye(3), np.zeros(3), RADTAN)) < 1e-9
    assert worst(rig["cam1"], brown_pixels(ROTATION, TRANSLATION, RADTAN)) < 1e-9
    twice = POSE @ POSE
    assert worst(rig["cam2"], brown_pixels(twice[:3, :3], twice[:3, 3], RADTAN)) < 1e-9


def test_poses_against_the_imu_make_it_the_world(tmp_path: Path) -> None:
    inverse = np.linalg.inv(POSE)
    text = f"cam0:\n{INNER}  T_cam_imu: {rows(POSE)}\n"
    text += f"cam1:\n{INNER}  T_imu_cam: {rows(inverse)}\n  timeshift_cam_imu: 0.1\n"
    raw = read_raw_rig(file_with(tmp_path, "c.yaml", text))
    for camera in raw.to_rig():
        assert worst(camera, brown_pixels(ROTATION, TRANSLATION, RADTAN)) < 1e-9
    assert "IMU" in raw.notes[0]
    assert any("`timeshift_cam_imu` is ignored (1 camera)" in note for note in raw.notes)


def test_equidistant_is_opencvs_fisheye(tmp_path: Path) -> None:
    lens = [0.02, -0.01, 0.003, -0.0005]
    inner = INNER.replace("radtan", "equidistant").replace(str(RADTAN), str(lens))
    camera = read_rig(file_with(tmp_path, "c.yaml", f"cam0:\n{inner}"))["cam0"]
    assert worst(camera, fisheye_pixels(np.eye(3), np.zeros(3), lens)) < 1e-9


def test_models_without_a_counterpart_are_refused_by_name(tmp_path: Path) -> None:
    omni = INNER.replace("pinhole", "omni")
    with pytest.raises(CalibrationError, match=r"cam0.camera_model.*omni.*Mei.*pinhole-equi"):
        read_raw_rig(file_with(tmp_path, "o.yaml", f"cam0:\n{omni}"))
    fov = INNER.replace("radtan", "fov")
    with pytest.raises(CalibrationError, match=r"'fov'.*expected radtan, equidistant or none"):
        read_raw_rig(file_with(tmp_path, "f.yaml", f"cam0:\n{fov}"))
    with pytest.raises(DatasetError, match=r"cam1.T_cn_cnm1.*missing"):
        read_raw_rig(file_with(tmp_path, "m.yaml", f"cam0:\n{INNER}cam1:\n{INNER}"))


def test_names_come_back(
    brown_ring: Rig, fisheye_ring: Rig, tmp_path: Path, worst_pixel_error: Callable[[Rig, Rig], float]
) -> None:
    report = write_rig(brown_ring, tmp_path / "b.yaml", format="kalibr", approximate=True)
    assert "label" in report.notes[0]
    write_rig(fisheye_ring, tmp_path / "f.yaml", format="kalibr")
    again = read_rig(tmp_path / "f.yaml")
    assert list(again.cameras) == list(fisheye_ring.cameras)
    assert worst_pixel_error(fisheye_ring, again) < 1e-9
