"""Middlebury folders: a small written one, and the real dinosaur."""

from __future__ import annotations

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from renderkit.capture import MissingPart
from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats.middlebury import MiddleburyCapture
from renderkit.formats.supplement import SupplementedCapture
from renderkit.geometry.mesh import Mesh

NUMBERS = "100 0 31.5 0 100 23.5 0 0 1 1 0 0 0 1 0 0 0 1 0.1 0.2 2"


def write(folder: Path, lines: list[str]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "x_par.txt").write_text("\n".join([str(len(lines)), *lines, ""]))
    for name in ("a.png", "b.png", "silhouette_a.png"):
        cv2.imwrite(str(folder / name), np.full((48, 64, 3), 255, np.uint8))
    return folder


def test_cameras_are_named_after_pictures(tmp_path: Path) -> None:
    capture = MiddleburyCapture(write(tmp_path / "set", [f"b.png {NUMBERS}", f"a.png {NUMBERS}"]))
    assert capture.camera_names == ("b", "a")
    camera = capture.camera("b")
    assert (camera.size, camera.distortion.model) == ((64, 48), "none")
    np.testing.assert_allclose(camera.project([[0.0, 0.0, 0.0]]), [[31.5 + 5.0, 23.5 + 10.0]])
    a, b = capture.view("0", "a"), capture.view("0", "b")
    assert a.mask is not None
    assert a.mask.decode_gray().shape == (48, 64)
    assert b.mask is None
    assert MissingPart("mask", "No matte for camera b.") in capture.inventory().missing
    with pytest.raises(KeyError):
        capture.view("1", "a")
    with pytest.raises(KeyError):
        capture.camera("c")
    other: MiddleburyCapture = pickle.loads(pickle.dumps(capture))  # noqa: S301 - our own bytes
    assert other.camera_names == capture.camera_names


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("bad.png 1 2 3", "expected a name and 21 numbers"),
        (f"bad.png {NUMBERS.replace('31.5', 'x')}", r"expected numbers of shape \(21,\)"),
        (f"bad.png {NUMBERS.replace('31.5', 'nan')}", "K has NaN"),
        (f"../bad.png {NUMBERS}", "expected a picture in this folder"),
        (f"/etc/bad.png {NUMBERS}", "expected a picture in this folder"),
    ],
)
def test_a_bad_line_costs_its_own_camera_only(tmp_path: Path, line: str, why: str) -> None:
    folder = write(tmp_path / "set", [f"a.png {NUMBERS}", line])
    (tmp_path / "bad.png").write_bytes((folder / "a.png").read_bytes())
    capture = MiddleburyCapture(folder)
    bad = next(name for name in capture.camera_names if name != "a")
    with pytest.raises(CalibrationError, match=why):
        capture.camera(bad)
    with pytest.raises(CalibrationError):
        capture.view("0", bad)
    assert capture.camera("a").name == "a"
    assert capture.inventory().annotations["image"] == ("a",)


def test_folders_without_one_camera_file(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"expected one \*_par\.txt, found none"):
        MiddleburyCapture(tmp_path)
    folder = write(tmp_path / "set", ["", ""])
    with pytest.raises(DatasetError, match="2 cameras are announced, 0 lines follow"):
        MiddleburyCapture(folder)
    write(tmp_path / "set", [f"a.png {NUMBERS}", f"a.png {NUMBERS}"])
    with pytest.raises(DatasetError, match="was on line 2 already"):
        MiddleburyCapture(folder)
    (folder / "y_par.txt").write_text(f"1\na.png {NUMBERS}\n")
    with pytest.raises(DatasetError, match=r"found x_par\.txt, y_par\.txt"):
        MiddleburyCapture(folder)
    assert MiddleburyCapture(folder / "y_par.txt").camera_names == ("a",)


def test_the_real_hull_lies_in_the_real_silhouettes(shared_data: Path) -> None:
    """Surface points of the carved hull must fall on the mattes of the views that it was carved from."""
    folder = shared_data / "middlebury_dino"
    mesh = Mesh.read(folder / "hull_from_odd_views.ply")
    capture = SupplementedCapture(MiddleburyCapture(folder), mesh=mesh)
    assert len(capture.camera_names) == 16
    assert capture.frame("0").mesh_names == ("hull_from_odd_views",)
    sample = mesh.vertices[::50]
    carved = {1, 3, 5, 8, 10, 12, 14, 16}
    for name in capture.camera_names:
        view = capture.view("0", name)
        if view.mask is None:
            continue
        matte = view.mask.decode_gray() > 127
        assert (view.camera.height, view.camera.width) == matte.shape == (480, 640)
        pixels = view.camera.project(sample)
        seen = view.camera.in_image(pixels)
        column, row = np.rint(pixels[seen]).astype(int).T
        near = cv2.dilate(matte.astype(np.uint8), np.ones((3, 3))) > 0
        share = near[row.clip(0, 479), column.clip(0, 639)].mean()
        assert share > (0.995 if int(name[-2:]) in carved else 0.9), (name, share)
