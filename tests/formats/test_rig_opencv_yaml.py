from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.formats import read_raw_rig, read_rig, write_rig
from renderkit.geometry.rig import Rig

POINTS = np.array([[0.1, 0.05, 0.0], [-0.2, 0.1, 0.2], [0.3, -0.3, 0.1]])


def test_file_storage_reads_what_we_write(brown_ring: Rig, tmp_path: Path) -> None:
    write_rig(brown_ring, tmp_path, format="opencv")
    inner = cv2.FileStorage(str(tmp_path / "intri.yml"), cv2.FILE_STORAGE_READ)
    outer = cv2.FileStorage(str(tmp_path / "extri.yml"), cv2.FILE_STORAGE_READ)
    names = inner.getNode("names")
    assert [names.at(i).string() for i in range(names.size())] == list(brown_ring.cameras)
    for name, camera in brown_ring.cameras.items():
        K, lens = inner.getNode(f"K_{name}").mat(), inner.getNode(f"dist_{name}").mat()
        translation, matrix = outer.getNode(f"T_{name}").mat(), outer.getNode(f"Rot_{name}").mat()
        vector = outer.getNode(f"R_{name}").mat()
        assert np.array_equal(K, camera.K), "the decimals must read back as the same double"
        assert np.array_equal(matrix, camera.cam_from_world.R)
        assert (int(inner.getNode(f"W_{name}").real()), int(inner.getNode(f"H_{name}").real())) == camera.size
        pixels, _ = cv2.projectPoints(POINTS, vector, translation, K, lens)
        np.testing.assert_allclose(camera.project(POINTS), pixels[:, 0], atol=1e-9)


def test_we_read_what_file_storage_writes(brown_ring: Rig, tmp_path: Path) -> None:
    inner = cv2.FileStorage(str(tmp_path / "intri.yml"), cv2.FILE_STORAGE_WRITE)
    outer = cv2.FileStorage(str(tmp_path / "extri.yml"), cv2.FILE_STORAGE_WRITE)
    for name, camera in brown_ring.cameras.items():
        inner.write(f"K_{name}", np.array(camera.K))
        inner.write(f"dist_{name}", np.array(camera.distortion.coefficients[None]))
        outer.write(f"R_{name}", cv2.Rodrigues(np.array(camera.cam_from_world.R))[0])
        outer.write(f"T_{name}", np.array(camera.cam_from_world.t[:, None]))
    inner.release()
    outer.release()
    rig = read_rig(tmp_path, size=(1200, 900))
    for name, camera in brown_ring.cameras.items():
        np.testing.assert_allclose(rig[name].project(POINTS), camera.project(POINTS), atol=1e-9)


def test_easymocap_files_without_sizes_and_with_two_rotations(tmp_path: Path) -> None:
    matrix = "!!opencv-matrix\n  rows: {}\n  cols: {}\n  dt: d\n  data: [{}]\n"
    (tmp_path / "intri.yml").write_text(
        '%YAML:1.0\n---\nnames:\n  - "01"\nK_01: '
        + matrix.format(3, 3, "1000.000, 0., 960.,\n      0., 1000., 540., 0., 0., 1.")
        + "dist_01: "
        + matrix.format(1, 5, "0.000, 0., 0., 0., 0.")
    )
    (tmp_path / "extri.yml").write_text(
        '%YAML:1.0\n---\nnames:\n  - "01"\nR_01: '
        + matrix.format(3, 1, "0., 0., 0.5")
        + "Rot_01: "
        + matrix.format(3, 3, "1.,0.,0.,0.,1.,0.,0.,0.,1.")
        + "T_01: "
        + matrix.format(3, 1, "0., 0., 2.")
    )
    raw = read_raw_rig(tmp_path)
    assert "R_01 and Rot_01 differ by 0.479" in raw.notes[0]
    assert raw.cameras[0].size == (1921, 1081)
    assert raw.cameras[0].size_source == "assumed"
    assert "give it with --size" in raw.notes[1]
    np.testing.assert_allclose(raw.to_rig()["01"].project([[0.2, 0.1, 0.0]]), [[1060.0, 590.0]])


@pytest.mark.parametrize(
    ("intri", "message"),
    [
        (
            "K_a: !!opencv-matrix\n  rows: 3\n  cols: 3\n  dt: d\n  data: [1, 2]\n",
            r"K_a.*expected 3 x 3 numbers, found 2",
        ),
        ("K_a: !!opencv-matrix\n  rows: 3\n  dt: d\n  data: [1, 2]\n", "K_a.cols"),
        ("K_a: !!opencv-matrix\n  rows: 1\n  cols: 2\n  dt: d\n  data: [1, x]\n", "K_a.*expected numbers"),
        ("names:\n  - a\n", r"no camera is in both files: intri.yml has a, extri.yml has none"),
        ("just text\n", "expected an object of named values"),
    ],
)
def test_damaged_yaml_is_named(intri: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "intri.yml").write_text(intri)
    pose = "T_a: !!opencv-matrix\n  rows: 3\n  cols: 1\n  dt: d\n  data: [0, 0, 1]\n" if "K_a" in intri else ""
    (tmp_path / "extri.yml").write_text(f"%YAML:1.0\n---\n{pose}")
    with pytest.raises(DatasetError, match=message):
        read_rig(tmp_path)


def test_a_name_that_is_no_key_is_refused(pinhole_ring: Rig, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="rename the camera"):
        write_rig(Rig({"left eye": pinhole_ring["00"]}), tmp_path, format="opencv")


def test_files_of_opencv_itself_and_of_forks(tmp_path: Path) -> None:
    K = np.array([[900.0, 0.0, 500.0], [0.0, 910.0, 400.0], [0.0, 0.0, 1.0]])
    vector = np.array([[0.1], [-0.4], [0.2]])
    rotation, shift = cv2.Rodrigues(vector)[0], np.array([[0.1], [0.2], [3.0]])
    lens = np.array([[-0.1, 0.02, 0.001, -0.002, 0.003]])
    inner = cv2.FileStorage(str(tmp_path / "intri.yml"), cv2.FILE_STORAGE_WRITE)
    outer = cv2.FileStorage(str(tmp_path / "extri.yml"), cv2.FILE_STORAGE_WRITE)
    # intri.yml names a camera more than extri.yml; D_ for dist_ in float32; Rot_ alone for one, R_ alone for another.
    inner.write("K_cam_1", K)
    inner.write("D_cam_1", lens.astype(np.float32))
    inner.write("K_2", K.astype(np.float32))
    inner.write("dist_2", lens)
    inner.write("K_spare", K)
    inner.write("H_2", 800)
    inner.write("W_2", 1000)
    outer.write("Rot_cam_1", rotation)
    outer.write("T_cam_1", shift)
    outer.write("R_2", vector)
    outer.write("T_2", shift)
    outer.write("n_2", 0.5)
    outer.write("shutter_2", 0.5)
    inner.release()
    outer.release()
    raw = read_raw_rig(tmp_path, size=(1000, 800))
    assert "in intri.yml and not in extri.yml, left out: spare" in raw.notes
    assert "`shutter_` is ignored (1 camera)" in raw.notes
    points = np.array([[0.2, -0.1, 0.3], [-0.3, 0.2, 0.1]])
    expected = cv2.projectPoints(points, vector, shift, K, lens)[0].reshape(-1, 2)
    for name, tolerance in (("cam_1", 1e-4), ("2", 1e-4)):
        np.testing.assert_allclose(raw.to_rig()[name].project(points), expected, atol=tolerance)
