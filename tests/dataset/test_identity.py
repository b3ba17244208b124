"""What makes a capture another one: the content of small files that decide, size and time of all others."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from renderkit.dataset.identity import InputState, input_state
from renderkit.formats import open_capture, write_rig
from renderkit.geometry.camera import Camera
from renderkit.geometry.rig import Rig


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    cameras = [Camera.look_at((np.cos(a), np.sin(a), 0.1), (0, 0, 0), (32, 24), name=f"c{a}") for a in range(3)]
    write_rig(Rig({one.name: one for one in cameras}, unit="m"), tmp_path / "cameras.json", format="rig")
    (tmp_path / "images").mkdir()
    for camera in cameras:
        cv2.imwrite(str(tmp_path / "images" / f"{camera.name}.png"), np.full((24, 32, 3), 80, np.uint8))
    return tmp_path


def state(scene: Path) -> InputState:
    with open_capture(rig=scene / "cameras.json", images=str(scene / "images" / "{camera}.png")) as capture:
        return input_state(capture)


def test_the_cameras_count_by_content_and_not_by_time(scene: Path) -> None:
    first, cameras = state(scene), scene / "cameras.json"
    os.utime(cameras, ns=(1, 1))
    touched = state(scene)
    assert touched.identity == first.identity
    assert touched.stamp != first.stamp
    before, text = cameras.stat(), cameras.read_text()
    cameras.write_text(text.replace("0.", "1.", 1))
    os.utime(cameras, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert len(cameras.read_text()) == len(text)
    assert state(scene).stamp == touched.stamp
    assert state(scene).identity != first.identity


def test_what_else_lies_in_the_folder_does_not_count(scene: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(scene)  # patterns start here
    first = state(scene)
    (scene / "runs").mkdir()
    (scene / "runs" / "log.txt").write_text("x")
    assert state(scene) == first


def test_a_large_file_counts_by_size_and_time(scene: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renderkit.dataset.identity.MAX_HASHED_BYTES", 10)
    first = state(scene)
    assert state(scene).identity == first.identity
    os.utime(scene / "images" / "c1.png", ns=(1, 1))
    assert state(scene).identity != first.identity
