"""Asynchronous readback: pictures wait in buffers on the device while the next ones are drawn."""

from __future__ import annotations

import ctypes
from collections import deque
from typing import Any

from numpy.typing import NDArray

from renderkit.render.egl.gl import Gl, GlOwner, delete_name, generate_name
from renderkit.render.egl.target import PixelFormat, Target


class ReadbackRing(GlOwner):
    """Pixel-pack buffers for one picture each, handed back first in, first out.

    `start` returns at once on a GPU: the driver copies when the drawing is done. `finish` waits for the oldest.

    Attributes:
        capacity: Pictures that may be under way.
    """

    def __init__(self, gl: Gl, capacity: int) -> None:
        """Make an empty ring.

        Raises:
            ValueError: If the capacity is not positive.
        """
        super().__init__(gl)
        if capacity < 1:
            raise ValueError(f"in_flight: expected at least 1 picture, got {capacity}")
        self.capacity = capacity
        self._free: list[tuple[int, int]] = []
        self._busy: deque[tuple[int, int, PixelFormat, int, int]] = deque()

    def __len__(self) -> int:
        """Return the number of pictures under way."""
        return len(self._busy)

    @property
    def is_full(self) -> bool:
        """Whether `finish` must be called before the next `start`."""
        return len(self._busy) >= self.capacity

    def start(self, target: Target, slot: int, width: int, height: int) -> None:
        """Begin to read the first `width` x `height` pixels of an attachment."""
        gl = self._gl
        pixel_format = target.formats[slot]
        num_bytes = width * height * pixel_format.pixel_bytes
        name, size = self._take(num_bytes)
        gl.glBindBuffer(gl.GL_PIXEL_PACK_BUFFER, name)
        target.read_to(slot, 0, width, height, width)
        gl.glBindBuffer(gl.GL_PIXEL_PACK_BUFFER, 0)
        self._busy.append((name, size, pixel_format, width, height))

    def finish(self) -> NDArray[Any]:
        """Wait for the picture that was started first and return it."""
        gl = self._gl
        name, size, pixel_format, width, height = self._busy.popleft()
        picture = pixel_format.empty(height, width)
        gl.glBindBuffer(gl.GL_PIXEL_PACK_BUFFER, name)
        gl.glGetBufferSubData(gl.GL_PIXEL_PACK_BUFFER, 0, picture.nbytes, ctypes.c_void_p(picture.ctypes.data))
        gl.glBindBuffer(gl.GL_PIXEL_PACK_BUFFER, 0)
        self._free.append((name, size))
        return picture

    def forget(self) -> None:
        """Drop everything without releasing it: the context that held it is gone."""
        self._busy.clear()
        self._free.clear()

    def close(self) -> None:
        """Release the buffers; pictures under way are dropped."""
        for name in (*(entry[0] for entry in self._busy), *(entry[0] for entry in self._free)):
            delete_name(self._gl.glDeleteBuffers, name)
        self.forget()

    def _take(self, num_bytes: int) -> tuple[int, int]:
        """Return a free buffer of at least `num_bytes`; a free one that is too small is replaced."""
        for index, (_, size) in enumerate(self._free):
            if size >= num_bytes:
                return self._free.pop(index)
        if self._free:
            delete_name(self._gl.glDeleteBuffers, self._free.pop()[0])
        gl = self._gl
        name = generate_name(gl.glGenBuffers)
        gl.glBindBuffer(gl.GL_PIXEL_PACK_BUFFER, name)
        gl.glBufferData(gl.GL_PIXEL_PACK_BUFFER, num_bytes, None, gl.GL_STREAM_READ)
        return name, num_bytes
