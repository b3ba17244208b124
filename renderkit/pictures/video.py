"""Videos of overlays: around the rig, or over the frames of a take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from renderkit.arrays import ColorImage
from renderkit.errors import DatasetError
from renderkit.geometry.camera import Camera
from renderkit.images.palette import PANEL
from renderkit.writing import new_file

_CODEC = "mp4v"
"""MPEG-4 part 2: the one codec for .mp4 that OpenCV's own wheels can always write."""


class VideoFile:
    """An .mp4 that pictures are added to; a context manager. The first picture decides the size.

    Attributes:
        path: The file; it exists once a picture was added and the video is closed.
        num_pictures: Pictures added so far.
    """

    def __init__(self, path: Path, fps: float, spare_height: float = 0.0) -> None:
        """Set up; nothing is written yet.

        Args:
            path: Ends in .mp4.
            fps: Pictures per second.
            spare_height: Share of the first picture's height that is kept free below, for taller pictures to come.

        Raises:
            DatasetError: If the name does not end in .mp4.
        """
        if path.suffix.lower() != ".mp4":
            raise DatasetError(path, None, "expected a name that ends in .mp4")
        self.path = path
        self.num_pictures = 0
        self._fps = fps
        self._spare_height = spare_height
        self._writer: cv2.VideoWriter | None = None
        self._files = ExitStack()
        self._size = (0, 0)

    def add(self, picture: ColorImage) -> None:
        """Add a (height, width, 3) RGB picture; one of another size is fitted, with a margin right or below.

        Raises:
            DatasetError: If the video cannot be written.
        """
        if self._writer is None:
            self._writer = self._open(picture)
        self._writer.write(cv2.cvtColor(_fitted(picture, self._size), cv2.COLOR_RGB2BGR))
        self.num_pictures += 1

    def close(self) -> None:
        """Finish the file."""
        self._writer = None
        self._files.close()

    def __enter__(self) -> Self:
        """Return the video itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the file; after an error there is none."""
        self._writer = None
        self._files.__exit__(kind, error, trace)

    def _open(self, picture: ColorImage) -> cv2.VideoWriter:
        height, width = round(picture.shape[0] * (1.0 + self._spare_height)), picture.shape[1]
        # The codec works on blocks of even size.
        self._size = (width + width % 2, height + height % 2)
        with ExitStack() as stack:
            temporary = stack.enter_context(new_file(self.path))
            writer = cv2.VideoWriter(str(temporary), cv2.VideoWriter.fourcc(*_CODEC), self._fps, self._size)
            stack.callback(writer.release)
            if not writer.isOpened():
                raise DatasetError(self.path, None, f"cannot be written: OpenCV has no {_CODEC} encoder")
            self._files = stack.pop_all()
        return writer


def turntable_order(cameras: Sequence[Camera]) -> tuple[str, ...]:
    """Return camera names in the order of a walk around the rig, seen from above, starting at the first camera.

    The walk turns about the mean of the cameras' own "up" through the middle of their centres.
    """
    if not cameras:
        return ()
    centers = np.array([camera.center_world for camera in cameras])
    away = centers - centers.mean(axis=0)
    up = -np.array([camera.cam_from_world.R[1] for camera in cameras]).mean(axis=0)
    length = float(np.linalg.norm(up))
    up = up / length if length > 0.0 else np.array([0.0, -1.0, 0.0])
    # Any two directions across "up" that make a right-handed frame with it.
    first = np.cross(up, np.eye(3)[int(np.argmin(np.abs(up)))])
    first /= np.linalg.norm(first)
    angles = np.arctan2(away @ np.cross(up, first), away @ first)
    order = np.argsort((angles - angles[0]) % (2.0 * math.pi), kind="stable")
    return tuple(cameras[index].name for index in order)


def _fitted(picture: ColorImage, size: tuple[int, int]) -> ColorImage:
    width, height = size
    if picture.shape[:2] == (height, width):
        return picture
    scale = min(1.0, width / picture.shape[1], height / picture.shape[0])
    if scale < 1.0:
        smaller = (max(1, int(picture.shape[1] * scale)), max(1, int(picture.shape[0] * scale)))
        picture = np.asarray(cv2.resize(picture, smaller, interpolation=cv2.INTER_AREA), np.uint8)
    canvas = np.full((height, width, 3), PANEL, np.uint8)
    canvas[: picture.shape[0], : picture.shape[1]] = picture
    return canvas
