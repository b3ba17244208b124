"""Meshes on the device: uploaded once, released with the mesh, bounded."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from render_scenes import sphere, torus

from renderkit.geometry.mesh import Mesh
from renderkit.renderers.egl.context import EglContext, EglDevice
from renderkit.renderers.egl.gl import Gl, load_gl
from renderkit.renderers.egl.mesh import COLOR, NORMAL, UV, DeviceMesh, DeviceMeshes, surface_attributes


@pytest.fixture
def gl(egl_devices: tuple[EglDevice, ...]) -> Iterator[Gl]:
    with EglContext():
        yield load_gl()


def num_buffers(gl: Gl) -> int:
    return sum(bool(gl.glIsBuffer(name)) for name in range(1, 200))


def test_mesh_is_uploaded_once(gl: Gl) -> None:
    mesh = sphere()
    with DeviceMeshes(gl) as meshes:
        first = meshes.get(mesh)
        assert meshes.get(mesh) is first
        assert meshes.get(sphere()) is not first


def test_buffers_go_with_the_mesh(gl: Gl) -> None:
    kept, gone = sphere(), torus()
    with DeviceMeshes(gl) as meshes:
        meshes.get(kept)
        before = num_buffers(gl)
        meshes.get(gone)
        assert num_buffers(gl) == before + 2
        del gone
        gc.collect()
        meshes.get(kept)
        assert len(meshes) == 1
        assert num_buffers(gl) == before
    assert num_buffers(gl) == 0


def test_least_recently_drawn_goes_first(gl: Gl) -> None:
    balls = [sphere() for _ in range(4)]
    with DeviceMesh(gl, balls[0]) as single:
        size = single.num_bytes
    with DeviceMeshes(gl, max_bytes=3 * size) as meshes:
        first, second, *_ = [meshes.get(ball) for ball in balls[:3]]
        assert meshes.get(balls[0]) is first
        meshes.get(balls[3])
        assert len(meshes) == 3
        assert meshes.get(balls[0]) is first
        assert meshes.get(balls[1]) is not second


def test_bounds_and_edges_are_those_of_the_faces(gl: Gl) -> None:
    corners = np.array([[0.0, 0.0, 0.0], [3.0, 0.0, 0.0], [0.0, 4.0, 0.0], [99.0, 99.0, 99.0]])
    mesh = Mesh(corners, np.array([[0, 1, 2]], dtype=np.int32))
    with DeviceMesh(gl, mesh) as uploaded:
        np.testing.assert_array_equal(uploaded.bounds, [[0, 0, 0], [3, 4, 0]])
        np.testing.assert_array_equal(uploaded.center, [0.0, 0.0, 0.0])
        assert {tuple(corner) for corner in uploaded.corners.tolist()} == {(x, y, 0.0) for x in (0, 3) for y in (0, 4)}
        np.testing.assert_array_equal(uploaded.longest_edges(mesh), [5.0])


def test_large_mesh_is_asked_whether_it_is_closed_only_when_it_pays(gl: Gl) -> None:
    mesh = sphere(detail=6)
    assert len(mesh.faces) > 50_000
    with DeviceMesh(gl, mesh) as uploaded:
        assert [uploaded.is_closed(mesh) for _ in range(5)] == [False, False, False, True, True]
    with DeviceMesh(gl, sphere()) as small:
        assert small.is_closed(sphere())


def test_shading_takes_the_texture_before_the_colours() -> None:
    ball = sphere()
    count = len(ball.vertices)
    colored = replace(ball, vertex_colors=np.zeros((count, 3), dtype=np.uint8))
    assert set(surface_attributes(ball)) == {NORMAL}
    assert set(surface_attributes(colored)) == {NORMAL, COLOR}
    textured = replace(colored, uv=np.zeros((count, 2)), texture=np.zeros((2, 2, 3), dtype=np.uint8))
    assert set(surface_attributes(textured)) == {NORMAL, UV}
