"""OpenGL contexts on EGL devices, without a display server.

The only module that touches PYOPENGL_PLATFORM. A context belongs to the thread that made it. The EGL display of a
device is shared by everybody in the process, so it is never terminated here; where somebody else terminates it
(deleting a pyrender renderer does), the context is lost and made anew at its next use.
"""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from renderkit.errors import ContextError
from renderkit.renderers.egl.library import INSTALL_HINT, EglLibrary, Handle
from renderkit.system import environment, set_environment

_GL_VENDOR, _GL_RENDERER, _GL_VERSION = 0x1F00, 0x1F01, 0x1F02
_LOWER_LEFT, _ZERO_TO_ONE = 0x8CA1, 0x935F
_CORE_3_3 = (0x3098, 3, 0x30FB, 3, 0x30FD, 1)
"""Major and minor version, core profile; drivers answer with the newest version that is compatible."""
_PBUFFER_CONFIG = (0x3033, 0x0001, 0x3040, 0x0008)
"""Surface type pbuffer, renderable type desktop OpenGL."""
_PBUFFER_1X1 = (0x3057, 1, 0x3056, 1)
_SOFTWARE_RENDERERS = ("llvmpipe", "softpipe", "swrast", "lavapipe", "swiftshader")


@dataclass(frozen=True)
class EglDevice:
    """A device that EGL can draw on.

    Attributes:
        index: Its place in `list_devices()`: hardware first, then software, each in the driver's order.
        name: GL_RENDERER; empty where no context can be made.
        vendor: Who wrote the driver.
        version: GL_VERSION; empty where no context can be made.
        hardware: Whether a GPU does the work.
        drm_path: Its node in /dev/dri, where it has one.
        problem: Why no context can be made on it; empty for a usable device.
        cuda: Its number in CUDA, where its driver tells.
    """

    index: int
    name: str
    vendor: str
    version: str
    hardware: bool
    drm_path: str | None
    problem: str = ""
    cuda: int | None = None


def list_devices() -> tuple[EglDevice, ...]:
    """Return every EGL device, hardware first, also those that do not work (see `EglDevice.problem`).

    Each device's name comes from a context that is made and released, so this takes a moment per device.

    Raises:
        ContextError: If there is no libEGL or it knows no device; says what to install.
    """
    library = _load_library()
    return tuple(_describe(library, index, handle) for index, handle in enumerate(_sorted_handles(library)))


def check_process(device: str, process: int) -> None:
    """Refuse a context of another process.

    Args:
        device: Name of its device.
        process: Id of the process that made it.

    Raises:
        ContextError: If this process is not the one.
    """
    if os.getpid() != process:
        raise ContextError(
            device, f"the context was made in process {process} and does not survive a fork; make one per process"
        )


def select_egl_platform() -> None:
    """Make PyOpenGL use EGL. Must run before anything else imports OpenGL.

    Raises:
        ContextError: If PyOpenGL was already loaded for, or the environment asks for, another platform.
    """
    wanted = environment("PYOPENGL_PLATFORM")
    loaded = sys.modules.get("OpenGL.platform")
    if loaded is not None:
        platform = type(loaded.PLATFORM).__name__
        if platform != "EGLPlatform":
            raise ContextError(
                "EGL",
                f"PyOpenGL was already imported with {platform}; make the renderer before importing OpenGL, or set "
                "PYOPENGL_PLATFORM=egl before the program starts",
            )
        return
    if wanted not in {"", "egl"}:
        raise ContextError("EGL", f"PYOPENGL_PLATFORM is {wanted!r}, expected 'egl' or nothing; unset it")
    set_environment("PYOPENGL_PLATFORM", "egl")


class EglContext:
    """A desktop OpenGL 3.3+ core context on one EGL device, current on the thread that made it.

    Attributes:
        device: What it draws on.
    """

    def __init__(self, device: int | None = None) -> None:
        """Make a context and make it current.

        Args:
            device: Index into `list_devices()`; None takes the first one that works, hardware first.

        Raises:
            ContextError: If no context can be made; says why for each device and what to install.
        """
        select_egl_platform()
        self._library = _load_library()
        self._thread = threading.get_ident()
        self._process = os.getpid()
        self._display: Handle = None
        self._surface: Handle = None
        self._context: Handle = None
        handles = _sorted_handles(self._library)
        if device is not None and not 0 <= device < len(handles):
            raise ContextError(f"EGL device {device}", f"there are {len(handles)} devices, 0..{len(handles) - 1}")
        self.device = self._open_first(handles, range(len(handles)) if device is None else range(device, device + 1))

    @property
    def is_open(self) -> bool:
        """Whether `close` has not been called yet."""
        return self._context is not None

    def make_current(self) -> bool:
        """Make the context current on its thread; cheap where it already is.

        Returns:
            True where the context was lost (its display was terminated by somebody else) and has been made anew: all
            GL objects of before are gone. Else False.

        Raises:
            ContextError: If called from another thread or process, after `close`, or the device is gone.
        """
        self._check_owner()
        if self._context is None:
            raise ContextError(self.device.name, "the context is closed")
        if self._library.current_context() == self._context:
            return False
        if self._library.make_current(self._display, self._surface, self._context):
            return False
        handle = _sorted_handles(self._library)[self.device.index]
        try:
            self._open(handle)
        except OSError as error:
            raise ContextError(self.device.name, f"the context was lost and cannot be remade: {error}") from error
        return True

    def use_zero_to_one_depth(self) -> None:
        """Make clip depth run from 0 to 1 in place of -1 to 1, which float32 depth needs to be exact."""
        self._library.set_clip_control(_LOWER_LEFT, _ZERO_TO_ONE)

    def close(self) -> None:
        """Release the context. Closing twice is harmless.

        Raises:
            ContextError: If called from another thread or process.
        """
        if self._context is None or self._display is None:
            return
        self._check_owner()
        if self._library.current_context() == self._context:
            self._library.make_current(self._display, None, None)
        self._library.destroy_context(self._display, self._context)
        if self._surface is not None:
            self._library.destroy_surface(self._display, self._surface)
        self._display = self._surface = self._context = None

    def __enter__(self) -> Self:
        """Return the context itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the context."""
        self.close()

    def _check_owner(self) -> None:
        check_process(self.device.name, self._process)
        if threading.get_ident() != self._thread:
            raise ContextError(
                self.device.name,
                f"the context belongs to thread {self._thread}, it was used from thread {threading.get_ident()}; "
                "make one renderer per thread",
            )

    def _open_first(self, handles: list[int], candidates: range) -> EglDevice:
        problems = []
        for index in candidates:
            try:
                display = self._open(handles[index])
            except OSError as error:
                problems.append(f"device {index}: {error}")
                continue
            return _current_device(self._library, index, handles[index], display)
        where = "any EGL device" if len(candidates) > 1 else f"EGL device {candidates.start}"
        raise ContextError(where, "; ".join(problems))

    def _open(self, handle: int) -> int:
        display, surface, context = _new_context(self._library, handle)
        if not self._library.make_current(display, surface, context):
            raise OSError(f"eglMakeCurrent failed: {self._library.error()}")
        self._display, self._surface, self._context = display, surface, context
        return display


def _load_library() -> EglLibrary:
    try:
        return EglLibrary()
    except OSError as error:
        raise ContextError("EGL", f"{error}; {INSTALL_HINT}") from error


def _sorted_handles(library: EglLibrary) -> list[int]:
    try:
        handles = library.devices()
    except OSError as error:
        raise ContextError("EGL", f"{error}; {INSTALL_HINT}") from error
    if not handles:
        raise ContextError("EGL", f"libEGL knows no device; {INSTALL_HINT}")
    return sorted(handles, key=lambda handle: _is_software(library, handle))


def _is_software(library: EglLibrary, handle: int) -> bool:
    return "EGL_MESA_device_software" in library.device_extensions(handle)


def _new_context(library: EglLibrary, handle: int) -> tuple[int, Handle, int]:
    """Return display, surface (None where the driver needs none) and context."""
    display = library.open_display(handle)
    extensions = library.display_extensions(display)
    if {"EGL_KHR_no_config_context", "EGL_KHR_surfaceless_context"} <= extensions:
        return display, None, library.create_context(display, None, _CORE_3_3)
    config = library.choose_config(display, _PBUFFER_CONFIG)
    surface = library.create_pbuffer(display, config, _PBUFFER_1X1)
    try:
        return display, surface, library.create_context(display, config, _CORE_3_3)
    except OSError:
        library.destroy_surface(display, surface)
        raise


def _current_device(library: EglLibrary, index: int, handle: int, display: int) -> EglDevice:
    name = library.gl_string(_GL_RENDERER)
    software = _is_software(library, handle) or any(word in name.lower() for word in _SOFTWARE_RENDERERS)
    vendor = library.gl_string(_GL_VENDOR) or library.display_vendor(display)
    version, path = library.gl_string(_GL_VERSION), library.drm_path(handle)
    return EglDevice(index, name, vendor, version, not software, path, cuda=library.cuda_device(handle))


def _describe(library: EglLibrary, index: int, handle: int) -> EglDevice:
    """Make a context on the device, ask its name, and put back what was current on this thread."""
    previous = library.current()
    try:
        display, surface, context = _new_context(library, handle)
    except OSError as error:
        software = _is_software(library, handle)
        return EglDevice(index, "", "", "", not software, library.drm_path(handle), str(error))
    try:
        if not library.make_current(display, surface, context):
            error_name = library.error()
            return EglDevice(index, "", "", "", not _is_software(library, handle), library.drm_path(handle), error_name)
        return _current_device(library, index, handle, display)
    finally:
        library.restore(previous, display)
        library.destroy_context(display, context)
        if surface is not None:
            library.destroy_surface(display, surface)
