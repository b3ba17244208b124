from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh

from renderkit.errors import DatasetError
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig
from renderkit.results.run_scene import preview_of, read_mesh_previews, read_run_rig, write_run_scene


def _rig() -> Rig:
    matrix = [[900.0, 0.5, 400.25], [0.0, 910.0, 300.75], [0.0, 0.0, 1.0]]
    camera = Camera.from_opencv(matrix, [0.1, -0.2, 1e-3, 2e-3, 0.05], Pose.identity(), (800, 600), "<b>")
    return Rig({"<b>": camera}, "m")


def test_cameras_come_back_exactly_and_small_meshes_as_they_are(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(2, 0.1)
    write_run_scene(tmp_path, _rig(), {"scan": Mesh(ball.vertices, ball.faces)})
    rig = read_run_rig(tmp_path)
    assert rig is not None
    points = np.random.default_rng(1).normal((0.0, 0.0, 2.0), 0.1, (50, 3))
    np.testing.assert_allclose(rig["<b>"].project(points), _rig()["<b>"].project(points), atol=1e-9)
    assert rig.unit == "m"
    mesh = read_mesh_previews(tmp_path)["scan"]
    np.testing.assert_allclose(mesh.vertices, ball.vertices, atol=1e-6)
    np.testing.assert_array_equal(mesh.faces, ball.faces)


def test_large_meshes_become_light_and_keep_their_shape_and_winding() -> None:
    ball = trimesh.creation.icosphere(6, 0.1)
    light = preview_of(Mesh(ball.vertices, ball.faces))
    assert len(light.vertices) <= 3000 < len(ball.vertices)
    assert len(light.vertices) > 500
    np.testing.assert_allclose(np.linalg.norm(light.vertices, axis=1), 0.1, rtol=0.02)
    solid = trimesh.Trimesh(light.vertices, light.faces, process=False)
    # Turned faces would count their volume negative.
    assert solid.volume == pytest.approx(4.0 / 3.0 * np.pi * 0.1**3, rel=0.05)
    stray = Mesh(np.vstack([[1e30, 0, 0], ball.vertices]), ball.faces + 1)
    np.testing.assert_array_equal(preview_of(stray).vertices, light.vertices)
    np.testing.assert_array_equal(preview_of(stray).faces, light.faces)
    points = Mesh(np.zeros((5000, 3)), np.zeros((0, 3), np.int32))
    assert len(preview_of(points).vertices) == 1


def test_a_run_without_geometry_has_none(tmp_path: Path) -> None:
    assert read_run_rig(tmp_path) is None
    assert read_mesh_previews(tmp_path) == {}


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"schema": "other", "meshes": {}}',
        '{"schema": "renderkit.meshes/1", "meshes": {"a": {"vertices": [[0, 0]], "faces": []}}}',
        '{"schema": "renderkit.meshes/1", "meshes": {"a": {"vertices": [[0, 0, 0]], "faces": [[0, 1, 2]]}}}',
        '{"schema": "renderkit.meshes/1", "meshes": {"a": {"vertices": [[0, 0, NaN]], "faces": []}}}',
        '{"schema": "renderkit.meshes/1", "meshes": []}',
    ],
)
def test_damaged_previews_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "meshes.json").write_text(text)
    with pytest.raises(DatasetError, match=r"meshes\.json"):
        read_mesh_previews(tmp_path)


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatasetError):
        write_run_scene(tmp_path / "absent", _rig(), {})
