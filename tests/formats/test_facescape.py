"""FaceScape tuple folders."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from renderkit.capture import MissingPart
from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats import facescape
from renderkit.formats.facescape import FaceScapeCapture

Write = Callable[..., Path]


def changed(folder: Path, **changes: Any) -> None:
    """Rewrite params.json; None deletes."""
    file = folder / "params.json"
    params = json.loads(file.read_text())
    for key, value in changes.items():
        name = key.removeprefix("v")
        if value is None:
            params.pop(name)
        else:
            params[name] = value
    file.write_text(json.dumps(params))


def test_views_that_are_not_valid_are_skipped(write_facescape: Write) -> None:
    capture = FaceScapeCapture(write_facescape())
    assert capture.camera_names == ("0", "1", "3")
    assert [skipped.name for skipped in capture.skipped_cameras] == ["2"]
    assert "2_valid is false" in capture.skipped_cameras[0].why
    assert capture.camera("2").size == (66, 48)
    everything = FaceScapeCapture(capture.path, include_invalid=True)
    assert everything.camera_names == ("0", "1", "2", "3")
    assert everything.skipped_cameras == ()


def test_cameras_project_as_opencv_does(write_facescape: Write) -> None:
    folder = write_facescape()
    params = json.loads((folder / "params.json").read_text())
    points = np.array([[0.1, 0.05, 0.0], [-0.1, 0.02, 0.1]])
    for name in ("0", "1", "3"):  # K (4, 4) with Rt (4, 4), then K (3, 3) with Rt (3, 4)
        camera = FaceScapeCapture(folder).camera(name)
        matrix = np.array(params[f"{name}_Rt"])
        expected, _ = cv2.projectPoints(
            points,
            cv2.Rodrigues(matrix[:3, :3])[0],
            matrix[:3, 3],
            np.array(params[f"{name}_K"])[:3, :3],
            np.array(params[f"{name}_distortion"]),
        )
        np.testing.assert_allclose(camera.project(points), expected.reshape(-1, 2), atol=1e-6)
        assert camera.size == (64 + int(name), 48)


def test_frame_pictures_and_whatever_else_the_file_says(write_facescape: Write) -> None:
    capture = FaceScapeCapture(write_facescape())
    assert capture.frame_ids == ("4_anger",)
    view = capture.view("4_anger", "1")
    assert view.image is not None
    np.testing.assert_allclose(view.image.decode_color()[3, 3], [11, 100, 200], atol=3)
    assert (view.mask, view.read_landmarks()) == (None, None)
    assert capture.view("4_anger", "3").image is None
    assert capture.parameters["0_sn"] == "SN0"
    missing = capture.inventory().missing
    assert any(part.why.startswith("No mattes") for part in missing)
    assert MissingPart("image", "No picture for camera 3.") in missing
    with pytest.raises(KeyError):
        capture.view("0", "1")
    with pytest.raises(KeyError):
        capture.camera("9")


@pytest.mark.parametrize(
    "place",
    [
        "122/4_anger.ply",
        "122/4_anger_mview.ply",
        "122/4_anger/4_anger.ply",
        "models/122/4_anger.ply",
        "models/4_anger.ply",
    ],
)
def test_the_model_is_found(
    write_facescape: Write, write_ply: Callable[[Path], Path], tmp_path: Path, place: str
) -> None:
    folder = write_facescape()
    assert FaceScapeCapture(folder, mesh_root=tmp_path / "models").frame("4_anger").mesh_names == ()
    file = write_ply(tmp_path / place)
    capture = FaceScapeCapture(folder, mesh_root=tmp_path / "models")
    assert capture.mesh_path() == file
    assert capture.frame("4_anger").read_mesh("scan").vertices.shape == (3, 3)


def test_the_files_of_a_run_name_the_model_wherever_it_lies(
    write_facescape: Write, write_ply: Callable[[Path], Path], tmp_path: Path
) -> None:
    folder, model = write_facescape(), write_ply(tmp_path / "models" / "122" / "4_anger.ply")
    capture = FaceScapeCapture(folder, mesh_root=tmp_path / "models")
    assert set(capture.files_read) == {model, *folder.iterdir()}
    assert model not in FaceScapeCapture(folder).files_read


def test_mview_folder_finds_the_plain_model(
    write_facescape: Write, write_ply: Callable[[Path], Path], tmp_path: Path
) -> None:
    folder = write_facescape()
    folder = folder.rename(folder.with_name("4_anger_mview"))
    file = write_ply(tmp_path / "122" / "4_anger.ply")
    assert FaceScapeCapture(folder).mesh_path() == file


def test_a_broken_model_is_an_error_when_read(write_facescape: Write, tmp_path: Path) -> None:
    folder = write_facescape()
    (tmp_path / "122" / "4_anger.ply").write_text("ply\nbroken")
    frame = FaceScapeCapture(folder).frame("4_anger")
    with pytest.raises(DatasetError, match="the header does not end"):
        frame.read_mesh("scan")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"v1_K": None}, "the key is missing"),
        ({"v1_K": [[1, 2], [3, 4]]}, "expected shape"),
        ({"v1_K": [[float("nan")] * 3] * 3}, "NaN"),
        ({"v1_K": "text"}, "could not convert"),
        ({"v1_Rt": np.diag([1.0, 1.0, -1.0, 1.0]).tolist()}, "not a rotation"),
        ({"v1_distortion": [0.1, 0.2]}, "coefficients"),
        ({"v1_width": 12.5}, "whole positive image size"),
        ({"v1_width": "wide"}, "could not convert"),
        ({"v1_width": -3}, "whole positive image size"),
        ({"v1_height": 10**9}, "over 65536 px"),
    ],
)
def test_bad_numbers_cost_their_own_camera_only(write_facescape: Write, change: dict[str, Any], why: str) -> None:
    folder = write_facescape()
    changed(folder, **change)
    capture = FaceScapeCapture(folder)
    with pytest.raises(CalibrationError, match=why):
        capture.camera("1")
    assert capture.camera("0").name == "0"


def test_keys_cannot_leave_the_folder(write_facescape: Write) -> None:
    folder = write_facescape()
    (folder.parent / "secret.jpg").write_bytes((folder / "0.jpg").read_bytes())
    keys = {f"{prefix}_K": [[1]] for prefix in ("../secret", "/etc/passwd", "..", "1/../../secret", "٣", "")} | {
        "7_K/../../secret": 1,
        "8_Kx": 1,
    }
    file = folder / "params.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | keys))
    assert FaceScapeCapture(folder).camera_names == ("0", "1", "3")


def test_damaged_params(write_facescape: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_facescape()
    file = folder / "params.json"
    for text, why in (
        ("{", "not a JSON file"), ("[1]", "expected a JSON object"), ("{}", "expected keys"),
        ("[" * 100_000, "not a JSON file"), ('{"0_K": ' + "9" * 5000 + "}", "not a JSON file"),
    ):  # fmt: skip
        file.write_text(text)
        with pytest.raises(DatasetError, match=why):
            FaceScapeCapture(folder)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match="expected UTF-8 text"):
        FaceScapeCapture(folder)
    monkeypatch.setattr(facescape, "MAX_PARAMS_BYTES", 2)
    with pytest.raises(DatasetError, match="is over"):
        FaceScapeCapture(folder)
    with pytest.raises(DatasetError, match="cannot be read"):
        FaceScapeCapture(tmp_path / "nowhere")


def test_a_capture_survives_pickling(write_facescape: Write, tmp_path: Path) -> None:
    capture = FaceScapeCapture(write_facescape(), mesh_root=tmp_path, include_invalid=True)
    other: FaceScapeCapture = pickle.loads(pickle.dumps(capture))  # noqa: S301 - our own bytes
    assert other.camera_names == capture.camera_names == capture.reopen().camera_names
