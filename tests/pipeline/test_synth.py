"""Synthetic captures read back byte by byte with h5py, OpenCV and json, and once through the readers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from renderkit.errors import DatasetError
from renderkit.formats import open_capture
from renderkit.formats.supplement import SupplementedCapture
from renderkit.geometry.camera import Camera
from renderkit.pipeline.synth import SynthOptions, SynthTruth, synthesize
from renderkit.synth.faults import Fault

TINY = SynthOptions(num_cameras=5, size=(153, 128), scan_faces=8_000, num_frames=2)
FAULTY = (
    Fault("rotated", ("25",), 0.5),
    Fault("swapped", ("28", "31"), 0.0),
    Fault("mirrored", ("13",), 0.0),
    Fault("frame-offset", ("40",), 1.0),
)


@pytest.fixture(scope="module")
def renderme(tmp_path_factory: pytest.TempPathFactory) -> SynthTruth:
    options = SynthOptions(num_cameras=5, size=(306, 256), scan_faces=20_000, num_frames=2)
    return synthesize(tmp_path_factory.mktemp("renderme"), options)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> SynthTruth:
    return synthesize(tmp_path_factory.mktemp("tiny"), TINY)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> SynthTruth:
    options = SynthOptions(num_cameras=5, size=(153, 128), scan_faces=8_000, num_frames=2, faults=FAULTY)
    return synthesize(tmp_path_factory.mktemp("faulty"), options)


@pytest.fixture(scope="module")
def facescape(tmp_path_factory: pytest.TempPathFactory) -> SynthTruth:
    options = SynthOptions(like="facescape", num_cameras=8, size=(160, 224), scan_faces=8_000, num_frames=2, seed=1)
    return synthesize(tmp_path_factory.mktemp("facescape"), options)


@pytest.fixture
def raw(renderme: SynthTruth) -> Iterator[h5py.File]:
    with h5py.File(renderme.folder / "0000_e0_raw.smc", "r") as file:
        yield file


@pytest.fixture
def anno(renderme: SynthTruth) -> Iterator[h5py.File]:
    with h5py.File(renderme.folder / "0000_e0_anno.smc", "r") as file:
        yield file


def opencv_project(points: NDArray[Any], camera: Camera) -> NDArray[np.float64]:
    pose = camera.cam_from_world
    coefficients = camera.distortion.coefficients if camera.distortion.coefficients.size else np.zeros(5)
    pixels, _ = cv2.projectPoints(np.asarray(points, dtype=float), pose.rotation_vector, pose.t, camera.K, coefficients)
    return np.asarray(pixels[:, 0])


def decode(dataset: Any, flag: int) -> NDArray[np.uint8]:
    assert dataset.dtype == np.uint8
    assert dataset.ndim == 1
    pixels = cv2.imdecode(dataset[()], flag)
    assert pixels is not None
    return np.asarray(pixels, dtype=np.uint8)


def test_smc_pair_has_the_real_groups_and_padding(raw: h5py.File, anno: h5py.File) -> None:
    cameras = ["13", "25", "28", "31", "40"]
    assert sorted(raw["Camera"]) == sorted(anno["Camera"]) == sorted(anno["Calibration"]) == cameras
    assert list(raw["Camera/25"]) == ["color"]
    assert list(raw["Camera/25/color"]) == list(anno["Camera/25/mask"]) == ["0", "1"]
    assert raw["Camera"].attrs["num_device"] == 5
    assert tuple(raw["Camera"].attrs["resolution"]) == (256, 306)
    for file in (raw, anno):
        assert file.attrs["actor_id"] == "0000"
        assert file.attrs["performance_part"] == "e0"
    assert sorted(anno) == [
        "Calibration", "Camera", "FLAME", "Keypoints2d", "Keypoints3d", "Scan", "ScanMask", "UV_texture",
    ]  # fmt: skip
    assert list(anno["Keypoints2d"]) == ["25", "28", "31"]
    assert list(anno["ScanMask"]) == cameras
    for name, shape in (("K", (3, 3)), ("D", (5,)), ("RT", (4, 4))):
        assert anno[f"Calibration/25/{name}"].shape == shape


def test_smc_pictures_are_jpeg_and_mattes_are_grey_png(raw: h5py.File, anno: h5py.File) -> None:
    color = raw["Camera/25/color/0"]
    assert bytes(color[:3]) == b"\xff\xd8\xff"
    assert decode(color, cv2.IMREAD_UNCHANGED).shape == (256, 306, 3)
    matte = anno["Camera/25/mask/0"]
    assert bytes(matte[:4]) == b"\x89PNG"
    alpha = decode(matte, cv2.IMREAD_UNCHANGED)
    assert alpha.shape == (256, 306)
    assert set(np.unique(alpha)) > {0, 255}
    # Soft edges only: most pixels are clear.
    assert ((alpha > 0) & (alpha < 255)).mean() < 0.02
    assert decode(anno["UV_texture/0"], cv2.IMREAD_UNCHANGED).shape == (256, 256, 3)


def test_photograph_shows_skin_and_hair_where_the_face_is(raw: h5py.File, renderme: SynthTruth) -> None:
    blue_green_red = decode(raw["Camera/25/color/0"], cv2.IMREAD_COLOR).astype(int)
    camera = renderme.cameras["0"]["25"]
    cheek, crown = opencv_project(np.array([[0.035, -0.465, -0.07], [0.0, -0.61, -0.03]]), camera).round().astype(int)
    blue, _, red = blue_green_red[cheek[1], cheek[0]]
    assert red > blue + 25
    assert blue_green_red[crown[1], crown[0]].mean() < 110


def test_matte_is_the_silhouette_of_the_scan(anno: h5py.File, renderme: SynthTruth) -> None:
    vertices, faces = anno["Scan/vertex"][()], anno["Scan/vertex_indices"][()]
    for name, camera in renderme.cameras["0"].items():
        # Every face filled on its own by OpenCV, four times as large; that is right to a quarter of a pixel.
        pixels = (opencv_project(vertices, camera) + 0.5) * 4.0 - 0.5
        filled = np.zeros((256 * 4, 306 * 4), dtype=np.uint8)
        for corners in np.round(pixels[faces] * 16.0).astype(np.int32):
            cv2.fillConvexPoly(filled, corners, 255, cv2.LINE_8, 4)
        expected = cv2.resize(filled, (306, 256), interpolation=cv2.INTER_AREA) >= 128
        matte = decode(anno[f"Camera/{name}/mask/0"], cv2.IMREAD_GRAYSCALE) >= 128
        scan_mask = decode(anno[f"ScanMask/{name}"], cv2.IMREAD_GRAYSCALE) > 0
        for mask in (matte, scan_mask):
            assert np.count_nonzero(mask & expected) > 0.985 * np.count_nonzero(mask | expected)
            kernel = np.ones((3, 3), dtype=np.uint8)
            assert not (mask & (cv2.dilate(expected.astype(np.uint8), kernel) == 0)).any()
            assert not ((cv2.erode(expected.astype(np.uint8), kernel) == 1) & ~mask).any()


def test_landmarks_in_pictures_are_the_projected_ones_with_little_noise(anno: h5py.File, renderme: SynthTruth) -> None:
    residuals = []
    for frame in ("0", "1"):
        points = anno[f"Keypoints3d/{frame}"][()]
        assert points.shape == (73, 3)
        for name in anno["Keypoints2d"]:
            detected = anno[f"Keypoints2d/{name}/{frame}"][()]
            assert detected.shape == (106, 2)
            residuals.append(detected[33:] - opencv_project(points, renderme.cameras[frame][name]))
    assert abs(np.std(residuals) - 0.3) < 0.03
    assert np.abs(np.mean(residuals)) < 0.05


def test_flame_arrays_are_as_in_real_fits(anno: h5py.File, renderme: SynthTruth) -> None:
    flame = anno["FLAME/1"]
    shapes = {key: flame[key].shape for key in flame}
    assert shapes == {
        "shape": (1, 100), "exp": (1, 50), "global_pose": (1, 3), "jaw_pose": (1, 3), "cam": (1, 4),
        "verts": (1, 5023, 3), "albedos": (1, 3, 256, 256), "tex": (1, 50), "lit": (1, 9, 3),
    }  # fmt: skip
    assert {flame[key].dtype for key in flame} == {np.dtype(np.float32)}
    world = flame["verts"][0].astype(float) + flame["cam"][0, 1:4]
    landmarks = anno["Keypoints3d/1"][()]
    gap = np.linalg.norm(landmarks[:, None] - world[None], axis=2).min(axis=1)
    assert gap.max() < 0.006
    # Without the translation it is another place altogether.
    assert np.median(np.linalg.norm(landmarks[:, None] - flame["verts"][0][None], axis=2).min(axis=1)) > 0.03
    topology = np.load(renderme.folder / "flame_topology.npz", allow_pickle=False)
    assert set(topology.files) == {"faces", "template", "uv"}
    assert topology["faces"].max() == 5022
    assert len(topology["faces"]) < 9976


def test_readers_give_back_what_was_written(renderme: SynthTruth) -> None:
    with open_capture(renderme.capture, flame=renderme.flame_topology) as capture:
        assert capture.camera_names == tuple(renderme.cameras["0"])
        assert capture.frame_ids == ("0", "1")
        frame = capture.frame("0")
        assert set(frame.mesh_names) == {"scan", "flame"}
        assert len(frame.read_mesh("flame").faces) > 9000
        landmarks, marks = frame.read_landmarks(), capture.view("0", "25").read_landmarks()
        assert landmarks is not None
        assert marks is not None
        for name, truth in renderme.cameras["0"].items():
            read = capture.camera(name)
            assert np.abs(read.K - truth.K).max() < 1e-6
            assert np.abs(read.cam_from_world.matrix - truth.cam_from_world.matrix).max() < 1e-6
            assert np.abs(read.distortion.coefficients - truth.distortion.coefficients).max() < 1e-9
            assert read.size == truth.size
            view = capture.view("0", name)
            assert view.image is not None
            assert view.mask is not None
            assert view.image.decode_color().shape == (256, 306, 3)
            assert view.mask.decode_gray().shape == (256, 306)
        picture = capture.view("0", "25").image
        assert picture is not None
        ours = picture.decode_color()
    with h5py.File(renderme.folder / "0000_e0_raw.smc", "r") as file:
        assert np.array_equal(ours, decode(file["Camera/25/color/0"], cv2.IMREAD_COLOR)[:, :, ::-1])


def test_same_options_give_the_same_bytes_whatever_the_threads(tiny: SynthTruth, tmp_path: Path) -> None:
    again = synthesize(tmp_path, SynthOptions(**{**vars(TINY), "threads": 1}))
    for name in ("0000_e0_raw.smc", "0000_e0_anno.smc", "flame_topology.npz", "truth.json"):
        assert (again.folder / name).read_bytes() == (tiny.folder / name).read_bytes(), name


def test_progress_counts_every_view(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    options = SynthOptions(num_cameras=2, num_frames=2, size=(64, 48), scan_faces=4_000)
    synthesize(tmp_path, options, lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_calibration_faults_change_the_numbers_and_not_the_pictures(tiny: SynthTruth, faulty: SynthTruth) -> None:
    good, bad = (h5py.File(t.folder / "0000_e0_anno.smc", "r") for t in (tiny, faulty))
    good_raw, bad_raw = (h5py.File(t.folder / "0000_e0_raw.smc", "r") for t in (tiny, faulty))
    with good, bad, good_raw, bad_raw:
        for name in ("25", "28", "31"):
            assert np.array_equal(good_raw[f"Camera/{name}/color/0"][()], bad_raw[f"Camera/{name}/color/0"][()])
            assert np.array_equal(good[f"Camera/{name}/mask/1"][()], bad[f"Camera/{name}/mask/1"][()])
            assert not np.array_equal(good[f"Calibration/{name}/RT"][()], bad[f"Calibration/{name}/RT"][()])
        for name in ("13", "40"):
            assert np.array_equal(good[f"Calibration/{name}/RT"][()], bad[f"Calibration/{name}/RT"][()])
            assert not np.array_equal(good_raw[f"Camera/{name}/color/0"][()], bad_raw[f"Camera/{name}/color/0"][()])
        turn = good["Calibration/25/RT"][:3, :3].T @ bad["Calibration/25/RT"][:3, :3]
        assert np.rad2deg(np.arccos((np.trace(turn) - 1.0) / 2.0)) == pytest.approx(0.5, abs=1e-6)
        assert np.array_equal(good["Calibration/31/K"][()], bad["Calibration/28/K"][()])
        assert np.array_equal(good["Calibration/28/RT"][()], bad["Calibration/31/RT"][()])


def test_picture_faults_change_the_pictures_and_not_the_numbers(tiny: SynthTruth, tmp_path: Path) -> None:
    faults = (Fault("mirrored", ("25",), 0.0), Fault("frame-offset", ("28",), 1.0), Fault("resized", ("31",), 0.5))
    bad_truth = synthesize(tmp_path, SynthOptions(**{**vars(TINY), "faults": faults}))
    good, bad = (h5py.File(t.folder / "0000_e0_anno.smc", "r") for t in (tiny, bad_truth))
    with good, bad:
        for name in ("25", "28", "31"):
            assert np.array_equal(good[f"Calibration/{name}/RT"][()], bad[f"Calibration/{name}/RT"][()])
            assert np.array_equal(good[f"ScanMask/{name}"][()], bad[f"ScanMask/{name}"][()])
        straight = decode(good["Camera/25/mask/0"], cv2.IMREAD_GRAYSCALE)
        assert np.array_equal(decode(bad["Camera/25/mask/0"], cv2.IMREAD_GRAYSCALE), straight[:, ::-1])
        assert np.array_equal(bad["Camera/28/mask/0"][()], good["Camera/28/mask/1"][()])
        assert np.array_equal(bad["Keypoints2d/28/0"][()], good["Keypoints2d/28/1"][()])
        assert decode(bad["Camera/31/mask/0"], cv2.IMREAD_GRAYSCALE).shape == (64, 76)
        # A detector calls the eye on the left of the picture the right one, mirrored or not.
        eyes = bad["Keypoints2d/25/0"][()][104:]
        assert eyes[0, 0] < eyes[1, 0]


def test_truth_is_recorded_beside_the_capture(faulty: SynthTruth) -> None:
    content = json.loads((faulty.folder / "truth.json").read_text())
    assert (content["format"], content["version"], content["seed"]) == ("renderkit-truth", 1, 0)
    assert content["captures"] == ["0000_e0_anno.smc"]
    assert [fault["name"] for fault in content["faults"]] == [fault.name for fault in faulty.faults]
    assert content["faults"][0]["cameras"] == ["25"]
    camera = faulty.cameras["0"]["25"]
    assert np.array_equal(content["cameras"]["0"]["25"]["K"], camera.K)
    assert np.array_equal(content["cameras"]["0"]["25"]["cam_from_world"], camera.cam_from_world.matrix)
    assert faulty.faulty_cameras == ("13", "25", "28", "31", "40")


def test_facescape_tuples_have_the_real_files(facescape: SynthTruth) -> None:
    root = facescape.folder / "facescape"
    assert [p.name for p in facescape.captures] == ["1_neutral", "2_smile"]
    for capture in facescape.captures:
        params = json.loads((capture / "params.json").read_text())
        assert len(params) == 8 * 9
        assert not params["7_valid"]
        assert facescape.skipped[capture.name] == ("7",)
        assert len({(params[f"{i}_width"], params[f"{i}_height"]) for i in range(8)}) == 3
        for index in range(7):
            picture = cv2.imread(str(capture / f"{index}.jpg"))
            assert picture is not None
            assert picture.shape == (params[f"{index}_height"], params[f"{index}_width"], 3)
            truth = facescape.cameras[capture.name][str(index)]
            assert np.allclose(params[f"{index}_Rt"], truth.cam_from_world.matrix[:3], atol=1e-12)
            assert np.array_equal(params[f"{index}_distortion"], truth.distortion.coefficients)
    scales = json.loads((root / "Rt_scale_dict.json").read_text())["2"]
    assert set(scales) == {"1", "2"}
    assert scales["1"][0] != scales["2"][0]


def test_facescape_model_lands_in_the_tu_frame_in_millimetres(facescape: SynthTruth) -> None:
    scales = json.loads((facescape.folder / "facescape" / "Rt_scale_dict.json").read_text())["2"]
    for capture, number in zip(facescape.captures, ("1", "2"), strict=True):
        mesh = trimesh.load(capture.with_suffix(".ply"), process=False)
        scale, matrix = scales[number][0], np.array(scales[number][1])
        in_tu = scale * np.asarray(mesh.vertices) @ matrix[:, :3].T + matrix[:, 3]
        assert 105.0 < in_tu[:, 2].max() < 125.0
        assert 120.0 < in_tu[:, 1].max() < 140.0
        assert len(np.unique(mesh.visual.vertex_colors[:, :3], axis=0)) > 100


def test_facescape_reads_back_with_its_supplements(facescape: SynthTruth) -> None:
    with open_capture(facescape.capture) as plain:
        capture = SupplementedCapture(plain, facescape.masks, facescape.landmarks)
        assert capture.camera_names == tuple(str(i) for i in range(7))
        assert [s.name for s in capture.skipped_cameras] == ["7"]
        frame = capture.frame(capture.frame_ids[0])
        points = frame.read_landmarks()
        assert points is not None
        assert points.points.shape == (68, 3)
        num_detected = 0
        for view in capture.views(frame.id):
            truth = facescape.cameras["1_neutral"][view.camera.name]
            assert np.abs(view.camera.K - truth.K).max() < 1e-6
            assert np.abs(view.camera.cam_from_world.matrix - truth.cam_from_world.matrix).max() < 1e-6
            assert view.mask is not None
            assert view.mask.decode_gray().shape == (view.camera.height, view.camera.width)
            detected = view.read_landmarks()
            if detected is not None:
                num_detected += 1
                assert np.abs(detected.points - opencv_project(points.points, truth)).max() < 2.0
        assert 2 <= num_detected < 7


@pytest.mark.parametrize(
    "wrong",
    [
        {"num_cameras": 0},
        {"num_frames": 0},
        {"size": (8, 8)},
        {"seed": -1},
        {"jpeg_quality": 0},
        {"image_noise": -1.0},
        {"like": "facescape", "num_frames": 21},
        {"faults": (Fault("rotated", ("99",), 1.0),)},
    ],
)
def test_impossible_options_are_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"expected|no camera"):
        synthesize(tmp_path, SynthOptions(**{"num_cameras": 1, "size": (32, 32), **wrong}))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DatasetError, match="file"):
        synthesize(tmp_path / "file", SynthOptions(num_cameras=1, size=(32, 32), scan_faces=4_000))
