"""One camera under any usual key, against OpenCV's projection; what contradicts itself is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from camera_samples import ROTATION, TRANSLATION, K, brown_pixels, file_with, fisheye_pixels, worst

from renderkit.errors import DatasetError
from renderkit.formats import detect_format, read_raw_rig
from renderkit.geometry.rig import Rig

BROWN, FISHEYE = [-0.15, 0.1, 0.001, -0.0005, 0.02], [0.02, -0.01, 0.003, -0.0005]
SQUARE = np.vstack([np.column_stack([ROTATION, TRANSLATION]), [0.0, 0.0, 0.0, 1.0]])
INVERSE = np.linalg.inv(SQUARE)
VECTOR = cv2.Rodrigues(ROTATION)[0].ravel().tolist()
POSE = {"R": ROTATION.tolist(), "t": TRANSLATION.tolist()}
FOCAL = dict(zip(("fx", "fy", "cx", "cy"), (K[0, 0], K[1, 1], K[0, 2], K[1, 2]), strict=True))
TERMS = dict(zip(("k1", "k2", "p1", "p2", "k3"), BROWN, strict=True))
SIZE = {"width": "640", "height": "480"}


def stored(folder: Path, entry: Any) -> Path:
    return file_with(folder, "cameras.json", json.dumps({"a": entry}))


@pytest.mark.parametrize(
    "entry",
    [
        {**FOCAL, "dist": BROWN, **POSE},
        {**FOCAL, **TERMS, **POSE},
        {"K": K.tolist(), **TERMS, **POSE},
        {"intrinsics": {**FOCAL, **TERMS}, "extrinsics": POSE},
        {"intrinsics": list(FOCAL.values()), "distortion": TERMS, **POSE},
        {"K": [str(value) for value in K.ravel()], "D": [[value] for value in BROWN], "T_cw": SQUARE.ravel().tolist()},
        {"K": K.tolist(), "D": BROWN, "T_world_cam": INVERSE.tolist(), "model": "GoPro Hero 7"},
        {"K": K.tolist(), "D": BROWN, "w2c": SQUARE.tolist(), "c2w": INVERSE.tolist(), "camera_model": "OPENCV"},
        {"K": K.tolist(), "D": BROWN, "R": ROTATION.tolist(), "center": INVERSE[:3, 3].tolist()},
    ],
)
def test_brown_lenses(entry: dict[str, Any], tmp_path: Path) -> None:
    path = stored(tmp_path, entry | SIZE)
    assert detect_format(path) == "plain"
    raw = read_raw_rig(path)
    assert worst(raw.to_rig()["a"], brown_pixels(ROTATION, TRANSLATION, BROWN)) < 1e-9
    ignored = ["`model` is ignored (1 camera)"] if "model" in entry else []
    assert [note for note in raw.notes if "ignored" in note] == ignored


@pytest.mark.parametrize(
    "lens",
    [
        {"distortion_model": "equidistant", "D": FISHEYE},
        {"camera_model": "OPENCV_FISHEYE", "D": FISHEYE},
        {"model": "fisheye", **dict(zip(("k1", "k2", "k3", "k4"), FISHEYE, strict=True))},
        {"model": "Kannala-Brandt", "is_fisheye": "True", "D": FISHEYE},
    ],
)
def test_fisheye_lenses(lens: dict[str, Any], tmp_path: Path) -> None:
    raw = read_raw_rig(stored(tmp_path, {"K": K.tolist(), **POSE, **SIZE, **lens}))
    assert worst(raw.to_rig()["a"], fisheye_pixels(ROTATION, TRANSLATION, FISHEYE)) < 1e-9
    assert not [note for note in raw.notes if "ignored" in note]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"K": K.tolist(), "w2c": SQUARE.tolist(), "c2w": SQUARE.tolist()}, "w2c and c2w are not inverse"),
        ({"K": K.tolist(), "w2c": SQUARE.T.tolist()}, "stored column by column"),
        ({"K": K.tolist(), "w2c": SQUARE.T.ravel().tolist()}, "stored column by column"),
        ({"K": K.tolist(), "R": [30.0, 40.0, 50.0], "t": [0, 0, 1]}, "found degrees or Euler angles"),
        ({"K": K.tolist(), **POSE, "dist": [0.1]}, "coefficients, got 1"),
        ({"K": K.tolist(), **POSE, "fisheye": "False", "model": "equidistant"}, "contradicts fisheye"),
        ({"K": K.tolist(), **POSE, "camera_model": "EQUIRECTANGULAR"}, "no counterpart in OpenCV"),
        ({"K": K.tolist(), **POSE, "model": "fisheye", "k1": 0.1, "p1": 0.1}, "a fisheye lens has k1"),
    ],
)
def test_contradictions_are_refused(entry: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=words):
        read_raw_rig(stored(tmp_path, entry | SIZE)).to_rig()


def test_yaml_and_arrays_with_one_k_for_all(pinhole_ring: Rig, tmp_path: Path) -> None:
    text = "rolling_shutter: 0.1\ncameras:\n"
    for one in pinhole_ring:
        R, t = one.cam_from_world.R.tolist(), one.cam_from_world.t.tolist()
        text += f"  - name: {one.name}\n    K: {one.K.tolist()}\n    R: {R}\n    t: {t}\n"
    path = file_with(tmp_path, "rig.yaml", text)
    raw = read_raw_rig(path, size=(1200, 900))
    assert (raw.format, raw.notes[-1]) == ("plain", "`rolling_shutter` is ignored")
    rig = raw.to_rig()
    for one in pinhole_ring:
        np.testing.assert_allclose(rig[one.name].cam_from_world.matrix, one.cam_from_world.matrix, atol=1e-12)
    poses = np.array([one.cam_from_world.matrix for one in pinhole_ring])
    first = next(iter(pinhole_ring))
    np.savez(tmp_path / "one_k.npz", K=first.K, w2c=poses, names=list(pinhole_ring.cameras))
    shared = read_raw_rig(tmp_path / "one_k.npz", size=(1200, 900)).to_rig()
    assert list(shared.cameras) == list(pinhole_ring.cameras)
    assert all((camera.K == first.K).all() for camera in shared)


def test_a_centre_comes_with_a_rotation_of_either_direction(pinhole_ring: Rig, tmp_path: Path) -> None:
    for turned in (False, True):
        entries = {
            one.name: {
                "K": one.K.tolist(),
                "R": (one.cam_from_world.R.T if turned else one.cam_from_world.R).tolist(),
                "position": one.cam_from_world.inverse().t.tolist(),
            }
            for one in pinhole_ring
        }
        raw = read_raw_rig(file_with(tmp_path, "c.json", json.dumps(entries)), size=(1200, 900))
        rig = raw.to_rig()
        assert f"read as {'world_from_cam' if turned else 'cam_from_world'}" in raw.notes[0]
        for one in pinhole_ring:
            np.testing.assert_allclose(rig[one.name].cam_from_world.matrix, one.cam_from_world.matrix, atol=1e-9)


def test_what_is_stated_twice_is_noted_and_a_byte_order_mark_is_none(tmp_path: Path) -> None:
    twice = {"K": K.tolist(), "fx": 1.0, "RT": SQUARE.tolist(), **POSE, "D": BROWN, "k1": 9.0, "w": 5, **SIZE}
    path = tmp_path / "cameras.JSON"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({"a": twice}).encode())
    raw = read_raw_rig(path)
    assert worst(raw.to_rig()["a"], brown_pixels(ROTATION, TRANSLATION, BROWN)) < 1e-9
    ignored = [note for note in raw.notes if "ignored" in note]
    assert ignored == [f"`{key}` is ignored (1 camera)" for key in ("fx", "R", "t", "k1", "w")]


def test_one_camera_at_the_top_level(tmp_path: Path) -> None:
    entry = {"camera_matrix": K.tolist(), "dist_coeffs": [BROWN], "rvec": VECTOR, "tvec": TRANSLATION.tolist(), **SIZE}
    raw = read_raw_rig(file_with(tmp_path, "camera.json", json.dumps(entry | {"rolling_shutter": 0.1})))
    assert worst(raw.to_rig()["0"], brown_pixels(ROTATION, TRANSLATION, BROWN)) < 1e-9
    assert raw.notes[1:] == ("`rolling_shutter` is ignored (1 camera)",)


def test_lists_with_an_entry_for_each_camera(tmp_path: Path) -> None:
    lists = {
        "K": [K.tolist()] * 2,
        "R": [np.eye(3).tolist(), ROTATION.tolist()],
        "t": [[0, 0, 1], TRANSLATION.tolist()],
    }
    shared = {"names": ["left", "right"], "dist": [BROWN, BROWN], "image_size": [640, 480]}
    raw = read_raw_rig(file_with(tmp_path, "cameras.json", json.dumps(lists | shared)))
    assert [camera.name for camera in raw.cameras] == ["left", "right"]
    assert worst(raw.to_rig()["right"], brown_pixels(ROTATION, TRANSLATION, BROWN)) < 1e-9
