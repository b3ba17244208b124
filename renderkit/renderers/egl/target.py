"""Off-screen pictures: a framebuffer with single-sample colour attachments, drawn to and read back."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.errors import RenderkitError
from renderkit.renderers.egl.gl import Gl, GlOwner, delete_name, generate_name

Window: TypeAlias = tuple[int, int, int, int]
"""x0, y0, width, height of a part of a picture, in px."""


@dataclass(frozen=True)
class PixelFormat:
    """How one attachment stores a pixel, and how it is read back without conversion.

    Attributes:
        internal: Name of the GL internal format.
        layout: Name of the GL client format.
        element: Name of the GL client type.
        dtype: The same as a NumPy type.
        channels: Values per pixel.
    """

    internal: str
    layout: str
    element: str
    dtype: type[np.generic]
    channels: int

    @property
    def pixel_bytes(self) -> int:
        """Bytes per pixel."""
        return self.channels * np.dtype(self.dtype).itemsize

    def shape(self, height: int, width: int) -> tuple[int, ...]:
        """Shape of a picture."""
        return (height, width) if self.channels == 1 else (height, width, self.channels)


MASK_FORMAT = PixelFormat("GL_R8UI", "GL_RED_INTEGER", "GL_UNSIGNED_BYTE", np.uint8, 1)
FACE_FORMAT = PixelFormat("GL_R32I", "GL_RED_INTEGER", "GL_INT", np.int32, 1)
DEPTH_FORMAT = PixelFormat("GL_R32F", "GL_RED", "GL_FLOAT", np.float32, 1)
POINT_FORMAT = PixelFormat("GL_RG32F", "GL_RG", "GL_FLOAT", np.float32, 2)
NORMAL_FORMAT = PixelFormat("GL_RGBA32F", "GL_RGBA", "GL_FLOAT", np.float32, 4)
COLOR_FORMAT = PixelFormat("GL_RGBA8", "GL_RGBA", "GL_UNSIGNED_BYTE", np.uint8, 4)


class Target(GlOwner):
    """A framebuffer of one size; row 0 is the first row that is read back."""

    def __init__(self, gl: Gl, width: int, height: int, formats: Sequence[PixelFormat], *, depth_test: bool) -> None:
        """Allocate the attachments.

        Args:
            gl: The entry points.
            width: Width in px.
            height: Height in px.
            formats: One per colour attachment.
            depth_test: Whether it has a (reversed, 32-bit float) depth buffer.

        Raises:
            RenderkitError: If the driver does not draw to these formats.
        """
        super().__init__(gl)
        self.size = width, height
        self.formats = tuple(formats)
        self.has_depth = depth_test
        self.name = generate_name(gl.glGenFramebuffers)
        self._renderbuffers: list[int] = []
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, self.name)
        for slot, pixel_format in enumerate(self.formats):
            self._attach(gl.GL_COLOR_ATTACHMENT0 + slot, getattr(gl, pixel_format.internal))
        if depth_test:
            self._attach(gl.GL_DEPTH_ATTACHMENT, gl.GL_DEPTH_COMPONENT32F)
        slots = [gl.GL_COLOR_ATTACHMENT0 + slot for slot in range(len(self.formats))]
        gl.glDrawBuffers(len(slots), np.array(slots, dtype=np.uint32))
        status = gl.glCheckFramebufferStatus(gl.GL_FRAMEBUFFER)
        if status != gl.GL_FRAMEBUFFER_COMPLETE:
            self.close()
            names = ", ".join(pixel_format.internal for pixel_format in self.formats)
            raise RenderkitError(f"the driver cannot draw {width} x {height} px of {names}: status {status:#x}")

    @property
    def num_bytes(self) -> int:
        """Bytes of all attachments."""
        pixel_bytes = sum(pixel_format.pixel_bytes for pixel_format in self.formats) + (4 if self.has_depth else 0)
        return self.size[0] * self.size[1] * pixel_bytes

    def bind(self, width: int, height: int) -> None:
        """Draw into the first `width` x `height` pixels."""
        self._gl.glBindFramebuffer(self._gl.GL_FRAMEBUFFER, self.name)
        self._gl.glViewport(0, 0, width, height)

    def clear(self, values: Sequence[float]) -> None:
        """Fill each attachment with one value, and the depth buffer with "infinitely far"."""
        gl = self._gl
        for slot, (pixel_format, value) in enumerate(zip(self.formats, values, strict=True)):
            if pixel_format.layout != "GL_RED_INTEGER":
                gl.glClearBufferfv(gl.GL_COLOR, slot, np.full(4, value, dtype=np.float32))
            elif pixel_format.dtype is np.int32:
                gl.glClearBufferiv(gl.GL_COLOR, slot, np.full(4, int(value), dtype=np.int32))
            else:
                gl.glClearBufferuiv(gl.GL_COLOR, slot, np.full(4, int(value), dtype=np.uint32))
        if self.has_depth:
            gl.glClearBufferfv(gl.GL_DEPTH, 0, np.zeros(4, dtype=np.float32))

    def read(self, slot: int, picture: NDArray[Any], to: tuple[int, int], window: Window) -> None:
        """Copy a window of an attachment to `to` = (x, y) of a larger picture."""
        gl = self._gl
        row_pixels = picture.shape[1]
        offset = (to[1] * row_pixels + to[0]) * self.formats[slot].pixel_bytes
        self.read_to(slot, picture.ctypes.data + offset, window, row_pixels)
        gl.glPixelStorei(gl.GL_PACK_ROW_LENGTH, 0)

    def read_to(self, slot: int, address: int, window: Window, row_pixels: int) -> None:
        """Copy pixels to a memory address, or to an offset of the bound pixel-pack buffer, rows `row_pixels` apart."""
        gl = self._gl
        pixel_format = self.formats[slot]
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, self.name)
        gl.glReadBuffer(gl.GL_COLOR_ATTACHMENT0 + slot)
        gl.glPixelStorei(gl.GL_PACK_ALIGNMENT, 1)
        gl.glPixelStorei(gl.GL_PACK_ROW_LENGTH, row_pixels)
        layout, element = getattr(gl, pixel_format.layout), getattr(gl, pixel_format.element)
        gl.glReadPixels(*window, layout, element, ctypes.c_void_p(address))

    def close(self) -> None:
        """Release the framebuffer and its attachments."""
        gl = self._gl
        for renderbuffer in self._renderbuffers:
            delete_name(gl.glDeleteRenderbuffers, renderbuffer)
        self._renderbuffers.clear()
        delete_name(gl.glDeleteFramebuffers, self.name)
        self.name = 0

    def _attach(self, attachment: int, internal: int) -> None:
        gl = self._gl
        renderbuffer = generate_name(gl.glGenRenderbuffers)
        self._renderbuffers.append(renderbuffer)
        gl.glBindRenderbuffer(gl.GL_RENDERBUFFER, renderbuffer)
        gl.glRenderbufferStorage(gl.GL_RENDERBUFFER, internal, *self.size)
        gl.glFramebufferRenderbuffer(gl.GL_FRAMEBUFFER, attachment, gl.GL_RENDERBUFFER, renderbuffer)
