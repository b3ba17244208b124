"""One video per camera: pictures of a rig in a folder, and mattes beside a capture."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.formats import write_rig
from renderkit.formats.folder import FolderCapture, FolderParts
from renderkit.formats.supplement import SupplementedCapture
from renderkit.geometry.camera import Camera
from renderkit.geometry.rig import Rig

SIZE = (64, 48)


def write_video(path: Path, levels: list[int]) -> None:
    path.parent.mkdir(exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, SIZE)
    for level in levels:
        writer.write(np.full((SIZE[1], SIZE[0], 3), level, np.uint8))
    writer.release()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    camera = Camera(np.diag([90.0, 90.0, 1.0]), *SIZE)
    cameras = {name: Camera(camera.K, *SIZE, name=name) for name in ("left", "right")}
    write_rig(Rig(cameras, "m"), tmp_path / "rig.json", format="rig")
    write_video(tmp_path / "videos" / "left.avi", [10, 60, 110, 160])
    write_video(tmp_path / "videos" / "right.avi", [20, 70, 120])
    for name in ("left", "right"):
        write_video(tmp_path / "mattes" / f"{name}.avi", [0, 255, 0])
    return tmp_path


def test_videos_give_the_frames(folder: Path) -> None:
    parts = FolderParts(rig=folder / "rig.json", root=folder, images="videos/{camera}.avi", masks="mattes/{camera}.avi")
    with FolderCapture(parts) as capture:
        assert capture.frame_ids == ("0", "1", "2")
        for frame, camera, level in (("2", "left", 110), ("0", "right", 20), ("1", "right", 70)):
            image, mask = capture.view(frame, camera).image, capture.view(frame, camera).mask
            assert image is not None
            assert mask is not None
            assert abs(float(image.decode_color().mean()) - level) < 4.0
            assert (mask.decode_matte().alpha >= 128).all() == (frame == "1")
            assert (mask.decode_matte().alpha >= 128).any() == (frame == "1")


def test_a_matte_video_beside_a_capture(folder: Path) -> None:
    parts = FolderParts(rig=folder / "rig.json", root=folder, images="videos/{camera}.avi")
    with SupplementedCapture(FolderCapture(parts), masks=folder / "mattes") as capture:
        masks = [capture.view(frame, "left").mask for frame in capture.frame_ids]
        levels = [None if mask is None else int(mask.decode_matte().alpha[0, 0] >= 128) for mask in masks]
    assert levels == [0, 1, 0]


def test_a_video_that_is_none_is_refused(folder: Path) -> None:
    (folder / "videos" / "left.avi").write_text("none")
    with pytest.raises(DatasetError, match="expected an MP4"):
        FolderCapture(FolderParts(rig=folder / "rig.json", root=folder, images="videos/{camera}.avi"))
