"""Meshes and cameras that several renderers' tests draw."""

from __future__ import annotations

import numpy as np
import trimesh

from renderkit.arrays import Faces, FloatArray
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.lens_model import Distortion, NoDistortion
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose

LENSES: dict[str, Distortion] = {
    "none": NoDistortion(),
    "barrel": BrownConrady(np.array([-0.3, 0.1, 0.001, -0.002, 0.0])),
    "turning": BrownConrady(np.array([-0.25, 0.6, 0.001, 0.002, -3.0])),
    "rational": BrownConrady(np.array([-0.2, 0.1, 0.001, -0.001, 0.01, 0.05, -0.02, 0.003])),
    "tilted": BrownConrady(
        np.array([-0.2, 0.1, 0.001, -0.001, 0.01, 0.05, -0.02, 0.003, 0.002, -0.001, 0.001, 0.0005, 0.05, -0.03])
    ),
    "fisheye": KannalaBrandt(np.array([0.05, -0.01, 0.002, -0.0005])),
}


def make_camera(lens: str = "none", size: tuple[int, int] = (320, 256), focal: float = 200.0) -> Camera:
    """A camera at the origin with skew, two focal lengths and its principal point off the centre."""
    K = np.array([[focal, 0.8, 0.48 * size[0] + 0.3], [0.0, 1.01 * focal, 0.5 * size[1] - 0.2], [0.0, 0.0, 1.0]])
    return Camera(K, *size, distortion=LENSES[lens])


def sphere(radius: float = 1.0, center: tuple[float, float, float] = (0.1, -0.05, 3.0), detail: int = 3) -> Mesh:
    """A closed ball."""
    ball = trimesh.creation.icosphere(detail, radius)
    return Mesh(ball.vertices + center, ball.faces)


def torus() -> Mesh:
    """A closed ring, seen at a slant: parts of it hide others."""
    ring = trimesh.creation.torus(0.8, 0.3, major_sections=48, minor_sections=24)
    pose = Pose.from_rotation_vector([1.1, 0.3, 0.2], [0.0, 0.1, 3.0])
    return Mesh(pose.apply(ring.vertices), ring.faces)


def soup(seed: int = 0, count: int = 60) -> Mesh:
    """Triangles that share nothing, in front of the camera."""
    rng = np.random.default_rng(seed)
    corners = rng.normal(size=(count, 1, 3)) * (0.8, 0.6, 0.4) + rng.normal(size=(count, 3, 3)) * 0.25 + (0, 0, 3.0)
    return Mesh(corners.reshape(-1, 3), np.arange(3 * count, dtype=np.int32).reshape(-1, 3))


def wall(depth: float = 2.0, half: float = 50.0) -> Mesh:
    """Two large triangles across the view, slanted."""
    corners = np.array([[-half, -half, depth], [half, -half, depth], [half, half, depth], [-half, half, depth]])
    corners[:, 2] += 0.1 * depth * corners[:, 0] / half
    return Mesh(corners, np.array([[0, 1, 2], [0, 2, 3]]))


def floor() -> Mesh:
    """Two large triangles that pass below the camera and behind it."""
    corners = np.array([[-5.0, 1.0, -5.0], [5.0, 1.0, -5.0], [5.0, 1.0, 20.0], [-5.0, 1.0, 20.0]])
    return Mesh(corners, np.array([[0, 1, 2], [0, 2, 3]]))


def moved(mesh: Mesh, camera: Camera, pose: Pose) -> tuple[Mesh, Camera]:
    """The same scene in another world frame."""
    world = Mesh(pose.apply(mesh.vertices), mesh.faces, mesh.uv, mesh.texture, mesh.vertex_colors, mesh.name)
    return world, Camera(
        camera.K, camera.width, camera.height, camera.distortion, camera.cam_from_world @ pose.inverse(), camera.name
    )


def fill_triangles(pixels: FloatArray, faces: Faces, size: tuple[int, int]) -> FloatArray:
    """Count the triangles over each pixel centre in double precision, by edge functions; (height, width).

    Args:
        pixels: (V, 2) projected vertices.
        faces: (F, 3) vertex indices.
        size: (width, height).
    """
    columns, rows = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    count = np.zeros((size[1], size[0]))
    for corners in pixels[faces]:
        sides = []
        for start, end in ((0, 1), (1, 2), (2, 0)):
            (ax, ay), (bx, by) = corners[start], corners[end]
            sides.append((bx - ax) * (rows - ay) - (by - ay) * (columns - ax))
        positive = (sides[0] > 0) & (sides[1] > 0) & (sides[2] > 0)
        negative = (sides[0] < 0) & (sides[1] < 0) & (sides[2] < 0)
        count += positive | negative
    return count


def edge_distance(pixels: FloatArray, mesh: Mesh, camera: Camera) -> FloatArray:
    """Distance of (N, 2) pixels to the nearest edge, or to the circle where the lens's valid radius lands."""
    edges = np.unique(np.sort(mesh.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1), axis=0)
    steps = np.linspace(0.0, 1.0, 9)[:, None, None]
    coarse = mesh.vertices[edges[:, 0]] * (1 - steps) + mesh.vertices[edges[:, 1]] * steps
    drawn = camera.project(coarse.reshape(-1, 3)).reshape(len(steps), -1, 2)
    near = np.isnan(drawn).any(axis=(0, 2))
    low, high = drawn.min(axis=0) - 3.0, drawn.max(axis=0) + 3.0
    for pixel in pixels:
        near |= ((pixel >= low) & (pixel <= high)).all(axis=1)
    steps = np.linspace(0.0, 1.0, 2001)[:, None]
    lines = [
        camera.project(mesh.vertices[start] * (1 - steps) + mesh.vertices[end] * steps) for start, end in edges[near]
    ]
    radius = min(camera.distortion.valid_radius, 1e6)
    angles = np.linspace(0.0, 2.0 * np.pi, 4001)
    rim = camera.distortion.distort(radius * np.column_stack([np.cos(angles), np.sin(angles)]))
    lines.append(rim @ camera.K[:2, :2].T + camera.K[:2, 2])
    points = np.concatenate(lines)
    points = points[np.isfinite(points).all(axis=1)]
    return np.array([np.min(np.linalg.norm(points - pixel, axis=1)) for pixel in pixels])
