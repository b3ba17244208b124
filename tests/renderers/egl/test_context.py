"""Contexts on EGL devices: found, made, guarded, lost and remade."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading

import pytest

from renderkit.errors import ContextError
from renderkit.renderers.egl import context as egl
from renderkit.renderers.egl.context import EglContext, EglDevice, list_devices, select_egl_platform
from renderkit.renderers.egl.library import EglLibrary


def test_devices_are_numbered_with_hardware_first(egl_devices: tuple[EglDevice, ...]) -> None:
    assert [device.index for device in egl_devices] == list(range(len(egl_devices)))
    hardware = [device.hardware for device in egl_devices]
    assert hardware == sorted(hardware, reverse=True)
    for device in egl_devices:
        assert bool(device.name) != bool(device.problem)


def test_listing_leaves_the_current_context_alone(egl_devices: tuple[EglDevice, ...]) -> None:
    with EglContext() as context:
        before = EglLibrary().current()
        list_devices()
        assert EglLibrary().current() == before
        assert context.make_current() is False


def test_context_names_the_device_it_draws_on(egl_devices: tuple[EglDevice, ...]) -> None:
    usable = next(device for device in egl_devices if not device.problem)
    with EglContext(usable.index) as context:
        from OpenGL import GL

        assert context.device.name == usable.name == GL.glGetString(GL.GL_RENDERER).decode()
        assert context.device.version


def test_unknown_device_is_refused(egl_devices: tuple[EglDevice, ...]) -> None:
    with pytest.raises(ContextError, match=f"there are {len(egl_devices)} devices"):
        EglContext(len(egl_devices))


def test_another_thread_is_refused(egl_devices: tuple[EglDevice, ...]) -> None:
    errors: list[BaseException] = []

    def use() -> None:
        try:
            context.make_current()
        except ContextError as error:
            errors.append(error)

    with EglContext() as context:
        worker = threading.Thread(target=use)
        worker.start()
        worker.join()
    assert len(errors) == 1
    assert "one renderer per thread" in str(errors[0])


def test_another_process_is_refused(egl_devices: tuple[EglDevice, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    with EglContext() as context:
        monkeypatch.setattr(os, "getpid", lambda: -1)
        with pytest.raises(ContextError, match="does not survive a fork"):
            context.make_current()
        monkeypatch.undo()


def test_closed_context_is_refused_and_closes_twice(egl_devices: tuple[EglDevice, ...]) -> None:
    context = EglContext()
    context.close()
    context.close()
    assert not context.is_open
    with pytest.raises(ContextError, match="closed"):
        context.make_current()


def test_contexts_take_turns(egl_devices: tuple[EglDevice, ...]) -> None:
    with EglContext() as first, EglContext() as second:
        library = EglLibrary()
        assert first.make_current() is False
        current = library.current_context()
        assert second.make_current() is False
        assert library.current_context() != current
        assert first.make_current() is False
        assert library.current_context() == current


def test_context_is_remade_after_somebody_terminated_the_display(egl_devices: tuple[EglDevice, ...]) -> None:
    with EglContext() as context:
        library = EglLibrary()
        display = library.current().display
        library.make_current(display, None, None)
        raw = ctypes.CDLL("libEGL.so.1")
        raw.eglTerminate.argtypes = [ctypes.c_void_p]
        assert raw.eglTerminate(display)
        assert context.make_current() is True
        assert context.make_current() is False
        assert library.gl_string(0x1F01) == context.device.name


def test_missing_libegl_names_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_library() -> EglLibrary:
        raise OSError("libEGL.so.1: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(egl, "EglLibrary", no_library)
    with pytest.raises(ContextError, match="apt-get install libegl1 libgl1 libgl1-mesa-dri"):
        list_devices()


def test_no_device_names_the_packages(egl_devices: tuple[EglDevice, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    def no_devices(self: EglLibrary) -> list[int]:
        return []

    monkeypatch.setattr(EglLibrary, "devices", no_devices)
    with pytest.raises(ContextError, match=r"knows no device.*apt-get install"):
        EglContext()


def test_refusing_driver_is_listed_with_its_problem(
    egl_devices: tuple[EglDevice, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: EglLibrary, device: int) -> int:
        raise OSError("eglInitialize failed: EGL_NOT_INITIALIZED")

    monkeypatch.setattr(EglLibrary, "open_display", refuse)
    assert all("EGL_NOT_INITIALIZED" in device.problem for device in list_devices())
    with pytest.raises(ContextError, match="device 0: eglInitialize failed"):
        EglContext()


def test_other_platform_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "OpenGL.platform", raising=False)
    monkeypatch.setenv("PYOPENGL_PLATFORM", "osmesa")
    with pytest.raises(ContextError, match="'osmesa'"):
        select_egl_platform()


def test_opengl_imported_for_another_platform_is_refused() -> None:
    try:
        ctypes.CDLL("libGL.so.1")
    except OSError:
        pytest.skip("no libGL here: PyOpenGL cannot be imported for GLX")
    code = (
        "import OpenGL.platform\n"
        "from renderkit.errors import ContextError\n"
        "from renderkit.renderers.egl.context import select_egl_platform\n"
        "try:\n    select_egl_platform()\nexcept ContextError as error:\n    print(error)\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "PYOPENGL_PLATFORM"}
    environment["PYOPENGL_PLATFORM"] = "glx"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    assert "already imported with GLXPlatform" in done.stdout


def test_importing_the_module_loads_no_opengl() -> None:
    code = "import sys, renderkit.renderers.egl.renderer; print(any(name.startswith('OpenGL') for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "False"
