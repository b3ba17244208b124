"""Files as single programs write them: MC-Calib, Kalibr, 3DGS, Bundler, LLFF, COLMAP, InterHand2.6M, KRT and others."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from camera_samples import file_with
from small_rig import LENS, POINTS, SIZE, VIEWS, View, check, stored

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats import read_raw_rig


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


@pytest.mark.parametrize("what", ["camera", "image"])
@pytest.mark.parametrize("binary", [False, True])
def test_a_number_that_two_entries_of_colmap_have_is_refused(binary: bool, what: str, tmp_path: Path) -> None:
    numbers = [1, 1] if what == "camera" else [1]
    images = [1, 1] if what == "image" else [1]
    lens, pose = (700.0, 700.0, 320.0, 240.0), (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    if binary:
        models = b"".join(struct.pack("<IiQQ4d", number, 1, 640, 480, *lens) for number in numbers)
        views = (struct.pack("<I7dI", one, *pose, 1) + f"{i}.png\0".encode() + bytes(8) for i, one in enumerate(images))
        (tmp_path / "cameras.bin").write_bytes(struct.pack("<Q", len(numbers)) + models)
        (tmp_path / "images.bin").write_bytes(struct.pack("<Q", len(images)) + b"".join(views))
    else:
        file_with(tmp_path, "cameras.txt", "".join(f"{one} PINHOLE 640 480 700 700 320 240\n" for one in numbers))
        rows = (f"{one} 1 0 0 0 0 0 1 1 {i}.png\n\n" for i, one in enumerate(images))
        file_with(tmp_path, "images.txt", "".join(rows))
    with pytest.raises(DatasetError, match=rf"{what} 1\]: two entries have this number"):
        read_raw_rig(tmp_path)
