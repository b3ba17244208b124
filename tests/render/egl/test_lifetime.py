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
    soup,
    sphere,
    torus,
)

from renderkit.errors import ContextError
from renderkit.geometry.mesh import Mesh
from renderkit.render.base import RenderPass
from renderkit.render.egl import renderer as module
from renderkit.render.egl.context import EglDevice
from renderkit.render.egl.renderer import EglRenderer

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

    from renderkit.render.egl.library import EglLibrary

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


def test_many_masks_in_flight_are_the_same_masks(egl_renderer: EglRenderer, monkeypatch: pytest.MonkeyPatch) -> None:
    views = [(mesh, make_camera(lens)) for mesh in (sphere(), torus(), soup()) for lens in LENSES]
    views.insert(5, (torus(), make_camera("barrel", (500, 90))))
    single = [egl_renderer.render_mask(*view) for view in views]
    monkeypatch.setattr(module, "MAX_TILE", 400)
    for in_flight in (1, 3, 50):
        many = list(egl_renderer.render_masks(iter(views), in_flight))
        assert len(many) == len(single)
        for ours, expected in zip(many, single, strict=True):
            assert ours.shape == expected.shape
            assert np.count_nonzero(ours != expected) <= 1
    with pytest.raises(ValueError, match="at least 1"):
        next(egl_renderer.render_masks(views, 0))


def test_masks_in_flight_allow_other_drawing_between(egl_renderer: EglRenderer) -> None:
    views = [(torus(), make_camera(lens)) for lens in LENSES]
    expected = [egl_renderer.render_mask(*view) for view in views]
    with EglRenderer() as other:
        for mask, same in zip(egl_renderer.render_masks(views, 2), expected, strict=True):
            np.testing.assert_array_equal(mask, same)
            other.render_mask(sphere(), make_camera())
            egl_renderer.render(sphere(), make_camera())


def test_stopping_early_leaves_nothing_behind(egl_renderer: EglRenderer) -> None:
    gl = egl_renderer._device.gl
    views = [(mesh, make_camera()) for mesh in [sphere()] * 6]
    next(iter(egl_renderer.render_masks(views, 2)))
    egl_renderer.render_mask(views[0][0], views[0][1])
    gc.collect()
    before = sum(bool(gl.glIsBuffer(name)) for name in range(1, 400))
    masks = egl_renderer.render_masks(views, 3)
    next(masks)
    masks.close()
    assert sum(bool(gl.glIsBuffer(name)) for name in range(1, 400)) == before


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
