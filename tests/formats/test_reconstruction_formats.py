"""Bundler, VisualSFM, MVSNet, LLFF, NeuS, 3DGS, SDFStudio, Meshroom, OpenDroneMap: written by hand, projected by hand.

The expected pixels come from OpenCV or from the closed form of each program's documentation, without renderkit. The
principal points are off the image's centre wherever a format can say so, and the image is not square, so that half a
pixel or a swapped side shows.
"""

from __future__ import annotations

import json
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
from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats import detect_format, read_raw_rig, write_rig
from renderkit.formats.matrices import decompose_projections
from renderkit.geometry.rig import Rig

SIZE = (640, 480)
CENTER: FloatArray = -ROTATION.T @ TRANSLATION
FLIP = np.diag([1.0, -1.0, -1.0])
MIDDLE = np.array([[700.0, 0.0, 319.5], [0.0, 700.0, 239.5], [0.0, 0.0, 1.0]])
"""K of one focal length whose principal point is the centre of 640 x 480 px, pixel (0, 0) being a pixel's centre."""


def picture(path: Path, size: tuple[int, int] = SIZE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.zeros((size[1], size[0]), np.uint8))


def text_of(matrix: FloatArray) -> str:
    return "\n".join(" ".join(repr(value) for value in row) for row in np.atleast_2d(matrix).tolist()) + "\n"


def bundle(focal: float = 700.0) -> str:
    camera = f"{focal} -0.15 0.1\n" + text_of(FLIP @ ROTATION) + text_of(FLIP @ TRANSLATION)
    unregistered = "0 0 0\n" + text_of(np.zeros((4, 3)))
    return f"# Bundle file v0.3\n2 1\n{camera}{unregistered}0 0 1\n255 255 255\n1 0 0 1.5 2.5\n"


def test_bundler(tmp_path: Path) -> None:
    path = file_with(tmp_path, "bundle.out", bundle())
    assert detect_format(path) == "bundler"
    with pytest.raises(DatasetError, match=r"no image size.*--size"):
        read_raw_rig(path)
    raw = read_raw_rig(path, size=SIZE)
    assert worst(raw.to_rig()["0"], brown_pixels(ROTATION, TRANSLATION, [-0.15, 0.1, 0.0, 0.0], MIDDLE)) < 1e-9
    # The manual's own words: p = -P / P.z, r = 1 + k1 |p|^2 + k2 |p|^4, pixel = f r p from the centre, y up.
    seen = POINTS @ (FLIP @ ROTATION).T + FLIP @ TRANSLATION
    p = -seen[:, :2] / seen[:, 2:]
    square = (p**2).sum(axis=1, keepdims=True)
    q = 700.0 * (1.0 - 0.15 * square + 0.1 * square**2) * p
    assert worst(raw.to_rig()["0"], np.column_stack([q[:, 0] + 319.5, 239.5 - q[:, 1]])) < 1e-9
    assert raw.notes == ("left out, as they were not registered (f = 0): 1 of 2 cameras",)


def test_bundler_takes_names_and_sizes_from_the_pictures_beside(tmp_path: Path) -> None:
    path = file_with(tmp_path, "bundle.out", bundle())
    file_with(tmp_path, "list.txt", "./images/a.jpg 0 700.0\n./images/b.jpg\n")
    picture(tmp_path / "images" / "a.jpg")
    camera = read_raw_rig(path).to_rig()["a"]
    assert camera.size == SIZE
    assert worst(camera, brown_pixels(ROTATION, TRANSLATION, [-0.15, 0.1, 0.0, 0.0], MIDDLE)) < 1e-9


@pytest.mark.parametrize("text", ["# Bundle file v0.3\n999999999 0\n1 2 3\n", "# Bundle file v0.3\nx\n"])
def test_bundler_refuses_counts_that_the_file_does_not_hold(text: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"cut off|expected the numbers"):
        read_raw_rig(file_with(tmp_path, "bundle.out", text))


def quaternion() -> list[float]:
    """Return w x y z of ROTATION from its rotation vector."""
    vector = cv2.Rodrigues(ROTATION)[0].ravel()
    angle = float(np.linalg.norm(vector))
    return [float(np.cos(0.5 * angle)), *(np.sin(0.5 * angle) * vector / angle).tolist()]


def nvm(radial: float = 0.0, header: str = "NVM_V3") -> str:
    numbers = " ".join(repr(value) for value in [700.0, *quaternion(), *CENTER.tolist(), radial])
    return f'{header} \n\n1\nfolder/my"picture.jpg\t{numbers} 0\n\n0\n\n0\n'


def test_visualsfm(tmp_path: Path) -> None:
    path = file_with(tmp_path, "model.nvm", nvm())
    assert detect_format(path) == "nvm"
    camera = read_raw_rig(path, size=SIZE).to_rig()["folder/my picture"]
    assert worst(camera, pinhole_pixels(MIDDLE, ROTATION, TRANSLATION, POINTS)) < 1e-9
    fixed = nvm(header=f"NVM_V3 FixedK {K[0, 0]} {K[0, 2]} {K[1, 1]} {K[1, 2]} 0")
    camera = read_raw_rig(file_with(tmp_path, "fixed.nvm", fixed), size=SIZE).to_rig()["folder/my picture"]
    assert worst(camera, pinhole_pixels(K, ROTATION, TRANSLATION, POINTS)) < 1e-9
    with pytest.raises(CalibrationError, match="measured points"):
        read_raw_rig(file_with(tmp_path, "r.nvm", nvm(0.1)), size=SIZE)
    with pytest.raises(DatasetError, match="cut off"):
        read_raw_rig(file_with(tmp_path, "c.nvm", "NVM_V3\n\n5\n"), size=SIZE)


def mvsnet() -> str:
    corner = K + np.array([[0.0, 0.0, 0.5], [0.0, 0.0, 0.5], [0.0, 0.0, 0.0]])
    pose = np.vstack([np.column_stack([ROTATION, TRANSLATION]), [0.0, 0.0, 0.0, 1.0]])
    return f"extrinsic\n{text_of(pose)}\nintrinsic\n{text_of(corner)}\n425.0 2.5\n"


def test_mvsnet_counts_pixels_from_the_corner(tmp_path: Path) -> None:
    (tmp_path / "cams").mkdir()
    path = file_with(tmp_path / "cams", "00000007_cam.txt", mvsnet())
    picture(tmp_path / "images" / "00000007.jpg")
    assert detect_format(path) == detect_format(tmp_path) == detect_format(path.parent) == "mvsnet"
    for place in (path, path.parent, tmp_path):
        camera = read_raw_rig(place).to_rig()["00000007"]
        assert camera.size == SIZE
        assert worst(camera, pinhole_pixels(K, ROTATION, TRANSLATION, POINTS)) < 1e-9
    with pytest.raises(DatasetError, match="cut off"):
        read_raw_rig(file_with(tmp_path, "x_cam.txt", mvsnet()[:200]), "mvsnet")


def llff(path: Path, count: int = 3) -> Path:
    inverse = ROTATION.T
    right, down, forward = inverse.T
    columns = np.column_stack([down, right, -forward, CENTER, [480.0, 640.0, 700.0]])
    np.save(path, np.tile(np.concatenate([columns.ravel(), [0.1, 5.0]]), (count, 1)))
    return path


def test_llff(tmp_path: Path) -> None:
    path = llff(tmp_path / "poses_bounds.npy")
    assert detect_format(path) == detect_format(tmp_path) == "llff"
    raw = read_raw_rig(path)
    assert raw.to_rig()["1"].size == SIZE
    assert worst(raw.to_rig()["1"], pinhole_pixels(MIDDLE, ROTATION, TRANSLATION, POINTS)) < 1e-9
    assert "numbered" in raw.notes[0]
    for name in ("b.png", "a.png", "c.png"):
        picture(tmp_path / "images" / name)
    assert list(read_raw_rig(tmp_path).to_rig().cameras) == ["a", "b", "c"]


def test_an_npy_of_objects_is_never_loaded(tmp_path: Path) -> None:
    array = np.empty((2, 17), dtype=object)
    np.save(tmp_path / "poses_bounds.npy", array, allow_pickle=True)
    with pytest.raises(DatasetError, match="Python objects"):
        read_raw_rig(tmp_path / "poses_bounds.npy", "llff")


def test_neus_world_mat_is_decomposed_and_scale_mat_told(tmp_path: Path) -> None:
    world = np.eye(4)
    world[:3] = -2.5 * K @ np.column_stack([ROTATION, TRANSLATION])
    scale = np.diag([2.0, 2.0, 2.0, 1.0])
    np.savez(tmp_path / "cameras_sphere.npz", world_mat_0=world, scale_mat_0=scale)
    path = tmp_path / "cameras_sphere.npz"
    assert detect_format(path) == detect_format(tmp_path) == "neus"
    picture(tmp_path / "image" / "000.png")
    raw = read_raw_rig(path)
    camera = raw.to_rig()["0"]
    assert camera.size == SIZE
    assert worst(camera, pinhole_pixels(K, ROTATION, TRANSLATION, POINTS)) < 1e-9
    assert "scale_mat is not applied (1 camera)" in raw.notes[0]


def test_projection_matrices_against_opencvs_decomposition() -> None:
    random = np.random.default_rng(5)
    for _ in range(20):
        upper = np.array([[700.0, random.uniform(-3, 3), 320.0], [0.0, 690.0, 240.0], [0.0, 0.0, 1.0]])
        rotation = np.asarray(cv2.Rodrigues(random.uniform(-1.5, 1.5, 3))[0])
        projection = random.choice([-3.0, 0.2, 7.0]) * upper @ np.column_stack([rotation, random.uniform(-1, 1, 3)])
        got, pose = (one[0] for one in decompose_projections(projection[None], Path("x"), ["P"]))
        want, turned, center = cv2.decomposeProjectionMatrix(projection)[:3]
        sign = np.sign(np.linalg.det(projection[:, :3]))
        assert np.abs(got - upper).max() < 1e-9
        assert np.abs(np.abs(got) - np.abs(want / want[2, 2])).max() < 1e-9
        assert np.abs(np.abs(pose[:, :3]) - np.abs(turned)).max() < 1e-9
        assert np.abs(-pose[:, :3].T @ pose[:, 3] - (center[:3] / center[3]).ravel()).max() < 1e-9
        assert sign in {-1.0, 1.0}
    for bad in (np.zeros((3, 4)), np.full((3, 4), np.nan)):
        with pytest.raises(DatasetError, match="finite camera"):
            decompose_projections(np.stack([K @ np.eye(3, 4), bad]), Path("x"), ["good", "P"])


def test_projection_matrices_and_kitti(tmp_path: Path) -> None:
    projection = K @ np.column_stack([ROTATION, TRANSLATION])
    path = file_with(tmp_path, "p.json", json.dumps({"a": projection.tolist()}))
    assert detect_format(path) == "projection-matrices"
    camera = read_raw_rig(path, size=SIZE).to_rig()["a"]
    assert worst(camera, pinhole_pixels(K, ROTATION, TRANSLATION, POINTS)) < 1e-9
    kitti = "P0: 700 0 320 0 0 700 240 0 0 0 1 0\nP1: 700 0 320 -70 0 700 240 0 0 0 1 0\nTr: 1 0 0 0 0 1 0 0 0 0 1 0\n"
    path = file_with(tmp_path, "calib.txt", kitti)
    assert detect_format(path) == "projection-matrices"
    rig = read_raw_rig(path, size=SIZE).to_rig()
    assert rig.unit == "m"
    assert np.abs(rig["P1"].cam_from_world.t - [-0.1, 0.0, 0.0]).max() < 1e-12


def splats(**more: Any) -> str:
    entry = {"id": 0, "img_name": "00001", "width": 640, "height": 480, "position": CENTER.tolist(),
             "rotation": ROTATION.T.tolist(), "fy": 700.0, "fx": 700.0}  # fmt: skip
    return json.dumps([entry | more])


def test_3dgs(tmp_path: Path) -> None:
    path = file_with(tmp_path, "cameras.json", splats(near=0.1))
    assert detect_format(path) == "3dgs"
    raw = read_raw_rig(path)
    assert worst(raw.to_rig()["00001"], pinhole_pixels(MIDDLE, ROTATION, TRANSLATION, POINTS)) < 1e-9
    assert "`near` is ignored (1 camera)" in raw.notes


def test_sdfstudio_counts_pixels_from_the_corner(tmp_path: Path) -> None:
    corner = np.eye(4)
    corner[:3, :3] = K + np.array([[0.0, 0.0, 0.5], [0.0, 0.0, 0.5], [0.0, 0.0, 0.0]])
    pose = np.linalg.inv(np.vstack([np.column_stack([ROTATION, TRANSLATION]), [0.0, 0.0, 0.0, 1.0]]))
    frame = {"rgb_path": "000000_rgb.png", "camtoworld": pose.tolist(), "intrinsics": corner.tolist(), "lens": 1.0}
    top = {"camera_model": "OPENCV", "height": 480, "width": 640, "worldtogt": np.diag([2.0, 2.0, 2.0, 1.0]).tolist()}
    path = file_with(tmp_path, "meta_data.json", json.dumps(top | {"frames": [frame]}))
    assert detect_format(path) == detect_format(tmp_path) == "sdfstudio"
    raw = read_raw_rig(path)
    assert worst(raw.to_rig()["000000_rgb"], pinhole_pixels(K, ROTATION, TRANSLATION, POINTS)) < 1e-9
    assert "worldtogt is not applied" in raw.notes[0]
    assert "`lens` is ignored (1 camera)" in raw.notes


def sfm(version: list[str], **model: Any) -> str:
    inner = {"intrinsicId": "9", "width": "640", "height": "480", "type": "radial3", "sensorWidth": "32.0",
             "focalLength": "35.0", "pixelRatio": "1", "principalPoint": ["2.0", "-1.5"],
             "distortionParams": ["-0.15", "0.1", "0.02"]}  # fmt: skip
    column_by_column = [str(value) for value in ROTATION.T.ravel().tolist()]
    pose = {
        "transform": {"rotation": column_by_column, "center": [str(value) for value in CENTER.tolist()]},
        "locked": "0",
    }
    views = [{"viewId": str(i), "poseId": str(i), "intrinsicId": "9", "path": f"/data/{i}.jpg"} for i in (1, 2)]
    top = {"version": version, "views": views, "intrinsics": [inner | model], "poses": [{"poseId": "1", "pose": pose}]}
    return json.dumps(top)


def focal(fx: float, fy: float, cx: float = 322.0, cy: float = 238.5) -> FloatArray:
    return np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])


@pytest.mark.parametrize(
    ("version", "model", "K", "lens"),
    [
        (["1", "2", "9"], {}, focal(700.0, 700.0), [-0.15, 0.1, 0.0, 0.0, 0.02]),
        (["1", "2", "3"], {"pixelRatio": "1.25"}, focal(700.0, 560.0), [-0.15, 0.1, 0.0, 0.0, 0.02]),
        (["1", "2", "5"], {"pixelRatio": "1.25"}, focal(700.0, 875.0), [-0.15, 0.1, 0.0, 0.0, 0.02]),
        (["1", "2", "1"], {"pxFocalLength": ["710", "720"]}, focal(710.0, 720.0), [-0.15, 0.1, 0.0, 0.0, 0.02]),
        (["1", "0", "0"], {"pxFocalLength": "710", "principalPoint": ["322", "238.5"]}, focal(710.0, 710.0),
         [-0.15, 0.1, 0.0, 0.0, 0.02]),
        (["1", "2", "9"], {"type": "pinhole", "distortionType": "brown",
                           "distortionParams": ["-0.15", "0.1", "0.02", "0.001", "-0.002"]},
         focal(700.0, 700.0), [-0.15, 0.1, 0.001, -0.002, 0.02]),
    ],
)  # fmt: skip
def test_meshroom_by_version(version: list[str], model: Any, K: FloatArray, lens: list[float], tmp_path: Path) -> None:
    path = file_with(tmp_path, "cameras.sfm", sfm(version, **model))
    assert detect_format(path) == "meshroom"
    raw = read_raw_rig(path)
    rig = raw.to_rig()
    assert list(rig.cameras) == ["1"]
    assert rig["1"].size == SIZE
    assert worst(rig["1"], brown_pixels(ROTATION, TRANSLATION, lens, K)) < 1e-9
    assert "left out, as they have no pose: 1 of 2 views" in raw.notes


@pytest.mark.parametrize(
    ("minor", "model"),
    [
        ("0", {"pxFocalLength": ["1000", "2000"], "principalPoint": ["2020", "1040"]}),
        ("1", {"pxFocalLength": ["1000", "2000"]}),
        ("2", {"focalLength": "8.7976539589442808", "pixelRatio": "0.5"}),
        ("4", {"focalLength": "8.7976539589442808", "pixelRatio": "0.5"}),
        ("5", {"focalLength": "8.7976539589442808", "pixelRatio": "2"}),
        ("10", {"focalLength": "8.7976539589442808", "pixelRatio": "2"}),
        ("11", {"focalLength": "17.595307917888562", "pixelRatio": "2"}),
        ("14", {"focalLength": "17.595307917888562", "pixelRatio": "2"}),
    ],
)
def test_one_camera_in_all_of_meshrooms_versions(minor: str, model: dict[str, Any], tmp_path: Path) -> None:
    """The numbers of AliceVision's own sample of each version: fx 1000, fy 2000, offset (-26, 16)."""
    same = {"width": "4092", "height": "2048", "sensorWidth": "36", "principalPoint": ["-26", "16"], "type": "pinhole"}
    text = sfm(["1", "2", minor], **(same | {"distortionType": "none", "distortionParams": ""} | model))
    found = read_raw_rig(file_with(tmp_path, "cameras.sfm", text)).to_rig()["1"]
    np.testing.assert_allclose(found.K, focal(1000.0, 2000.0, 2020.0, 1040.0), rtol=1e-12)


def test_meshrooms_sensor_lies_along_the_larger_side(tmp_path: Path) -> None:
    for minor, fx in (("10", 525.0), ("11", 700.0)):
        text = sfm(["1", "2", minor], width="480", height="640")
        assert read_raw_rig(file_with(tmp_path, "c.sfm", text)).to_rig()["1"].K[0, 0] == pytest.approx(fx)


def test_meshrooms_fisheye_and_what_has_no_counterpart(tmp_path: Path) -> None:
    lens = [0.02, -0.01, 0.003, -0.0005]
    text = sfm(["1", "2", "9"], type="fisheye4", distortionParams=[str(one) for one in lens], rollingShutter="1")
    raw = read_raw_rig(file_with(tmp_path, "f.sfm", text))
    assert worst(raw.to_rig()["1"], fisheye_pixels(ROTATION, TRANSLATION, lens, focal(700.0, 700.0))) < 1e-9
    assert "`rollingShutter` is ignored (1 camera)" in raw.notes
    with pytest.raises(CalibrationError, match="'3deradial4' has no counterpart"):
        read_raw_rig(file_with(tmp_path, "g.sfm", sfm(["1", "2", "9"], type="3deradial4")))
    before = json.loads(sfm(["1", "2", "9"])) | {"poses": []}
    with pytest.raises(DatasetError, match="before StructureFromMotion"):
        read_raw_rig(file_with(tmp_path, "h.sfm", json.dumps(before)))


def test_opendronemap_holds_intrinsics_only(tmp_path: Path) -> None:
    model = {"projection_type": "brown", "width": 640, "height": 480, "focal_x": 1.1, "focal_y": 1.1, "c_x": 0.01,
             "c_y": -0.01, "k1": -0.1, "k2": 0.0, "p1": 0.001, "p2": 0.002, "k3": 0.0}  # fmt: skip
    path = file_with(tmp_path, "cameras.json", json.dumps({"v2 dji": model}))
    assert detect_format(path) == "odm"
    raw = read_raw_rig(path)
    want = brown_pixels(np.eye(3), np.zeros(3), [-0.1, 0.0, 0.001, 0.002, 0.0], focal(704.0, 704.0, 325.9, 233.1))
    assert worst(raw.to_rig()["v2 dji"], want) < 1e-9
    assert "reconstruction.json" in raw.notes[0]
    panorama = {"projection_type": "spherical", "width": 640, "height": 320}
    both = read_raw_rig(file_with(tmp_path, "cameras.json", json.dumps({"pano": panorama, "v2 dji": model})))
    assert [one.name for one in both.cameras] == ["v2 dji"]
    assert both.notes[-1].startswith("left out: pano: projection type 'spherical'")


def test_hot3d_is_recognised_and_refused(tmp_path: Path) -> None:
    entry = {"cam_model": {"projection_model_type": "FISHEYE624"}, "cam_R_w2c": [1, 0, 0, 0, 1, 0, 0, 0, 1]}
    path = file_with(tmp_path, "scene_camera.json", json.dumps({"0": entry}))
    assert detect_format(path) == "hot3d"
    with pytest.raises(CalibrationError, match=r"FISHEYE624.*no counterpart.*pinhole"):
        read_raw_rig(path)


def test_what_mvsnet_and_neus_write_says_what_is_missing(pinhole_ring: Rig, tmp_path: Path) -> None:
    assert "depth range" in write_rig(pinhole_ring, tmp_path / "cams", format="mvsnet").notes[0]
    assert "scale_mat" in write_rig(pinhole_ring, tmp_path / "cameras.npz", format="neus").notes[1]
