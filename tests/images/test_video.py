"""Frames of videos, held against the pictures that they were written from."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.images.video import count_frames, is_video, video_frame

SIZE = (64, 48)


def write_video(path: Path, levels: list[int], fourcc: str = "MJPG") -> Path:
    """Write frames of one grey level each, with a white square that moves."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*fourcc), 25.0, SIZE)
    assert writer.isOpened()
    for index, level in enumerate(levels):
        pixels = np.full((SIZE[1], SIZE[0], 3), level, np.uint8)
        pixels[8:24, 8 + 4 * index : 24 + 4 * index] = 255
        writer.write(pixels)
    writer.release()
    return path


@pytest.mark.parametrize(("name", "fourcc"), [("v.avi", "MJPG"), ("v.mp4", "mp4v")])
def test_a_frame_by_its_number(tmp_path: Path, name: str, fourcc: str) -> None:
    levels = [0, 40, 80, 120, 160]
    path = write_video(tmp_path / name, levels, fourcc)
    assert is_video(path)
    assert count_frames(path) == 5
    for index in (3, 0, 4, 1):
        pixels = video_frame(path, index).decode_color().astype(int)
        assert pixels.shape == (48, 64, 3)
        assert abs(int(np.median(pixels[30:])) - levels[index]) < 8
        assert pixels[12:20, 12 + 4 * index : 20 + 4 * index].min() > 230
    with pytest.raises(DatasetError, match=r"frame 5.*has 5 frames"):
        video_frame(path, 5).decode_color()


@pytest.mark.parametrize("text", ["#EXTM3U\n#EXTINF:1,\nfile:///etc/motd\n", "ffconcat version 1.0\nfile a\n", ""])
def test_what_is_no_container_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "v.mp4"
    path.write_text(text)
    with pytest.raises(DatasetError, match="expected an MP4"):
        count_frames(path)


def test_a_container_without_frames_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "v.mp4"
    path.write_bytes(b"\0\0\0\x18ftypisom\0\0\0\0isomiso2" + b"\0" * 64)
    with pytest.raises(DatasetError, match="cannot be read"):
        count_frames(path)
