"""libEGL through ctypes."""

from __future__ import annotations

import pytest

from renderkit.renderers.egl.context import EglDevice
from renderkit.renderers.egl.library import Current, EglLibrary


@pytest.fixture
def library(egl_devices: tuple[EglDevice, ...]) -> EglLibrary:
    return EglLibrary()


def test_devices_are_distinct_and_described(library: EglLibrary, egl_devices: tuple[EglDevice, ...]) -> None:
    handles = library.devices()
    assert len(set(handles)) == len(handles) == len(egl_devices)
    paths = {library.drm_path(handle) for handle in handles}
    assert paths == {device.drm_path for device in egl_devices}


def test_display_of_a_device_is_shared(library: EglLibrary, egl_devices: tuple[EglDevice, ...]) -> None:
    handle = library.devices()[0]
    display = library.open_display(handle)
    assert library.open_display(handle) == display
    assert "EGL_KHR_create_context" in library.display_extensions(display)
    assert library.display_vendor(display)


def test_context_is_current_until_another_is_restored(library: EglLibrary) -> None:
    display = library.open_display(library.devices()[0])
    before = library.current()
    context = library.create_context(display, None, (0x3098, 3, 0x30FB, 3, 0x30FD, 1))
    assert library.make_current(display, None, context)
    assert library.current_context() == context
    assert library.current() == Current(display, None, None, context)
    assert library.gl_string(0x1F02)
    library.restore(before, display)
    assert library.current_context() == before.context
    library.destroy_context(display, context)


def test_pbuffer_can_be_made_for_drivers_that_need_a_surface(library: EglLibrary) -> None:
    display = library.open_display(library.devices()[0])
    config = library.choose_config(display, (0x3033, 0x0001, 0x3040, 0x0008))
    surface = library.create_pbuffer(display, config, (0x3057, 1, 0x3056, 1))
    context = library.create_context(display, config, (0x3098, 3, 0x30FB, 3, 0x30FD, 1))
    before = library.current()
    assert library.make_current(display, surface, context)
    library.restore(before, display)
    library.destroy_context(display, context)
    library.destroy_surface(display, surface)


def test_refusals_name_egls_error(library: EglLibrary) -> None:
    display = library.open_display(library.devices()[0])
    with pytest.raises(OSError, match="eglCreateContext failed: EGL_BAD"):
        library.create_context(display, None, (0x3098, 99))
    with pytest.raises(OSError, match="no EGL configuration"):
        library.choose_config(display, (0x3024, 99))
