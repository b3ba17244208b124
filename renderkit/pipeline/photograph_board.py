"""Photographs of a board: rays of the exact cameras, met with the board's plane, and the print looked up there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import ColorImage, FloatArray, MaskImage
from renderkit.boards.pattern import Pattern
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.pipeline.photograph import RayWindow, background, develop, pixel_offsets, ray_window

_INK: Final = np.array([0.035, 0.035, 0.04], dtype=np.float32)
_PAPER: Final = np.array([0.62, 0.61, 0.58], dtype=np.float32)
_BACK: Final = np.array([0.16, 0.15, 0.14], dtype=np.float32)
"""What the sheet is glued on, as seen from behind."""

_LAMP: Final = np.array([-0.35, -0.75, -0.55])


@dataclass(frozen=True)
class Exposure:
    """How a picture is taken.

    Attributes:
        samples: Rays per pixel and axis.
        blur_px: Standard deviation of the lens's blur.
        noise: Standard deviation of the sensor's noise, grey levels.
    """

    samples: int = 4
    blur_px: float = 0.7
    noise: float = 1.5


@dataclass(frozen=True, eq=False)
class BoardPhotographer:
    """Takes pictures of a board with one camera, whose rays are computed once; safe to share by threads.

    Attributes:
        camera: The true camera.
        pattern: The print.
        to_metres: What world units are multiplied by to get metres.
        rays: Of all pixels.
    """

    camera: Camera
    pattern: Pattern
    to_metres: float
    rays: RayWindow

    @classmethod
    def of(cls, camera: Camera, pattern: Pattern, to_metres: float) -> BoardPhotographer:
        """Compute the camera's rays."""
        return cls(camera, pattern, to_metres, ray_window(camera, 0, 0, camera.width, camera.height))

    def take(self, world_from_board: Pose, exposure: Exposure, rng: np.random.Generator) -> ColorImage:
        """Photograph the board.

        Args:
            world_from_board: Where it is; the board's frame in world units.
            exposure: How.
            rng: Where the noise comes from.

        Returns:
            (height, width, 3) RGB.
        """
        radiance = background(self.camera)
        box = self._box(world_from_board)
        if box is not None:
            x0, y0, x1, y1 = box
            window = (slice(y0, y1), slice(x0, x1))
            share, color = self._seen(window, world_from_board, exposure.samples)
            radiance[window] = radiance[window] * (1.0 - share) + color
        if exposure.blur_px > 0.0:
            radiance = np.asarray(cv2.GaussianBlur(radiance, (0, 0), exposure.blur_px), dtype=np.float32)
        picture = develop(radiance)
        if exposure.noise > 0.0:
            picture += rng.standard_normal(picture.shape, dtype=np.float32) * np.float32(exposure.noise)
        return np.asarray(np.clip(picture + 0.5, 0.0, 255.0), dtype=np.uint8)

    def _box(self, world_from_board: Pose) -> tuple[int, int, int, int] | None:
        """Return the pixels that may see the sheet; None where none does. The whole picture where that is not sure."""
        camera = self.camera
        (x0, y0), (x1, y1) = self.pattern.low, self.pattern.high
        side = np.linspace(0.0, 1.0, 33)
        edges = [(x0 + (x1 - x0) * side, y0 + 0.0 * side), (x0 + (x1 - x0) * side, y1 + 0.0 * side)]
        edges += [(x0 + 0.0 * side, y0 + (y1 - y0) * side), (x1 + 0.0 * side, y0 + (y1 - y0) * side)]
        flat = np.concatenate([np.column_stack([x, y, 0.0 * side]) for x, y in edges]) / self.to_metres
        pixels = camera.project(world_from_board.apply(flat))
        if not np.isfinite(pixels).all():
            return 0, 0, camera.width, camera.height
        low = np.clip(np.floor(pixels.min(axis=0)) - 3, 0, camera.size).astype(int)
        high = np.clip(np.ceil(pixels.max(axis=0)) + 4, 0, camera.size).astype(int)
        return None if (high <= low).any() else (int(low[0]), int(low[1]), int(high[0]), int(high[1]))

    def _seen(
        self, window: tuple[slice, slice], world_from_board: Pose, samples: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the (h, w, 1) share of each pixel that the sheet covers, and its (h, w, 3) radiance times that."""
        board_from_world = world_from_board.inverse()
        origin = board_from_world.apply(self.rays.origin) * self.to_metres
        rays = self.rays.cut(window)
        front = 1.0 if self.pattern.board.is_y_up else -1.0
        from_front = front * origin[2] > 0.0
        light = _light(world_from_board.R[:, 2] * front) if from_front else 1.0
        paper, ink = (_PAPER, _INK) if from_front else (_BACK, _BACK)

        def look(where: MaskImage, dx: float, dy: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            directions = rays.moved(where, dx, dy) @ board_from_world.R.T
            with np.errstate(divide="ignore", invalid="ignore"):
                along = -origin[2] / directions[:, 2]
                xy = origin[:2] + along[:, None] * directions[:, :2]
                met = (along > 0.0) & ((xy >= self.pattern.low) & (xy <= self.pattern.high)).all(axis=1)
            bright = np.zeros(len(xy), dtype=np.float32)
            bright[met] = self.pattern.white(xy[met])
            return met.astype(np.float32), bright

        share, white = (part.reshape(rays.shape) for part in look(np.ones(rays.shape, np.bool_), 0.0, 0.0))
        # One ray is enough where the neighbours see the same.
        kernel, seen = np.ones((3, 3), np.uint8), (share + white).astype(np.uint8)
        edge = cv2.dilate(seen, kernel) != cv2.erode(seen, kernel)
        parts = [look(edge, dx, dy) for dx, dy in pixel_offsets(samples)]
        share[edge] = np.mean([part for part, _ in parts], axis=0)
        white[edge] = np.mean([part for _, part in parts], axis=0)
        share, white = share[:, :, None], white[:, :, None]
        color = (white * paper + (share - white) * ink) * np.float32(light)
        return share, np.asarray(color, dtype=np.float32)


def _light(normal: FloatArray) -> float:
    """Return the brightness of a sheet with a unit normal: a soft lamp, and light from all around."""
    lamp = _LAMP / np.linalg.norm(_LAMP)
    return float(0.75 + 0.35 * (normal @ lamp))
