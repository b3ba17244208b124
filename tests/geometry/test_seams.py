"""Texture seams in .obj files."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from renderkit.geometry.mesh import Mesh
from renderkit.geometry.seams import same_positions, split_seams

VERTICES = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [9, 9, 9]])
OBJ = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 1 1 0\nv 9 9 9\nvt 0 0\nvt 1 0\nvt 0 1\nvt 1 1\nvt 0.5 0.5\nvt 0.6 0.6\n" + (
    "usemtl skin\nf 4/4 3/3 1/1\nf 1/5 2/2 4/6\n"
)
CORNERS = [[(1, 1), (0, 1), (0, 0)], [(0.5, 0.5), (1, 0), (0.6, 0.6)]]


def test_each_corner_keeps_its_coordinate_and_the_first_vertices_their_place() -> None:
    uv = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5], [0.6, 0.6]])
    faces, uv_faces = np.array([[3, 2, 0], [0, 1, 3]], np.int32), np.array([[3, 2, 0], [4, 1, 5]], np.int32)
    source, split, coordinates = split_seams(faces, uv_faces, uv, len(VERTICES))
    assert source[:5].tolist() == [0, 1, 2, 3, 4]
    assert len(source) == 7
    np.testing.assert_array_equal(coordinates[split], CORNERS)
    np.testing.assert_array_equal(VERTICES[source][split], VERTICES[faces])


def test_corners_without_a_coordinate_need_no_copy() -> None:
    uv = np.array([[0.0, 0], [1, 0], [0, 1]])
    faces, uv_faces = np.array([[0, 1, 2], [2, 1, 3]], np.int32), np.array([[0, 1, 2], [-1, -1, -1]], np.int32)
    source, split, coordinates = split_seams(faces, uv_faces, uv, 4)
    assert source.tolist() == [0, 1, 2, 3]
    assert split.tolist() == faces.tolist()
    assert coordinates.tolist() == [[0, 0], [1, 0], [0, 1], [0, 0]]


def test_same_positions_are_numbered_by_first_appearance() -> None:
    points = np.array([[1.0, 2, 3], [0.0, 0, 0], [1, 2, 3], [-0.0, 0, -0.0], [1, 2, np.nextafter(3, 4)]])
    places, count = same_positions(points)
    assert (places.tolist(), count) == ([0, 1, 0, 1, 2], 3)
    many = np.random.default_rng(0).integers(0, 6, (3000, 3)).astype(np.float64)
    unique, inverse = np.unique(many, axis=0, return_inverse=True)
    places, count = same_positions(many)
    assert count == len(unique)
    assert len(set(zip(places.tolist(), inverse.reshape(-1).tolist(), strict=True))) == count


def test_a_textured_obj_is_read_with_its_seams(tmp_path: Path) -> None:
    (tmp_path / "m.obj").write_text("mtllib m.mtl\n" + OBJ)
    (tmp_path / "m.mtl").write_text("newmtl skin\nmap_Kd skin.png\n")
    cv2.imwrite(str(tmp_path / "skin.png"), np.full((4, 6, 3), (10, 20, 30), np.uint8))
    mesh = Mesh.read(tmp_path / "m.obj")
    assert mesh.texture is not None
    assert mesh.uv is not None
    assert mesh.texture[0, 0].tolist() == [30, 20, 10]
    np.testing.assert_array_equal(mesh.vertices[:5], VERTICES)
    np.testing.assert_array_equal(mesh.uv[mesh.faces], CORNERS)


def test_without_a_texture_the_vertices_stay_as_many_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "m.obj").write_text(OBJ)
    mesh = Mesh.read(tmp_path / "m.obj")
    np.testing.assert_array_equal(mesh.vertices, VERTICES)
    np.testing.assert_array_equal(mesh.faces, [[3, 2, 0], [0, 1, 3]])
    assert (mesh.uv, mesh.texture) == (None, None)
    (tmp_path / "plain.obj").write_text("v 9 9 9\nv 0 0 0 1 0 0\nv 1 0 0 0 1 0\nv 0 1 0 0 0 1\nf 2 3 4\n")
    plain = Mesh.read(tmp_path / "plain.obj")
    np.testing.assert_array_equal(plain.vertices[:2], [[9, 9, 9], [0, 0, 0]])
    np.testing.assert_array_equal(plain.faces, [[1, 2, 3]])


def test_a_seam_of_a_prism_is_no_edge_of_its_normals(tmp_path: Path) -> None:
    """The side of a 12-gon, unrolled: by symmetry all normals of a ring look alike, on the seam as well."""
    corners = [(np.cos(a), np.sin(a)) for a in np.arange(12) * np.pi / 6]
    lines = ["mtllib m.mtl", "usemtl skin"]
    lines += [f"v {x} {y} {z}" for z in (0, 1) for x, y in corners]
    lines += [f"vt {i / 12} {z}" for z in (0, 1) for i in range(13)]
    for i in range(12):
        j, up, over = (i + 1) % 12, 12, 13
        lines += [f"f {i + 1}/{i + 1} {j + 1}/{i + 2} {j + up + 1}/{i + over + 2} {i + up + 1}/{i + over + 1}"]
    (tmp_path / "m.obj").write_text("\n".join(lines) + "\n")
    (tmp_path / "m.mtl").write_text("newmtl skin\nmap_Kd skin.png\n")
    cv2.imwrite(str(tmp_path / "skin.png"), np.full((4, 6, 3), 90, np.uint8))
    mesh = Mesh.read(tmp_path / "m.obj")
    assert len(mesh.vertices) == 26
    # Cut into triangles, the two faces at a corner weigh 1 to 2: the normal lies within their 15 degrees, at one angle
    # to the radius for all corners of a ring.
    (x, y), (nx, ny) = mesh.vertices[:, :2].T, mesh.vertex_normals[:, :2].T
    turned = x * ny - y * nx
    for z in (0.0, 1.0):
        ring = turned[mesh.vertices[:, 2] == z]
        np.testing.assert_allclose(ring, ring[0], atol=1e-9)
        assert abs(ring[0]) < np.sin(np.deg2rad(10.0))


def test_equal_coordinates_that_are_stated_anew_for_every_corner_need_no_copy() -> None:
    """Open3D's .obj files and the lists of PLY faces have a coordinate for each corner."""
    faces = np.array([[0, 1, 2], [2, 1, 3], [0, 2, 3]], np.int32)
    shared = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])
    own = np.arange(9, dtype=np.int32).reshape(3, 3)
    source, split, coordinates = split_seams(faces, own, shared[faces].reshape(-1, 2), 4)
    assert source.tolist() == [0, 1, 2, 3]
    assert split.tolist() == faces.tolist()
    np.testing.assert_array_equal(coordinates, shared)
    seam = shared[faces].copy()
    seam[2, 2] = 0.25, 0.75
    source, split, coordinates = split_seams(faces, own, seam.reshape(-1, 2), 4)
    assert source.tolist() == [0, 1, 2, 3, 3]
    np.testing.assert_array_equal(coordinates[split], seam)
