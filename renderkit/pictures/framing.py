"""Which part of a photograph a picture shows, and how large."""

from __future__ import annotations

import math

import numpy as np

from renderkit.errors import ArgumentError
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.images.reduced import Window
from renderkit.metrics.scored_view import PairedLandmarks
from renderkit.pictures.drawing import fitted
from renderkit.pictures.style import OverlayStyle

GAP_PX = 6
"""Between two pictures side by side."""

_SMALLEST = 900
_ALIGNED = 8
"""Windows that are chosen here begin and end where JPEGs can be decoded small."""

_MESH_MARGIN, _FACE_MARGIN = 0.06, 0.45


def choose_window(camera: Camera, style: OverlayStyle, mesh: Mesh | None, landmarks: PairedLandmarks | None) -> Window:
    """Return the part of the photograph that is shown, px; all of it where there is nothing to cut by.

    Raises:
        ArgumentError: If a stated window lies outside of the photograph.
    """
    width, height = camera.size
    whole = (0, 0, width, height)
    if style.crop is None:
        return whole
    if not isinstance(style.crop, str):
        x0, y0, wide, high = style.crop
        left, top, right, bottom = max(x0, 0), max(y0, 0), min(x0 + wide, width), min(y0 + high, height)
        if left >= right or top >= bottom:
            raise ArgumentError(f"crop {style.crop}: camera {camera.name}: the photograph is {width} x {height} px")
        return left, top, right - left, bottom - top
    if style.crop == "face" and landmarks is not None:
        points = np.concatenate([landmarks.captured, landmarks.predicted])
        margin = _FACE_MARGIN
    elif mesh is not None:
        points, margin = camera.project(mesh.vertices), _MESH_MARGIN
    else:
        return whole
    return _around(points[camera.in_image(points)], margin, whole)


def _around(points: np.ndarray, margin: float, whole: Window) -> Window:
    if len(points) < 2:
        return whole
    low, high = points.min(axis=0), points.max(axis=0)
    room = margin * float((high - low).max()) + _ALIGNED
    x0, y0 = (max(0, int((value - room) // _ALIGNED) * _ALIGNED) for value in low)
    x1, y1 = (
        min(size, -int(-(value + room) // _ALIGNED) * _ALIGNED) for value, size in zip(high, whole[2:], strict=True)
    )
    return x0, y0, x1 - x0, y1 - y0


def picture_size(window: Window, style: OverlayStyle) -> tuple[int, int]:
    """Return (width, height) of a picture of a window: at most `max_size` long; small ones are enlarged."""
    width, height = window[2:]
    if style.side_by_side:
        # Two beside each other are fitted together.
        height_of_pair = height / (2.0 * width)
        longest = style.max_size - GAP_PX
        both = fitted((2 * width, height), longest) if 2 * width > longest else (2 * width, height)
        half = both[0] // 2
        return half, max(1, round(2 * half * height_of_pair))
    enlarge = max(1, math.ceil(min(_SMALLEST, style.max_size) / max(width, height)))
    return fitted((width * enlarge, height * enlarge), style.max_size)


def picture_camera(camera: Camera, window: Window, size: tuple[int, int]) -> Camera:
    """Return the camera whose image is a window of a photograph at some size."""
    x0, y0, width, height = window
    return camera.cropped(x0, y0, (width, height)).scaled(size)
