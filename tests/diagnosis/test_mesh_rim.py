"""The rim against the silhouette that OpenCV's projection and convex hull give, and against the signs of areas."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from planted_rigs import look_at

from renderkit.diagnosis.mesh_rim import EdgedMesh, mesh_edges
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose

K = np.array([[900.0, 0.0, 158.0], [0.0, 905.0, 131.0], [0.0, 0.0, 1.0]])


def ellipsoid(rows: int = 24, columns: int = 36) -> tuple[np.ndarray, np.ndarray]:
    polar, around = np.linspace(0.1, np.pi - 0.1, rows), np.linspace(0, 2 * np.pi, columns, endpoint=False)
    x, z = (np.outer(np.sin(polar), way(around)).ravel() for way in (np.cos, np.sin))
    vertices = np.column_stack([0.08 * x, 0.11 * np.repeat(np.cos(polar), columns), 0.095 * z])
    first = np.arange(rows - 1)[:, None] * columns + np.arange(columns)
    beside = np.arange(rows - 1)[:, None] * columns + (np.arange(columns) + 1) % columns
    upper = np.stack([first, beside, first + columns], axis=2).reshape(-1, 3)
    lower = np.stack([beside, beside + columns, first + columns], axis=2).reshape(-1, 3)
    return vertices, np.concatenate([upper, lower])


def camera_at(center: tuple[float, float, float], lens: tuple[float, ...]) -> Camera:
    R, t = look_at(np.array(center), np.zeros(3), 0.3)
    return Camera.from_opencv(K, lens, Pose(R, t), (320, 260))


@pytest.mark.parametrize("lens", [(), (-0.1, 0.05, 0.001, -0.001, 0.0)])
def test_the_rim_holds_the_convex_hull_of_a_convex_mesh(lens: tuple[float, ...]) -> None:
    vertices, faces = ellipsoid()
    camera = camera_at((0.3, 0.5, -0.9), lens)
    rim = EdgedMesh(vertices, mesh_edges(faces)).rim(camera)
    turn = cv2.Rodrigues(np.asarray(camera.cam_from_world.R))[0]
    given = np.array(lens or np.zeros(5))
    pixels = cv2.projectPoints(vertices, turn, np.asarray(camera.cam_from_world.t), K, given)[0][:, 0]
    np.testing.assert_allclose(rim.pixels, pixels[rim.vertices], atol=1e-9)
    hull = set(cv2.convexHull(pixels.astype(np.float32), returnPoints=False).ravel().tolist())
    assert hull <= set(rim.vertices[rim.ends].ravel().tolist())


@pytest.mark.parametrize("center", [(0.3, 0.5, -0.9), (0.0, 0.0, 0.15), (0.0, 0.05, -0.1)])
def test_faces_turn_as_their_signed_areas_in_the_picture_say(center: tuple[float, float, float]) -> None:
    """Also where part of the mesh lies behind the camera or beyond its lens: then no face there is in front."""
    vertices, faces = ellipsoid()
    camera = camera_at(center, (-0.4, 0.0, 0.0, 0.0))
    edges = mesh_edges(faces)
    corners = camera.project(vertices)[faces]
    (ax, ay), (bx, by), (cx, cy) = corners.transpose(1, 2, 0)
    with np.errstate(invalid="ignore"):
        front = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax) > 1e-6
    differs = (edges.sides[1] < 0) | (front[edges.sides[0]] != front[edges.sides[1]])
    rim = EdgedMesh(vertices, edges).rim(camera)
    np.testing.assert_array_equal(rim.vertices[rim.ends], edges.ends[differs])
