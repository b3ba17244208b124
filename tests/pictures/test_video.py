from __future__ import annotations

import math
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from renderkit.errors import DatasetError, MissingExtraError
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.pictures.video import VideoFile, turntable_order


def _camera(name: str, degrees: float, height: float = 0.0) -> Camera:
    turn = math.radians(degrees)
    rotation = np.array([[math.cos(turn), 0, math.sin(turn)], [0, 1, 0], [-math.sin(turn), 0, math.cos(turn)]])
    matrix = [[500.0, 0.0, 50.0], [0.0, 500.0, 50.0], [0.0, 0.0, 1.0]]
    return Camera.from_opencv(matrix, [], Pose(rotation, np.array([0.0, height, 2.0])), (100, 100), name)


def test_a_walk_around_the_rig_visits_neighbours(tmp_path: Path) -> None:
    degrees = {"a": 0.0, "b": 180.0, "c": 90.0, "d": 270.0, "e": 45.0, "f": 300.0}
    cameras = [_camera(name, angle, 0.3 * index) for index, (name, angle) in enumerate(degrees.items())]
    order = turntable_order(cameras)
    assert order in (("a", "e", "c", "b", "d", "f"), ("a", "f", "d", "b", "c", "e"))
    assert turntable_order([]) == ()
    assert turntable_order([_camera("only", 10.0)]) == ("only",)


COLORS = [(200, 40, 40), (40, 200, 40), (40, 40, 200)]


def _write(path: Path, fps: float = 4.0) -> None:
    shapes = [(121, 161), (240, 320), (60, 80)]
    with VideoFile(path, fps) as video:
        for color, shape in zip(COLORS, shapes, strict=True):
            video.add(np.full((*shape, 3), color, np.uint8))
    assert video.num_pictures == 3


@pytest.mark.parametrize(
    ("name", "codec", "tolerance"), [("a.mp4", "h264", 6), ("a.webm", "vp9", 8), ("a.gif", "gif", 2)]
)
def test_pictures_come_back_in_order_at_the_first_ones_size(
    tmp_path: Path, name: str, codec: str, tolerance: int
) -> None:
    path = tmp_path / name
    _write(path)
    with av.open(str(path)) as container:
        (stream,) = container.streams.video
        assert stream.codec_context.name == codec
        assert float(stream.average_rate) == pytest.approx(4.0)
        assert float(container.duration) / 1e6 == pytest.approx(0.75, abs=0.02)
        if codec != "gif":
            assert stream.codec_context.pix_fmt == "yuv420p"
            assert stream.codec_context.colorspace == 1
        pictures = [frame.to_ndarray(format="rgb24", src_colorspace="ITU709") for frame in container.decode(video=0)]
    assert len(pictures) == 3
    for color, picture in zip(COLORS, pictures, strict=True):
        assert picture.shape == (122, 162, 3)
        np.testing.assert_allclose(picture[20, 20], color, atol=tolerance)
    # The small picture was not blown up: the margin has the panel's colour.
    np.testing.assert_allclose(pictures[2][100, 140], (24, 26, 30), atol=tolerance)


def test_the_index_of_an_mp4_stands_first(tmp_path: Path) -> None:
    _write(tmp_path / "a.mp4")
    data = (tmp_path / "a.mp4").read_bytes()
    assert 0 < data.find(b"moov") < data.find(b"mdat")


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"ends in \.mp4, \.webm, \.gif"):
        VideoFile(tmp_path / "out.avi", 4.0)
    with VideoFile(tmp_path / "absent" / "out.mp4", 4.0) as video, pytest.raises(DatasetError, match="no such folder"):
        video.add(np.zeros((10, 10, 3), np.uint8))
    with VideoFile(tmp_path / "none.mp4", 4.0):
        pass
    assert not (tmp_path / "none.mp4").exists()


def test_without_pyav_the_extra_is_named_and_a_gif_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"renderkit\[video\]"):
        VideoFile(tmp_path / "a.mp4", 4.0)
    _write(tmp_path / "a.gif")
    assert (tmp_path / "a.gif").read_bytes()[:6] == b"GIF89a"


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".gif"])
def test_a_video_that_is_not_finished_does_not_replace_the_last_one(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    path.write_bytes(b"old")

    def stop_halfway() -> None:
        with VideoFile(path, 4.0) as video:
            video.add(np.zeros((10, 10, 3), np.uint8))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_halfway()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
