"""capture.toml as a stranger may write it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from renderkit.errors import DatasetError
from renderkit.formats import open_capture, write_rig
from renderkit.formats.patterns import PathPattern
from renderkit.geometry.rig import Rig

HEAD = 'format = "renderkit-capture"\nversion = 1\n'


@pytest.fixture
def folder(pinhole_ring: Rig, tmp_path: Path) -> Path:
    (tmp_path / "inside").mkdir()
    write_rig(pinhole_ring, tmp_path / "inside" / "cameras.json", format="rig")
    return tmp_path / "inside"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('cameras = "../secret.json"', "expected a path below the folder"),
        ('cameras = "/etc/passwd"', "expected a path below the folder"),
        ('cameras = "cameras.json"\nimages = "a/../../{camera}.png"', r"\[images\]: expected a path below"),
        ('cameras = "cameras.json"\nmesh = "/tmp/{frame}.ply"', r"\[mesh\]: expected a path below"),
        ('cameras = "cameras.json"\nlandmarks = "..\\\\marks.json"', r"\[landmarks\]: expected a path below"),
        ('cameras = "cameras.json"\nimages = 3', "expected a path as text"),
        ('cameras = "cameras.json"\npictures = "x"', "unknown key"),
        ('cameras = "cameras.json"\nsize = [640, -1]', "size"),
        ('cameras = "cameras.json"\nsize = 640', r"\[width, height\]"),
        ('cameras = "cameras.json"\nunit = "ft"', "expected one of m, mm, unknown"),
        ('cameras = "cameras.json"\ncameras_format = "nerf"', "unknown camera format 'nerf'"),
        ('cameras = "cameras.json"\nimages = "{view}.png"', r"found \{view\}"),
        ('cameras = "cameras.json"\n[camera_names]\nnobody = "x"', "no camera 'nobody'"),
        ('cameras = "cameras.json"\n[camera_names]\n"00" = 3', "expected text"),
        ('cameras = "."', "expected a camera file"),
        ('cameras = "capture.toml"', "expected a camera file"),
        ("", "cameras"),
        ("cameras = ", "not a TOML file"),
    ],
)
def test_what_is_refused(folder: Path, text: str, why: str) -> None:
    (folder / "capture.toml").write_text(HEAD + text)
    with pytest.raises(DatasetError, match=why):
        open_capture(folder)


def test_two_files_that_name_each_other(folder: Path) -> None:
    for one, other in (("a", "b"), ("b", "a")):
        (folder / f"{one}.toml").write_text(HEAD + f'cameras = "{other}.toml"')
    with pytest.raises(DatasetError, match="expected a camera file"):
        open_capture(folder / "a.toml")


def test_another_version_and_a_fifo(folder: Path) -> None:
    (folder / "capture.toml").write_text('format = "renderkit-capture"\nversion = 2\ncameras = "cameras.json"\n')
    with pytest.raises(DatasetError, match="version = 1"):
        open_capture(folder)
    if hasattr(os, "mkfifo"):
        (folder / "capture.toml").unlink()
        os.mkfifo(folder / "fifo.toml")
        with pytest.raises(DatasetError, match="expected a regular file, found a FIFO"):
            open_capture(folder / "fifo.toml")


def test_a_final_suffix_may_be_any_of_those_wanted(tmp_path: Path) -> None:
    for name in ("a.png", "a.json", "a.b.png", "b.JPG", "stray.png"):
        (tmp_path / name).write_text("x")
    pattern = PathPattern("{camera}.*", tmp_path, (".png", ".jpg"))
    assert pattern.find({"a": "a", "b": "b", "c": "c"}) == {
        ("*", "a"): tmp_path / "a.png",
        ("*", "b"): tmp_path / "b.JPG",
    }
    assert pattern.find_all() == {tmp_path / name for name in ("a.png", "a.b.png", "b.JPG", "stray.png")}
    with pytest.raises(DatasetError, match="two files of one picture"):
        PathPattern("{camera}.*", tmp_path).find({"a": "a"})
