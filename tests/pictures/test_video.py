from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from renderkit.errors import DatasetError
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


def test_pictures_come_back_in_order_at_the_first_ones_size(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    colors = [(200, 40, 40), (40, 200, 40), (40, 40, 200)]
    shapes = [(121, 161), (240, 320), (60, 80)]
    with VideoFile(path, 4.0) as video:
        for color, shape in zip(colors, shapes, strict=True):
            video.add(np.full((*shape, 3), color, np.uint8))
    assert video.num_pictures == 3
    reader = cv2.VideoCapture(str(path))
    assert reader.get(cv2.CAP_PROP_FPS) == pytest.approx(4.0)
    for color in colors:
        found, picture = reader.read()
        assert found
        assert picture.shape == (122, 162, 3)
        np.testing.assert_allclose(picture[20, 20, ::-1], color, atol=12)
    # The small picture was not blown up: the margin has the panel's colour.
    np.testing.assert_allclose(picture[100, 140, ::-1], (24, 26, 30), atol=12)
    assert not reader.read()[0]


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"ends in \.mp4"):
        VideoFile(tmp_path / "out.gif", 4.0)
    with VideoFile(tmp_path / "absent" / "out.mp4", 4.0) as video, pytest.raises(DatasetError, match="no such folder"):
        video.add(np.zeros((10, 10, 3), np.uint8))
    with VideoFile(tmp_path / "none.mp4", 4.0):
        pass
    assert not (tmp_path / "none.mp4").exists()


def test_taller_pictures_keep_their_size_where_room_is_kept(tmp_path: Path) -> None:
    with VideoFile(tmp_path / "out.mp4", 4.0, spare_height=0.5) as video:
        video.add(np.full((100, 100, 3), 200, np.uint8))
        video.add(np.full((140, 100, 3), 200, np.uint8))
    reader = cv2.VideoCapture(str(tmp_path / "out.mp4"))
    for height in (100, 140):
        _, picture = reader.read()
        assert picture.shape == (150, 100, 3)
        assert (picture[height - 10, 10:90] > 150).all()
        assert (picture[height + 6 :, 10:90] < 90).all()


def test_a_video_that_is_not_finished_does_not_replace_the_last_one(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    path.write_bytes(b"old")

    def stop_halfway() -> None:
        with VideoFile(path, 4.0) as video:
            video.add(np.zeros((10, 10, 3), np.uint8))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_halfway()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
