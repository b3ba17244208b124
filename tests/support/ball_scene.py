"""A capture in memory whose truth is known: a ball seen by bent lenses, drawn by casting rays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self, TypeAlias

import cv2
import numpy as np

from renderkit.arrays import MaskImage
from renderkit.capture import Capture, Frame, Inventory, View
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.images.encoded import EncodedImage
from renderkit.renderers.base import RendererInfo, Rendering, RenderPass
from renderkit.renderers.raycast import raycast

SIZE = (160, 120)
RADIUS = 0.1
BALL_CENTER = np.array([0.01, -0.02, 1.0])


class RayRenderer:
    """The ray caster as a renderer: slow, exact, and free of OpenGL."""

    info = RendererInfo("cpu", "ray caster", "1", hardware=False)
    threads = 1

    def render(self, mesh: Mesh, camera: Camera, passes: RenderPass = RenderPass.GEOMETRY) -> Rendering:
        """Draw by casting rays."""
        return raycast(mesh, camera, passes)

    def render_mask(self, mesh: Mesh, camera: Camera) -> MaskImage:
        """Draw the silhouette by casting rays."""
        return raycast(mesh, camera).mask

    def close(self) -> None:
        """Nothing to release."""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *reason: object) -> None:
        """Nothing to release."""


def encoded(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> EncodedImage:
    """An encoded PNG in memory."""
    done, data = cv2.imencode(".png", pixels)
    assert done
    return EncodedImage(data.tobytes, Path("memory.png"), "picture")


def ball_camera(name: str, coefficients: Iterable[float] = (-0.2, 0.05, 0.001, -0.001, 0.0)) -> Camera:
    """A camera at the origin that looks along +Z at the ball."""
    K = [[400.0, 0.0, 79.0], [0.0, 410.0, 60.0], [0.0, 0.0, 1.0]]
    return Camera.from_opencv(K, list(coefficients), Pose.identity(), SIZE, name)


def ball_mesh(name: str = "scan") -> Mesh:
    """A ball, finely meshed."""
    import trimesh

    ball = trimesh.creation.icosphere(4, RADIUS)
    return Mesh(ball.vertices + BALL_CENTER, ball.faces, name=name)


def ball_landmarks() -> Landmarks:
    """Seven points on the ball's front, and one on its back, which the ball hides."""
    directions = np.array(
        [
            [0, 0, -1],
            [0.5, 0, -1],
            [-0.5, 0, -1],
            [0, 0.5, -1],
            [0, -0.5, -1],
            [0.4, 0.4, -1],
            [0.3, -0.3, -1],
            [0, 0, 1],
        ]
    )
    directions = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return Landmarks.all_valid(BALL_CENTER + RADIUS * directions, "mesh")


@dataclass(frozen=True)
class MemoryCapture(Capture):
    """A capture held in memory; a view or frame may be an exception, which is raised when it is asked for."""

    all_views: Mapping[tuple[str, str], View | Exception]
    all_frames: Mapping[str, Frame | Exception]
    path: Path = field(default=Path("memory"))
    dataset: str = "memory"
    unit: str = "m"  # type: ignore[assignment]

    @property
    def camera_names(self) -> tuple[str, ...]:
        """Names in order."""
        return tuple(dict.fromkeys(camera for _, camera in self.all_views))

    @property
    def frame_ids(self) -> tuple[str, ...]:
        """Ids in order."""
        return tuple(self.all_frames)

    def camera(self, name: str) -> Camera:
        """The camera of the first frame's view."""
        return self.view(self.frame_ids[0], name).camera

    def frame(self, frame_id: str) -> Frame:
        """The frame, or its exception."""
        found = self.all_frames[frame_id]
        if isinstance(found, Exception):
            raise found
        return found

    def view(self, frame_id: str, camera_name: str) -> View:
        """The view, or its exception."""
        found = self.all_views[frame_id, camera_name]
        if isinstance(found, Exception):
            raise found
        return found

    def inventory(self) -> Inventory:
        """Nothing is listed."""
        return Inventory("memory", "m", self.camera_names, self.frame_ids, {}, {}, {}, ())

    def close(self) -> None:
        """Nothing is open."""


MakeBall: TypeAlias = Callable[..., MemoryCapture]


def ball_view(frame: str, name: str) -> View:
    """What a camera sees of the ball: picture and matte by ray casting, landmarks by OpenCV's projection."""
    camera = ball_camera(name)
    mask = raycast(ball_mesh(), camera).mask
    pixels, _ = cv2.projectPoints(
        ball_landmarks().points, np.zeros(3), np.zeros(3), camera.K, camera.distortion.coefficients
    )
    landmarks = Landmarks.all_valid(pixels.reshape(-1, 2).astype(np.float64), "mesh")
    picture = np.where(mask[:, :, None], np.uint8(180), np.uint8(40)).repeat(3, axis=2).astype(np.uint8)
    matte = encoded(mask.astype(np.uint8) * 255)
    return View(frame, camera, encoded(picture), matte, lambda: landmarks)


def changed(view: View, **parts: object) -> View:
    """A view with other parts."""
    return replace(view, **parts)  # type: ignore[arg-type]
