"""Pieces on the device: what their corners carry is blended from the faces' vertices."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from render_scenes import sphere

from renderkit.renderers.egl.context import EglContext, EglDevice
from renderkit.renderers.egl.gl import Gl, load_gl
from renderkit.renderers.egl.mesh import COLOR, NORMAL, OFFSET, PIECE_FACE
from renderkit.renderers.egl.pieces import DevicePieces
from renderkit.renderers.subdivide import Pieces


@pytest.fixture
def gl(egl_devices: tuple[EglDevice, ...]) -> Iterator[Gl]:
    with EglContext():
        yield load_gl()


def test_corners_carry_blends_of_the_vertices(gl: Gl) -> None:
    rng = np.random.default_rng(0)
    ball = sphere()
    mesh = replace(ball, vertex_colors=rng.integers(0, 256, (len(ball.vertices), 3), dtype=np.uint8))
    pieces = Pieces(np.array([7, 7, 30], dtype=np.int32), rng.dirichlet((1.0, 1.0, 1.0), size=(3, 3)))
    center = np.array([0.1, 0.2, 3.0])
    colors = mesh.vertex_colors
    assert colors is not None
    with DevicePieces(gl, mesh, pieces, center, shaded=True) as uploaded:
        read = {}
        for location, (buffer, layout) in uploaded._inputs.items():
            read[location] = np.zeros((9, *layout.shape[1:]), dtype=layout.dtype)
            gl.glBindBuffer(gl.GL_ARRAY_BUFFER, buffer.name)
            pointer = ctypes.c_void_p(read[location].ctypes.data)
            gl.glGetBufferSubData(gl.GL_ARRAY_BUFFER, 0, read[location].nbytes, pointer)
    assert read[PIECE_FACE].tolist() == [7] * 6 + [30] * 3
    for corner in range(9):
        face = mesh.faces[pieces.face[corner // 3]]
        weights = pieces.weights[corner // 3, corner % 3]
        np.testing.assert_allclose(read[OFFSET][corner], weights @ mesh.vertices[face] - center, atol=1e-6)
        np.testing.assert_allclose(read[NORMAL][corner], weights @ mesh.vertex_normals[face], atol=1e-6)
        np.testing.assert_allclose(read[COLOR][corner], weights @ (colors[face] / 255.0), atol=1e-6)
    assert not any(gl.glIsBuffer(name) for name in range(1, 50))
