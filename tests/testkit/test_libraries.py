"""What common libraries give for a kit: the table of docs/testkit.md."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.testkit.judge import judge, judge_without_projection
from renderkit.testkit.vectors import make_vectors

Array = NDArray[np.float64]

ROTATION = np.asarray(cv2.Rodrigues(np.array([0.2, -0.4, 0.1]))[0], np.float64)
K = np.array([[700.0, 0.0, 310.0], [0.0, 702.0, 245.0], [0.0, 0.0, 1.0]])
CAMERA = Camera(
    K, 640, 480, BrownConrady(np.array([-0.9, 0.02, 0.001, -0.002])), Pose(ROTATION, np.array([0.0, 0.1, 2.0]))
)
VECTORS = make_vectors(CAMERA, 2.0)
IN_CAMERA = CAMERA.cam_from_world.apply(VECTORS.points_world)


def opencv() -> Array:
    pose = CAMERA.cam_from_world
    points = np.array(VECTORS.points_world)
    found = cv2.projectPoints(points, cv2.Rodrigues(pose.R)[0], pose.t, K, CAMERA.distortion.coefficients)[0]
    return np.asarray(found, np.float64).reshape(-1, 2)


def colmap() -> Array:
    pycolmap = pytest.importorskip("pycolmap")
    params = [700.0, 702.0, 310.5, 245.5, *CAMERA.distortion.coefficients]
    camera = pycolmap.Camera(model="OPENCV", width=640, height=480, params=params)
    found = [camera.img_from_cam(point) for point in IN_CAMERA]
    return np.array([(np.nan, np.nan) if one is None else one for one in found], np.float64)


def gl_window(projection: Array) -> Array:
    """The pixel on which OpenGL draws a point: window coordinates count from the corner, pixels from their centres."""
    points = np.column_stack([IN_CAMERA * (1.0, -1.0, -1.0), np.ones(len(IN_CAMERA))]) @ projection.T
    device = points[:, :2] / points[:, 3:]
    return np.column_stack([(device[:, 0] + 1.0) * 320.0, (1.0 - device[:, 1]) * 240.0]) - 0.5


def pyrender_camera() -> Array:
    pyrender = pytest.importorskip("pyrender.camera")
    camera = pyrender.IntrinsicsCamera(700.0, 702.0, 310.0, 245.0)
    return gl_window(np.asarray(camera.get_projection_matrix(640, 480), np.float64))


def trimesh_camera() -> Array:
    from trimesh.scene import Camera as TrimeshCamera

    camera = TrimeshCamera(resolution=(640, 480), focal=(700.0, 702.0))
    points = IN_CAMERA @ np.asarray(camera.K, np.float64).T
    return points[:, :2] / points[:, 2:]


def renderkit_camera() -> Array:
    return np.array(CAMERA.project(VECTORS.points_world))


@pytest.mark.parametrize(
    ("project", "inside", "outside"),
    [
        (opencv, (), ("fold-over drawn", "drawn from behind")),
        (colmap, ("half pixel",), ("fold-over drawn",)),
        (pyrender_camera, ("half pixel, twice + distortion dropped",), ("fold-over drawn", "drawn from behind")),
        (trimesh_camera, (), ("fold-over drawn", "drawn from behind")),
        (renderkit_camera, (), ()),
    ],
)
def test_a_library_out_of_the_box(
    project: Callable[[], Array], inside: tuple[str, ...], outside: tuple[str, ...]
) -> None:
    found = project()
    verdict = judge(VECTORS, found)
    assert verdict.slips == inside
    assert verdict.passed is (project in (opencv, renderkit_camera))
    assert judge_without_projection(VECTORS, found).slips == outside
