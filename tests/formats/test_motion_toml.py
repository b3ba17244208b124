"""Anipose, FreeMoCap, Pose2Sim and Caliscope TOML against OpenCV."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest
from camera_samples import ROTATION, TRANSLATION, K, brown_pixels, file_with, fisheye_pixels, rows, worst

from renderkit.errors import DatasetError
from renderkit.formats import detect_format, read_raw_rig

VECTOR = cv2.Rodrigues(ROTATION)[0].ravel().tolist()
BROWN, FISHEYE = [-0.15, 0.1, 0.001, -0.0005, 0.02], [0.02, -0.01, 0.003, -0.0005]


def table(key: str, lens: list[float], extra: str = "", rotation: str = str(VECTOR)) -> str:
    return (
        f'[{key}]\nname = "{key}"\nsize = [640.0, 480.0]\nmatrix = {rows(K)}\ndistortions = {lens}\n'
        f"rotation = {rotation}\ntranslation = {TRANSLATION.tolist()}\n{extra}\n"
    )


@pytest.mark.parametrize(
    ("extra", "metadata", "unit"),
    [
        ("", "[metadata]\nadjusted = false\nerror = 0.3\n", "unknown"),
        ("", "[metadata]\ncharuco_square_size = 39.0\n", "mm"),
        ("fisheye = false", "[metadata]\nadjusted = false\nerror = 0.0\n", "m"),
        ("port = 0\nrotation_count = 0\ngrid_count = 30\nignore = false", "", "m"),
    ],
)
def test_each_programs_unit_is_stated(extra: str, metadata: str, unit: str, tmp_path: Path) -> None:
    path = file_with(tmp_path, "Calib.toml", table("cam_0", BROWN, extra) + metadata)
    assert detect_format(path) == "motion-toml"
    raw = read_raw_rig(path)
    camera = raw.to_rig()["cam_0"]
    assert raw.unit == unit
    assert len(raw.notes) == 1
    assert "read as" in raw.notes[0]
    assert camera.size == (640, 480)
    assert worst(camera, brown_pixels(ROTATION, TRANSLATION, BROWN)) < 1e-9


def test_fisheye_flags_and_matrices_and_ignored_cameras(tmp_path: Path) -> None:
    text = table("a", FISHEYE, "fisheye = true") + table("b", BROWN, "ignore = true\nport = 1")
    text += table("c", BROWN, "port = 2\nshutter = 3", rows(ROTATION)) + "[extra]\nscale = 2.0\n"
    raw = read_raw_rig(file_with(tmp_path, "x.toml", text))
    rig = raw.to_rig()
    assert list(rig.cameras) == ["a", "c"]
    assert worst(rig["a"], fisheye_pixels(ROTATION, TRANSLATION, FISHEYE)) < 1e-9
    assert worst(rig["c"], brown_pixels(ROTATION, TRANSLATION, BROWN)) < 1e-9
    assert any("left out" in note and "b" in note for note in raw.notes)
    assert "`extra` is ignored" in raw.notes
    assert any("`shutter` is ignored (1 camera)" in note for note in raw.notes)


def test_a_missing_translation_is_named(tmp_path: Path) -> None:
    text = "\n".join(line for line in table("a", BROWN).splitlines() if not line.startswith("translation"))
    with pytest.raises(DatasetError, match=r"a.translation.*missing"):
        read_raw_rig(file_with(tmp_path, "x.toml", text))
