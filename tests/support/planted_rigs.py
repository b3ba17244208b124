"""Rigs with landmarks and mattes, made with OpenCV alone.

Nothing here comes from renderkit but the types that hold the result: projections are cv2.projectPoints', silhouettes
are convex hulls of projected convex bodies.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence
from renderkit.formats.as_stated import RawCamera


@dataclass
class Shot:
    """One camera, what its file says and what its picture shows."""

    name: str
    K: np.ndarray
    D: np.ndarray
    R: np.ndarray
    t: np.ndarray
    size: tuple[int, int]
    landmarks: np.ndarray
    matte: np.ndarray | None
    matte_size: tuple[int, int] | None = None
    model: str = "brown_conrady"


@dataclass
class Planted:
    """A rig: shots, world points and mesh."""

    shots: list[Shot]
    points: np.ndarray
    vertices: np.ndarray
    truth: list[Shot] = field(default_factory=list)
    noise_px: float = 0.3

    def evidence(self) -> RigEvidence:
        views = []
        for shot in self.shots:
            camera = RawCamera(
                name=shot.name,
                K=np.array(shot.K),
                pose=np.column_stack([shot.R, shot.t]),
                coefficients=tuple(shot.D.tolist()),
                model=shot.model,  # type: ignore[arg-type]
                size=shot.size,
            )
            views.append(
                ViewEvidence(
                    camera=camera,
                    points_world=self.points,
                    pixels=shot.landmarks,
                    vertices=None if shot.matte is None else self.vertices,
                    matte=shot.matte,
                    matte_size=shot.matte_size,
                )
            )
        return RigEvidence(tuple(views))


def project(shot: Shot, points: np.ndarray) -> np.ndarray:
    """cv2.projectPoints with NaN behind the camera."""
    rotation = cv2.Rodrigues(shot.R)[0]
    pixels = cv2.projectPoints(points, rotation, shot.t, shot.K, shot.D)[0][:, 0]
    return np.asarray(pixels)


def head(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(68, 3) landmarks on the front of, and (V, 3) vertices of, an egg without symmetry in metres; y down, z back."""
    directions = rng.normal(size=(1500, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)

    def body(unit: np.ndarray) -> np.ndarray:
        x, y, z = unit.T
        return np.column_stack([0.075 * x + 0.01 * y, 0.115 * y * (1 + 0.25 * y), 0.095 * z * (1 + 0.2 * z)])

    front = directions[directions[:, 2] < -0.15]
    order = np.argsort(front[:68, 1] + 0.1 * rng.normal(size=68))
    return body(front[:68][order]), body(directions)


def look_at(center: np.ndarray, target: np.ndarray, roll: float) -> tuple[np.ndarray, np.ndarray]:
    """World-to-camera rotation and translation, x right, y down, z forward, in a world whose y points down."""
    forward = (target - center) / np.linalg.norm(target - center)
    right = np.cross(np.array([0.0, 1.0, 0.0]), forward)
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    turn = cv2.Rodrigues(np.array([0.0, 0.0, roll]))[0]
    rotation = turn @ rotation
    return rotation, -rotation @ center


def make_rig(
    rng: np.random.Generator, *, count: int = 10, noise_px: float = 0.4, wide: bool = False, mattes: bool = True
) -> Planted:
    """Cameras on an arc about a head; `wide` fills the picture through a wide lens that bends."""
    points, vertices = head(rng)
    offset = rng.normal(size=3) * (0.02, 0.1, 0.02)
    world = cv2.Rodrigues(rng.normal(size=3) * 0.15)[0]
    points, vertices = (points @ world.T + offset, vertices @ world.T + offset)
    width, height = [(640, 480), (512, 612), (800, 600)][rng.integers(3)]
    distance = 0.35 if wide else float(rng.uniform(0.8, 2.0))
    focal = 0.36 * min(width, height) / 0.13 * (distance - 0.06)
    shots = []
    for index in range(count):
        yaw = np.deg2rad(np.linspace(-65, 65, count)[index] + rng.normal() * 4)
        pitch = np.deg2rad(rng.normal() * 12)
        direction = np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), -np.cos(yaw) * np.cos(pitch)])
        center = offset + distance * rng.uniform(0.95, 1.05) * direction
        R, t = look_at(center, offset + rng.normal(size=3) * 0.008, rng.normal() * 0.06)
        K = np.array([[focal * rng.uniform(0.97, 1.03), 0, 0], [0, focal * rng.uniform(0.97, 1.03), 0], [0, 0, 1.0]])
        K[:2, 2] = np.array([(width - 1) / 2, (height - 1) / 2]) + rng.normal(size=2) * 6
        strength = 1.0 if wide else 0.5
        D = strength * np.array(
            [-0.22 + 0.03 * rng.normal(), 0.09 + 0.01 * rng.normal(), 0.012, -0.008, 0.04 + 0.005 * rng.normal()]
        )
        shot = Shot(f"{index:02d}", K, D, R, t, (width, height), np.zeros((0, 2)), None)
        shots.append(take_picture(shot, points, vertices, noise_px, rng, mattes))
    return Planted(shots, points, vertices, [replace(shot) for shot in shots], noise_px)


def take_picture(
    shot: Shot, points: np.ndarray, vertices: np.ndarray, noise_px: float, rng: np.random.Generator, mattes: bool
) -> Shot:
    pixels = project(shot, points) + rng.normal(size=(len(points), 2)) * noise_px
    bad = rng.random(len(pixels)) < 0.03
    pixels[bad] += rng.normal(size=(int(bad.sum()), 2)) * 15
    matte = draw_matte(shot, vertices) if mattes else None
    return replace(shot, landmarks=pixels, matte=matte)


def draw_matte(shot: Shot, vertices: np.ndarray, scale: float = 0.4) -> np.ndarray:
    """The convex hull of the projected vertices, filled, at a fraction of the picture's resolution."""
    width, height = (round(scale * side) for side in shot.size)
    pixels = (project(shot, vertices) + 0.5) * (width / shot.size[0], height / shot.size[1]) - 0.5
    return filled_hull(pixels, (height, width))


def filled_hull(pixels: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The convex hull of (N, 2) pixels, filled."""
    hull = cv2.convexHull(np.round(pixels * 16).astype(np.int32))
    canvas = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(canvas, hull, 1, shift=4)
    return canvas.astype(bool)
