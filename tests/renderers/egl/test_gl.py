"""Owners of GL objects: what they hold is released, what the driver refuses is explained."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from renderkit.errors import ContextError, ShaderError
from renderkit.renderers.egl import shader_files
from renderkit.renderers.egl.context import EglContext, EglDevice
from renderkit.renderers.egl.gl import Buffer, Gl, Program, Texture, VertexArray, integer_limit, load_gl

VERTEX = """#version 330 core
layout(location = 0) in vec2 p;
uniform float lift;
void main() { gl_Position = vec4(p, lift, 1.0); }
"""
FRAGMENT = "#version 330 core\nout vec4 color;\nvoid main() { color = vec4(1.0); }\n"


@pytest.fixture
def gl(egl_devices: tuple[EglDevice, ...]) -> Iterator[Gl]:
    with EglContext():
        yield load_gl()


@pytest.fixture
def shaders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "a.vert").write_text(VERTEX)
    (tmp_path / "a.frag").write_text(FRAGMENT)
    monkeypatch.setattr(shader_files, "_shader_folder", lambda: tmp_path)
    return tmp_path


def test_missing_libgl_names_the_packages(gl: Gl, monkeypatch: pytest.MonkeyPatch) -> None:
    from OpenGL import platform

    monkeypatch.setattr(platform.PLATFORM, "GL", None)
    with pytest.raises(ContextError, match=r"no libGL.*apt-get install libegl1 libgl1"):
        load_gl()


def test_program_is_released(gl: Gl, shaders: Path) -> None:
    with Program(gl, "a.vert", "a.frag", {}) as program:
        name = program.name
        assert gl.glIsProgram(name)
        program.use()
        program.set_floats("lift", [0.5])
        value = np.zeros(1, dtype=np.float32)
        gl.glGetUniformfv(name, gl.glGetUniformLocation(name, b"lift"), value)
        assert value[0] == 0.5
        gl.glUseProgram(0)
    assert not gl.glIsProgram(name)
    program.close()


@pytest.mark.parametrize("stage", ["vertex", "fragment"])
def test_compile_error_names_stage_file_and_line(gl: Gl, shaders: Path, stage: str) -> None:
    file = f"a.{stage[:4]}"
    broken = (shaders / file).read_text().replace("void main() {", "void main() {\nnonsense;")
    (shaders / file).write_text(broken)
    with pytest.raises(ShaderError) as raised:
        Program(gl, "a.vert", "a.frag", {})
    assert (raised.value.stage, raised.value.file) == (stage, file)
    assert "nonsense" in raised.value.log
    assert file in raised.value.log
    assert not any(gl.glIsShader(name) for name in range(1, 50))


def test_link_error_names_both_files(gl: Gl, shaders: Path) -> None:
    vertex = VERTEX.replace("uniform", "out float passed;\nuniform").replace("{ gl", "{ passed = 1.0; gl")
    (shaders / "a.vert").write_text(vertex)
    fragment = FRAGMENT.replace("out vec4", "in vec3 passed;\nout vec4").replace("vec4(1.0)", "vec4(passed, 1.0)")
    (shaders / "a.frag").write_text(fragment)
    with pytest.raises(ShaderError) as raised:
        Program(gl, "a.vert", "a.frag", {})
    assert raised.value.stage == "link"
    assert raised.value.file == "a.vert + a.frag"


def test_buffer_holds_the_bytes(gl: Gl) -> None:
    data = np.arange(12, dtype=np.float32).reshape(4, 3)
    with Buffer(gl, data[:, ::-1]) as buffer:
        name = buffer.name
        back = np.zeros((4, 3), dtype=np.float32)
        gl.glBindBuffer(gl.GL_ARRAY_BUFFER, name)
        gl.glGetBufferSubData(gl.GL_ARRAY_BUFFER, 0, back.nbytes, gl_pointer(back))
        np.testing.assert_array_equal(back, data[:, ::-1])
        assert buffer.num_bytes == data.nbytes
    assert not gl.glIsBuffer(name)
    buffer.close()


def test_vertex_array_and_texture_are_released(gl: Gl) -> None:
    points = np.zeros((3, 2), dtype=np.float32)
    with Buffer(gl, points) as buffer, VertexArray(gl, {0: (buffer, points)}) as array:
        array_name = array.name
        assert gl.glIsVertexArray(array_name)
    assert not gl.glIsVertexArray(array_name)
    with Texture(gl, np.zeros((5, 3, 3), dtype=np.uint8)) as texture:
        texture_name = texture.name
        texture.bind(0)
        assert gl.glIsTexture(texture_name)
    assert not gl.glIsTexture(texture_name)


def test_limit_is_the_smallest(gl: Gl) -> None:
    assert integer_limit(gl, gl.GL_MAX_TEXTURE_SIZE) >= 1024
    assert integer_limit(gl, gl.GL_MAX_VIEWPORT_DIMS, 2) >= 1024


def gl_pointer(array: NDArray[np.float32]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
