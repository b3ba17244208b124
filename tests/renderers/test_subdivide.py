"""Pieces of faces: straight enough, without cracks or overlaps, none beyond the limit."""

from __future__ import annotations

import numpy as np
import pytest
from render_scenes import LENSES, make_camera, sphere, wall

from renderkit.arrays import FloatArray
from renderkit.renderers.lens_bounds import LensBounds, LensCatalog
from renderkit.renderers.subdivide import STRAIGHTNESS_PX, Pieces, subdivide

BENT = [name for name in LENSES if name != "none"]


def cut(corners: FloatArray, bounds: LensBounds) -> Pieces:
    return subdivide(corners, np.arange(len(corners), dtype=np.int32), bounds)


def areas(weights: FloatArray) -> FloatArray:
    """Signed area of each piece as a part of its face's."""
    return np.asarray(np.linalg.det(weights))


@pytest.mark.parametrize("lens", BENT)
def test_edges_of_pieces_are_straight_enough(lens: str) -> None:
    camera = make_camera(lens)
    bounds = LensCatalog().get(camera)
    mesh = wall(2.0, 0.4 * min(bounds.limit, 1.5))
    corners = mesh.vertices[mesh.faces]
    pieces = cut(corners, bounds)
    assert len(pieces) > 2
    np.testing.assert_allclose(areas(pieces.weights).sum(), 2.0, rtol=1e-9)
    assert (areas(pieces.weights) > 0.0).all()
    points = np.einsum("nij,njk->nik", pieces.weights, corners[pieces.face])
    for start, end in ((0, 1), (1, 2), (2, 0)):
        a, b = points[:, start], points[:, end]
        ends = [camera.project_cam(p) * p[:, 2:] for p in (a, b)]
        for part in np.linspace(0.1, 0.9, 9):
            middle = (1 - part) * a + part * b
            drawn = ((1 - part) * ends[0] + part * ends[1]) / middle[:, 2:]
            assert np.max(np.linalg.norm(camera.project_cam(middle) - drawn, axis=1)) < 1.1 * STRAIGHTNESS_PX


def test_face_that_needs_no_cut_stays_whole() -> None:
    bounds = LensCatalog().get(make_camera("barrel"))
    small = np.array([[[0.0, 0.0, 2.0], [0.01, 0.0, 2.0], [0.0, 0.01, 2.0]]])
    pieces = cut(small, bounds)
    np.testing.assert_array_equal(pieces.weights, np.eye(3)[None])


def test_neighbours_agree_about_shared_edges() -> None:
    """Every edge inside the cut-up surface of a ball is used once in each direction: no cracks."""
    bounds = LensCatalog().get(make_camera("fisheye"))
    mesh = sphere(0.9, (0.1, 0.0, 2.0), 1)
    corners = mesh.vertices[mesh.faces]
    pieces = cut(corners, bounds)
    assert len(pieces) > 2 * len(mesh.faces)
    points = np.einsum("nij,njk->nik", pieces.weights, corners[pieces.face])
    _, index = np.unique(np.round(points.reshape(-1, 3), 9), axis=0, return_inverse=True)
    faces = index.reshape(-1, 3)
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    forward = {tuple(edge) for edge in edges.tolist()}
    assert len(forward) == len(edges)
    assert forward == {(b, a) for a, b in forward}


def test_pieces_reach_the_limit_and_hardly_beyond() -> None:
    camera = make_camera("turning")
    bounds = LensCatalog().get(camera)
    mesh = wall(2.0)
    corners = mesh.vertices[mesh.faces]
    pieces = cut(corners, bounds)
    points = np.einsum("nij,njk->nik", pieces.weights, corners[pieces.face]).reshape(-1, 3)
    radius = np.hypot(points[:, 0], points[:, 1]) / points[:, 2]
    assert radius.max() >= bounds.limit
    assert radius.max() < 1.1 * bounds.limit
    angle = np.arctan2(points[:, 1], points[:, 0])[radius > 0.98 * bounds.limit]
    assert np.histogram(angle, bins=60, range=(-np.pi, np.pi))[0].min() > 0


def test_what_is_not_seen_has_no_pieces() -> None:
    bounds = LensCatalog().get(make_camera("turning"))
    behind = np.array([[[0.0, 0.0, -1.0], [1.0, 0.0, -1.0], [0.0, 1.0, -1.0]]])
    beside = np.array([[[9.0, 0.0, 1.0], [10.0, 0.0, 1.0], [9.0, 1.0, 1.0]]])
    assert len(cut(np.concatenate([behind, beside]), bounds)) == 0


def test_face_through_the_camera_plane_ends() -> None:
    for lens in BENT:
        bounds = LensCatalog().get(make_camera(lens))
        through = np.array([[[0.0, 0.3, -2.0], [0.5, 0.3, 4.0], [-0.5, 0.3, 4.0]]])
        pieces = cut(through, bounds)
        assert 0 < len(pieces) < 200_000
