"""Barycentric weights against points whose weights are known."""

from __future__ import annotations

import numpy as np
from render_scenes import make_camera

from renderkit.geometry.mesh import Mesh
from renderkit.renderers.barycentric import barycentric_image


def test_weights_of_known_points_come_back() -> None:
    rng = np.random.default_rng(0)
    corners = rng.normal(size=(50, 3, 3)) * 0.3 + (0.0, 0.0, 2.0)
    mesh = Mesh(corners.reshape(-1, 3), np.arange(150, dtype=np.int32).reshape(-1, 3))
    weights = rng.dirichlet((1.0, 1.0, 1.0), size=50)
    points = np.einsum("ni,nij->nj", weights, corners)
    ray = (points[:, :2] / points[:, 2:]).astype(np.float32).reshape(5, 10, 2)
    face = np.arange(50, dtype=np.int32).reshape(5, 10)
    face[0, 0] = -1
    found = barycentric_image(mesh, make_camera(), face, ray)
    assert not found[0, 0].any()
    np.testing.assert_allclose(found.reshape(-1, 3)[1:], weights[1:], atol=2e-4)


def test_point_outside_is_clamped_and_flat_face_is_finite() -> None:
    corners = np.array([[0.0, 0.0, 2.0], [1.0, 0.0, 2.0], [0.0, 1.0, 2.0], [0.0, 0.0, 3.0]])
    mesh = Mesh(corners, np.array([[0, 1, 2], [0, 0, 3]], dtype=np.int32))
    face = np.array([[0, 1]], dtype=np.int32)
    ray = np.array([[[-0.1, 0.25], [0.0, 0.0]]], dtype=np.float32)
    found = barycentric_image(mesh, make_camera(), face, ray)
    assert np.isfinite(found).all()
    assert (found >= 0.0).all()
    np.testing.assert_allclose(found.sum(axis=2), 1.0)
    assert found[0, 0, 1] == 0.0
