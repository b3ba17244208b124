"""What the EGL renderer holds on its device: threads, lost displays, masks in flight, and that nothing leaks."""

from __future__ import annotations

import gc
import threading
from dataclasses import replace

import numpy as np
import pytest
from render_scenes import (
    LENSES,
    make_camera,
    sphere,
    torus,
)

from renderkit.errors import ContextError
from renderkit.geometry.mesh import Mesh
from renderkit.renderers.base import RenderPass
from renderkit.renderers.egl.context import EglDevice
from renderkit.renderers.egl.renderer import EglRenderer

ALL = RenderPass.BARYCENTRIC | RenderPass.NORMAL | RenderPass.COLOR


def test_mesh_without_faces_is_refused(egl_renderer: EglRenderer) -> None:
    points = Mesh(np.zeros((3, 3)), np.zeros((0, 3), dtype=np.int32), name="points")
    with pytest.raises(ValueError, match="'points' has 3 vertices and no faces"):
        egl_renderer.render(points, make_camera())
    with pytest.raises(ValueError, match="no faces"):
        egl_renderer.render_mask(points, make_camera())


def test_another_thread_is_refused(egl_renderer: EglRenderer) -> None:
    errors: list[BaseException] = []

    def draw() -> None:
        try:
            egl_renderer.render_mask(sphere(), make_camera())
        except ContextError as error:
            errors.append(error)

    worker = threading.Thread(target=draw)
    worker.start()
    worker.join()
    assert len(errors) == 1


def test_everything_is_redrawn_after_the_display_was_terminated(egl_devices: tuple[EglDevice, ...]) -> None:
    import ctypes

    from renderkit.renderers.egl.library import EglLibrary

    with EglRenderer() as renderer:
        mesh, camera = torus(), make_camera("barrel")
        before = renderer.render(mesh, camera, ALL)
        library = EglLibrary()
        display = library.current().display
        library.make_current(display, None, None)
        raw = ctypes.CDLL("libEGL.so.1")
        raw.eglTerminate.argtypes = [ctypes.c_void_p]
        assert raw.eglTerminate(display)
        after = renderer.render(mesh, camera, ALL)
    np.testing.assert_array_equal(before.face_index, after.face_index)


def test_info_names_the_device(egl_renderer: EglRenderer, egl_devices: tuple[EglDevice, ...]) -> None:
    info = egl_renderer.info
    assert info.kind == "egl"
    assert info.device in {device.name for device in egl_devices}


def test_nothing_leaks(egl_devices: tuple[EglDevice, ...]) -> None:
    """GL names alive after the same work was done once, and after it was done often."""
    with EglRenderer() as renderer:
        gl = renderer._device.gl

        def alive() -> int:
            gc.collect()
            renderer.render_mask(keeper, make_camera())
            kinds = (gl.glIsBuffer, gl.glIsTexture, gl.glIsVertexArray, gl.glIsFramebuffer, gl.glIsRenderbuffer)
            return sum(bool(kind(name)) for kind in (*kinds, gl.glIsProgram, gl.glIsShader) for name in range(1, 400))

        def work() -> None:
            mesh = replace(sphere(), uv=np.zeros((642, 2)), texture=np.zeros((8, 8, 3), dtype=np.uint8))
            for lens in LENSES:
                renderer.render_mask(mesh, make_camera(lens))
                renderer.render(mesh, make_camera(lens), ALL)

        keeper = sphere()
        work()
        once = alive()
        for _ in range(5):
            work()
        assert alive() == once
        renderer._context.make_current()
        renderer._device.close()
        kinds = (gl.glIsBuffer, gl.glIsTexture, gl.glIsVertexArray, gl.glIsFramebuffer, gl.glIsRenderbuffer)
        assert not any(kind(name) for kind in (*kinds, gl.glIsProgram) for name in range(1, 400))
