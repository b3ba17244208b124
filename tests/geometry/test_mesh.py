from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh

from renderkit.errors import DatasetError
from renderkit.geometry.mesh import Mesh


def sphere() -> trimesh.Trimesh:
    return trimesh.creation.icosphere(subdivisions=2, radius=0.1)


def test_trimesh_goes_in_and_out_unchanged() -> None:
    source = sphere()
    mesh = Mesh.from_trimesh(source, "ball")
    back = mesh.to_trimesh()
    assert np.array_equal(back.vertices, source.vertices)
    assert np.array_equal(back.faces, source.faces)
    assert mesh.name == "ball"


@pytest.mark.parametrize("suffix", [".ply", ".obj", ".stl", ".off"])
def test_files_keep_the_order_of_their_faces(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"ball{suffix}"
    sphere().export(path)
    mesh = Mesh.read(path)
    assert mesh.name == "ball"
    assert np.allclose(mesh.vertices[mesh.faces], sphere().vertices[sphere().faces], atol=1e-6)


def test_an_obj_with_duplicate_vertices_keeps_them(tmp_path: Path) -> None:
    path = tmp_path / "twice.obj"
    path.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 0\nv 1 0 0\nv 0 0 1\nf 1 2 3\nf 4 5 6\n")
    mesh = Mesh.read(path)
    assert mesh.vertices.tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0], [0, 0, 1]]
    assert mesh.faces.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_texture_and_colours_survive_trimesh() -> None:
    texture = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    textured = Mesh(np.eye(3), np.array([[0, 1, 2]]), uv=np.array([[0.0, 0], [1, 0], [0, 1]]), texture=texture)
    back = Mesh.from_trimesh(textured.to_trimesh())
    assert back.texture is not None
    assert back.uv is not None
    assert textured.uv is not None
    assert np.array_equal(back.texture, texture)
    assert np.array_equal(back.uv, textured.uv)
    colors = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)
    coloured = Mesh.from_trimesh(Mesh(np.eye(3), np.array([[0, 1, 2]]), vertex_colors=colors).to_trimesh())
    assert coloured.vertex_colors is not None
    assert np.array_equal(coloured.vertex_colors, colors)


def test_normals_of_a_sphere_point_outwards() -> None:
    mesh = Mesh.from_trimesh(sphere())
    outward = mesh.vertices / np.linalg.norm(mesh.vertices, axis=1, keepdims=True)
    assert float(np.einsum("ij,ij->i", mesh.vertex_normals, outward).min()) > 0.999


def test_a_lone_vertex_has_a_zero_normal() -> None:
    mesh = Mesh(np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [5, 5, 5]]), np.array([[0, 1, 2]]))
    assert mesh.vertex_normals[3].tolist() == [0, 0, 0]
    assert mesh.vertex_normals[0].tolist() == [0, 0, 1]


def test_closed_means_every_edge_twice_in_opposite_directions() -> None:
    ball = sphere()
    assert Mesh.from_trimesh(ball).is_closed
    assert not Mesh(ball.vertices, ball.faces[1:]).is_closed
    flipped = ball.faces.copy()
    flipped[0] = flipped[0, ::-1]
    assert not Mesh(ball.vertices, flipped).is_closed
    assert not Mesh(ball.vertices, np.concatenate([ball.faces, ball.faces])).is_closed
    assert not Mesh(ball.vertices, np.zeros((0, 3), np.int32)).is_closed


@pytest.mark.parametrize(
    ("vertices", "faces", "message"),
    [
        (np.zeros((3, 2)), [[0, 1, 2]], r"vertices: expected shape \(N, 3\), got \(3, 2\)"),
        (np.zeros((3, 3)), [[0, 1, 3]], "expected 0..2"),
        (np.zeros((3, 3)), [[0, 1, -1]], "outside the vertices"),
        (np.array([[np.nan, 0, 0]]), np.zeros((0, 3)), "NaN or infinite, the first is 0"),
        (np.zeros((12, 3)), np.arange(12).reshape(3, 4), r"got quads, \(3, 4\); split each into two"),
        (np.zeros((6, 3)), np.arange(6), r"faces: expected shape \(N, 3\), got \(6,\)"),
        (np.zeros((3, 3)), [[0.0, 1.5, 2.0]], "faces: expected values that int64 holds"),
    ],
)
def test_wrong_arrays_are_refused(vertices: np.ndarray, faces: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Mesh(vertices, np.asarray(faces))


def test_files_that_are_no_mesh(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such mesh file"):
        Mesh.read(tmp_path / "absent.ply")
    broken = tmp_path / "broken.ply"
    broken.write_bytes(b"ply\nformat ascii 1.0\nelement vertex 3\nend_header\n")
    with pytest.raises(DatasetError, match="mesh"):
        Mesh.read(broken)
    outside = tmp_path / "outside.obj"
    outside.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 9\n")
    with pytest.raises(DatasetError, match="cannot be read as a mesh"):
        Mesh.read(outside)
    empty = tmp_path / "empty.obj"
    empty.write_text("# nothing\n")
    with pytest.raises(DatasetError, match="mesh"):
        Mesh.read(empty)


def test_texture_coordinates_are_bounded() -> None:
    """Larger ones than single precision holds would be infinite to the renderers."""
    corners, faces = np.eye(3), np.array([[0, 1, 2]])
    mesh = Mesh(corners, faces, uv=np.array([[1e300, -1e40], [0.25, 1.5], [0.0, -3.0]]))
    assert mesh.uv is not None
    np.testing.assert_array_equal(mesh.uv[1:], [[0.25, 1.5], [0.0, -3.0]])
    assert np.isfinite(mesh.uv.astype(np.float32)).all()


def test_the_bounds_of_the_surface_leave_out_vertices_of_no_face() -> None:
    vertices = np.array([[9e9, 0, 0], [0, 0, 0], [1, 2, 3], [0, 1, 0], [-7, 0, 1e59]])
    triangle, none = np.array([[0, 1, 2]], np.int32), np.zeros((0, 3), np.int32)
    mesh = Mesh(vertices, triangle + np.int32(1))
    assert mesh.surface_bounds.tolist() == [[0, 0, 0], [1, 2, 3]]
    assert mesh.surface_vertices is not None
    assert mesh.surface_vertices.tolist() == [[0, 0, 0], [1, 2, 3], [0, 1, 0]]
    for whole in (Mesh(vertices[1:4], triangle), Mesh(vertices, none)):
        assert whole.surface_vertices is None
        assert whole.surface_bounds.tolist() == whole.bounds.tolist()
