from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pycolmap
import pytest

from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats import read_raw_rig, read_rig, write_rig
from renderkit.formats.colmap_models import MODELS
from renderkit.geometry.rig import Rig

# COLMAP's own model definitions (sensor/models.h), with parameters of a mild lens: f 900, centre (500.5, 400.5).
PARAMS = {
    "SIMPLE_PINHOLE": [900, 500.5, 400.5],
    "PINHOLE": [900, 910, 500.5, 400.5],
    "SIMPLE_RADIAL": [900, 500.5, 400.5, -0.11],
    "RADIAL": [900, 500.5, 400.5, -0.11, 0.03],
    "OPENCV": [900, 910, 500.5, 400.5, -0.11, 0.03, 0.002, -0.003],
    "OPENCV_FISHEYE": [900, 910, 500.5, 400.5, 0.01, -0.02, 0.003, 0.0004],
    "FULL_OPENCV": [900, 910, 500.5, 400.5, -0.11, 0.03, 0.002, -0.003, 0.01, 0.02, 0.03, 0.004],
    "SIMPLE_RADIAL_FISHEYE": [900, 500.5, 400.5, 0.02],
    "RADIAL_FISHEYE": [900, 500.5, 400.5, 0.02, -0.01],
    "THIN_PRISM_FISHEYE": [900, 910, 500.5, 400.5, 0.01, -0.02, 0, 0, 0.003, 0.0004, 0, 0],
    "FOV": [900, 910, 500.5, 400.5, 0.0],
}
POINTS_CAM = np.array([[0.1, -0.2, 1.0], [0.4, 0.3, 1.0], [-0.5, 0.35, 1.0], [0.0, 0.0, 2.0]])


def colmap_pixels(camera: Any, points_cam: np.ndarray) -> np.ndarray:
    """What pycolmap projects, moved from COLMAP's pixel origin (corner) to ours (centre)."""
    return np.array([camera.img_from_cam(point) for point in points_cam]) - 0.5


@pytest.mark.parametrize("model", [name for name in PARAMS if name != "FOV"])
@pytest.mark.parametrize("binary", [False, True])
def test_every_model_projects_as_pycolmap_does(model: str, binary: bool, tmp_path: Path) -> None:
    camera = pycolmap.Camera(model=model, width=1000, height=800, params=PARAMS[model], camera_id=3)
    reconstruction = pycolmap.Reconstruction()
    reconstruction.add_camera_with_trivial_rig(camera)
    image = pycolmap.Image(name="left.jpg", camera_id=3, image_id=5)
    turn = pycolmap.Rotation3d(np.array([0.1, -0.3, 0.2, 0.9]) / np.linalg.norm([0.1, -0.3, 0.2, 0.9]))
    pose = pycolmap.Rigid3d(turn, np.array([0.3, -0.1, 2.0]))
    reconstruction.add_image_with_trivial_frame(image, pose)
    if binary:
        reconstruction.write_binary(str(tmp_path))
    else:
        reconstruction.write_text(str(tmp_path))
    ours = read_rig(tmp_path)
    assert list(ours.cameras) == ["left"]
    points_world = (POINTS_CAM - pose.translation) @ turn.matrix()
    np.testing.assert_allclose(ours["left"].project(points_world), colmap_pixels(camera, POINTS_CAM), atol=1e-9)


@pytest.mark.parametrize("name", ["colmap", "colmap-bin"])
@pytest.mark.parametrize("lens", ["pinhole_ring", "brown_ring", "fisheye_ring"])
def test_pycolmap_reads_what_we_write(name: str, lens: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    rig: Rig = request.getfixturevalue(lens)
    write_rig(rig, tmp_path / "model", format=name)
    theirs = pycolmap.Reconstruction(str(tmp_path / "model"))
    assert theirs.num_images() == len(rig)
    points_world = np.array([[0.0, 0.0, 0.0], [0.2, -0.1, 0.15], [-0.25, 0.3, 0.1]])
    for image in theirs.images.values():
        ours = rig[image.name.removesuffix(".png")]
        assert (image.camera.width, image.camera.height) == ours.size
        points_cam = np.array([image.cam_from_world() * point for point in points_world])
        np.testing.assert_allclose(ours.project(points_world), colmap_pixels(image.camera, points_cam), atol=1e-9)


@pytest.mark.parametrize(("model", "extra"), [("FOV", {4: 0.9}), ("THIN_PRISM_FISHEYE", {10: 0.01})])
def test_models_that_opencv_lacks_are_refused_with_the_parameter(
    model: str, extra: dict[int, float], tmp_path: Path
) -> None:
    params = list(PARAMS[model])
    for index, value in extra.items():
        params[index] = value
    _write_text(tmp_path, f"1 {model} 1000 800 {' '.join(map(str, params))}")
    with pytest.raises(CalibrationError, match=r"line 1.*(omega|sx1) = .*model_converter"):
        read_rig(tmp_path)


def test_unknown_models_and_wrong_counts_are_refused(tmp_path: Path) -> None:
    _write_text(tmp_path, "1 EQUIRECTANGULAR 1000 800 1000 800")
    with pytest.raises(DatasetError, match="EQUIRECTANGULAR is not supported"):
        read_rig(tmp_path)
    _write_text(tmp_path, "1 PINHOLE 1000 800 900 500 400")
    with pytest.raises(DatasetError, match="PINHOLE takes 4 parameters, found 3"):
        read_rig(tmp_path)
    _write_text(tmp_path, "1 PINHOLE 1000 800 900 900 500 400", camera="2")
    with pytest.raises(DatasetError, match="names camera 2, which the cameras file lacks"):
        read_rig(tmp_path)


def _write_text(folder: Path, camera_line: str, camera: str = "1", points: str = "") -> None:
    (folder / "cameras.txt").write_text(f"# comment\n{camera_line}\n".replace("# comment\n", ""))
    (folder / "images.txt").write_text(f"# comment\n1 1 0 0 0 0 0 2 {camera} a b.png\n{points}\n")


def test_the_points_line_is_skipped_even_when_it_looks_like_an_image(tmp_path: Path) -> None:
    _write_text(tmp_path, "1 PINHOLE 1000 800 900 900 500 400", points="1 1 0 0 0 0 0 2 1 7 8 -1")
    assert [camera.name for camera in read_raw_rig(tmp_path).cameras] == ["a b"]


def test_the_sparse_folder_of_a_project_is_found(pinhole_ring: Rig, tmp_path: Path) -> None:
    write_rig(pinhole_ring, tmp_path / "sparse" / "0", format="colmap-bin")
    assert len(read_rig(tmp_path)) == 12
    assert len(read_rig(tmp_path / "sparse" / "0" / "cameras.bin")) == 12


@pytest.mark.parametrize("file", ["cameras.bin", "images.bin"])
def test_every_truncation_of_a_binary_model_is_refused(file: str, pinhole_ring: Rig, tmp_path: Path) -> None:
    write_rig(pinhole_ring, tmp_path, format="colmap-bin")
    whole = (tmp_path / file).read_bytes()
    for length in range(0, len(whole), 37):
        (tmp_path / file).write_bytes(whole[:length])
        with pytest.raises(DatasetError, match=rf"{file}.*(ends early|cut off)"):
            read_rig(tmp_path)
    (tmp_path / file).write_bytes(whole + b"\0")
    with pytest.raises(DatasetError, match="1 bytes follow"):
        read_rig(tmp_path)


def test_counts_that_no_file_can_hold_take_no_memory(pinhole_ring: Rig, tmp_path: Path) -> None:
    write_rig(pinhole_ring, tmp_path, format="colmap-bin")
    (tmp_path / "cameras.bin").write_bytes(struct.pack("<Q", 1 << 62))
    with pytest.raises(DatasetError, match="ends early"):
        read_rig(tmp_path)
    write_rig(pinhole_ring, tmp_path, format="colmap-bin")
    images = (tmp_path / "images.bin").read_bytes()
    # The first image's count of 2D points is the eight bytes after its name.
    place = images.index(b"\0", 8 + 4 + 56 + 4) + 1
    (tmp_path / "images.bin").write_bytes(images[:place] + struct.pack("<Q", 1 << 60) + images[place + 8 :])
    with pytest.raises(DatasetError, match="ends early"):
        read_rig(tmp_path)


def test_model_numbers_are_those_of_colmap() -> None:
    for name, model in MODELS.items():
        assert int(getattr(pycolmap.CameraModelId, name)) == model.number


def test_a_model_is_not_mixed_with_another(pinhole_ring: Rig, tmp_path: Path) -> None:
    write_rig(pinhole_ring, tmp_path, format="colmap-bin")
    with pytest.raises(DatasetError, match=r"holds cameras\.bin, images\.bin of another model"):
        write_rig(pinhole_ring, tmp_path, format="colmap")
    (tmp_path / "frames.bin").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"holds frames\.bin"):
        write_rig(pinhole_ring, tmp_path, format="colmap-bin")
