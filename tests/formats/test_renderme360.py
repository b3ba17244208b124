"""RenderMe-360 captures, read from true SMC files."""

from __future__ import annotations

import multiprocessing
import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from renderkit.capture import MissingPart
from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats.renderme360 import RenderMe360Capture


def edit(path: Path, changes: dict[str, Any]) -> None:
    """Replace datasets of a file; None deletes."""
    with h5py.File(path, "r+") as file:
        for key, value in changes.items():
            if key in file:
                del file[key]
            if value is not None:
                file[key] = value


@pytest.mark.parametrize("half", [0, 1])
def test_either_half_finds_the_other(smc_pair: tuple[Path, Path], half: int) -> None:
    with RenderMe360Capture(smc_pair[half]) as capture:
        view = capture.view("2", "05")
        assert view.image is not None
        assert view.mask is not None
        assert view.image.decode_color().shape == (48, 64, 3)
        assert capture.inventory().missing[0].why.startswith("The file states 60 cameras")


def test_halves_of_the_released_folders_find_each_other(smc_pair: tuple[Path, Path], tmp_path: Path) -> None:
    for half, file in zip(("raw", "anno"), smc_pair, strict=True):
        (tmp_path / half / "0026").mkdir(parents=True)
        shutil.move(file, tmp_path / half / "0026" / file.name)
    for half, file in zip(("raw", "anno"), smc_pair, strict=True):
        with RenderMe360Capture(tmp_path / half / "0026" / file.name) as capture:
            assert capture.view("0", "00").mask is not None
            assert capture.view("0", "00").image is not None


def test_raw_half_alone_names_what_is_missing(smc_pair: tuple[Path, Path]) -> None:
    smc_pair[1].unlink()
    with RenderMe360Capture(smc_pair[0]) as capture:
        assert capture.camera_names == ("00", "05", "25")
        with pytest.raises(CalibrationError, match=r"0026_e0_anno\.smc, which may hold it, is not beside"):
            capture.camera("00")
        missing = capture.inventory().missing
        assert any("0026_e0_anno.smc" in part.why for part in missing if part.kind == "file")
        assert MissingPart("calibration", "No calibration for any camera.") in missing


def test_anno_half_alone_knows_the_size_from_a_matte(smc_pair: tuple[Path, Path]) -> None:
    smc_pair[0].unlink()
    with RenderMe360Capture(smc_pair[1]) as capture:
        assert capture.camera("05").size == (64, 48)
        assert capture.view("0", "05").image is None
    edit(smc_pair[1], {"Camera": None})
    with RenderMe360Capture(smc_pair[1]) as capture:
        assert capture.camera("05").size == (2448, 2048)


def test_keys_are_enumerated_and_frames_sorted_as_numbers(smc_single: Path) -> None:
    with RenderMe360Capture(smc_single) as capture:
        assert capture.camera_names == ("00", "05", "25")
        assert capture.frame_ids == ("0", "2", "10")
        with pytest.raises(KeyError):
            capture.camera("5")
        with pytest.raises(KeyError):
            capture.frame("02")
        with pytest.raises(KeyError):
            capture.view("0", "01")


def test_calibration_is_camera_to_world(smc_single: Path) -> None:
    with RenderMe360Capture(smc_single) as capture:
        camera = capture.camera("25")  # written third: turned by 0.4 rad about y, a metre from the origin
        angle = 0.4
        np.testing.assert_allclose(camera.center_world, [-np.sin(angle), 0.0, -np.cos(angle)], atol=1e-12)
        np.testing.assert_allclose(camera.optical_axis_world, [np.sin(angle), 0.0, np.cos(angle)], atol=1e-12)
        np.testing.assert_array_equal(camera.distortion.coefficients, [0.1, -0.2, 0.001, -0.002, 0.05])
        assert camera.size == (64, 48)
        np.testing.assert_allclose(camera.project(np.zeros((1, 3))), [[31.5, 23.5]], atol=1e-9)


def test_pictures_are_rgb_and_mattes_keep_their_alpha(smc_single: Path) -> None:
    with RenderMe360Capture(smc_single) as capture:
        view = capture.view("0", "05")
        assert view.image is not None
        assert view.mask is not None
        np.testing.assert_allclose(view.image.decode_color()[5, 5], [11, 100, 200], atol=3)
        matte = view.mask.decode_gray()
        assert (matte[15, 15], matte[20, 15], matte[0, 0]) == (255, 128, 0)


def test_landmarks_exist_where_they_were_detected(smc_single: Path) -> None:
    edit(smc_single, {"Keypoints2d/25/2": np.zeros((0,)), "Keypoints2d/25/10": None, "Keypoints3d/2": h5py.Empty("f8")})
    with RenderMe360Capture(smc_single) as capture:
        found = capture.view("0", "25").read_landmarks()
        assert found is not None
        assert (found.scheme, len(found), found.points[3].tolist()) == ("renderme106", 106, [6.0, 7.0])
        assert capture.view("2", "25").read_landmarks() is None
        assert capture.view("10", "25").read_landmarks() is None
        assert capture.view("0", "05").read_landmarks() is None
        world = capture.frame("0").read_landmarks()
        assert world is not None
        assert (world.scheme, world.points.shape) == ("renderme73", (73, 3))
        assert capture.frame("2").read_landmarks() is None
        assert capture.inventory().annotations["landmarks2d"] == ("25",)
        assert capture.inventory().frame_annotations["landmarks3d"] == ("0", "10")


def test_landmarks_of_a_wrong_shape_are_an_error(smc_single: Path) -> None:
    edit(smc_single, {"Keypoints2d/25/0": np.zeros((98, 2)), "Keypoints3d/0": np.zeros((106, 3))})
    with RenderMe360Capture(smc_single) as capture:
        with pytest.raises(DatasetError, match=r"Keypoints2d/25/0.*expected shape \(106, 2\), found \(98, 2\)"):
            capture.view("0", "25").read_landmarks()
        with pytest.raises(DatasetError, match=r"expected shape \(73, 3\), found \(106, 3\)"):
            capture.frame("0").read_landmarks()


def test_scan_scan_mask_texture_and_attributes(smc_single: Path) -> None:
    with RenderMe360Capture(smc_single) as capture:
        scan = capture.frame("10").read_mesh("scan")
        assert (scan.vertices.shape, scan.faces.shape, scan.name) == ((4, 3), (4, 3), "scan")
        mask, texture = capture.scan_mask("05"), capture.uv_texture("0")
        assert mask is not None
        assert texture is not None
        assert np.max(mask.decode_gray()) == 255
        assert texture.decode_color().shape == (16, 16, 3)
        assert capture.scan_mask("59") is None
        assert dict(capture.attributes) == {
            "actor_id": "0026", "performance_part": "e0", "age": 30, "height": 170.5,
        }  # fmt: skip
        assert capture.audio() is None


def test_audio_of_a_speech_part(smc_single: Path) -> None:
    sound = np.linspace(-1.0, 0.9, 200).reshape(100, 2)
    edit(smc_single, {"Camera/00/audio/audio": sound, "Camera/00/audio/sample_rate": 48000})
    with RenderMe360Capture(smc_single) as capture:
        audio = capture.audio()
        assert audio is not None
        assert (audio.sample_rate, audio.samples.shape) == (48000, (100, 2))
        np.testing.assert_allclose(audio.samples, sound, atol=1e-6)
        assert capture.frame_ids == ("0", "2", "10")
    edit(smc_single, {"Camera/00/audio/sample_rate": None})
    with RenderMe360Capture(smc_single) as capture, pytest.raises(DatasetError, match="sample_rate"):
        capture.audio()


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("Calibration/05/K", np.full((3, 3), np.nan), "NaN"),
        ("Calibration/05/K", np.zeros((3, 3)), "K must be"),
        ("Calibration/05/K", np.diag([0.0, 1.0, 1.0]), "singular"),
        ("Calibration/05/K", np.eye(2), r"expected shape \(3, 3\)"),
        ("Calibration/05/D", np.full(5, np.inf), "distortion|finite"),
        ("Calibration/05/D", np.zeros(6) + 0.1, "coefficients"),
        ("Calibration/05/D", np.float64(0.1), "expected shape"),
        ("Calibration/05/RT", np.diag([2.0, 1.0, 1.0, 1.0]), "R is not a rotation"),
        ("Calibration/05/RT", np.diag([-1.0, 1.0, 1.0, 1.0]), "R is not a rotation"),
        ("Calibration/05/RT", np.eye(3), "expected shape"),
        ("Calibration/05/RT", None, "has no calibration"),
        ("Calibration/05/K", h5py.Empty("f8"), "has no calibration"),
    ],
)
def test_a_bad_calibration_costs_its_own_camera_only(
    smc_single: Path, key: str, value: np.ndarray[Any, Any] | None, why: str
) -> None:
    edit(smc_single, {key: value})
    with RenderMe360Capture(smc_single) as capture:
        for ask in (capture.camera, lambda name: capture.view("0", name)):
            with pytest.raises(CalibrationError, match=why):
                ask("05")
        assert capture.camera("00").name == "00"
        assert capture.view("0", "25").image is not None
        assert capture.camera_names == ("00", "05", "25")


def test_a_corrupt_picture_costs_its_own_view_only(smc_single: Path) -> None:
    edit(
        smc_single,
        {
            "Camera/05/color/0": np.frombuffer(b"\xff\xd8\xff\xe0 no jpeg", np.uint8),
            "Camera/05/mask/0": np.frombuffer(b"\x89PNG\r\n\x1a\n broken", np.uint8),
            "Camera/00/color/0": np.zeros((4, 4), np.float32),
        },
    )
    with RenderMe360Capture(smc_single) as capture:
        view = capture.view("0", "05")
        assert view.image is not None
        assert view.mask is not None
        with pytest.raises(DatasetError, match="Camera/05/color/0"):
            view.image.decode_color()
        with pytest.raises(DatasetError, match="Camera/05/mask/0"):
            view.mask.decode_gray()
        other = capture.view("0", "00")
        assert other.image is not None
        with pytest.raises(DatasetError, match="of kind 'u'"):
            other.image.decode_color()
        good = capture.view("2", "05")
        assert good.image is not None
        good.image.decode_color()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"Scan/vertex_indices": np.array([[0, 1, 4]])}, r"faces point outside the vertices: indices 0\.\.4"),
        ({"Scan/vertex_indices": np.array([[-1, 1, 2]])}, "faces point outside"),
        ({"Scan/vertex": np.full((4, 3), np.nan)}, "NaN"),
        ({"Scan/vertex": np.zeros((4, 2))}, r"expected shape \(N, 3\)"),
        ({"Scan/vertex_indices": np.zeros((0, 3), np.int32)}, "expected both"),
        ({"Scan/vertex_indices": np.zeros((4, 3))}, "of kind 'iu'"),
    ],
)
def test_a_bad_scan_is_an_error_when_it_is_read(smc_single: Path, changes: dict[str, Any], why: str) -> None:
    edit(smc_single, changes)
    with RenderMe360Capture(smc_single) as capture:
        frame = capture.frame("0")
        with pytest.raises(DatasetError, match=why):
            frame.read_mesh("scan")
        assert len(frame.read_mesh("flame").vertices) == 4


def test_files_that_are_no_captures(tmp_path: Path, smc_pair: tuple[Path, Path]) -> None:
    text = tmp_path / "text.smc"
    text.write_text("not HDF5")
    with pytest.raises(DatasetError, match="not a readable HDF5 file"):
        RenderMe360Capture(text)
    with pytest.raises(DatasetError, match="no such file"):
        RenderMe360Capture(tmp_path / "none.smc")
    with h5py.File(tmp_path / "other.smc", "w") as file:
        file["something"] = 1
    with pytest.raises(DatasetError, match="expected groups"):
        RenderMe360Capture(tmp_path / "other.smc")
    data = smc_pair[1].read_bytes()
    smc_pair[1].write_bytes(data[: len(data) // 2])
    with pytest.raises(DatasetError, match=r"anno\.smc: not a readable HDF5 file"):
        RenderMe360Capture(smc_pair[0])


def test_a_capture_survives_pickling_and_is_closed_once(smc_single: Path) -> None:
    capture = RenderMe360Capture(smc_single)
    other: RenderMe360Capture = pickle.loads(pickle.dumps(capture))  # noqa: S301 - our own bytes
    again = capture.reopen()
    capture.close()
    capture.close()
    with pytest.raises(DatasetError, match="closed"):
        capture.view("0", "00")
    for each in (other, again):
        with each:
            np.testing.assert_array_equal(each.camera("00").K[0], [100.0, 0.0, 31.5])


def _read_in_child(capture: RenderMe360Capture, queue: multiprocessing.SimpleQueue[Any]) -> None:
    try:
        capture.view("0", "00")
        queue.put(("nothing was raised", []))
    except DatasetError as error:
        with capture.reopen() as own:
            queue.put((str(error), own.camera("00").K.tolist()))


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_is_told_to_reopen(smc_single: Path) -> None:
    context = multiprocessing.get_context("fork")
    with RenderMe360Capture(smc_single) as capture:
        queue = context.SimpleQueue()
        process = context.Process(target=_read_in_child, args=(capture, queue))
        process.start()
        process.join(30)
        assert process.exitcode == 0
        message, intrinsics = queue.get()
        assert "reopen()" in message
        assert intrinsics[0] == [100.0, 0.0, 31.5]


def test_threads_may_share_a_capture(smc_single: Path) -> None:
    with RenderMe360Capture(smc_single) as capture, ThreadPoolExecutor(4) as pool:

        def red(job: int) -> int:
            view = capture.view("0", ("00", "05", "25")[job % 3])
            assert view.image is not None
            return int(view.image.decode_color()[5, 5, 0])

        reds = list(pool.map(red, range(60)))
    assert all(abs(value - (10 + job % 3)) <= 3 for job, value in enumerate(reds))


def test_real_calibrations_are_read_back_exactly(tmp_path: Path, real_calibration: dict[str, Any]) -> None:
    path = tmp_path / "real_anno.smc"
    with h5py.File(path, "w") as file:
        for name, numbers in real_calibration.items():
            for key, value in numbers.items():
                file[f"Calibration/{name}/{key}"] = np.array(value)
    with RenderMe360Capture(path) as capture:
        assert capture.camera_names == tuple(f"{index:02d}" for index in range(60))
        for name, numbers in real_calibration.items():
            camera = capture.camera(name)
            np.testing.assert_array_equal(camera.K, numbers["K"])
            np.testing.assert_array_equal(camera.distortion.coefficients, np.array(numbers["D"]).ravel())
            stored = np.array(numbers["RT"])
            np.testing.assert_allclose(camera.center_world, stored[:3, 3], atol=1e-9)
            np.testing.assert_allclose(camera.cam_from_world.R, stored[:3, :3].T, atol=2e-6)
            assert camera.size == (2448, 2048)
