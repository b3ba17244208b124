"""Owners of OpenGL objects: each is created by its constructor and released by `close` or at the end of a `with`.

PyOpenGL is loaded late, after `egl` has chosen its platform, and only its raw entry points are used: they take NumPy
arrays and integer addresses alike in PyOpenGL 3.1.0 (which pyrender pins) and in the newest, on every Python.
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Mapping, Sequence
from types import SimpleNamespace, TracebackType
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray
from renderkit.errors import ContextError, RenderkitError, ShaderError
from renderkit.renderers.egl.library import INSTALL_HINT
from renderkit.renderers.egl.shader_files import ShaderSource, load_shader

Gl: TypeAlias = Any
"""PyOpenGL's raw entry points and constants; they have no types."""

_RAW_MODULES = (
    *(f"VERSION.GL_{version}" for version in ("1_0", "1_1", "1_2", "1_3", "1_4", "1_5", "2_0", "2_1")),
    *(f"VERSION.GL_{version}" for version in ("3_0", "3_1", "3_2", "3_3")),
)


def load_gl() -> Gl:
    """Return PyOpenGL's raw entry points as one namespace; `egl.select_egl_platform` must have run.

    Raises:
        ContextError: If PyOpenGL finds no OpenGL library.
    """
    platform = importlib.import_module("OpenGL.platform").PLATFORM
    if platform.GL is None:
        raise ContextError("OpenGL", f"PyOpenGL finds no libGL and no libOpenGL; {INSTALL_HINT}")
    gl = SimpleNamespace()
    for name in _RAW_MODULES:
        gl.__dict__.update(vars(importlib.import_module(f"OpenGL.raw.GL.{name}")))
    return gl


def integer_limit(gl: Gl, name: int, count: int = 1) -> int:
    """Return the smallest of the driver's `count` integers called `name`."""
    values = np.zeros(max(count, 4), dtype=np.int32)
    gl.glGetIntegerv(name, values)
    return min(int(value) for value in values[:count])


class GlOwner:
    """A GL object that is released once."""

    def __init__(self, gl: Gl) -> None:
        self._gl = gl

    @property
    def gl(self) -> Gl:
        """The entry points that the object was made with."""
        return self._gl

    def close(self) -> None:
        """Release the object. Closing twice is harmless."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Program(GlOwner):
    """A linked vertex and fragment shader."""

    def __init__(self, gl: Gl, vertex: str, fragment: str, defines: Mapping[str, int]) -> None:
        """Compile and link.

        Args:
            gl: The entry points.
            vertex: File name of the vertex shader.
            fragment: File name of the fragment shader.
            defines: Macros for both.

        Raises:
            ShaderError: If the driver refuses; names the stage and the file and gives the driver's log.
        """
        super().__init__(gl)
        self.name = 0
        self._locations: dict[str, int] = {}
        stages: list[int] = []
        try:
            for stage, kind, file in (
                ("vertex", gl.GL_VERTEX_SHADER, vertex),
                ("fragment", gl.GL_FRAGMENT_SHADER, fragment),
            ):
                stages.append(_compile(gl, stage, kind, file, load_shader(file, defines)))
            self.name = _link(gl, stages, f"{vertex} + {fragment}")
        finally:
            for shader in stages:
                gl.glDeleteShader(shader)

    def use(self) -> None:
        """Make it the program that draws."""
        self._gl.glUseProgram(self.name)

    def set_floats(self, uniform: str, values: Sequence[float] | FloatArray) -> None:
        """Set a float, vec2, vec3 or vec4, or a mat3 given as (3, 3) rows; the program must be in use."""
        data = np.ascontiguousarray(values, dtype=np.float32)
        location = self._location(uniform)
        if data.shape == (3, 3):
            self._gl.glUniformMatrix3fv(location, 1, True, data)
            return
        setter = (self._gl.glUniform1fv, self._gl.glUniform2fv, self._gl.glUniform3fv, self._gl.glUniform4fv)
        setter[data.size - 1](location, 1, data)

    def set_integer(self, uniform: str, value: int) -> None:
        """Set an int or a sampler's texture unit; the program must be in use."""
        self._gl.glUniform1i(self._location(uniform), value)

    def close(self) -> None:
        """Release the program."""
        if self.name:
            self._gl.glDeleteProgram(self.name)
        self.name = 0

    def _location(self, uniform: str) -> int:
        # -1 (the driver dropped a uniform that does nothing) is accepted and ignored by glUniform.
        location = self._locations.get(uniform)
        if location is None:
            location = int(self._gl.glGetUniformLocation(self.name, uniform.encode()))
            self._locations[uniform] = location
        return location


class Buffer(GlOwner):
    """Data on the device."""

    def __init__(self, gl: Gl, data: NDArray[Any], *, target: int | None = None) -> None:
        """Upload an array.

        Args:
            gl: The entry points.
            data: What to upload; its bytes are copied.
            target: Where to bind it; GL_ARRAY_BUFFER by default.
        """
        super().__init__(gl)
        self.target = gl.GL_ARRAY_BUFFER if target is None else target
        self.num_bytes = data.nbytes
        self.name = generate_name(gl.glGenBuffers)
        contiguous = np.ascontiguousarray(data)
        gl.glBindBuffer(self.target, self.name)
        gl.glBufferData(self.target, contiguous.nbytes, ctypes.c_void_p(contiguous.ctypes.data), gl.GL_STATIC_DRAW)
        if self.target == gl.GL_ARRAY_BUFFER:
            gl.glBindBuffer(self.target, 0)

    def close(self) -> None:
        """Release the buffer."""
        delete_name(self._gl.glDeleteBuffers, self.name)
        self.name = 0


class VertexArray(GlOwner):
    """Which buffers feed a vertex shader, and in which order."""

    def __init__(
        self, gl: Gl, attributes: Mapping[int, tuple[Buffer, NDArray[Any]]], indices: Buffer | None = None
    ) -> None:
        """Describe the inputs.

        Args:
            gl: The entry points.
            attributes: By location: the buffer and an array with the same columns and element type as its content.
                int32 goes in as int, uint8 as [0, 1], float32 as it is.
            indices: uint32 vertex indices, or None to take the vertices in order.
        """
        super().__init__(gl)
        self.name = generate_name(gl.glGenVertexArrays)
        gl.glBindVertexArray(self.name)
        for location, (buffer, content) in attributes.items():
            gl.glBindBuffer(gl.GL_ARRAY_BUFFER, buffer.name)
            gl.glEnableVertexAttribArray(location)
            columns = 1 if content.ndim == 1 else content.shape[1]
            if content.dtype == np.int32:
                gl.glVertexAttribIPointer(location, columns, gl.GL_INT, 0, None)
            elif content.dtype == np.uint8:
                gl.glVertexAttribPointer(location, columns, gl.GL_UNSIGNED_BYTE, True, 0, None)
            else:
                gl.glVertexAttribPointer(location, columns, gl.GL_FLOAT, False, 0, None)
        if indices is not None:
            gl.glBindBuffer(gl.GL_ELEMENT_ARRAY_BUFFER, indices.name)
        gl.glBindVertexArray(0)
        gl.glBindBuffer(gl.GL_ARRAY_BUFFER, 0)

    def draw_indexed(self, count: int) -> None:
        """Draw `count` indices as triangles."""
        self._gl.glBindVertexArray(self.name)
        self._gl.glDrawElements(self._gl.GL_TRIANGLES, count, self._gl.GL_UNSIGNED_INT, None)

    def draw(self, count: int) -> None:
        """Draw `count` vertices in order as triangles."""
        self._gl.glBindVertexArray(self.name)
        self._gl.glDrawArrays(self._gl.GL_TRIANGLES, 0, count)

    def close(self) -> None:
        """Release the description; the buffers belong to whoever made them."""
        delete_name(self._gl.glDeleteVertexArrays, self.name)
        self.name = 0


class Texture(GlOwner):
    """A picture for shading (four nearest texels, no mipmaps, as in the other renderers) or a table."""

    def __init__(
        self, gl: Gl, rows_bottom_up: NDArray[np.uint8], wrap: tuple[str, str] = ("repeat", "repeat"),
        *, smooth: bool = True,
    ) -> None:  # fmt: skip
        """Upload (h, w, 3) RGB or (h, w, 4) RGBA whose first row is the bottom of the picture.

        Args:
            gl: The entry points.
            rows_bottom_up: The pixels.
            wrap: "repeat", "mirror" or "clamp" along u and v.
            smooth: Whether texels are blended.
        """
        super().__init__(gl)
        self.name = generate_name(gl.glGenTextures)
        self.num_bytes = rows_bottom_up.nbytes
        height, width, channels = rows_bottom_up.shape
        pixels = np.ascontiguousarray(rows_bottom_up)
        layout, internal = (gl.GL_RGB, gl.GL_RGB8) if channels == 3 else (gl.GL_RGBA, gl.GL_RGBA8)
        target = gl.GL_TEXTURE_2D
        gl.glBindTexture(target, self.name)
        gl.glPixelStorei(gl.GL_UNPACK_ALIGNMENT, 1)
        address = ctypes.c_void_p(pixels.ctypes.data)
        gl.glTexImage2D(target, 0, internal, width, height, 0, layout, gl.GL_UNSIGNED_BYTE, address)
        wraps = {"repeat": gl.GL_REPEAT, "mirror": gl.GL_MIRRORED_REPEAT, "clamp": gl.GL_CLAMP_TO_EDGE}
        gl.glTexParameteri(target, gl.GL_TEXTURE_WRAP_S, wraps[wrap[0]])
        gl.glTexParameteri(target, gl.GL_TEXTURE_WRAP_T, wraps[wrap[1]])
        blending = gl.GL_LINEAR if smooth else gl.GL_NEAREST
        gl.glTexParameteri(target, gl.GL_TEXTURE_MIN_FILTER, blending)
        gl.glTexParameteri(target, gl.GL_TEXTURE_MAG_FILTER, blending)

    def bind(self, unit: int) -> None:
        """Make it the texture of a unit."""
        self._gl.glActiveTexture(self._gl.GL_TEXTURE0 + unit)
        self._gl.glBindTexture(self._gl.GL_TEXTURE_2D, self.name)

    def close(self) -> None:
        """Release the texture."""
        delete_name(self._gl.glDeleteTextures, self.name)
        self.name = 0


def _compile(gl: Gl, stage: str, kind: int, file: str, source: ShaderSource) -> int:
    shader = int(gl.glCreateShader(kind))
    text = ctypes.c_char_p(source.text.encode())
    pointer = ctypes.cast(ctypes.pointer(text), ctypes.POINTER(ctypes.POINTER(ctypes.c_char)))
    gl.glShaderSource(shader, 1, pointer, None)
    gl.glCompileShader(shader)
    if not _status(gl.glGetShaderiv, shader, gl.GL_COMPILE_STATUS):
        log = _log(gl, gl.glGetShaderiv, gl.glGetShaderInfoLog, shader)
        gl.glDeleteShader(shader)
        raise ShaderError(stage, file, source.explain(log))
    return shader


def _link(gl: Gl, stages: Sequence[int], files: str) -> int:
    program = int(gl.glCreateProgram())
    for shader in stages:
        gl.glAttachShader(program, shader)
    gl.glLinkProgram(program)
    if not _status(gl.glGetProgramiv, program, gl.GL_LINK_STATUS):
        log = _log(gl, gl.glGetProgramiv, gl.glGetProgramInfoLog, program)
        gl.glDeleteProgram(program)
        raise ShaderError("link", files, log)
    return program


def _status(query: Any, name: int, what: int) -> int:  # noqa: ANN401 - a PyOpenGL entry point
    value = np.zeros(1, dtype=np.int32)
    query(name, what, value)
    return int(value[0])


def _log(gl: Gl, query: Any, read: Any, name: int) -> str:  # noqa: ANN401 - PyOpenGL entry points
    length = _status(query, name, gl.GL_INFO_LOG_LENGTH)
    text, written = np.zeros(length + 1, dtype=np.int8), np.zeros(1, dtype=np.int32)
    read(name, length + 1, written, text)
    return text[: written[0]].tobytes().decode(errors="replace").strip()


def generate_name(function: Any) -> int:  # noqa: ANN401 - a PyOpenGL entry point
    """Return the one new name that a glGen function gives.

    Raises:
        RenderkitError: If there is none: the context is not current.
    """
    name = np.zeros(1, dtype=np.uint32)
    function(1, name)
    if not name[0]:
        raise RenderkitError("the driver gave no name for a new object; is the context current?")
    return int(name[0])


def delete_name(function: Any, name: int) -> None:  # noqa: ANN401 - a PyOpenGL entry point
    """Hand one name to a glDelete function; 0 is none."""
    if name:
        function(1, np.array([name], dtype=np.uint32))
