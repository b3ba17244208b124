"""OpenMVG, Open3D, Nerfies, Skeletool, OpenPose, DTU, EuRoC and others: written by hand, projected by OpenCV."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from camera_samples import (
    POINTS,
    ROTATION,
    TRANSLATION,
    K,
    brown_pixels,
    file_with,
    fisheye_pixels,
    pinhole_pixels,
    worst,
)

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats import detect_format, read_raw_rig

SIZE = (640, 480)
CENTER = (-ROTATION.T @ TRANSLATION).tolist()
FULL: FloatArray = np.vstack([np.column_stack([ROTATION, TRANSLATION]), [0.0, 0.0, 0.0, 1.0]])
ONE_FOCAL = np.array([[700.0, 0.0, 321.5], [0.0, 700.0, 238.25], [0.0, 0.0, 1.0]])
LENS = [-0.12, 0.05, 0.0011, -0.0007, 0.01]
PINHOLE = pinhole_pixels(K, ROTATION, TRANSLATION, POINTS)


def words(values: Any) -> str:
    return " ".join(repr(value) for value in np.ravel(values).tolist())


def sfm_data(kind: str, lens: dict[str, Any]) -> dict[str, Any]:
    def pointer(identity: int, data: dict[str, Any], name: str = "") -> dict[str, Any]:
        named = {"polymorphic_name": name} if name else {}
        return {"polymorphic_id": identity, **named, "ptr_wrapper": {"id": 1, "data": data}}

    model = {"width": 640, "height": 480, "focal_length": 700.0, "principal_point": [321.5, 238.25], **lens}
    views = [
        pointer(1073741824, {"filename": f"{name}.JPG", "id_intrinsic": index % 2, "id_pose": index})
        for index, name in enumerate(("a", "b", "lost"))
    ]
    return {
        "sfm_data_version": "0.3",
        "views": [{"key": key, "value": value} for key, value in enumerate(views)],
        # cereal names a class once; the second lens refers to its number.
        "intrinsics": [
            {"key": 0, "value": pointer(2147483649, model, kind)},
            {"key": 1, "value": pointer(1, model)},
        ],
        "extrinsics": [{"key": key, "value": {"rotation": ROTATION.tolist(), "center": CENTER}} for key in (0, 1)],
    }


@pytest.mark.parametrize(
    ("kind", "lens", "expected"),
    [
        ("pinhole", {}, brown_pixels(ROTATION, TRANSLATION, [0.0] * 4, ONE_FOCAL)),
        ("pinhole_radial_k1", {"disto_k1": [-0.12]}, brown_pixels(ROTATION, TRANSLATION, [-0.12, 0, 0, 0], ONE_FOCAL)),
        (
            "pinhole_radial_k3",
            {"disto_k3": [-0.12, 0.05, 0.01]},
            brown_pixels(ROTATION, TRANSLATION, [-0.12, 0.05, 0.0, 0.0, 0.01], ONE_FOCAL),
        ),
        (
            "pinhole_brown_t2",
            {"disto_t2": [-0.12, 0.05, 0.01, 0.0011, -0.0007]},
            brown_pixels(ROTATION, TRANSLATION, LENS, ONE_FOCAL),
        ),
        (
            "fisheye",
            {"fisheye": [0.02, -0.01, 0.003, -0.0005]},
            fisheye_pixels(ROTATION, TRANSLATION, [0.02, -0.01, 0.003, -0.0005], ONE_FOCAL),
        ),
    ],
)
def test_openmvg(kind: str, lens: dict[str, Any], expected: FloatArray, tmp_path: Path) -> None:
    path = file_with(tmp_path, "sfm_data.json", json.dumps(sfm_data(kind, lens)))
    raw = read_raw_rig(path)
    assert raw.format == "openmvg"
    assert "left out, as they have no pose: 1 of 3 views" in raw.notes
    rig = raw.to_rig()
    assert list(rig.cameras) == ["a", "b"]
    assert max(worst(camera, expected) for camera in rig) < 1e-9


def test_openmvg_refusals(tmp_path: Path) -> None:
    top = sfm_data("spherical", {})
    with pytest.raises(DatasetError, match="'spherical' has no counterpart"):
        read_raw_rig(file_with(tmp_path, "a.json", json.dumps(top)))
    top["extrinsics"] = []
    with pytest.raises(DatasetError, match=r"take the sfm_data\.json of the reconstruction"):
        read_raw_rig(file_with(tmp_path, "a.json", json.dumps(top)))


def open3d_view() -> dict[str, Any]:
    return {
        "class_name": "PinholeCameraParameters",
        "extrinsic": FULL.T.ravel().tolist(),
        "intrinsic": {"width": 640, "height": 480, "intrinsic_matrix": K.T.ravel().tolist()},
        "version_major": 1,
        "version_minor": 0,
    }


def test_open3d(tmp_path: Path) -> None:
    one = file_with(tmp_path, "view.json", json.dumps(open3d_view()))
    assert detect_format(one) == "open3d"
    assert worst(read_raw_rig(one).to_rig()["view"], PINHOLE) < 1e-9
    top = {"class_name": "PinholeCameraTrajectory", "parameters": [open3d_view()] * 2}
    rig = read_raw_rig(file_with(tmp_path, "path.json", json.dumps(top))).to_rig()
    assert list(rig.cameras) == ["0", "1"]
    assert worst(rig["1"], PINHOLE) < 1e-9
    lone = read_raw_rig(file_with(tmp_path, "lens.json", json.dumps(open3d_view()["intrinsic"])))
    assert "no pose" in lone.notes[0]
    assert np.array_equal(lone.cameras[0].K, K)


@pytest.mark.parametrize("tangential", ["tangential", "tangential_distortion"])
def test_nerfies(tangential: str, tmp_path: Path) -> None:
    entry = {
        "orientation": ROTATION.tolist(),
        "position": CENTER,
        "focal_length": K[0, 0],
        "principal_point": [322.0, 238.75],
        "skew": 0.0,
        "pixel_aspect_ratio": K[1, 1] / K[0, 0],
        "radial_distortion": [LENS[0], LENS[1], LENS[4]],
        tangential: LENS[2:4],
        "image_size": [640, 480],
    }
    (tmp_path / "camera").mkdir()
    for name in ("000", "001"):
        file_with(tmp_path / "camera", f"{name}.json", json.dumps(entry))
    expected = brown_pixels(ROTATION, TRANSLATION, LENS)
    for path, names in (
        (tmp_path, ["000", "001"]),
        (tmp_path / "camera", ["000", "001"]),
        (tmp_path / "camera/001.json", ["001"]),
    ):
        raw = read_raw_rig(path)
        assert raw.format == "nerfies"
        rig = raw.to_rig()
        assert list(rig.cameras) == names
        assert max(worst(camera, expected) for camera in rig) < 1e-9


def test_skeletool(tmp_path: Path) -> None:
    inner = np.eye(4)
    inner[:3, :3] = K
    block = "name          {}\n  sensor      10 10\n  size        640 480\n  animated    0\n"
    block += f"  intrinsic   {words(inner)} \n"
    block += f"  extrinsic   {words(FULL)} \n  radial      {{}}\n"
    text = "Skeletool Camera Calibration File V1.0\n" + block.format(0, 0) + block.format(7, 1)
    raw = read_raw_rig(file_with(tmp_path, "camera.calibration", text))
    assert raw.notes == ("`radial` is ignored (1 camera)",)
    rig = raw.to_rig()
    assert rig.unit == "mm"
    assert list(rig.cameras) == ["0", "7"]
    assert worst(rig["7"], PINHOLE) < 1e-9
    with pytest.raises(DatasetError, match="camera 7, intrinsic"):
        read_raw_rig(file_with(tmp_path, "cut.calibration", text[: text.rindex("size")]))


def test_openpose_and_rich_have_k_as_intrinsics_and_the_pose_as_camera_matrix(tmp_path: Path) -> None:
    for name in ("000", "001"):
        file = cv2.FileStorage(str(tmp_path / f"{name}.xml"), cv2.FILE_STORAGE_WRITE)
        file.write("CameraMatrix", FULL[:3])
        file.write("Intrinsics", K)
        file.write("Distortion", np.array(LENS)[:, None])
        file.release()
    expected = brown_pixels(ROTATION, TRANSLATION, LENS)
    for path, names in ((tmp_path / "001.xml", ["001"]), (tmp_path, ["000", "001"])):
        raw = read_raw_rig(path, size=SIZE)
        assert raw.format == "opencv-storage"
        rig = raw.to_rig()
        assert list(rig.cameras) == names
        assert max(worst(camera, expected) for camera in rig) < 1e-9


@pytest.mark.parametrize("head", ["", "CONTOUR\n"])
def test_one_projection_matrix_in_each_text_file(head: str, tmp_path: Path) -> None:
    text = head + "\n".join(words(row) for row in 2.0 * K @ FULL[:3]) + "\n"
    for name in ("pos_001", "pos_002"):
        file_with(tmp_path, f"{name}.txt", text)
    for path, names in ((tmp_path / "pos_001.txt", ["pos_001"]), (tmp_path, ["pos_001", "pos_002"])):
        raw = read_raw_rig(path, size=SIZE)
        assert raw.format == "projection-matrices"
        rig = raw.to_rig()
        assert list(rig.cameras) == names
        assert max(worst(camera, PINHOLE) for camera in rig) < 1e-9
    # [R | t] alone is no projection matrix in px.
    pose = file_with(tmp_path, "pose.txt", "\n".join(words(row) for row in FULL[:3]) + "\n")
    with pytest.raises(DatasetError, match="neither a capture"):
        detect_format(pose)


def stored(values: Any) -> dict[str, Any]:
    matrix = np.asarray(values)
    return {"rows": matrix.shape[0], "cols": matrix.shape[1], "data": matrix.ravel().tolist()}


PLAIN: dict[str, Callable[[], dict[str, Any]]] = {
    "EuRoC's sensor.yaml": lambda: {
        "sensor_type": "camera",
        "T_BS": stored(np.linalg.inv(FULL)),
        "camera_model": "pinhole",
        "resolution": SIZE,
        "intrinsics": [K[0, 0], K[1, 1], K[0, 2], K[1, 2]],
        "distortion_model": "radial-tangential",
        "distortion_coefficients": LENS[:4],
    },
    "AIST++": lambda: {
        "name": "c01",
        "size": SIZE,
        "matrix": K.tolist(),
        "rotation": cv2.Rodrigues(ROTATION)[0].ravel().tolist(),
        "translation": TRANSLATION.tolist(),
        "distortions": LENS[:4],
    },
    "a list of FileStorage's matrices": lambda: {
        "K": stored(K),
        "rvec": stored(cv2.Rodrigues(ROTATION)[0]),
        "tvec": stored(TRANSLATION[:, None]),
        "dist": stored(np.array([LENS[:4]])),
        "size": SIZE,
    },
    "Human3.6M's annotations": lambda: {
        "R": ROTATION.tolist(),
        "t": TRANSLATION.tolist(),
        "f": [K[0, 0], K[1, 1]],
        "c": [K[0, 2], K[1, 2]],
        "dist": LENS[:4],
        "size": SIZE,
    },
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain_cameras_of_more_programs(name: str, tmp_path: Path) -> None:
    (camera,) = read_raw_rig(file_with(tmp_path, "a.json", json.dumps([PLAIN[name]()]))).to_rig()
    assert worst(camera, brown_pixels(ROTATION, TRANSLATION, LENS[:4])) < 1e-9


def test_poses_of_dust3r(tmp_path: Path) -> None:
    np.savez(tmp_path / "scene.npz", cams2world=np.array([np.linalg.inv(FULL)] * 2), intrinsics=np.array([K, K]))
    rig = read_raw_rig(tmp_path / "scene.npz", size=SIZE).to_rig()
    assert worst(rig["1"], PINHOLE) < 1e-9


@pytest.mark.parametrize("suffix", ["yml", "xml", "json"])
def test_the_extrinsics_of_a_pair_have_its_own_suffix(suffix: str, tmp_path: Path) -> None:
    def write(name: str, entries: dict[str, FloatArray]) -> Path:
        path = tmp_path / name
        file = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
        for key, value in entries.items():
            file.write(key, value)
        file.release()
        return path

    write("extrinsics.yml" if suffix != "yml" else "extrinsics.xml", {"R": np.eye(3), "T": np.zeros((3, 1))})
    write(f"extrinsics.{suffix}", {"R": ROTATION, "T": TRANSLATION[:, None]})
    rig = read_raw_rig(write(f"intrinsics.{suffix}", {"M1": K, "M2": K}), size=SIZE).to_rig()
    assert worst(rig["2"], PINHOLE) < 1e-9


def test_zju_cameras_are_named_after_their_pictures(tmp_path: Path) -> None:
    names = ["Camera_B1", "Camera_B3"]
    cams = {"K": [K, K], "R": [ROTATION] * 2, "T": [TRANSLATION[:, None]] * 2, "D": [np.zeros((5, 1))] * 2}
    for ims, expected in (([{"ims": [f"{name}/000000.jpg" for name in names]}], names), ([], ["0", "1"])):
        np.save(tmp_path / "annots.npy", np.array({"cams": cams, "ims": ims}, dtype=object), allow_pickle=True)
        assert list(read_raw_rig(tmp_path / "annots.npy", size=SIZE).names) == expected


UNREAD: tuple[tuple[str, str | bytes, str], ...] = (
    ("scene", "#usda 1.0\n", "a USD scene"),
    ("a.json", "<!DOCTYPE html><html>", "a web page"),
    ("a.json", "// cameras\n{}", "not a JSON file: it begins with '// cameras"),
    ("a.json", '[{"name": "a", "matrices": 1}]', r"JSON, a list of 1 entry with the keys name, matrices"),
    ("a.json", '{"a": {"R": 1, "T": 1, "focal_length": 1, "principal_point": 1}}', "PyTorch3D"),
    ("a.json", '{"fx": 1, "fy": 1, "cx": 1, "cy": 1, "t_00": 1, "t_01": 1, "t_03": 1, "t_23": 1}', "Polycam"),
    ("a.json", b"\x1f\x8b\x08", "compressed by gzip"),
    ("a.pkl", b"\x80\x04\x95", "a Python pickle"),
    ("a.bin", b"\x01\xff\x00" * 40, "a binary file of no known kind"),
    ("a.xml", "<?xml version='1.0'?>\n<calibration><f>1</f></calibration>", "a lens of Metashape without poses"),
    ("a.xml", "<?xml version='1.0'?>\n<other/>", "XML with the root <other>"),
    ("a.xml", "<?xml version='1.0'?>\n<document/>".encode("utf-16"), "UTF-16 text; save it as UTF-8"),
    ("a.yaml", "%YAML:1.0\n---\nmodel_type: PINHOLE\nprojection_parameters:\n   fx: 1\n", "camodocal or VINS"),
    ("00.txt", "1 0 0 0 0 1 0 0 0 0 1 0\n" * 3, "list of poses .12 or 16 numbers a line. without intrinsics"),
    ("a.txt", "1.5 0 0 0 0 0 0 1\n" * 3, "a trajectory"),
    ("a.txt", "", "the file is empty"),
    ("a.txt", "\x1c\x1d", "nothing but comments"),
    ("a.txt", "# nothing\n# here\n", "nothing but comments"),
    ("Barn.log", "0 0 0\n" + "1 0 0 0\n" * 4 + "1 1 0\n", "Tanks and Temples"),
    ("a.txt", "# timestamp tx ty tz qx qy qz qw\n1 2 3 4 5 6 7 8\n", "the TUM benchmark"),
    ("a.csv", "name;w;h;rx;ry;rz\na;1;2;3;4;5\n", "semicolons between the columns"),
    ("p.psx", '<document version="1.2.0" path="{projectname}.files/project.zip"/>', "a project of Metashape"),
    ("doc.xml", '<?xml version="1.0"?>\n<chunk version="1.2.0"/>', "a part of a project of Metashape"),
    ("p.psz", b"PK\x03\x04", "a project of Metashape"),
    (
        "opk.txt",
        "# Cameras (2)\n# PhotoID, X, Y, Z, Omega, Phi, Kappa\na.jpg 1 2 3 0 0 0\n",
        "Metashape's export of angles",
    ),
    ("ref.csv", "#Label,X/Longitude,Y/Latitude,Z/Altitude,Yaw\na,1,2,3,4\n", "a reference file of Metashape"),
    ("results-cam.txt", "Calibration results \n====\n", "a report of Kalibr"),
    ("ost.txt", "# oST version 5.0 parameters\n", "take ost.yaml"),
    ("c.pt", b"PK\x03\x04", "a file of PyTorch"),
    ("c.mat", b"MATLAB 5.0 MAT-file" + bytes(200), "a MATLAB file"),
    ("c.glb", b"glTF\x02" + bytes(40), "by its suffix it is a mesh"),
    ("c.png", b"\x89PNG\r\n" + bytes(40), "a PNG picture"),
    ("a.csv", "cam_uid,graph_uid,tx_world_cam\n", "Ego-Exo4D"),
    ("a.json", '{"extrinsics": {}, "intrinsics_w_distortion": {}}', "Fit3D"),
    ("a.json", '{"intrinsics": {"5": {"calibration_matrix": 1, "distortion": 1}}, "extrinsics": {}}', "Human3.6M"),
    ("a.json", '{"1_a.png": {"rotation": 1, "translation": 1}}', "poses without intrinsics"),
    ("a.yml", "names:\n  - a\nK_a: 1\ndist_a: 2\n", "half of EasyMocap's cameras"),
    ("intri.yml", "names:\n  - a\nK_a: 1\n", "intri.yml is there without extri.yml"),
    ("cameras.txt", "1 PINHOLE 1 1 1 1 1 1\n", "cameras.txt is there without images.txt"),
)


@pytest.mark.parametrize(("name", "content", "what"), UNREAD)
def test_what_is_not_read_is_described(name: str, content: str | bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DatasetError, match=rf"neither a capture .*: .*{what}.* Any rig can be given as JSON"):
        detect_format(path)


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ((), "the folder is empty"),
        (("a.png", "b.JPG"), "holds 2 pictures and no camera file"),
        (("intri.yml",), "intri.yml is there without extri.yml"),
        (("images.bin", "points3D.bin"), "images.bin is there without cameras.bin"),
        (("intrinsics.txt", "pose"), "NSVF"),
        (("notes.md",), "the folder holds notes.md"),
    ],
)
def test_what_a_folder_holds_is_described(files: tuple[str, ...], what: str, tmp_path: Path) -> None:
    for name in files:
        (tmp_path / name).touch()
    with pytest.raises(DatasetError, match=what):
        detect_format(tmp_path)


def test_an_npz_that_is_not_read_is_described_by_its_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "scene.npz", focals=np.ones(2), poses=np.ones((2, 4, 4)))
    with pytest.raises(
        DatasetError, match=r"an \.npz with the arrays focals, poses, none of them intrinsics with poses"
    ):
        detect_format(tmp_path / "scene.npz")


def test_a_colmap_model_below_a_projects_folder_is_named(tmp_path: Path) -> None:
    model = tmp_path / "colmap" / "sparse" / "0"
    model.mkdir(parents=True)
    (model / "cameras.bin").touch()
    with pytest.raises(DatasetError, match="a COLMAP model is in colmap/sparse/0 below it; name that folder"):
        detect_format(tmp_path)


def test_a_pointer_of_git_lfs_is_named(tmp_path: Path) -> None:
    text = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    for name in ("cameras.bin", "images.bin"):
        file_with(tmp_path, name, text)
    for path in (tmp_path, file_with(tmp_path, "transforms.json", text)):
        with pytest.raises(DatasetError, match="git lfs pull"):
            read_raw_rig(path)
