"""Which format a file is in: each format's own file is claimed by that format, and by no other but those named here."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.formats import detect_format, formats, write_rig
from renderkit.geometry.rig import Rig
from renderkit.untrusted.content import Content

EYE, EYE4, FLAT = np.eye(3).tolist(), np.eye(4).tolist(), np.eye(3).ravel().tolist()
POSED = {"K": EYE, "R": EYE, "t": [0.0, 0.0, 1.0]}
MODEL = {"projection_type": "brown", "width": 4, "height": 4, "focal_x": 1.0}
FOLDERS = {"colmap", "colmap-bin", "opencv", "mvsnet"}
SUFFIXES = {"middlebury": "_par.txt"}
SAME_FILE = {"nerfstudio", "instant-ngp"}
# An .npy file may hold a dictionary or a table: LLFF's is known by its shape.
ALSO = {"llff": {"dictionary"}}

TEXTS: dict[str, tuple[str, str]] = {
    "ros": (
        "a.yaml",
        f"image_width: 4\ncamera_matrix:\n  rows: 3\n  cols: 3\n  data: {FLAT}\ndistortion_model: plumb_bob\n",
    ),
    "opencv-storage": (
        "a.yml",
        "%YAML:1.0\n---\ncamera_matrix: !!opencv-matrix\n   rows: 1\n   cols: 1\n   data: [ 1. ]\n",
    ),
    "mc-calib": ("a.yml", "%YAML:1.0\n---\nnb_camera: 1\ncamera_0:\n   camera_pose_matrix: 1\n"),
    "mrcal": ("a.cameramodel", "{\n  'lensmodel': 'LENSMODEL_PINHOLE',\n  'intrinsics': [ 1, 1, 1, 1 ]\n}\n"),
    "qualisys": (
        "a.qca.txt",
        '<calibration type="regular"><cameras><camera><fov_video left="0"/></camera></cameras></calibration>',
    ),
    "vicon": ("a.xcp", '<?xml version="1.0"?><Cameras><Camera DEVICEID="1"/></Cameras>'),
    "realitycapture-xmp": (
        "a.xmp",
        '<x:xmpmeta xmlns:xcr="http://www.capturingreality.com/ns/xcr/1.1#" xmlns:x="y" xcr:V="1"/>',
    ),
    "realitycapture-csv": ("a.csv", "#name,x,y,alt,heading,pitch,roll,f\na.jpg,0,0,0,0,0,0,35\n"),
    "bundler": ("bundle.out", "# Bundle file v0.3\n0 0\n"),
    "nvm": ("a.nvm", "NVM_V3\n\n0\n"),
    "skeletool": ("a.calibration", "Skeletool Camera Calibration File V1.0\nname 0\n"),
    "projection-matrices": ("calib.txt", "P0: 700 0 160 0 0 700 120 0 0 0 1 0\n"),
}
JSON: dict[str, Any] = {
    "panoptic": {"cameras": [{**POSED, "distCoef": [0.0] * 5, "name": "00_00"}]},
    "odm": {"v2": MODEL},
    "hot3d": {"0": {"cam_model": {"projection_model_type": "FISHEYE624"}}},
    "meshroom": {"version": ["1"], "views": [], "intrinsics": []},
    "openmvg": {"sfm_data_version": "0.3", "views": [], "intrinsics": [], "extrinsics": []},
    "open3d": {"class_name": "PinholeCameraParameters", "extrinsic": [], "intrinsic": {"intrinsic_matrix": FLAT}},
    "nerfies": {"orientation": EYE, "position": [], "focal_length": 1, "principal_point": [], "image_size": []},
    "3dgs": [{"img_name": "a", "width": 4, "height": 4, "position": [0, 0, 0], "rotation": EYE, "fx": 1, "fy": 1}],
    "sdfstudio": {"width": 4, "height": 4, "frames": [{"camtoworld": EYE4, "intrinsics": EYE4}]},
    "interhand": {"0": {"campos": {}, "camrot": {}, "focal": {}, "princpt": {}}},
    "plain": [POSED],
    "dictionary": {"00": {"K": EYE, "D": [0.0] * 5, "RT": EYE4}},
    "projection-matrices": {"0": np.eye(3, 4).tolist()},
}
# A list of plain cameras with distortion under the key that Panoptic has is both; Panoptic comes first.
ALSO["panoptic"] = {"plain"}
# SDFStudio's frames are plain cameras in another pixel convention; SDFStudio comes first.
ALSO["sdfstudio"] = {"plain"}
# Open3D's and OpenMVG's files have a plain camera's keys, with other contents; they come first.
ALSO["openmvg"] = ALSO["open3d"] = {"plain"}
# Our own file has named cameras too; it comes first of all.
ALSO["rig"] = {"plain"}


def claimed(path: Path) -> set[str]:
    """Return the names of all formats that take the file for theirs."""
    found = set()
    for one in formats().values():
        try:
            if one.matches(Content(path)):
                found.add(one.name)
        except DatasetError:
            continue
    return found


def check(path: Path, name: str) -> None:
    expected = SAME_FILE if name in SAME_FILE else {name}
    assert detect_format(path) == ("nerfstudio" if name in SAME_FILE else name)
    assert claimed(path) == expected | ALSO.get(name, set())


@pytest.mark.parametrize("name", [one.name for one in formats().values() if one.write is not None])
def test_what_is_written_is_claimed_by_its_own_format_alone(
    name: str, make_ring: Callable[..., Rig], tmp_path: Path
) -> None:
    path = tmp_path / f"rig{'' if name in FOLDERS else SUFFIXES.get(name, '.dat')}"
    write_rig(make_ring(3), path, format=name, approximate=True)
    check(path, name)


@pytest.mark.parametrize("name", TEXTS)
def test_text_samples(name: str, tmp_path: Path) -> None:
    file, text = TEXTS[name]
    (tmp_path / file).write_text(text)
    check(tmp_path / file, name)


@pytest.mark.parametrize("name", JSON)
def test_json_samples(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(JSON[name]))
    check(tmp_path / "a.json", name)


def test_array_samples(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((2, 17)))
    check(tmp_path / "a.npy", "llff")
    np.savez(tmp_path / "b.npz", K=np.zeros((1, 3, 3)), R=np.zeros((1, 3, 3)), t=np.zeros((1, 3)))
    check(tmp_path / "b.npz", "plain")
    np.savez(tmp_path / "c.npz", world_mat_0=np.eye(4))
    check(tmp_path / "c.npz", "neus")


def test_every_format_has_a_sample() -> None:
    written = {one.name for one in formats().values() if one.write is not None}
    elsewhere = {"dna-rendering", "colmap-db", "capture-toml"}  # HDF5, SQLite, captures: in their own tests
    assert set(formats()) == written | set(TEXTS) | set(JSON) | {"llff", "neus", "mvhumannet"} | elsewhere


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "\n\n\n", "{", "[", "<", "<a", "{}", "[]", "[[]]", "[1]", '{"a": []}', '{"frames": [1]}', "cam0:\n",
        '{"cameras": [null]}', "a: [1\n", "---\n", "[a]\nmatrix = 1\ndistortions = 2\n", "P0: x\n", "NVM_V", "#name\n",
        "extrinsic\n", "PK\x03\x04", "\x93NUMPY", "%YAML:1.0\n---\n- 1\n", "camera_matrix:\n", "# Bundle file v\n",
    ],
)  # fmt: skip
def test_fragments_are_a_dataset_error_at_worst(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(text.encode("latin-1"))
    for name, one in formats().items():
        with contextlib.suppress(DatasetError):
            assert one.matches(Content(path)) in {True, False}, name
        with contextlib.suppress(DatasetError):
            one.read_cameras(Content(path))


@pytest.mark.parametrize("text", ['{"K": {"type_id": [1]}}', '{"class_name": [1]}', '{"a": {"K": {"type_id": {}}}}'])
def test_a_type_that_is_no_text_is_no_mark(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DatasetError, match="neither a capture"):
        detect_format(tmp_path / "a.json")
