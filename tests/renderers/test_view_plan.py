"""Which faces are drawn as they are."""

from __future__ import annotations

import numpy as np
import pytest
from render_scenes import LENSES, floor, make_camera, sphere, wall

from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.renderers.lens_bounds import LensCatalog
from renderkit.renderers.view_plan import ViewPlan, plan_view


def plan(mesh: Mesh, camera: Camera) -> ViewPlan:
    low, high = mesh.bounds
    corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    edges = mesh.vertices[mesh.faces] - mesh.vertices[np.roll(mesh.faces, 1, axis=1)]
    return plan_view(mesh, corners, np.linalg.norm(edges, axis=2).max(axis=1), camera, LensCatalog())


def test_pinhole_draws_everything_as_it_is() -> None:
    for mesh, whole in ((sphere(), True), (floor(), False)):
        result = plan(mesh, make_camera())
        assert (result.whole, result.hidden, result.pieces) == (whole, None, None)


def test_fine_mesh_inside_the_limit_is_left_alone() -> None:
    for lens in LENSES:
        result = plan(sphere(0.3, (0.0, 0.0, 3.0), 5), make_camera(lens))
        assert (result.whole, result.hidden, result.pieces) == (True, None, None), lens


def test_only_bent_faces_are_cut() -> None:
    fine, coarse = sphere(0.2, (0.0, 0.0, 3.0), 5), wall(4.0, 1.0)
    faces = np.concatenate([fine.faces, coarse.faces + np.int32(len(fine.vertices))])
    result = plan(Mesh(np.concatenate([fine.vertices, coarse.vertices]), faces), make_camera("barrel"))
    assert result.whole
    assert result.hidden is not None
    assert result.pieces is not None
    assert result.hidden.tolist() == [len(fine.faces), len(fine.faces) + 1]
    assert set(result.pieces.face.tolist()) == set(result.hidden.tolist())


@pytest.mark.parametrize("lens", ["turning", "barrel", "fisheye"])
def test_faces_reaching_out_of_the_limit_are_hidden(lens: str) -> None:
    mesh, camera = floor(), make_camera(lens)
    result = plan(mesh, camera)
    assert not result.whole
    assert result.hidden is not None
    assert result.hidden.tolist() == [0, 1]
    assert result.pieces is not None


def test_face_behind_is_hidden_without_pieces() -> None:
    behind = Mesh(
        np.array([[0.0, 0.0, -1.0], [1.0, 0.0, -1.0], [0.0, 1.0, -2.0]]), np.array([[0, 1, 2]], dtype=np.int32)
    )
    result = plan(behind, make_camera("barrel"))
    assert result.hidden is not None
    assert result.hidden.tolist() == [0]
    assert result.pieces is None
