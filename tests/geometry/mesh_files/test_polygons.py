"""Polygons cut into triangles, held against the shoelace formula and hand-written cuts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.geometry.mesh_files.polygons import MAX_CORNERS, triangulate
from renderkit.geometry.rotation import matrix_from_rotation_vector

FILE = Path("m.ply")


def cut(*polygons: FloatArray) -> tuple[FloatArray, list[list[int]], list[int]]:
    """Return points, triangles and the polygon of each."""
    points = np.concatenate(polygons)
    sizes = np.array([len(polygon) for polygon in polygons])
    corners = np.random.default_rng(0).permutation(len(points)).astype(np.int32)
    vertices = np.empty_like(points)
    vertices[corners] = points
    triangles, owner = triangulate(vertices, sizes, corners, FILE)
    return points, triangles.tolist(), owner.tolist()


def signed_areas(points: FloatArray, triangles: list[list[int]]) -> FloatArray:
    """Signed areas in the plane z = 0."""
    a, b, c = (points[np.array(triangles)[:, corner], :2] for corner in range(3))
    u, v = b - a, c - a
    areas: FloatArray = 0.5 * (u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])
    return areas


def shoelace(points: FloatArray) -> float:
    x, y = points[:, 0], points[:, 1]
    return float(0.5 * (np.roll(y, -1) @ x - np.roll(x, -1) @ y))


def star(radii: list[float], start: float = 0.0) -> FloatArray:
    """A polygon around the origin, seen as a star: simple, with as many dents as radii are small."""
    angles = start + 2.0 * np.pi * np.arange(len(radii)) / len(radii)
    return np.column_stack([radii * np.cos(angles), radii * np.sin(angles), np.zeros(len(radii))])


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats(0.05, 1.0), min_size=4, max_size=24), st.floats(0.0, 6.0))
def test_triangles_tile_any_star(radii: list[float], start: float) -> None:
    polygon = star(radii, start)
    points, triangles, _ = cut(polygon)
    assert len(triangles) == len(radii) - 2
    areas = signed_areas(points, triangles)
    # None folded back and their sum the whole: they tile the polygon.
    assert areas.min() >= -1e-12
    assert areas.sum() == pytest.approx(shoelace(polygon), rel=1e-9)


@pytest.mark.parametrize("turn", [(0.0, 0.0, 0.0), (1.0, -0.5, 2.0)])
def test_an_arrow_a_comb_and_a_spiral(turn: tuple[float, float, float]) -> None:
    arrow = np.array([[0, 0, 0], [2, 1, 0], [0, 2, 0], [0.5, 1, 0]], np.float64)
    comb = np.array([[x, 1.0 if x % 2 else 0.1, 0] for x in range(9)] + [[8.0, -1, 0], [0, -1, 0]], np.float64)[::-1]
    steps = np.arange(40) * 0.3
    inner, outer = ((0.5 + 0.2 * steps + gap)[:, None] * np.c_[np.cos(steps), np.sin(steps)] for gap in (0.0, 0.3))
    spiral = np.c_[np.concatenate([outer, inner[::-1]]), np.zeros(80)]
    R = matrix_from_rotation_vector(np.array(turn))
    points, triangles, owner = cut(*(shape @ R.T for shape in (arrow, comb, spiral)))
    assert owner == [0] * 2 + [1] * 9 + [2] * 78
    areas = signed_areas(points @ R, triangles)
    assert areas.min() >= -1e-12
    for index, shape in enumerate((arrow, comb, spiral)):
        assert areas[np.array(owner) == index].sum() == pytest.approx(shoelace(shape), rel=1e-9)


@pytest.mark.parametrize("dent", range(4))
def test_a_dented_quadrilateral_is_cut_through_its_dent(dent: int) -> None:
    arrow = np.roll(np.array([[0.5, 1, 0], [0, 0, 0], [2, 1, 0], [0, 2, 0]]), dent, axis=0)
    _, triangles, _ = cut(arrow)
    assert all(dent in triangle for triangle in triangles)


def test_flat_convex_polygons_are_fans_and_triangles_stay() -> None:
    hexagon, triangle = star([1.0] * 6), star([1.0] * 3)
    _, triangles, owner = cut(triangle, hexagon, triangle)
    assert triangles == [[0, 1, 2], [3, 4, 5], [3, 5, 6], [3, 6, 7], [3, 7, 8], [9, 10, 11]]
    assert owner == [0, 1, 1, 1, 1, 2]
    assert len(cut(star([1.0] * 5000))[1]) == 4998


def test_a_bent_polygon_is_cut_along_the_smallest_surface() -> None:
    # Two squares that meet at a right angle, in one hexagon: the fold is an edge of the cut.
    book = np.array([[1.0, 0, 0], [0, 0, 0], [0, 0, 1], [0, 1, 1], [0, 1, 0], [1, 1, 0]])
    points, triangles, _ = cut(book)
    corners = points[np.array(triangles)]
    area = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum()
    assert area == pytest.approx(2.0)


def test_a_polygon_of_too_many_dents_is_refused() -> None:
    dented = star([1.0, 0.5] * (MAX_CORNERS // 2 + 1))
    with pytest.raises(DatasetError, match="export the mesh as triangles"):
        cut(dented)
