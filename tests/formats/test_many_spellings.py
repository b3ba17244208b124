"""Cameras as programs and laboratories write them: many spellings of one rig, against closed forms and OpenCV."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from camera_samples import file_with

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats import read_raw_rig

POINTS = np.random.default_rng(5).uniform(-0.1, 0.1, (30, 3))
LENS = [-0.05, 0.02, 0.001, -0.0007, 0.003]
SIZE = (640, 480)


@dataclass(frozen=True)
class View:
    """One camera of the rig."""

    name: str
    K: FloatArray
    R: FloatArray
    center: FloatArray

    @property
    def t(self) -> FloatArray:
        """Translation, world-to-camera."""
        return np.asarray(-self.R @ self.center)

    @property
    def world_to_camera(self) -> FloatArray:
        """(4, 4) matrix."""
        return np.vstack([np.column_stack([self.R, self.t]), [0.0, 0.0, 0.0, 1.0]])

    def pixels(self, lens: list[float] | None = None) -> FloatArray:
        """Project the points by OpenCV."""
        vector = cv2.Rodrigues(self.R)[0]
        return np.asarray(cv2.projectPoints(POINTS, vector, self.t, self.K, np.array(lens or [0.0] * 5))[0][:, 0])


def view(index: int) -> View:
    """Return a camera on an arc around the origin, at which it looks."""
    angle = 0.6 * index - 1.5
    center = np.array([1.1 * np.sin(angle), 0.1 * np.cos(3 * index), -1.1 * np.cos(angle)])
    forward = -center / np.linalg.norm(center)
    right = np.cross([0.05 * index, 1.0, 0.02], forward)
    right /= np.linalg.norm(right)
    K = np.array([[700.0 + 13 * index, 0.0, 322.8 + index], [0.0, 702.5 + 13 * index, 237.4 - index], [0, 0, 1]])
    return View(f"{index:02d}", K, np.array([right, np.cross(forward, right), forward]), center)


VIEWS = tuple(view(index) for index in range(6))


def quaternion(R: FloatArray, order: str) -> list[float]:
    """Return a quaternion of negative w and of length 2."""
    vector = cv2.Rodrigues(R)[0].ravel()
    angle = float(np.linalg.norm(vector))
    parts = dict(zip("xyz", np.sin(angle / 2) * vector / angle, strict=True), w=np.cos(angle / 2))
    return [-2.0 * float(parts[one]) for one in order]


def check(path: Path, lens: list[float] | None, names: Callable[[View], str] = lambda one: one.name) -> tuple[str, ...]:
    """Read the rig, compare its pixels, and return the reader's notes."""
    raw = read_raw_rig(path, size=SIZE)
    rig = raw.to_rig()
    assert list(rig.cameras) == [names(one) for one in VIEWS]
    for one in VIEWS:
        assert np.abs(rig[names(one)].project(POINTS) - one.pixels(lens)).max() < 1e-6
    return raw.notes


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


def stored(path: Path, values: Mapping[str, Any]) -> Path:
    """Write a file by OpenCV's FileStorage, maps in it included."""
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)

    def put(values: Mapping[str, Any]) -> None:
        for key, value in values.items():
            if isinstance(value, Mapping):
                storage.startWriteStruct(key, cv2.FileNode_MAP)
                put(value)
                storage.endWriteStruct()
            else:
                storage.write(key, value)

    put(values)
    storage.release()
    return path


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


@pytest.mark.parametrize("suffix", ["yml", "xml", "json"])
def test_mc_calib(suffix: str, tmp_path: Path) -> None:
    def entry(one: View, kind: int, group: int = 0) -> dict[str, Any]:
        return {
            "camera_matrix": one.K, "distortion_vector": np.array([LENS]), "distortion_type": kind,
            "camera_group": group, "img_width": 640, "img_height": 480,
            "camera_pose_matrix": np.linalg.inv(one.world_to_camera),
        }  # fmt: skip

    values: dict[str, Any] = {"nb_camera": 6, **{f"camera_{int(one.name)}": entry(one, 0) for one in VIEWS}}
    assert check(stored(tmp_path / f"a.{suffix}", values), LENS, lambda one: f"camera_{int(one.name)}") == ()
    values["camera_1"], values["camera_2"] = entry(VIEWS[1], 2), entry(VIEWS[2], 1, 1)
    raw = read_raw_rig(stored(tmp_path / f"b.{suffix}", values))
    assert raw.to_rig()["camera_2"].distortion.model == "kannala_brandt"
    assert "2 camera groups" in raw.notes[0]
    assert "left out: camera_1: distortion type 2" in raw.notes[-1]


def test_a_chain_of_kalibr_with_a_camera_missing_is_refused(tmp_path: Path) -> None:
    text = "".join(
        f"cam{index}:\n  camera_model: pinhole\n  intrinsics: [700, 700, 320, 240]\n  resolution: [640, 480]\n"
        + ("" if index == 0 else f"  T_cn_cnm1: {np.eye(4).tolist()}\n")
        for index in (0, 1, 3)
    )
    with pytest.raises(DatasetError, match=r"cam3.T_cn_cnm1\]: the pose leads from cam2, which is not in the file"):
        read_raw_rig(file_with(tmp_path, "camchain.yaml", text))


def splat(one: View, **more: Any) -> dict[str, Any]:
    """Return a camera of 3DGS's cameras.json."""
    return {
        "img_name": f"{one.name}.png", "width": 640, "height": 480, "position": one.center.tolist(),
        "rotation": one.R.T.tolist(), "fx": one.K[0, 0], "fy": one.K[1, 1], **more,
    }  # fmt: skip


def test_3dgs_names_lists_and_principal_points(tmp_path: Path) -> None:
    centered, plain = [splat(one, cx=320, cy=239.5) for one in VIEWS], [splat(one) for one in VIEWS]
    for value in (centered, {"cameras": plain}):
        raw = read_raw_rig(file_with(tmp_path, "cameras.json", json.dumps(value)))
        assert raw.format == "3dgs"
        assert list(raw.names) == [one.name for one in VIEWS]
        assert not any("ignored" in note for note in raw.notes)
    off = [splat(one, cx=320.0, cy=236.0) for one in VIEWS]
    with pytest.raises(DatasetError, match=r"\[0\]\.cy\]: 3DGS's cameras.json has no principal point"):
        read_raw_rig(file_with(tmp_path, "cameras.json", json.dumps(off)))


@pytest.mark.parametrize("line", ["my pics/a {}.jpg", "./a {}.jpg 0 712.5", "a {}.jpg 0", "  a {}.jpg  0  7e2 "])
def test_bundlers_list_may_have_spaces_in_names(line: str, tmp_path: Path) -> None:
    block = "700 0 0\n1 0 0\n0 1 0\n0 0 1\n0 0 1\n"
    file_with(tmp_path, "list.txt", "".join(f"{line.format(name)}\n" for name in "xy"))
    raw = read_raw_rig(file_with(tmp_path, "bundle.out", "# Bundle file v0.3\n2 0\n" + 2 * block), size=SIZE)
    assert list(raw.names) == ["a x", "a y"]


def test_poses_bounds_of_videos_take_their_names(tmp_path: Path) -> None:
    rows = np.array([[0, 1, 0, 0, 480, 1, 0, 0, 0, 640, 0, 0, -1, 0, 700, 0.1, 9.0]] * 3)
    np.save(tmp_path / "poses_bounds.npy", rows)
    assert read_raw_rig(tmp_path / "poses_bounds.npy").names == ("0", "1", "2")
    for name in ("cam00", "cam01", "cam10"):
        (tmp_path / f"{name}.mp4").touch()
    assert read_raw_rig(tmp_path / "poses_bounds.npy").names == ("cam00", "cam01", "cam10")


def test_colmap_models_in_small_letters(tmp_path: Path) -> None:
    file_with(tmp_path, "cameras.txt", "1 simple_pinhole 640 480 700 320 240\n")
    file_with(tmp_path, "images.txt", "1 1 0 0 0 0 0 1 1 a.png\n\n")
    assert read_raw_rig(tmp_path).to_rig()["a"].K[0, 2] == 319.5


def matrix(one: View) -> FloatArray:
    """Return K [R | t]."""
    return np.asarray(one.K @ one.world_to_camera[:3])


PROJECTIONS: Mapping[str, Any] = {
    "a list with names": [{"name": one.name, "P": matrix(one).tolist()} for one in VIEWS],
    "below cameras": {"unit": "m", "cameras": {one.name: matrix(one).ravel().tolist() for one in VIEWS}},
    "a list below cameras": {"cameras": [{"id": one.name, "projection_matrix": matrix(one).tolist()} for one in VIEWS]},
}


@pytest.mark.parametrize("form", PROJECTIONS)
def test_projection_matrices(form: str, tmp_path: Path) -> None:
    check(file_with(tmp_path, "p.json", json.dumps(PROJECTIONS[form])), None)


def test_poses_are_no_projection_matrices(tmp_path: Path) -> None:
    poses = {one.name: one.world_to_camera[:3].tolist() for one in VIEWS}
    with pytest.raises(DatasetError, match=r"00\]: expected K \[R \| t\] in px, found \[R \| t\]"):
        read_raw_rig(file_with(tmp_path, "p.json", json.dumps(poses)), size=SIZE)


def test_projection_matrices_in_arrays_and_in_kittis_raw_data(tmp_path: Path) -> None:
    stack = np.stack([matrix(one) for one in VIEWS])
    np.savez(tmp_path / "p.npz", P=stack, names=np.array([one.name for one in VIEWS]))
    check(tmp_path / "p.npz", None)
    np.savez(tmp_path / "q.npz", P=stack)
    check(tmp_path / "q.npz", None, lambda one: str(int(one.name)))
    np.savez(tmp_path / "one.npz", P=stack[0])
    with pytest.raises(DatasetError, match=r"expected a stack of matrices \(N, 3, 4\)"):
        read_raw_rig(tmp_path / "one.npz", size=SIZE)
    lines = ["calib_time: 09-Jan-2012 13:57:47"]
    for one in VIEWS:
        lines += [f"K_{one.name}: 1 0 0 0 1 0 0 0 1", f"S_rect_{one.name}: 640.0 480.0"]
        lines += [f"P_rect_{one.name}: {' '.join(map(repr, matrix(one).ravel().tolist()))}"]
    path = file_with(tmp_path, "calib_cam_to_cam.txt", "\n".join(lines) + "\n")
    check(path, None, lambda one: f"P_rect_{one.name}")
    assert read_raw_rig(path).to_rig()["P_rect_00"].size == SIZE


def test_interhand_by_column(tmp_path: Path) -> None:
    table = {
        "campos": {one.name: one.center.tolist() for one in VIEWS},
        "camrot": {one.name: one.R.tolist() for one in VIEWS},
        "focal": {one.name: [one.K[0, 0], one.K[1, 1]] for one in VIEWS},
        "princpt": {one.name: [one.K[0, 2], one.K[1, 2]] for one in VIEWS},
    }
    for value in (table, {"0": table}):
        path = file_with(tmp_path, "camera.json", json.dumps(value))
        check(path, None)
        assert read_raw_rig(path, size=SIZE).unit == "mm"
    with pytest.raises(DatasetError, match="captures 0, 1: each is a rig of its own"):
        read_raw_rig(file_with(tmp_path, "camera.json", json.dumps({"0": table, "1": table})))
    damaged = {**table, "focal": {**table["focal"], "02": [700.0]}}
    with pytest.raises(DatasetError, match=r"focal.02\]: expected shape \(2,\)"):
        read_raw_rig(file_with(tmp_path, "camera.json", json.dumps(damaged)), size=SIZE)


def test_mvhumannet(tmp_path: Path) -> None:
    K = VIEWS[0].K
    file_with(tmp_path, "camera_intrinsics.json", json.dumps({"intrinsics": K.tolist()}))
    poses = {f"1_CC{one.name}.png": {"rotation": one.R.tolist(), "translation": one.t.tolist()} for one in VIEWS}
    path = file_with(tmp_path, "camera_extrinsics.json", json.dumps(poses))
    for given in (path, tmp_path):
        raw = read_raw_rig(given, size=SIZE)
        assert (raw.format, raw.unit) == ("mvhumannet", "mm")
        assert "camera_scale.pkl is not applied" in raw.notes[0]
        rig = raw.to_rig()
        for one in VIEWS:
            expected = View(one.name, K, one.R, one.center).pixels()
            assert np.abs(rig[f"CC{one.name}"].project(POINTS) - expected).max() < 1e-6


def krt(names: tuple[str, ...], head: str = "", lens: str = "0 0 0 0 0\n") -> str:
    """Return KRT text of cameras that stand at the origin."""
    block = "700 0 320\n0 700 240\n0 0 1\n" + lens + "1 0 0 0\n0 1 0 0\n0 0 1 1000\n"
    return head + "\n".join(f"{name}\n{block}" for name in names)


@pytest.mark.parametrize("head", ["", "2\n", "# two cameras\n\n", "# two cameras\n2\n"])
@pytest.mark.parametrize("lens", ["0 0 0 0 0\n", ""])
@pytest.mark.parametrize("names", [("400002", "400004"), ("cam 1", "cam 2"), ("Kamera ä", "b")])
def test_krt_with_comments_counts_and_spaces(names: tuple[str, ...], lens: str, head: str, tmp_path: Path) -> None:
    (tmp_path / "KRT").write_text(krt(names, head, lens), encoding="utf-8")
    raw = read_raw_rig(tmp_path / "KRT", size=SIZE)
    assert raw.names == names
    assert raw.to_rig()[names[1]].K[0, 2] == 320.0


def test_a_missing_column_of_actorshq_is_named(tmp_path: Path) -> None:
    text = "name,w,h,rx,ry,rz,tx,ty,tz,fx,fy,px\na,640,480,0,0,0,0,0,0,1,1,0.5\n"
    with pytest.raises(DatasetError, match=r"py\]: the key is missing"):
        read_raw_rig(file_with(tmp_path, "calibration.csv", text))


def test_rotation_vectors_of_arrays(tmp_path: Path) -> None:
    for count in (6, 3):
        views = VIEWS[:count]
        vectors = np.stack([cv2.Rodrigues(one.R)[0].ravel() for one in views])
        np.savez(
            tmp_path / "c.npz", mtx=np.stack([one.K for one in views]), rvecs=vectors,
            tvecs=np.stack([one.t for one in views]), dist=np.array(LENS),
        )  # fmt: skip
        rig = read_raw_rig(tmp_path / "c.npz", size=SIZE).to_rig()
        assert len(rig.cameras) == count
        assert np.abs(rig["2"].project(POINTS) - VIEWS[2].pixels(LENS)).max() < 1e-6


def test_other_models_beside_the_first_of_colmap_are_named(tmp_path: Path) -> None:
    for number in ("0", "1", "10"):
        folder = tmp_path / "sparse" / number
        folder.mkdir(parents=True)
        file_with(folder, "cameras.txt", "1 PINHOLE 640 480 700 700 320 240\n")
        file_with(folder, "images.txt", "1 1 0 0 0 0 0 1 1 a.png\n\n")
    assert read_raw_rig(tmp_path).notes[-1].endswith("each in a world of its own: 1, 10")
    assert read_raw_rig(tmp_path / "sparse" / "0").notes == ()
