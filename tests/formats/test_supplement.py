"""What a dataset does not ship, given from elsewhere."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from renderkit.capture import Frame, MissingPart
from renderkit.errors import DatasetError
from renderkit.formats.facescape import FaceScapeCapture
from renderkit.formats.landmarks_file import LandmarksFile, write_landmarks_file
from renderkit.formats.renderme360 import RenderMe360Capture
from renderkit.formats.supplement import SupplementedCapture
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh

TRIANGLE = Mesh(np.eye(3), np.array([[0, 1, 2]]), name="given")


@pytest.fixture
def capture(write_facescape: Callable[..., Path]) -> FaceScapeCapture:
    return FaceScapeCapture(write_facescape())


def matte(path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((48, 64), value, np.uint8))


def landmarks_json(path: Path, **sections: Any) -> Path:
    path.write_text(json.dumps({"format": "renderkit-landmarks", "version": 1, **sections}))
    return path


def test_masks_by_camera_or_by_frame_and_camera(capture: FaceScapeCapture, tmp_path: Path) -> None:
    matte(tmp_path / "masks" / "0.png", 10)
    matte(tmp_path / "masks" / "1.png", 11)
    matte(tmp_path / "masks" / "4_anger" / "1.png", 99)
    given = SupplementedCapture(capture, masks=tmp_path / "masks")
    values = {}
    for name in given.camera_names:
        mask = given.view("4_anger", name).mask
        values[name] = None if mask is None else int(mask.decode_gray()[0, 0])
    assert values == {"0": 10, "1": 99, "3": None}
    inventory = given.inventory()
    assert inventory.annotations["mask"] == ("0", "1")
    assert MissingPart("mask", "No matte for camera 3.") in inventory.missing
    assert not any(part.why.startswith("No mattes") for part in inventory.missing)
    with pytest.raises(DatasetError, match=r"expected mattes named <camera>\.png"):
        SupplementedCapture(capture, masks=tmp_path)


def test_a_mesh_and_its_vertices_as_landmarks(capture: FaceScapeCapture, tmp_path: Path) -> None:
    file = landmarks_json(tmp_path / "l.json", vertex_indices={"scheme": "ibug68", "mesh": "given", "indices": [2, 0]})
    given = SupplementedCapture(capture, landmarks=file, mesh=TRIANGLE)
    frame = given.frame("4_anger")
    assert frame.mesh_names == ("given",)
    points = frame.read_landmarks()
    assert points is not None
    assert points.scheme == "ibug68"
    np.testing.assert_array_equal(points.points, [[0, 0, 1], [1, 0, 0]])
    inventory = given.inventory()
    assert set(inventory.frame_annotations) == {"given", "landmarks3d"}
    assert not {part.kind for part in inventory.missing} & {"mesh", "landmarks"}


def test_real_tu_landmark_indices_work_as_vertex_indices(
    capture: FaceScapeCapture, tmp_path: Path, shared_data: Path
) -> None:
    indices = np.load(shared_data / "facescape" / "landmark_indices.npz")["v16"]
    vertices = np.random.default_rng(0).normal(size=(int(indices.max()) + 1, 3))
    file = landmarks_json(tmp_path / "tu.json", vertex_indices={"scheme": "ibug68", "indices": indices.tolist()})
    mesh = Mesh(vertices, np.array([[0, 1, 2]]), name="tu")
    points = SupplementedCapture(capture, landmarks=file, mesh=mesh).frame("4_anger").read_landmarks()
    assert points is not None
    np.testing.assert_array_equal(points.points, vertices[indices])


def test_landmarks_win_over_the_datasets_own_where_given(smc_single: Path, tmp_path: Path) -> None:
    two = Landmarks(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([True, False]), "ibug51")
    three = Landmarks.all_valid(np.ones((2, 3)), "ibug51")
    write_landmarks_file(tmp_path / "l.json", {"0": {"05": two}}, {"*": three})
    given = SupplementedCapture(RenderMe360Capture(smc_single), landmarks=tmp_path / "l.json")
    with given:
        found = given.view("0", "05").read_landmarks()
        assert found is not None
        assert (found.scheme, found.valid.tolist(), found.points[0].tolist()) == ("ibug51", [True, False], [1.0, 2.0])
        own = given.view("0", "25").read_landmarks()
        assert own is not None
        assert own.scheme == "renderme106"
        world = given.frame("10").read_landmarks()
        assert world is not None
        assert world.points.shape == (2, 3)
        assert given.inventory().annotations["landmarks2d"] == ("05", "25")
        other: SupplementedCapture = pickle.loads(pickle.dumps(given))  # noqa: S301 - our own bytes
        again = given.reopen()
        assert again is not given
    for each in (other, again):
        with each:
            assert each.view("0", "05").read_landmarks() is not None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{}", "one of these layouts"),
        ('{"format": "renderkit-landmarks", "version": 2}', "found 'renderkit-landmarks' 2"),
        ('{"format": "renderkit-landmarks", "version": 1}', "expected at least one of"),
        ('{"format": "renderkit-landmarks", "version": 1, "landmarks_2d": []}', "text field 'scheme'"),
        ('{"format": "renderkit-landmarks", "version": 1, "landmarks_2d": {"scheme": "x"}}', "field 'frames'"),
        ("nonsense", "not a JSON"),
    ],
)
def test_files_that_are_no_landmarks(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "l.json").write_text(text)
    with pytest.raises(DatasetError, match=why):
        LandmarksFile(tmp_path / "l.json")


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([[1, 2, 3]], "null or 2 numbers"), ([["x", 2]], "null or 2 numbers"), ([[True, 2]], "null or 2 numbers"),
        ({"0": [1, 2]}, "expected a list"), ([5], "null or 2 numbers"),
    ],
)  # fmt: skip
def test_a_bad_list_costs_its_own_view_only(tmp_path: Path, rows: Any, why: str) -> None:
    good = [[1.0, 2.0], None, [1e400, 10**400]]
    text = json.dumps(good).replace("Infinity", "1e999")
    frames = {"0": {"bad": rows, "good": json.loads(text)}}
    file = LandmarksFile(landmarks_json(tmp_path / "l.json", landmarks_2d={"scheme": "s", "frames": frames}))
    with pytest.raises(DatasetError, match=why):
        file.landmarks_2d("0", "bad")
    landmarks = file.landmarks_2d("0", "good")
    assert landmarks is not None
    assert landmarks.valid.tolist() == [True, False, False]
    assert file.landmarks_2d("0", "none") is None
    assert file.landmarks_2d("1", "good") is None


@pytest.mark.parametrize("indices", [[3], [-1], [], [0.5], [True], ["0"]])
def test_vertex_indices_must_be_vertices(tmp_path: Path, indices: list[Any]) -> None:
    file = LandmarksFile(landmarks_json(tmp_path / "l.json", vertex_indices={"scheme": "s", "indices": indices}))
    with pytest.raises(DatasetError, match="within the 3 vertices"):
        file.landmarks_3d(Frame("0", {"given": lambda: TRIANGLE}))
    with pytest.raises(DatasetError, match="expected one of the frame's meshes"):
        file.landmarks_3d(Frame("0", {"a": lambda: TRIANGLE, "b": lambda: TRIANGLE}))


def test_two_sources_of_3d_points_are_refused_and_schemes_not_mixed(tmp_path: Path) -> None:
    both = landmarks_json(
        tmp_path / "l.json", vertex_indices={"scheme": "s", "indices": [0]}, landmarks_3d={"scheme": "s", "frames": {}}
    )
    with pytest.raises(DatasetError, match="both say"):
        LandmarksFile(both)
    mixed = {"0": Landmarks.all_valid(np.ones((1, 3)), "a"), "1": Landmarks.all_valid(np.ones((1, 3)), "b")}
    with pytest.raises(ValueError, match="one scheme"):
        write_landmarks_file(tmp_path / "m.json", landmarks_3d=mixed)
