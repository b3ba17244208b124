"""SharedEglRenderer: one OpenGL context for all threads of a process."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray, MaskImage
from renderkit.buffer_pool import BufferPool
from renderkit.errors import ContextError
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.renderers.base import RendererInfo, Rendering, RenderPass
from renderkit.renderers.egl.context import check_process
from renderkit.renderers.egl.renderer import MAX_TILE, EglRenderer, as_mask, assemble, formats_of
from renderkit.renderers.egl.target import MASK_FORMAT, PixelFormat
from renderkit.system import usable_cores

P = ParamSpec("P")
T = TypeVar("T")


class SharedEglRenderer:
    """Draws on a GPU for many threads at once.

    An OpenGL context belongs to one thread. Here that thread only hands out work: it queues the drawing and the copy to
    the processor's memory and goes on to the next view while the GPU draws. Each caller takes its pictures out of the
    driver's memory itself. So all cores score while the GPU draws ahead.

    Example:
        with SharedEglRenderer() as renderer, ThreadPoolExecutor() as pool:
            masks = list(pool.map(lambda camera: renderer.render_mask(mesh, camera), cameras))

    Attributes:
        info: Device and version, for reports.
        threads: How many views may be worth drawing at once.
    """

    def __init__(self, device: int | None = None, threads: int | None = None) -> None:
        """Make a context in a thread of its own.

        Args:
            device: Index into `egl.list_devices()`; None takes the first one that works, hardware first.
            threads: How many views are drawn for at once; by default as many as the process may use cores.

        Raises:
            ContextError: If no context can be made.
            ValueError: If `threads` is not positive.
        """
        if threads is not None and threads < 1:
            raise ValueError(f"threads: expected at least 1, got {threads}")
        self.threads = threads or usable_cores()
        self._process = os.getpid()
        self._buffers = BufferPool()
        self._owner = ThreadPoolExecutor(1, thread_name_prefix="renderkit-egl")
        try:
            self._egl = self._owner.submit(EglRenderer, device).result()
        except BaseException:
            self._owner.shutdown()
            raise
        self.info: RendererInfo = self._egl.info
        self._is_open = True

    def render(self, mesh: Mesh, camera: Camera, passes: RenderPass = RenderPass.GEOMETRY) -> Rendering:
        """Draw a mesh with visibility; see `base.Renderer.render`."""
        formats = formats_of(passes)
        return assemble(mesh, camera, formats, self._pictures(mesh, camera, formats))

    def render_mask(self, mesh: Mesh, camera: Camera) -> MaskImage:
        """Draw only the silhouette; see `base.Renderer.render_mask`."""
        return as_mask(*self._pictures(mesh, camera, (MASK_FORMAT,)))

    def depth_at(self, mesh: Mesh, camera: Camera, pixels: NDArray[np.int64]) -> FloatArray:
        """Tell the depth at a few pixels; see `base.DepthProbe.depth_at`."""
        return self._ask(self._egl.depth_at, mesh, camera, pixels)

    def close(self) -> None:
        """Release everything on the device. Closing twice is harmless."""
        if self._is_open:
            self._is_open = False
            if os.getpid() == self._process:
                self._release()
            self._buffers.close()

    def _release(self) -> None:
        try:
            closing = self._owner.submit(self._egl.close)
        except RuntimeError:
            return  # The interpreter is ending: its threads are gone, and the driver takes back what they held.
        closing.result()
        self._owner.shutdown()

    def __enter__(self) -> Self:
        """Return the renderer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the renderer."""
        self.close()

    def _pictures(self, mesh: Mesh, camera: Camera, formats: Sequence[PixelFormat]) -> list[NDArray[Any]]:
        """Return one whole picture per format."""
        if max(camera.size) > MAX_TILE:
            return self._ask(self._egl.draw, mesh, camera, formats)
        readback = self._ask(self._egl.start, mesh, camera, formats)
        try:
            return [self._copied(picture) for picture in self._ask(readback.wait)]
        finally:
            self._owner.submit(readback.close)

    def _copied(self, picture: NDArray[Any]) -> NDArray[Any]:
        copy = self._buffers.empty(picture.shape, picture.dtype.type)
        np.copyto(copy, picture)
        return copy

    def _ask(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Have the context's thread do something, and wait for it."""
        if not self._is_open:
            raise ContextError(self.info.device, "the context is closed")
        check_process(self.info.device, self._process)
        return self._owner.submit(function, *args, **kwargs).result()
