from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from renderkit.errors import DatasetError
from renderkit.export.gltf import write_gltf
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig

# Looks along world +x from (-2, 0.5, 0), its right being world -y: not a symmetric case.
ROTATION = np.array([[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]])
CENTER = np.array([-2.0, 0.5, 0.0])
MATRIX = [[800.0, 0.0, 150.0], [0.0, 820.0, 240.0], [0.0, 0.0, 1.0]]


def _rig(name: str = "<07>") -> Rig:
    pose = Pose(ROTATION, -ROTATION @ CENTER)
    return Rig({name: Camera.from_opencv(MATRIX, [0.1, 0.0, 0.0, 0.0, 0.0], pose, (640, 480), name)}, "m")


def _tree(path: Path) -> Any:
    data = path.read_bytes()
    (length,) = struct.unpack("<I", data[12:16])
    return json.loads(data[20 : 20 + length])


def test_a_camera_is_a_node_that_looks_where_it_looks(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(2, 0.1)
    write_gltf(_rig(), {"scan": Mesh(ball.vertices, ball.faces)}, tmp_path / "rig.glb")
    tree = _tree(tmp_path / "rig.glb")
    (lens_index,) = (index for index, node in enumerate(tree["nodes"]) if "camera" in node)
    assert "matrix" not in tree["nodes"][lens_index]
    (node,) = (node for node in tree["nodes"] if lens_index in node.get("children", []))
    matrix = np.array(node["matrix"]).reshape(4, 4).T
    np.testing.assert_allclose(matrix[:3, 3], CENTER, atol=1e-6)
    # glTF 2.0, 3.10: the camera looks along its -z, up is +y.
    np.testing.assert_allclose(-matrix[:3, 2], [1.0, 0.0, 0.0], atol=1e-6)
    np.testing.assert_allclose(matrix[:3, 1], -ROTATION[1], atol=1e-6)
    lens = tree["cameras"][tree["nodes"][lens_index]["camera"]]["perspective"]
    assert lens["yfov"] == pytest.approx(2.0 * np.arctan(240.0 / 820.0))
    assert lens["aspectRatio"] == pytest.approx((640 / 800) / (480 / 820))
    scene = trimesh.load(tmp_path / "rig.glb")
    assert isinstance(scene, trimesh.Scene)
    np.testing.assert_allclose(scene.geometry["mesh scan"].bounds, [[-0.1] * 3, [0.1] * 3], atol=1e-6)


def test_the_frustum_passes_through_the_pictures_corners(tmp_path: Path) -> None:
    rig = _rig()
    write_gltf(rig, {}, tmp_path / "rig.glb")
    scene = trimesh.load(tmp_path / "rig.glb")
    assert isinstance(scene, trimesh.Scene)
    transform, name = scene.graph["camera <07>"]
    corners = trimesh.transform_points(np.unique(scene.geometry[name].vertices, axis=0), transform)
    depths = rig["<07>"].depth(corners)
    pixels = rig["<07>"].undistorted().project(corners[depths > 1e-6])
    found = sorted((round(float(x), 3), round(float(y), 3)) for x, y in pixels)
    assert found == [(-0.5, -0.5), (-0.5, 479.5), (639.5, -0.5), (639.5, 479.5)]


def test_points_without_faces_and_nothing_at_all(tmp_path: Path) -> None:
    points = Mesh(np.random.default_rng(0).normal(size=(10, 3)), np.zeros((0, 3), np.int32))
    write_gltf(Rig({}), {"flame": points}, tmp_path / "points.glb")
    assert "cameras" not in _tree(tmp_path / "points.glb")
    for rig, path, why in (
        (Rig({}), "none.glb", "no camera and no mesh"),
        (_rig(), "rig.obj", r"ends in \.glb"),
        (_rig(), "absent/rig.glb", "cannot be written"),
    ):
        with pytest.raises(DatasetError, match=why):
            write_gltf(rig, {}, tmp_path / path)


def test_what_single_precision_does_not_hold_is_refused(tmp_path: Path) -> None:
    far = Mesh(np.array([[0.0, 0.0, 1e200], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), np.array([[0, 1, 2]]))
    with pytest.raises(DatasetError, match=r"mesh scan has coordinates up to 1e\+200"):
        write_gltf(_rig(), {"scan": far}, tmp_path / "rig.glb")
    pose = Pose(ROTATION, np.array([1e30, 0.0, 0.0]))
    rig = Rig({"7": Camera.from_opencv(MATRIX, [], pose, (640, 480), "7")}, "m")
    with pytest.raises(DatasetError, match=r"camera 7 has coordinates up to 1e\+30"):
        write_gltf(rig, {}, tmp_path / "rig.glb")
    assert not list(tmp_path.iterdir())
