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
    "RAD_TAN_THIN_PRISM_FISHEYE": [900, 910, 500.5, 400.5, 0.01, -0.02, 0.003, 0.0004, *[0] * 8],
    "SIMPLE_DIVISION": [900, 500.5, 400.5, 0],
    "DIVISION": [900, 910, 500.5, 400.5, 0],
    "SIMPLE_FISHEYE": [900, 500.5, 400.5],
    "FISHEYE": [900, 910, 500.5, 400.5],
    "EUCM": [900, 910, 500.5, 400.5, 0.0, 1.1],
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


@pytest.mark.parametrize(
    ("model", "extra"),
    [
        ("FOV", {4: 0.9}),
        ("THIN_PRISM_FISHEYE", {10: 0.01}),
        ("RAD_TAN_THIN_PRISM_FISHEYE", {8: 0.1}),
        ("SIMPLE_DIVISION", {3: -0.1}),
        ("DIVISION", {4: -0.1}),
        ("EUCM", {4: 0.6}),
    ],
)
def test_models_that_opencv_lacks_are_refused_with_the_parameter(
    model: str, extra: dict[int, float], tmp_path: Path
) -> None:
    params = list(PARAMS[model])
    for index, value in extra.items():
        params[index] = value
    _write_text(tmp_path, f"1 {model} 1000 800 {' '.join(map(str, params))}")
    with pytest.raises(CalibrationError, match=r"line 1.*(omega|sx1|k4|k|alpha) = .*image_undistorter"):
        read_rig(tmp_path)


def test_unknown_models_and_wrong_counts_are_refused(tmp_path: Path) -> None:
    _write_text(tmp_path, "1 EQUIRECTANGULAR 1000 800 1000 800")
    with pytest.raises(DatasetError, match="EQUIRECTANGULAR is a panorama"):
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
    with pytest.raises(DatasetError, match="1 byte after"):
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
    theirs = {name: int(one) for name, one in pycolmap.CameraModelId.__members__.items() if name != "INVALID"}
    assert {name: model.number for name, model in MODELS.items()} == theirs
    for name, model in MODELS.items():
        assert len(
            pycolmap.Camera.create_from_model_id(1, getattr(pycolmap.CameraModelId, name), 9.0, 8, 8).params
        ) == len(model.params)


def test_a_model_is_not_mixed_with_another(pinhole_ring: Rig, tmp_path: Path) -> None:
    write_rig(pinhole_ring, tmp_path, format="colmap-bin")
    with pytest.raises(DatasetError, match=r"holds cameras\.bin, images\.bin of another model"):
        write_rig(pinhole_ring, tmp_path, format="colmap")
    (tmp_path / "frames.bin").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"holds frames\.bin"):
        write_rig(pinhole_ring, tmp_path, format="colmap-bin")


def test_pictures_of_a_lens_that_we_lack_are_left_out_by_name(tmp_path: Path) -> None:
    (tmp_path / "cameras.txt").write_text(
        "1 PINHOLE 1000 800 900 900 500 400\n2 EUCM 1000 800 900 900 500 400 0.6 1.1\n"
    )
    rows = [
        f"{number} 1 0 0 0 0 0 2 {camera} {name}\n\n" for number, camera, name in ((1, 1, "a.png"), (2, 2, "b.png"))
    ]
    (tmp_path / "images.txt").write_text("".join(rows))
    raw = read_raw_rig(tmp_path)
    assert list(raw.to_rig().cameras) == ["a"]
    assert list(raw.failed) == ["b"]
    assert raw.names == ("a", "b")
    assert [note for note in raw.notes if "left out: b: EUCM with alpha = 0.6" in note]
    (tmp_path / "images.txt").write_text(rows[1])
    with pytest.raises(CalibrationError, match=r"alpha = 0\.6"):
        read_raw_rig(tmp_path)


def stereo_model() -> pycolmap.Reconstruction:
    """Two cameras on one rig in three frames."""
    model = pycolmap.Reconstruction()
    for number in (1, 2):
        model.add_camera(
            pycolmap.Camera(model="PINHOLE", width=100, height=80, params=[90, 91, 50, 40], camera_id=number)
        )
    rig = pycolmap.Rig(rig_id=7)
    sensors = [pycolmap.sensor_t(pycolmap.SensorType.CAMERA, number) for number in (1, 2)]
    rig.add_ref_sensor(sensors[0])
    turn = pycolmap.Rotation3d(np.array([0.1, 0.2, -0.05, 0.97]) / np.linalg.norm([0.1, 0.2, -0.05, 0.97]))
    rig.add_sensor(sensors[1], pycolmap.Rigid3d(turn, np.array([-0.1, 0.02, 0.03])))
    model.add_rig(rig)
    for number in range(3):
        frame = pycolmap.Frame(frame_id=number + 1, rig_id=7)
        rotation = pycolmap.Rotation3d(
            np.array([0.1 * number, 0.3, 0.0, 0.9]) / np.hypot(np.hypot(0.1 * number, 0.3), 0.9)
        )
        frame.rig_from_world = pycolmap.Rigid3d(rotation, np.array([0.1, 0.2 * number, 2.0]))
        images = [
            pycolmap.Image(
                name=f"c{1 + k}/{number}.png", camera_id=1 + k, image_id=2 * number + k + 1, frame_id=number + 1
            )
            for k in (0, 1)
        ]
        for image in images:
            frame.add_data_id(image.data_id)
        model.add_frame(frame)
        for image in images:
            model.add_image(image)
        model.register_frame(number + 1)
    return model


@pytest.mark.parametrize("binary", [False, True])
def test_rigs_and_frames_overrule_stale_image_poses(binary: bool, tmp_path: Path) -> None:
    model = stereo_model()
    (model.write_binary if binary else model.write_text)(str(tmp_path))
    raw = read_raw_rig(tmp_path)
    assert not raw.notes
    # Another rig, with the images file as it was: what COLMAP 4.2.0 leaves behind.
    moved = stereo_model()
    turn = pycolmap.Rotation3d(np.array([0.0, 0.1, 0.0, 0.99]) / np.hypot(0.1, 0.99))
    moved.rigs[7].set_sensor_from_rig(
        pycolmap.sensor_t(pycolmap.SensorType.CAMERA, 2), pycolmap.Rigid3d(turn, np.ones(3))
    )
    other = tmp_path / "other"
    other.mkdir()
    (moved.write_binary if binary else moved.write_text)(str(other))
    suffix = "bin" if binary else "txt"
    (other / f"images.{suffix}").write_bytes((tmp_path / f"images.{suffix}").read_bytes())
    stale = read_raw_rig(other)
    assert "contradict the poses of 3 images in the images file (c2/0, c2/1, c2/2)" in stale.notes[0]
    theirs = pycolmap.Reconstruction(str(other))
    for image in theirs.images.values():
        ours = next(one for one in stale.cameras if f"{one.name}.png" == image.name)
        np.testing.assert_allclose(ours.pose, image.cam_from_world().matrix(), atol=1e-12)


def test_files_whose_point_lines_were_stripped_lose_no_camera(pinhole_ring: Rig, tmp_path: Path) -> None:
    write_rig(pinhole_ring, tmp_path, format="colmap")
    lines = (tmp_path / "images.txt").read_text().splitlines()
    (tmp_path / "images.txt").write_text("\n".join(line for line in lines if line.strip()) + "\n")
    raw = read_raw_rig(tmp_path)
    assert [camera.name for camera in raw.cameras] == list(pinhole_ring.cameras)
    assert "lacks the second line (2D points) of 11 of 12 images" in raw.notes[0]


@pytest.mark.parametrize("file", ["rigs", "frames"])
def test_every_truncation_of_rigs_and_frames_is_refused(file: str, tmp_path: Path) -> None:
    stereo_model().write_binary(str(tmp_path))
    whole = (tmp_path / f"{file}.bin").read_bytes()
    for length in range(0, len(whole), 11):
        (tmp_path / f"{file}.bin").write_bytes(whole[:length])
        with pytest.raises(DatasetError, match=rf"{file}.*(ends early|cut off)"):
            read_rig(tmp_path)


def test_a_frame_that_ends_early_or_late_is_named(tmp_path: Path) -> None:
    stereo_model().write_text(str(tmp_path))
    text = (tmp_path / "frames.txt").read_text()
    (tmp_path / "frames.txt").write_text(text.rstrip() + " 9\n")
    with pytest.raises(DatasetError, match=r"frames.txt \[line \d+\]: 1 word after"):
        read_rig(tmp_path)
    (tmp_path / "frames.txt").write_text(text.rstrip()[:-2] + "\n")
    with pytest.raises(DatasetError, match=r"frames.txt \[line \d+\]: the line ends early"):
        read_rig(tmp_path)
