"""Cameras of nobody's format and of OpenCV as laboratories spell them, against closed forms and OpenCV."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from camera_samples import file_with
from small_rig import LENS, POINTS, SIZE, VIEWS, View, check, quaternion, stored

from renderkit.errors import DatasetError
from renderkit.formats import read_raw_rig

ENTRIES: Mapping[str, Callable[[View], dict[str, Any]]] = {
    "a projection matrix beside K": lambda v: {"K": v.K.tolist(), "P": (v.K @ v.world_to_camera[:3]).tolist()},
    "a projection matrix of negative scale": lambda v: {
        "K": v.K.tolist(), "P": (-3 * v.K @ v.world_to_camera[:3]).tolist()},
    "P that is [R | t]": lambda v: {"K": v.K.tolist(), "P": v.world_to_camera[:3].tolist()},
    "cam_intrinsic and cam_extrinsic": lambda v: {
        "cam_intrinsic": v.K.tolist(), "cam_extrinsic": v.world_to_camera.tolist()},
    "R_world2cam and T_world2cam": lambda v: {
        "K": v.K.tolist(), "R_world2cam": v.R.tolist(), "T_world2cam": v.t.tolist()},
    "extrinsics_w2c": lambda v: {"intrinsics": v.K.tolist(), "extrinsics_w2c": v.world_to_camera[:3].tolist()},
    "focal and princpt": lambda v: {
        "focal": [v.K[0, 0], v.K[1, 1]], "princpt": [v.K[0, 2], v.K[1, 2]], "R": v.R.tolist(), "t": v.t.tolist()},
    "COLMAP's qvec and tvec": lambda v: {
        "K": v.K.tolist(), "qvec": quaternion(v.R, "wxyz"), "tvec": v.t.tolist()},
    "a quaternion whose key has its order": lambda v: {
        "K": v.K.tolist(), "quat_xyzw": quaternion(v.R, "xyzw"), "t": v.t.tolist()},
    "a quaternion by its terms": lambda v: {
        "K": v.K.tolist(), "t": v.t.tolist(),
        **dict(zip(("qw", "qx", "qy", "qz"), quaternion(v.R, "wxyz"), strict=True))},
    "a rotation and a centre under R and T": lambda v: {
        "K": v.K.tolist(), "R": v.R.tolist(), "T": v.center[:, None].tolist()},
}  # fmt: skip
SHAPES: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "by name": dict,
    "a list with ids": lambda all_: [{**one, "id": name} for name, one in all_.items()],
    "below cameras": lambda all_: {"version": 2, "cameras": dict(all_)},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("entry", ENTRIES)
def test_plain_cameras(entry: str, shape: str, tmp_path: Path) -> None:
    values = SHAPES[shape]({one.name: ENTRIES[entry](one) for one in VIEWS})
    check(file_with(tmp_path, "cameras.json", json.dumps(values)), None)


@pytest.mark.parametrize("focal", ["f", "fx", "K"])
def test_human36m_has_the_centre_under_t_beside_k_and_p(focal: str, tmp_path: Path) -> None:
    def entry(v: View) -> dict[str, Any]:
        inner: dict[str, dict[str, Any]] = {
            "f": {"f": [[v.K[0, 0]], [v.K[1, 1]]], "c": [v.K[0, 2], v.K[1, 2]]},
            "fx": {"fx": v.K[0, 0], "fy": v.K[1, 1], "cx": v.K[0, 2], "cy": v.K[1, 2]},
            "K": {"K": v.K.tolist()},
        }
        lens = {"k": [[LENS[0]], [LENS[1]], [LENS[4]]], "p": [[LENS[2]], [LENS[3]]]}
        return {"R": v.R.tolist(), "T": v.center[:, None].tolist(), **inner[focal], **lens}

    notes = check(file_with(tmp_path, "c.json", json.dumps({one.name: entry(one) for one in VIEWS})), LENS)
    assert "read as R and centre" in notes[0]
    # One camera has no axes that meet: what the program writes decides.
    one = read_raw_rig(file_with(tmp_path, "d.json", json.dumps({"a": entry(VIEWS[0])})), size=SIZE)
    assert np.abs(one.to_rig()["a"].project(POINTS) - VIEWS[0].pixels(LENS)).max() < 1e-6
    assert "as Human3.6M has it" in one.notes[0]


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"K": VIEWS[0].K.tolist(), "q": [1.0, 0.0, 0.0, 0.0], "t": [0, 0, 1]}, "the order of this quaternion"),
        ({"K": VIEWS[0].K.tolist(), "rotation": [1.0, 0.0, 0.0, 0.0], "t": [0, 0, 1]}, "the order of this quaternion"),
        ({"K": VIEWS[0].K.tolist(), "dist": [0.0] * 5, "P": [[1, 2, 3, 4], [5, 6, 7, 8], [9, 1, 2, 3]]}, "neither K"),
        ({"K": VIEWS[0].K.tolist(), "dist": [0.0] * 5, "P": [[0] * 4, [0] * 4, [1, 0, 0, 0]]}, "neither K"),
        ({"K": VIEWS[0].K.tolist(), "R": [[1.0, 0.0, 0.0], [0.0], [0.0]], "t": [0, 0, 1]}, r"a.R\]: expected numbers"),
        ({"K": [1.0, 2.0, 3.0, [4.0]], "R": np.eye(3).tolist(), "t": [0, 0, 1]}, r"a.K\]: expected numbers"),
        ({"K": np.zeros((3, 3)).tolist(), "dist": [0.0] * 5, "P": np.ones((3, 4)).tolist()}, "neither K"),
    ],
)
def test_plain_cameras_that_are_refused(entry: dict[str, Any], why: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=why):
        read_raw_rig(file_with(tmp_path, "c.json", json.dumps({"a": entry})), size=SIZE)


def test_the_projection_of_a_rectified_camera_is_no_pose(tmp_path: Path) -> None:
    K = VIEWS[0].K
    entry = {"K": K.tolist(), "D": [0.0] * 5, "P": np.column_stack([K * [[0.9], [0.9], [1.0]], [0, 0, 0]]).tolist()}
    raw = read_raw_rig(file_with(tmp_path, "c.json", json.dumps({"a": entry})), size=SIZE)
    assert "the file holds no pose" in raw.notes[0]


@pytest.mark.parametrize(
    "key",
    ["distCoefficients", "DistortionCoefficients", "lens_dist", "cam_distortion", "dist_coef", "distortionParameters",
     "camera_distortion_coefficients", "distCoeffs", "coefficients"],
)  # fmt: skip
def test_other_spellings_of_a_lens_are_no_pinhole(key: str, tmp_path: Path) -> None:
    entry = {name: {**value, key: LENS} for name, value in RIG.items()}
    check(file_with(tmp_path, "c.json", json.dumps(entry)), LENS)
    one = VIEWS[0]
    path = stored(tmp_path / "00.yml", {"K": one.K, key: np.array([LENS]), "R": one.R, "T": one.t[:, None]})
    raw = read_raw_rig(path, size=SIZE)
    assert raw.notes == ()
    assert np.abs(raw.to_rig()["00"].project(POINTS) - one.pixels(LENS)).max() < 1e-6


@pytest.mark.parametrize("key", ["camera_pose", "world_transform", "ext_world2c", "poseVector"])
def test_a_pose_under_an_unknown_key_is_not_passed_over(key: str, tmp_path: Path) -> None:
    one = VIEWS[0]
    entry = {"K": one.K.tolist(), "dist": LENS, key: one.world_to_camera.tolist()}
    with pytest.raises(DatasetError, match=rf"{key}\]: this seems to be the camera's pose"):
        read_raw_rig(file_with(tmp_path, "c.json", json.dumps({"a": entry})), size=SIZE)
    path = stored(tmp_path / "00.xml", {"K": one.K, "D": np.array([LENS]), key: one.world_to_camera})
    with pytest.raises(DatasetError, match=rf"{key}\]: this seems to be the camera's pose"):
        read_raw_rig(path, size=SIZE)


RIG = {one.name: {"K": one.K.tolist(), "R": one.R.tolist(), "t": one.t.tolist()} for one in VIEWS}


@pytest.mark.parametrize(
    ("value", "ignored"),
    [
        ({"version": 2, **RIG, "meta": {"date": "today"}}, ["version", "meta"]),
        ({"views": RIG, "unit": "m"}, ["unit"]),
        ({"calibration": {"cameras": RIG}}, []),
    ],
)
def test_what_is_no_camera_beside_cameras_is_named(value: Any, ignored: list[str], tmp_path: Path) -> None:
    notes = check(file_with(tmp_path, "c.json", json.dumps(value)), None)
    assert [note for note in notes if "ignored" in note] == [f"`{key}` is ignored" for key in ignored]


@pytest.mark.parametrize(
    ("damaged", "why"),
    [
        (
            {"K": RIG["02"]["K"], "dist": [0.0] * 5},
            r"02.R\]: the pose is missing, which other cameras of the file have",
        ),
        ({"K": RIG["02"]["K"]}, r"02.R\]: the pose is missing"),
        ({"R": RIG["02"]["R"], "t": [0, 0, 1]}, r"02.K\]: the intrinsics are missing"),
        ({"K": RIG["02"]["K"], "R": RIG["02"]["R"]}, r"02.t\]: expected both a rotation and a translation"),
    ],
)
def test_one_damaged_camera_among_good_ones_is_named(damaged: Any, why: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=why):
        read_raw_rig(file_with(tmp_path, "c.json", json.dumps({**RIG, "02": damaged})), size=SIZE)


@pytest.mark.parametrize("suffix", ["yml", "xml", "json"])
@pytest.mark.parametrize("ending", ["{}", "_{}", "_{:02d}"])
def test_opencv_cameras_that_a_number_tells_apart(suffix: str, ending: str, tmp_path: Path) -> None:
    values: dict[str, Any] = {"image_width": 640, "image_height": 480}
    for index, one in enumerate(VIEWS):
        end = ending.format(index)
        values |= {f"K{end}": one.K, f"D{end}": np.array([LENS]), f"R{end}": one.R, f"T{end}": one.t[:, None]}
    numbers = {one.name: f"{int(one.name):02d}" if ":02d" in ending else str(int(one.name)) for one in VIEWS}
    notes = check(stored(tmp_path / f"rig.{suffix}", values), LENS, lambda one: numbers[one.name])
    assert notes == ()


def test_numbered_opencv_cameras_without_poses_that_are_known(tmp_path: Path) -> None:
    values = {f"camera_matrix_{index}": one.K for index, one in enumerate(VIEWS)}
    raw = read_raw_rig(stored(tmp_path / "a.yml", values), size=SIZE)
    assert list(raw.names) == ["0", "1", "2", "3", "4", "5"]
    assert "6 cameras have the identity as pose" in raw.notes[0]
    values |= {f"camera_pose_{index}": one.world_to_camera for index, one in enumerate(VIEWS)}
    with pytest.raises(DatasetError, match=r"camera_pose_0\]: this seems to be the camera's pose"):
        read_raw_rig(stored(tmp_path / "b.yml", values), size=SIZE)


COLUMNS: Mapping[str, Any] = {
    "intrinsics and extrinsics by camera": {
        "intrinsics": {one.name: {"K": one.K.tolist()} for one in VIEWS},
        "extrinsics": {one.name: {"R": one.R.tolist(), "t": one.t.tolist()} for one in VIEWS},
    },
    "matrices by camera": {
        "K": {one.name: one.K.tolist() for one in VIEWS},
        "RT": {one.name: one.world_to_camera[:3].tolist() for one in VIEWS},
    },
    "a list of K and RT": [
        {"name": one.name, "K": one.K.tolist(), "RT": one.world_to_camera.tolist()} for one in VIEWS
    ],
}


@pytest.mark.parametrize("form", COLUMNS)
def test_cameras_by_column(form: str, tmp_path: Path) -> None:
    check(file_with(tmp_path, "c.json", json.dumps(COLUMNS[form])), None)


def test_cameras_in_toml(tmp_path: Path) -> None:
    tables = (
        f'["{one.name}"]\nK = {one.K.tolist()}\nR = {one.R.tolist()}\nt = {one.t.tolist()}\ndist = {LENS}\n'
        for one in VIEWS
    )
    check(file_with(tmp_path, "c.toml", "".join(tables)), LENS)


@pytest.mark.parametrize("suffix", [".json", ".npz", ".yml", ".xml"])
def test_a_folder_with_one_camera_in_each_file(suffix: str, tmp_path: Path) -> None:
    for one in VIEWS:
        path = tmp_path / f"{one.name}{suffix}"
        if suffix == ".json":
            path.write_text(json.dumps(RIG[one.name] | {"dist": LENS}))
        elif suffix == ".npz":
            np.savez(path, K=one.K, R=one.R, t=one.t, dist=np.array(LENS))
        else:
            stored(path, {"K": one.K, "D": np.array([LENS]), "R": one.R, "T": one.t[:, None]})
    check(tmp_path, LENS)
    # One file of another kind: the folder is not a rig.
    (tmp_path / f"zz{suffix}").write_bytes(b"PK\x03\x04" if suffix == ".npz" else b"{}")
    with pytest.raises(DatasetError, match=r"neither a capture|damaged|cannot be read|zip"):
        read_raw_rig(tmp_path, size=SIZE)
