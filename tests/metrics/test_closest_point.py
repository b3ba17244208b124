from __future__ import annotations

import mpmath
import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from renderkit.arrays import FloatArray
from renderkit.geometry.mesh import Mesh
from renderkit.metrics.closest_point import SurfaceTree


def _by_least_squares(point: FloatArray, triangle: FloatArray) -> float:
    """Distance by non-negative least squares over the barycentric weights, their sum held to one by a heavy row."""
    heavy = 1e5
    matrix = np.vstack([triangle.T, np.full(3, heavy)])
    weights, _ = nnls(matrix, np.append(point, heavy))
    return float(np.linalg.norm(weights / weights.sum() @ triangle - point))


def _soup(count: int, seed: int) -> Mesh:
    """Random triangles, among them slivers, one of zero area and one that is a point."""
    generator = np.random.default_rng(seed)
    corners = generator.uniform(-1, 1, (count, 1, 3)) + generator.normal(0, 0.3, (count, 3, 3))
    corners[0, 2] = 0.5 * (corners[0, 0] + corners[0, 1])
    corners[1, 1] = corners[1, 2] = corners[1, 0]
    corners[2, 2] = corners[2, 1] + 1e-4
    return Mesh(corners.reshape(-1, 3), np.arange(3 * count, dtype=np.int32).reshape(-1, 3))


@pytest.mark.parametrize(("count", "seed"), [(1, 0), (3, 1), (4, 2), (5, 3), (33, 4)])
def test_distances_equal_least_squares_over_all_triangles(count: int, seed: int) -> None:
    mesh = _soup(max(count, 3), seed)
    mesh = Mesh(mesh.vertices, mesh.faces[-count:])
    queries = np.random.default_rng(seed).uniform(-2, 2, (30, 3))
    queries[:2] = mesh.vertices[mesh.faces[0, :2]]
    found = SurfaceTree(mesh).closest(queries)
    corners = mesh.vertices[mesh.faces]
    expected = [min(_by_least_squares(query, triangle) for triangle in corners) for query in queries]
    np.testing.assert_allclose(found.distances, expected, atol=1e-7)
    np.testing.assert_allclose(np.linalg.norm(found.points - queries, axis=1), found.distances, atol=1e-12)
    on_face = [_by_least_squares(point, corners[face]) for point, face in zip(found.points, found.faces, strict=True)]
    np.testing.assert_allclose(on_face, 0.0, atol=1e-7)


def _exact_distance(point: FloatArray, triangle: FloatArray) -> float:
    """Distance to a triangle in 60 digits, by the plane and the three edges."""
    with mpmath.workdps(60):
        p, a, b, c = (mpmath.matrix([mpmath.mpf(float(x)) for x in row]) for row in (point, *triangle))
        candidates = []
        for start, end in ((a, b), (b, c), (c, a)):
            edge, length = end - start, mpmath.fdot(end - start, end - start)
            share = mpmath.fdot(p - start, edge) / length if length else mpmath.mpf(0)
            candidates.append(mpmath.norm(p - start - edge * min(max(share, 0), 1)))
        gram = mpmath.matrix([[mpmath.fdot(x, y) for x in (b - a, c - a)] for y in (b - a, c - a)])
        if mpmath.det(gram) > 0:
            first, second = mpmath.lu_solve(gram, mpmath.matrix([mpmath.fdot(p - a, b - a), mpmath.fdot(p - a, c - a)]))
            if first >= 0 and second >= 0 and first + second <= 1:
                candidates.append(mpmath.norm(p - a - first * (b - a) - second * (c - a)))
        return float(min(candidates))


def _distance(point: FloatArray, triangle: FloatArray) -> float:
    return float(SurfaceTree(Mesh(triangle, np.array([[0, 1, 2]]))).closest(point[None]).distances[0])


def test_a_nearly_collinear_triangle_is_no_farther_than_its_edges() -> None:
    triangle = np.array([(0.5979, -1.1387, 0.1434), (-1.2132, 0.1329, 1.1226), (0.5794, -1.1257, 0.1534)])
    point = np.array([-1.3711, 0.2437, 1.2080])
    assert _distance(point, triangle) == pytest.approx(0.2109, abs=1e-4)
    assert _distance(point, triangle) == pytest.approx(_exact_distance(point, triangle), abs=1e-12)


@settings(max_examples=120, deadline=None)
@given(seed=st.integers(0, 2**32), width=st.floats(-16, 0), far=st.floats(-6, 1), turn=st.integers(0, 2))
def test_distances_to_thin_triangles_equal_exact_ones(seed: int, width: float, far: float, turn: int) -> None:
    generator = np.random.default_rng(seed)
    start, end = generator.uniform(-1, 1, (2, 3))
    middle = start + generator.uniform() * (end - start) + 10.0**width * generator.normal(size=3)
    triangle = np.roll(np.stack([start, end, middle]), turn, axis=0)
    point = generator.dirichlet(np.ones(3)) @ triangle + 10.0**far * generator.normal(size=3)
    assert _distance(point, triangle) == pytest.approx(_exact_distance(point, triangle), rel=1e-9, abs=1e-12)


def test_sphere_in_closed_form() -> None:
    sphere = Mesh.from_trimesh(trimesh.creation.icosphere(4, 1.0))
    directions = np.random.default_rng(0).normal(size=(500, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    found = SurfaceTree(sphere).closest(3.0 * directions)
    # The facets sink at most 1 - cos(half an edge) below the sphere.
    assert (found.distances >= 2.0 - 1e-12).all()
    assert (found.distances <= 2.002).all()


def test_points_on_the_surface_are_at_distance_zero() -> None:
    sphere = Mesh.from_trimesh(trimesh.creation.icosphere(3, 1.0))
    centers = sphere.vertices[sphere.faces].mean(axis=1)
    found = SurfaceTree(sphere).closest(centers)
    np.testing.assert_allclose(found.distances, 0.0, atol=1e-15)
    assert np.array_equal(found.faces, np.arange(len(sphere.faces)))


def test_flat_mesh_and_bad_input() -> None:
    vertices = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    tree = SurfaceTree(Mesh(vertices, np.array([[0, 1, 2]], np.int32)))
    assert tree.closest(np.array([[0.2, 0.2, -3.0]])).distances.tolist() == [3.0]
    assert len(tree.closest(np.zeros((0, 3))).distances) == 0
    with pytest.raises(ValueError, match="finite"):
        tree.closest(np.array([[np.nan, 0.0, 0.0]]))
    with pytest.raises(ValueError, match="'points' has no faces"):
        SurfaceTree(Mesh(vertices, np.zeros((0, 3), np.int32), name="points"))
