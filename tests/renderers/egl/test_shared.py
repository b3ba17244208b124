"""One context for many threads: the same pictures as one thread's, buffers used again, and what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from render_scenes import LENSES, make_camera, soup, sphere, torus

from renderkit.errors import ContextError
from renderkit.geometry.mesh import Mesh
from renderkit.renderers.base import RenderPass
from renderkit.renderers.egl import shared as module
from renderkit.renderers.egl.context import EglDevice
from renderkit.renderers.egl.renderer import EglRenderer
from renderkit.renderers.egl.shared import SharedEglRenderer
from renderkit.renderers.egl.target import MASK_FORMAT

ALL = RenderPass.BARYCENTRIC | RenderPass.NORMAL | RenderPass.COLOR


@pytest.fixture
def shared(egl_devices: tuple[EglDevice, ...]) -> Iterator[SharedEglRenderer]:
    with SharedEglRenderer(threads=4) as renderer:
        yield renderer


def test_threads_get_the_pictures_of_one_thread(shared: SharedEglRenderer, egl_renderer: EglRenderer) -> None:
    """Pictures of three sizes, in flight at once."""
    views = [
        (mesh, make_camera(lens, size))
        for mesh in (sphere(), torus(), soup())
        for lens in LENSES
        for size in ((96, 80), (80, 96), (1200, 900))
    ]
    with ThreadPoolExecutor(shared.threads) as pool:
        masks = list(pool.map(lambda view: shared.render_mask(*view), views))
        renderings = list(pool.map(lambda view: shared.render(view[0], view[1], ALL), views))
    for view, mask, found in zip(views, masks, renderings, strict=True):
        expected = egl_renderer.render(view[0], view[1], ALL)
        np.testing.assert_array_equal(mask, egl_renderer.render_mask(*view))
        for name in ("face_index", "depth", "barycentric", "normal", "color"):
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


def test_pictures_in_tiles_are_the_same(
    shared: SharedEglRenderer, egl_renderer: EglRenderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mesh, camera = torus(), make_camera("barrel", (96, 80))
    monkeypatch.setattr(module, "MAX_TILE", 64)
    np.testing.assert_array_equal(shared.render_mask(mesh, camera), egl_renderer.render_mask(mesh, camera))


@pytest.mark.parametrize("tile", [4096, 64])
@pytest.mark.parametrize("lens", LENSES)
def test_depth_at_pixels_is_the_whole_picture_s(
    shared: SharedEglRenderer, egl_renderer: EglRenderer, monkeypatch: pytest.MonkeyPatch, lens: str, tile: int
) -> None:
    monkeypatch.setattr("renderkit.renderers.egl.renderer.MAX_TILE", tile)
    mesh, camera = torus(), make_camera(lens, (160, 120))
    whole = egl_renderer.render(mesh, camera).depth
    rng = np.random.default_rng(3)
    pixels = np.column_stack([rng.integers(30, 140, 50), rng.integers(20, 110, 50)])
    for renderer in (shared, egl_renderer):
        np.testing.assert_array_equal(renderer.depth_at(mesh, camera, pixels), whole[pixels[:, 1], pixels[:, 0]])
    assert np.isinf(whole).any()
    assert np.isfinite(whole[pixels[:, 1], pixels[:, 0]]).any()
    assert shared.depth_at(mesh, camera, np.zeros((0, 2), np.int64)).shape == (0,)


def test_depth_outside_the_picture_is_refused(egl_renderer: EglRenderer) -> None:
    with pytest.raises(ValueError, match="inside 320 x 256"):
        egl_renderer.depth_at(torus(), make_camera(), np.array([[0, 256]]))


def test_pictures_stay_when_their_buffer_is_used_again(shared: SharedEglRenderer) -> None:
    mesh, camera = sphere(), make_camera(size=(1200, 900))
    first = shared.render(mesh, camera)
    before = first.face_index.copy(), first.depth.copy()
    for _ in range(4):
        shared.render(torus(), camera)
    np.testing.assert_array_equal(first.face_index, before[0])
    np.testing.assert_array_equal(first.depth, before[1])
    assert not first.depth.flags.writeable


def test_buffers_are_kept_up_to_a_bound(egl_devices: tuple[EglDevice, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renderkit.renderers.egl.readback._MAX_KEPT_BYTES", 100_000)
    with EglRenderer() as renderer:
        gl = renderer._device.gl
        for width in (200, 210, 220, 230, 240, 200, 240):
            readback = renderer.start(sphere(), make_camera(size=(width, 180)), [MASK_FORMAT])
            readback.close()
            readback.close()
        kept = renderer._device.readbacks._free
        assert sum(buffer.num_bytes for buffer in kept) <= 100_000
        names = [buffer.name for buffer in kept]
        assert names
        assert all(gl.glIsBuffer(name) for name in names)
        renderer._device.close()
        assert not any(gl.glIsBuffer(name) for name in names)


def test_an_error_of_the_context_reaches_the_caller(shared: SharedEglRenderer) -> None:
    with pytest.raises(ValueError, match="'points' has 3 vertices and no faces"):
        shared.render_mask(Mesh(np.zeros((3, 3)), np.zeros((0, 3), np.int32), name="points"), make_camera())
    assert shared.render_mask(sphere(), make_camera()).any()


def test_wrong_devices_and_threads_are_refused(egl_devices: tuple[EglDevice, ...]) -> None:
    with pytest.raises(ContextError, match="device 99"):
        SharedEglRenderer(99)
    with pytest.raises(ValueError, match="at least 1, got 0"):
        SharedEglRenderer(threads=0)


def test_closed_it_is_refused_and_its_thread_is_gone(egl_devices: tuple[EglDevice, ...]) -> None:
    before = set(threading.enumerate())
    renderer = SharedEglRenderer()
    (owner,) = set(threading.enumerate()) - before
    renderer.close()
    renderer.close()
    assert not owner.is_alive()
    with pytest.raises(ContextError, match="closed"):
        renderer.render_mask(sphere(), make_camera())


def test_another_process_is_refused(shared: SharedEglRenderer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fork has no thread that could answer: it must not wait for one."""
    own = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: own + 1)
    with pytest.raises(ContextError, match="does not survive a fork"):
        shared.render_mask(sphere(), make_camera())
    monkeypatch.undo()


def test_closed_when_the_interpreter_ends_it_says_nothing(egl_devices: tuple[EglDevice, ...]) -> None:
    """`atexit` runs when the threads of executors are gone already."""
    code = "import atexit; from renderkit.renderers.egl.shared import SharedEglRenderer as Shared; "
    code += "renderer = Shared(); atexit.register(renderer.close); print(renderer.info.device)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip()
    assert "RuntimeError" not in done.stderr
