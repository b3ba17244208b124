"""One file, one meaning: what `read_rig` reads is what `open_capture` offers, for every format with a capture."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
import pytest

from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats import detect_format, formats, open_capture, read_raw_rig, read_rig
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose

PAR_LINE = "100 0 31.5 0 101 23.5 0 0 1 1 0 0 0 1 0 0 0 1 0.1 0.2 2"


def same(one: Camera, other: Camera) -> bool:
    return (
        (one.name, one.size, one.distortion.model) == (other.name, other.size, other.distortion.model)
        and np.array_equal(one.K, other.K)
        and np.array_equal(one.distortion.coefficients, other.distortion.coefficients)
        and np.array_equal(one.cam_from_world.matrix, other.cam_from_world.matrix)
    )


def dino(folder: Path, text: str | None = None) -> Path:
    folder.mkdir()
    (folder / "dino_par.txt").write_text(f"2\nb.png {PAR_LINE}\na.png {PAR_LINE}\n" if text is None else text)
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(folder / name), np.zeros((48, 64), np.uint8))
    return folder


def own(folder: Path) -> Path:
    """A par file under another name than its own, named by a capture.toml."""
    dino(folder)
    (folder / "capture.toml").write_text(
        'format = "renderkit-capture"\nversion = 1\ncameras = "dino_par.txt"\nimages = "{camera}.png"\n'
    )
    return folder


def dna(path: Path) -> Path:
    """Cameras around one point, without pictures."""
    with h5py.File(path, "w") as file:
        for index in range(3):
            pose = Pose.look_at((3.0 * np.sin(index), 0.0, 3.0 * np.cos(index)), (0.0, 0.0, 0.0))
            group = file.create_group(f"Camera_Parameter/{index}")
            group["K"] = np.array([[100.0, 0.0, 31.5], [0.0, 101.0, 23.5], [0.0, 0.0, 1.0]])
            group["D"], group["RT"] = np.zeros(5), pose.inverse().matrix
    return path


@pytest.fixture
def sources(smc_pair: tuple[Path, Path], write_facescape: Callable[..., Path], tmp_path: Path) -> dict[str, Path]:
    """A small capture of every format that has captures."""
    return {
        "renderme360": smc_pair[0],
        "facescape": write_facescape(),
        "middlebury": dino(tmp_path / "dino"),
        "capture-toml": own(tmp_path / "own"),
        "dna-rendering": dna(tmp_path / "0012_11_annots.smc"),
    }


def test_every_format_with_a_capture_reads_the_same_cameras(sources: dict[str, Path]) -> None:
    with_capture = {one.name for one in formats().values() if one.open_capture is not None}
    assert with_capture == set(sources), "a new format with a capture needs a small file here"
    for name, path in sources.items():
        assert detect_format(path) == name
        rig = read_rig(path)
        with open_capture(path) as capture:
            assert (capture.dataset, capture.unit) == (name, rig.unit)
            assert capture.camera_names == tuple(rig.cameras)
            assert len(rig) >= 2
            assert all(same(rig[camera], capture.camera(camera)) for camera in capture.camera_names)


def test_middlebury_is_in_metres_for_both(tmp_path: Path) -> None:
    assert read_rig(dino(tmp_path / "dino")).unit == formats()["middlebury"].unit == "m"


def test_separate_folders_of_halves_are_found_by_both(smc_pair: tuple[Path, Path], tmp_path: Path) -> None:
    for half, file in zip(("raw", "anno"), smc_pair, strict=True):
        (tmp_path / half / "0026").mkdir(parents=True)
        shutil.move(file, tmp_path / half / "0026" / file.name)
    raw = tmp_path / "raw" / "0026" / smc_pair[0].name
    assert list(read_rig(raw).cameras) == ["00", "05", "25"]
    with open_capture(raw) as capture:
        assert capture.camera_names == ("00", "05", "25")


@pytest.mark.parametrize("word", [False, 0, "false", "False", "FALSE", "0", 0.0])
def test_not_valid_means_the_same_to_both(word: object, write_facescape: Callable[..., Path]) -> None:
    folder = write_facescape()
    edit(folder, {"1_valid": word})
    assert list(read_rig(folder).cameras) == ["0", "3"]
    with open_capture(folder) as capture:
        assert capture.camera_names == ("0", "3")


@pytest.mark.parametrize("word", [True, 1, "true", "True", "1", None])
def test_valid_and_silent_mean_the_same_to_both(word: object, write_facescape: Callable[..., Path]) -> None:
    folder = write_facescape()
    edit(folder, {"2_valid": word}, delete=word is None)
    assert list(read_rig(folder).cameras) == ["0", "1", "2", "3"]
    with open_capture(folder) as capture:
        assert capture.camera_names == ("0", "1", "2", "3")


@pytest.mark.parametrize("word", ["no", "maybe", 2, -1, [], {}])
def test_a_flag_that_is_none_is_refused_by_both(word: object, write_facescape: Callable[..., Path]) -> None:
    folder = write_facescape()
    edit(folder, {"1_valid": word})
    for read in (read_rig, open_capture):
        with pytest.raises(DatasetError, match=r"\[1_valid\]: expected true or false"):
            read(folder)


def test_numbers_as_text_gaps_and_missing_distortion_are_read_by_both(write_facescape: Callable[..., Path]) -> None:
    folder = write_facescape()
    params: dict[str, Any] = json.loads((folder / "params.json").read_text())
    text = {key: [[str(each) for each in row] for row in params[key]] for key in ("0_K", "0_Rt")}
    moved = {key.replace("1_", "17_", 1): params.pop(key) for key in list(params) if key.startswith("1_")}
    (folder / "params.json").write_text(json.dumps(params | text | moved | {"0_width": "64", "17_distortion": None}))
    rig = read_rig(folder)
    assert list(rig.cameras) == ["0", "3", "17"]
    assert rig["0"].size == (64, 48)
    assert rig["17"].distortion.model == "none"
    with open_capture(folder) as capture:
        assert all(same(rig[name], capture.camera(name)) for name in ("0", "3", "17"))


@pytest.mark.parametrize("shape", [(3, 3), (3, 4), (4, 4)])
def test_intrinsics_of_every_shape_are_read_by_both(
    shape: tuple[int, int], write_facescape: Callable[..., Path], smc_single: Path
) -> None:
    K = np.eye(4)
    K[:3, :3] = [[100.0, 0.0, 31.5], [0.0, 101.0, 23.5], [0.0, 0.0, 1.0]]
    given = K[: shape[0], : shape[1]]
    folder = write_facescape()
    edit(folder, {"1_K": given.tolist()})
    with h5py.File(smc_single, "r+") as file:
        del file["Calibration/05/K"], file["Calibration/05/D"]
        file["Calibration/05/K"] = given
    for path, name in ((folder, "1"), (smc_single, "05")):
        np.testing.assert_array_equal(read_rig(path)[name].K, K[:3, :3])
        with open_capture(path) as capture:
            assert same(read_rig(path)[name], capture.camera(name))


def test_a_wrong_count_is_refused_by_both(tmp_path: Path) -> None:
    folder = dino(tmp_path / "dino", f"3\na.png {PAR_LINE}\nb.png {PAR_LINE}\n")
    for read in (read_rig, open_capture):
        with pytest.raises(DatasetError, match="3 cameras are announced, 2 lines follow"):
            read(folder)


def test_a_bad_camera_is_named_by_both_and_the_capture_keeps_the_others(write_facescape: Callable[..., Path]) -> None:
    folder = write_facescape()
    edit(folder, {"1_Rt": [[1, 2], [3, 4]]})
    with pytest.raises(DatasetError, match=r"\[1_Rt\]"):
        read_raw_rig(folder)
    with open_capture(folder) as capture:
        with pytest.raises(CalibrationError, match=r"\[1_Rt\]"):
            capture.camera("1")
        assert capture.camera("0").name == "0"


def test_cameras_alone_are_no_capture_and_the_message_says_what_to_give(tmp_path: Path) -> None:
    (tmp_path / "KRT").write_text("a\n9 0 4\n0 9 4\n0 0 1\n0 0 0 0 0\n1 0 0 0\n0 1 0 0\n0 0 1 1\n")
    assert list(read_rig(tmp_path / "KRT", size=(8, 8)).cameras) == ["a"]
    with pytest.raises(DatasetError, match=r"recognised as KRT text.*no pictures.*--images.*images=.*init"):
        open_capture(tmp_path / "KRT")


@pytest.mark.parametrize("file", ["cameras.txt", "images.txt"])
def test_a_wrong_count_in_colmaps_comment_is_refused(file: str, tmp_path: Path) -> None:
    (tmp_path / "cameras.txt").write_text("# Number of cameras: 1\n1 PINHOLE 64 48 90 90 32 24\n")
    line = "1 1 0 0 0 0 0 1 1 a.png\n\n2 1 0 0 0 0 0 1 1 b.png\n\n"
    (tmp_path / "images.txt").write_text(f"# Number of images: 2, mean observations per image: 0\n{line}")
    assert list(read_rig(tmp_path).cameras) == ["a", "b"]
    text = (tmp_path / file).read_text()
    (tmp_path / file).write_text(text.replace(": 1\n", ": 9\n").replace(": 2,", ": 9,"))
    with pytest.raises(DatasetError, match=r"states 9 (cameras|images), [12] follow"):
        read_rig(tmp_path)


def edit(folder: Path, changes: dict[str, object], *, delete: bool = False) -> None:
    file = folder / "params.json"
    params: dict[str, Any] = json.loads(file.read_text())
    for key, value in changes.items():
        if delete:
            del params[key]
        else:
            params[key] = value
    file.write_text(json.dumps(params))
