"""Pictures on their way from the device: the driver fills a buffer while the processor does something else."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderkit.errors import RenderkitError
from renderkit.renderers.egl.gl import Gl, GlOwner, delete_name, generate_name
from renderkit.renderers.egl.target import Target

_MAX_KEPT_BYTES = 1 << 29
_WAIT_NS = 10**9


class PackBuffer(GlOwner):
    """Memory that the driver copies pixels to."""

    def __init__(self, gl: Gl, num_bytes: int) -> None:
        super().__init__(gl)
        self.num_bytes = num_bytes
        self._mapped = False
        self.name = generate_name(gl.glGenBuffers)
        self.bind()
        gl.glBufferData(gl.GL_PIXEL_PACK_BUFFER, num_bytes, None, gl.GL_STREAM_READ)
        self.unbind()

    def bind(self) -> None:
        """Send what is read back to it."""
        self._gl.glBindBuffer(self._gl.GL_PIXEL_PACK_BUFFER, self.name)

    def unbind(self) -> None:
        """Send what is read back to addresses again."""
        self._gl.glBindBuffer(self._gl.GL_PIXEL_PACK_BUFFER, 0)

    def map(self) -> NDArray[np.uint8]:
        """Return the memory, readable until `unmap`.

        Raises:
            RenderkitError: If the driver gives no memory.
        """
        gl = self._gl
        self.bind()
        address = gl.glMapBufferRange(gl.GL_PIXEL_PACK_BUFFER, 0, self.num_bytes, gl.GL_MAP_READ_BIT)
        self.unbind()
        if not address:
            raise RenderkitError(f"the driver cannot map the {self.num_bytes} bytes of a picture it has drawn")
        self._mapped = True
        return np.ctypeslib.as_array((ctypes.c_uint8 * self.num_bytes).from_address(address))

    def unmap(self) -> None:
        """Give the memory back to the driver, where it is mapped."""
        if self._mapped:
            self.bind()
            self._gl.glUnmapBuffer(self._gl.GL_PIXEL_PACK_BUFFER)
            self.unbind()
            self._mapped = False

    def close(self) -> None:
        """Release the memory."""
        delete_name(self._gl.glDeleteBuffers, self.name)
        self.name = 0


class Readbacks(GlOwner):
    """The buffers of one context; those that are free wait for the next pictures of their size."""

    def __init__(self, gl: Gl) -> None:
        super().__init__(gl)
        self._free: list[PackBuffer] = []

    def start(self, target: Target, width: int, height: int) -> Readback:
        """Begin to copy the first `width` x `height` pixels of each attachment."""
        num_bytes = width * height * sum(pixel_format.pixel_bytes for pixel_format in target.formats)
        place = next((at for at, free in enumerate(self._free) if free.num_bytes == num_bytes), None)
        buffer = PackBuffer(self._gl, num_bytes) if place is None else self._free.pop(place)
        return Readback(self, buffer, target, (width, height))

    def keep(self, buffer: PackBuffer) -> None:
        """Take a buffer back that is used no more."""
        self._free.append(buffer)
        while sum(free.num_bytes for free in self._free) > _MAX_KEPT_BYTES and len(self._free) > 1:
            self._free.pop(0).close()

    def close(self) -> None:
        """Release the free buffers."""
        for buffer in self._free:
            buffer.close()
        self._free.clear()


class Readback(GlOwner):
    """The pictures of one drawing, under way. `close` gives their memory back."""

    def __init__(self, owner: Readbacks, buffer: PackBuffer, target: Target, size: tuple[int, int]) -> None:
        """Queue the copy behind the drawing."""
        super().__init__(owner.gl)
        self._owner = owner
        self._buffer: PackBuffer | None = buffer
        self._formats = target.formats
        self._size = size
        gl = self._gl
        width, height = size
        buffer.bind()
        offset = 0
        for slot, pixel_format in enumerate(self._formats):
            target.read_to(slot, offset, (0, 0, width, height), width)
            offset += width * height * pixel_format.pixel_bytes
        gl.glPixelStorei(gl.GL_PACK_ROW_LENGTH, 0)
        buffer.unbind()
        self._fence = gl.glFenceSync(gl.GL_SYNC_GPU_COMMANDS_COMPLETE, 0)
        gl.glFlush()

    def wait(self) -> list[NDArray[Any]]:
        """Wait until the pictures are there.

        Returns:
            One picture per format, in memory that belongs to the buffer: valid until `close`, from any thread.

        Raises:
            RenderkitError: If it is closed, or the driver gives no memory.
        """
        gl, buffer = self._gl, self._buffer
        if buffer is None:
            raise RenderkitError("the pictures of this read-back were given back already")
        while gl.glClientWaitSync(self._fence, 0, _WAIT_NS) == gl.GL_TIMEOUT_EXPIRED:
            pass
        memory = buffer.map()
        pictures, offset = [], 0
        for pixel_format in self._formats:
            shape = pixel_format.shape(self._size[1], self._size[0])
            num_bytes = self._size[0] * self._size[1] * pixel_format.pixel_bytes
            pictures.append(memory[offset : offset + num_bytes].view(pixel_format.dtype).reshape(shape))
            offset += num_bytes
        return pictures

    def close(self) -> None:
        """Give the memory back; the pictures are gone. Closing twice is harmless."""
        if self._buffer is None:
            return
        self._gl.glDeleteSync(self._fence)
        self._buffer.unmap()
        self._owner.keep(self._buffer)
        self._buffer = None
