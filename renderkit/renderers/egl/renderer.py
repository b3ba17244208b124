"""EglRenderer: meshes drawn by our shaders through OpenGL, with the lens in the vertex shader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray, MaskImage
from renderkit.buffer_pool import BufferPool
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.renderers.barycentric import barycentric_image
from renderkit.renderers.base import RendererInfo, Rendering, RenderPass, checked_pixels
from renderkit.renderers.egl.context import EglContext
from renderkit.renderers.egl.device import DrawDevice
from renderkit.renderers.egl.readback import Readback
from renderkit.renderers.egl.target import (
    COLOR_FORMAT,
    DEPTH_FORMAT,
    FACE_FORMAT,
    MASK_FORMAT,
    NORMAL_FORMAT,
    POINT_FORMAT,
    PixelFormat,
    Window,
)

MAX_TILE = 4096
"""Larger pictures are drawn in tiles: window coordinates stay exact to 1/4096 px and target memory stays bounded."""


_FORMATS = {
    RenderPass.BARYCENTRIC: POINT_FORMAT,
    RenderPass.NORMAL: NORMAL_FORMAT,
    RenderPass.COLOR: COLOR_FORMAT,
}


class EglRenderer:
    """Draws meshes on an EGL device, in the cameras' raw (distorted) pictures.

    Meshes are uploaded once and kept as long as they live; programs and targets are kept across views. Belongs to the
    thread that makes it.

    Example:
        with EglRenderer() as renderer:
            mask = renderer.render_mask(mesh, camera)
    """

    def __init__(self, device: int | None = None) -> None:
        """Make a context.

        Args:
            device: Index into `egl.list_devices()`; None takes the first one that works, hardware first.

        Raises:
            ContextError: If no context can be made.
        """
        self._context = EglContext(device)
        self._device = DrawDevice(self._context)
        self._buffers = BufferPool()

    @property
    def info(self) -> RendererInfo:
        """Device and version, for reports."""
        device = self._context.device
        return RendererInfo("egl", device.name, device.version, device.hardware, device.index)

    @property
    def threads(self) -> int:
        """1: an OpenGL context belongs to its thread."""
        return 1

    def render(self, mesh: Mesh, camera: Camera, passes: RenderPass = RenderPass.GEOMETRY) -> Rendering:
        """Draw a mesh with visibility; see `base.Renderer.render`."""
        formats = formats_of(passes)
        return assemble(mesh, camera, formats, self.draw(mesh, camera, formats))

    def render_mask(self, mesh: Mesh, camera: Camera) -> MaskImage:
        """Draw only the silhouette; see `base.Renderer.render_mask`."""
        return as_mask(*self.draw(mesh, camera, (MASK_FORMAT,)))

    def depth_at(self, mesh: Mesh, camera: Camera, pixels: NDArray[np.int64]) -> FloatArray:
        """Tell the depth at a few pixels; see `base.DepthProbe.depth_at`."""
        wanted = checked_pixels(pixels, camera)
        if not len(wanted):
            return np.zeros(0)
        x0, y0 = (int(value) for value in wanted.min(axis=0))
        x1, y1 = (int(value) + 1 for value in wanted.max(axis=0))
        _, depth = self.draw(mesh, camera, (FACE_FORMAT, DEPTH_FORMAT), (x0, y0, x1 - x0, y1 - y0))
        return depth[wanted[:, 1] - y0, wanted[:, 0] - x0].astype(np.float64)

    def draw(
        self, mesh: Mesh, camera: Camera, formats: Sequence[PixelFormat], window: Window | None = None
    ) -> list[NDArray[Any]]:
        """Draw a mesh and return one picture per format: the whole, or a window of it."""
        device = self._ready(mesh)
        left, top, width, height = window or (0, 0, camera.width, camera.height)
        pictures = [self._buffers.empty(one.shape(height, width), one.dtype) for one in formats]
        for tile in _tiles(camera.size):
            x0, y0 = max(tile[0], left), max(tile[1], top)
            x1, y1 = min(tile[0] + tile[2], left + width), min(tile[1] + tile[3], top + height)
            if x0 < x1 and y0 < y1:
                target = device.draw(mesh, camera, tile, formats)
                part = x0 - tile[0], y0 - tile[1], x1 - x0, y1 - y0
                for slot, picture in enumerate(pictures):
                    target.read(slot, picture, (x0 - left, y0 - top), part)
        return pictures

    def start(self, mesh: Mesh, camera: Camera, formats: Sequence[PixelFormat]) -> Readback:
        """Begin to draw a mesh into a picture of at most MAX_TILE px a side; the device works on while this returns."""
        device = self._ready(mesh)
        target = device.draw(mesh, camera, (0, 0, camera.width, camera.height), formats)
        return device.readbacks.start(target, camera.width, camera.height)

    def close(self) -> None:
        """Release everything on the device. Closing twice is harmless."""
        if self._context.is_open:
            # A context that had to be remade has lost its objects already.
            if not self._context.make_current():
                self._device.close()
            self._context.close()
        self._buffers.close()

    def __enter__(self) -> Self:
        """Return the renderer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the renderer."""
        self.close()

    def _ready(self, mesh: Mesh) -> DrawDevice:
        _check_faces(mesh)
        self._make_current()
        return self._device

    def _make_current(self) -> None:
        if self._context.make_current():
            self._device = DrawDevice(self._context)


def _check_faces(mesh: Mesh) -> None:
    if not len(mesh.faces):
        raise ValueError(f"mesh {mesh.name!r} has {len(mesh.vertices)} vertices and no faces; expected at least one")


def _tiles(size: tuple[int, int]) -> Iterator[Window]:
    for y0 in range(0, size[1], MAX_TILE):
        for x0 in range(0, size[0], MAX_TILE):
            yield x0, y0, min(MAX_TILE, size[0] - x0), min(MAX_TILE, size[1] - y0)


def formats_of(passes: RenderPass) -> tuple[PixelFormat, ...]:
    """Return what is drawn and read back for some passes."""
    wanted = (pixel_format for one, pixel_format in _FORMATS.items() if one in passes)
    return FACE_FORMAT, DEPTH_FORMAT, *wanted


def as_mask(picture: NDArray[np.uint8]) -> MaskImage:
    """Return a picture in MASK_FORMAT as a mask."""
    picture.flags.writeable = False
    return picture.view(np.bool_)


def assemble(mesh: Mesh, camera: Camera, formats: Sequence[PixelFormat], pictures: Sequence[NDArray[Any]]) -> Rendering:
    """Return the rendering that was read back as `formats_of(passes)`."""
    found = dict(zip(formats, pictures, strict=True))
    face_index = found[FACE_FORMAT]
    ray, normal, color = (found.get(pixel_format) for pixel_format in (POINT_FORMAT, NORMAL_FORMAT, COLOR_FORMAT))
    return Rendering(
        face_index,
        found[DEPTH_FORMAT],
        None if ray is None else barycentric_image(mesh, camera, face_index, ray),
        None if normal is None else _without_alpha(normal),
        None if color is None else _without_alpha(color),
    )


def _without_alpha(picture: NDArray[Any]) -> NDArray[Any]:
    # Up to thirty times as fast as NumPy's copy of a strided picture.
    return cv2.cvtColor(picture, cv2.COLOR_RGBA2RGB)
