"""Cameras of nobody's format: the usual keys, the direction by evidence, .npz arrays."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from camera_samples import ROTATION, TRANSLATION, K, brown_pixels, file_with, fisheye_pixels, worst

from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats import detect_format, read_raw_rig
from renderkit.geometry.rig import Rig

LENS = [-0.15, 0.1, 0.001, -0.0005, 0.02]
POSE = np.column_stack([ROTATION, TRANSLATION])
SQUARE = np.vstack([POSE, [0.0, 0.0, 0.0, 1.0]])
VECTOR = cv2.Rodrigues(ROTATION)[0].ravel().tolist()


def stored(folder: Path, value: Any) -> Path:
    return file_with(folder, "cameras.json", json.dumps(value))


@pytest.mark.parametrize(
    "entry",
    [
        {"K": K.tolist(), "R": ROTATION.tolist(), "t": TRANSLATION.tolist(), "dist": LENS},
        {"K": K.ravel().tolist(), "RT": POSE.ravel().tolist(), "distCoeff": LENS, "imgSize": [640, 480]},
        {"intrinsics": K.tolist(), "extrinsics": SQUARE.tolist(), "distortion": LENS, "w": 640, "h": 480},
        {"camera_matrix": K.tolist(), "rvec": VECTOR, "tvec": TRANSLATION[:, None].tolist(), "dist_coeffs": [LENS]},
        {"K": K.tolist(), "w2c": SQUARE.tolist(), "D": LENS},
        {"K": K.tolist(), "cam2world": np.linalg.inv(SQUARE).tolist(), "D": LENS},
    ],
)
@pytest.mark.parametrize("shape", [lambda one: [one], lambda one: {"0": one}, lambda one: {"cameras": {"0": one}}])
def test_usual_spellings(entry: Any, shape: Callable[[Any], Any], tmp_path: Path) -> None:
    path = stored(tmp_path, shape(entry))
    assert detect_format(path) == "plain"
    raw = read_raw_rig(path, size=(640, 480))
    assert worst(raw.to_rig()["0"], brown_pixels(ROTATION, TRANSLATION, LENS)) < 1e-9
    states = "w2c" in entry or "cam2world" in entry
    assert bool(raw.notes) != states, "a note where the file does not say which way its poses map"


def test_the_direction_is_that_in_which_the_axes_meet(pinhole_ring: Rig, tmp_path: Path) -> None:
    for inverted in (False, True):
        poses = [one.cam_from_world.inverse() if inverted else one.cam_from_world for one in pinhole_ring]
        value = [
            {"name": one.name, "K": one.K.tolist(), "R": pose.R.tolist(), "t": pose.t.tolist(), "shutter": 1}
            for one, pose in zip(pinhole_ring, poses, strict=True)
        ]
        raw = read_raw_rig(stored(tmp_path, value), size=(1200, 900))
        rig = raw.to_rig()
        for name, camera in pinhole_ring.cameras.items():
            assert np.abs(rig[name].cam_from_world.matrix - camera.cam_from_world.matrix).max() < 1e-9
        assert ("world_from_cam" if inverted else "cam_from_world") in raw.notes[0].split("read as ")[1].split()[0]
        assert raw.notes[1] == "`shutter` is ignored (12 cameras)"


def test_fisheye_flags_and_arrays(tmp_path: Path) -> None:
    lens = [0.02, -0.01, 0.003, -0.0005]
    entry = {"K": K.tolist(), "w2c": POSE.tolist(), "D": lens, "fisheye": "True"}
    raw = read_raw_rig(stored(tmp_path, [entry]), size=(640, 480))
    assert worst(raw.to_rig()["0"], fisheye_pixels(ROTATION, TRANSLATION, lens)) < 1e-9
    arrays = {"K": np.tile(K, (3, 1, 1)), "R": np.tile(ROTATION, (3, 1, 1)), "t": np.tile(TRANSLATION, (3, 1))}
    np.savez(tmp_path / "c.npz", allow_pickle=False, **arrays, dist=np.tile(LENS, (3, 1)), width=640, height=480)
    assert detect_format(tmp_path / "c.npz") == "plain"
    rig = read_raw_rig(tmp_path / "c.npz").to_rig()
    assert list(rig.cameras) == ["0", "1", "2"]
    assert rig["2"].size == (640, 480)
    assert worst(rig["2"], brown_pixels(ROTATION, TRANSLATION, LENS)) < 1e-9


def test_refusals_name_the_key(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"0.R.*expected shape"):
        read_raw_rig(stored(tmp_path, [{"K": K.tolist(), "R": [1.0], "t": [0, 0, 0]}]))
    np.savez(
        tmp_path / "k.npz", K=np.tile(K, (2, 1, 1)), R=np.tile(ROTATION, (3, 1, 1)), t=np.tile(TRANSLATION, (3, 1))
    )
    with pytest.raises(DatasetError, match=r"as many matrices K as poses.*\(3, 3, 3\), \(2, 3, 3\)"):
        read_raw_rig(tmp_path / "k.npz")
    some = [{"K": K.tolist(), "w2c": POSE.tolist()}, {"K": K.tolist(), "RT": POSE.tolist()}]
    with pytest.raises(DatasetError, match="some cameras say which way"):
        read_raw_rig(stored(tmp_path, some))


NAMED = {"fx": 700.0, "fy": 710.0, "cx": 330.0, "cy": 250.0}
REALSENSE = {"width": 640, "height": 480, "fx": 700.0, "fy": 710.0, "ppx": 330.0, "ppy": 250.0}


@pytest.mark.parametrize(
    ("value", "lens"),
    [
        (NAMED | {"width": 640, "height": 480, "k1": 0.1, "k2": -0.2, "p1": 0.001, "p2": 0.0, "k3": 0.0}, (0.1, -0.2)),
        ({"camera_matrix": [[700, 0, 330], [0, 710, 250], [0, 0, 1]], "dist": [0.1, -0.2, 0.0, 0.0]}, (0.1, -0.2)),
        ({"left": {"K": [[700, 0, 330], [0, 710, 250], [0, 0, 1]], "image_size": [640, 480]}}, ()),
        ({"color": REALSENSE | {"model": "distortion.inverse_brown_conrady", "coeffs": [0.0] * 5}}, ()),
        ({"color": REALSENSE | {"model": "RS2_DISTORTION_BROWN_CONRADY", "coeffs": [0.1, -0.2, 0, 0, 0]}}, (0.1, -0.2)),
    ],
)
def test_intrinsics_alone_are_read_and_said_to_have_no_pose(
    value: Any, lens: tuple[float, ...], tmp_path: Path
) -> None:
    raw = read_raw_rig(stored(tmp_path, value), size=None if "dist" not in value else (640, 480))
    (camera,) = raw.to_rig()
    np.testing.assert_allclose(camera.K, [[700, 0, 330], [0, 710, 250], [0, 0, 1]])
    assert camera.size == (640, 480)
    np.testing.assert_allclose(camera.distortion.coefficients[:2], lens)
    assert "the file holds no pose, only intrinsics" in raw.notes[0]
    assert not any("ignored" in note for note in raw.notes)


def test_a_realsense_lens_that_opencv_does_not_have_is_refused(tmp_path: Path) -> None:
    value = {"color": REALSENSE | {"model": "distortion.inverse_brown_conrady", "coeffs": [0.1, 0.0, 0.0, 0.0, 0.0]}}
    with pytest.raises(CalibrationError, match="has no counterpart"):
        read_raw_rig(stored(tmp_path, value)).to_rig()


@pytest.mark.parametrize(
    "value",
    [
        {"K": 3, "size": [1, 2]},
        {"fx": "a", "fy": 1, "cx": 1, "cy": 1},
        {"K": [[1, 0], [0, 1]]},
        NAMED | {"t": [0, 0, 0]},
    ],
)
def test_a_few_keys_are_no_camera(value: Any, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="neither a capture nor a camera format"):
        detect_format(stored(tmp_path, value))
