"""The ring of views: every camera shows the whole mesh, upright, from its own side."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from renderkit.geometry.mesh import Mesh
from renderkit.geometry.orbit import ring_of_views


def _tower() -> Mesh:
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 3, 0], [0, 0, 1], [0.3, 2.9, 0.1]]) * 40.0 + (7, 8, 9)
    return Mesh(vertices, np.array([[0, 1, 2], [0, 1, 3], [1, 2, 4]]))


@pytest.mark.parametrize("size", [(640, 480), (300, 700)])
def test_every_view_shows_all_of_the_mesh_upright(size: tuple[int, int]) -> None:
    mesh = _tower()
    rig = ring_of_views(mesh, 8, size)
    assert list(rig.cameras) == list("01234567")
    for camera in rig:
        pose = camera.cam_from_world
        pixels, _ = cv2.projectPoints(mesh.vertices, pose.rotation_vector, pose.t, camera.K, None)
        pixels = pixels.reshape(-1, 2)
        assert (pixels > 0).all()
        assert (pixels < np.array(size) - 1).all()
        assert pixels[2, 1] < pixels[0, 1]  # the top of the tower is above its foot
        # At least half of the shorter side is used.
        assert np.max(np.ptp(pixels, axis=0)) > 0.5 * min(size)


def test_vertices_of_no_face_are_not_looked_at() -> None:
    mesh = _tower()
    stray = Mesh(np.vstack([[1e9, 0, 0], mesh.vertices, [0, 0, 1e30]]), mesh.faces + 1)
    for plain, other in zip(ring_of_views(mesh, 3, (64, 48)), ring_of_views(stray, 3, (64, 48)), strict=True):
        np.testing.assert_array_equal(plain.center_world, other.center_world)


def test_the_first_camera_sees_the_front_and_the_others_go_round() -> None:
    mesh = _tower()
    center = mesh.bounds.mean(axis=0)
    directions = np.array([camera.center_world - center for camera in ring_of_views(mesh, 4, (100, 100))])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    assert directions[0, 2] > 0.9
    assert directions[1, 0] > 0.9
    assert directions[2, 2] < -0.9
    assert (directions[:, 1] > 0.1).all()


def test_what_cannot_be_seen_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 view"):
        ring_of_views(_tower(), 0, (10, 10))
    with pytest.raises(ValueError, match="no extent"):
        ring_of_views(Mesh(np.zeros((3, 3)), np.array([[0, 1, 2]])), 2, (10, 10))
