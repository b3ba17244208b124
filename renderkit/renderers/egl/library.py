"""libEGL through ctypes: the few entry points that a context without a display needs, with their C types."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

CType: TypeAlias = type[ctypes.c_void_p] | type[ctypes.c_int] | type[ctypes.c_uint] | type[ctypes.c_char_p]
Handle: TypeAlias = int | None
"""An EGLDisplay, EGLContext, EGLSurface or EGLDeviceEXT; None is EGL's zero."""

INSTALL_HINT = "on Debian or Ubuntu: apt-get install libegl1 libgl1 libgl1-mesa-dri"
"""libegl1 brings EGL, libgl1 the OpenGL entry points that PyOpenGL loads, libgl1-mesa-dri Mesa's drivers."""

_EXTENSIONS, _VENDOR = 0x3055, 0x3053
_DRM_DEVICE_FILE, _DRM_RENDER_NODE_FILE = 0x3233, 0x3377
_CUDA_DEVICE = 0x323A  # EGL_NV_device_cuda
_OPENGL_API, _PLATFORM_DEVICE, _NONE = 0x30A2, 0x313F, 0x3038
_DRAW, _READ = 0x3059, 0x305A
_MAX_DEVICES = 64
_ERRORS = {
    0x3001: "EGL_NOT_INITIALIZED",
    0x3002: "EGL_BAD_ACCESS",
    0x3003: "EGL_BAD_ALLOC",
    0x3004: "EGL_BAD_ATTRIBUTE",
    0x3005: "EGL_BAD_CONFIG",
    0x3006: "EGL_BAD_CONTEXT",
    0x3008: "EGL_BAD_DISPLAY",
    0x3009: "EGL_BAD_MATCH",
    0x300C: "EGL_BAD_PARAMETER",
    0x300D: "EGL_BAD_SURFACE",
    0x300E: "EGL_CONTEXT_LOST",
}


@dataclass(frozen=True)
class Current:
    """What is current on this thread, to be put back later."""

    display: Handle
    draw: Handle
    read: Handle
    context: Handle


class EglLibrary:
    """The loaded libEGL.

    Raises:
        OSError: If there is no libEGL, or it cannot enumerate devices.
    """

    def __init__(self) -> None:
        name = ctypes.util.find_library("EGL") or "libEGL.so.1"
        self._library = ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
        pointer, integer, boolean = ctypes.c_void_p, ctypes.c_int, ctypes.c_uint
        self._address = self._function("eglGetProcAddress", pointer, ctypes.c_char_p)
        self._query_string = self._function("eglQueryString", ctypes.c_char_p, pointer, integer)
        self.client_extensions = frozenset((self._query_string(None, _EXTENSIONS) or b"").decode().split())
        if not {"EGL_EXT_platform_base", "EGL_EXT_platform_device"} <= self.client_extensions:
            raise OSError(f"{name} has no EGL_EXT_platform_device (it is too old, or has no driver)")
        self._get_error = self._function("eglGetError", integer)
        self._query_devices = self._extension("eglQueryDevicesEXT", boolean, integer, pointer, pointer)
        self._device_string = self._extension("eglQueryDeviceStringEXT", ctypes.c_char_p, pointer, integer)
        self._platform_display = self._extension("eglGetPlatformDisplayEXT", pointer, boolean, pointer, pointer)
        self._initialize = self._function("eglInitialize", boolean, pointer, pointer, pointer)
        self._bind_api = self._function("eglBindAPI", boolean, boolean)
        self._choose_config = self._function("eglChooseConfig", boolean, pointer, pointer, pointer, integer, pointer)
        self._create_pbuffer = self._function("eglCreatePbufferSurface", pointer, pointer, pointer, pointer)
        self._destroy_surface = self._function("eglDestroySurface", boolean, pointer, pointer)
        self._create_context = self._function("eglCreateContext", pointer, pointer, pointer, pointer, pointer)
        self._destroy_context = self._function("eglDestroyContext", boolean, pointer, pointer)
        self._make_current = self._function("eglMakeCurrent", boolean, pointer, pointer, pointer, pointer)
        self._current_context = self._function("eglGetCurrentContext", pointer)
        self._current_display = self._function("eglGetCurrentDisplay", pointer)
        self._current_surface = self._function("eglGetCurrentSurface", pointer, integer)

    def devices(self) -> list[int]:
        """Return the EGLDeviceEXT handles in the driver's order.

        Raises:
            OSError: If the driver cannot list them.
        """
        handles = (ctypes.c_void_p * _MAX_DEVICES)()
        count = ctypes.c_int()
        if not self._query_devices(_MAX_DEVICES, handles, ctypes.byref(count)):
            raise OSError(f"eglQueryDevicesEXT failed: {self.error()}")
        return [handle for handle in handles[: count.value] if handle]

    def device_extensions(self, device: int) -> frozenset[str]:
        """Return the device's extension names."""
        return frozenset((self._device_string(device, _EXTENSIONS) or b"").decode().split())

    def drm_path(self, device: int) -> str | None:
        """Return the device's render node or primary node in /dev/dri, where it has one."""
        extensions = self.device_extensions(device)
        for extension, name in (
            ("EGL_EXT_device_drm_render_node", _DRM_RENDER_NODE_FILE),
            ("EGL_EXT_device_drm", _DRM_DEVICE_FILE),
        ):
            if extension in extensions:
                path = self._device_string(device, name)
                if path:
                    return str(path.decode())
        return None

    def cuda_device(self, device: int) -> int | None:
        """Return the device's number in CUDA, of all that this process may see; None where the driver does not tell."""
        if "EGL_NV_device_cuda" not in self.device_extensions(device):
            return None
        pointer = ctypes.c_void_p
        query = self._extension("eglQueryDeviceAttribEXT", ctypes.c_uint, pointer, ctypes.c_int, pointer)
        number = ctypes.c_ssize_t(-1)
        return int(number.value) if query(device, _CUDA_DEVICE, ctypes.byref(number)) else None

    def open_display(self, device: int) -> int:
        """Return the device's initialised display. It is shared by the whole process and never terminated here.

        Raises:
            OSError: If the driver refuses.
        """
        display = self._platform_display(_PLATFORM_DEVICE, device, None)
        if not display:
            raise OSError(f"eglGetPlatformDisplayEXT failed: {self.error()}")
        if not self._initialize(display, None, None):
            raise OSError(f"eglInitialize failed: {self.error()}; its driver may be missing, {INSTALL_HINT}")
        return int(display)

    def display_extensions(self, display: int) -> frozenset[str]:
        """Return an initialised display's extension names."""
        return frozenset((self._query_string(display, _EXTENSIONS) or b"").decode().split())

    def display_vendor(self, display: int) -> str:
        """Return who wrote the display's driver."""
        return str((self._query_string(display, _VENDOR) or b"").decode())

    def create_context(self, display: int, config: Handle, attributes: Sequence[int]) -> int:
        """Create a desktop OpenGL context.

        Raises:
            OSError: If the driver refuses.
        """
        if not self._bind_api(_OPENGL_API):
            raise OSError(f"the driver has no desktop OpenGL: {self.error()}")
        context = self._create_context(display, config, None, _attributes(attributes))
        if not context:
            raise OSError(f"eglCreateContext failed: {self.error()}")
        return int(context)

    def destroy_context(self, display: int, context: int) -> None:
        """Destroy a context; EGL keeps it until no thread uses it."""
        self._destroy_context(display, context)

    def choose_config(self, display: int, attributes: Sequence[int]) -> int:
        """Return the first framebuffer configuration that has the attributes.

        Raises:
            OSError: If there is none.
        """
        config, count = ctypes.c_void_p(), ctypes.c_int()
        chosen = self._choose_config(display, _attributes(attributes), ctypes.byref(config), 1, ctypes.byref(count))
        if not chosen or count.value < 1 or not config.value:
            raise OSError(f"no EGL configuration for off-screen OpenGL: {self.error()}")
        return int(config.value)

    def create_pbuffer(self, display: int, config: int, attributes: Sequence[int]) -> int:
        """Create an off-screen surface.

        Raises:
            OSError: If the driver refuses.
        """
        surface = self._create_pbuffer(display, config, _attributes(attributes))
        if not surface:
            raise OSError(f"eglCreatePbufferSurface failed: {self.error()}")
        return int(surface)

    def destroy_surface(self, display: int, surface: int) -> None:
        """Destroy an off-screen surface."""
        self._destroy_surface(display, surface)

    def current_context(self) -> Handle:
        """Return the OpenGL context that is current on this thread."""
        context: Handle = self._current_context()
        return context

    def current(self) -> Current:
        """Return all that is current on this thread."""
        return Current(
            self._current_display(), self._current_surface(_DRAW), self._current_surface(_READ), self._current_context()
        )

    def make_current(self, display: Handle, surface: Handle, context: Handle) -> bool:
        """Make a context current on this thread; False where the driver refuses."""
        return bool(self._make_current(display, surface, surface, context))

    def restore(self, previous: Current, display: int) -> None:
        """Put back what was current; `display` releases the thread where nothing was."""
        if previous.context is None:
            self._make_current(display, None, None, None)
        else:
            self._make_current(previous.display, previous.draw, previous.read, previous.context)

    def gl_string(self, name: int) -> str:
        """Return glGetString of the current context, without PyOpenGL."""
        text = self._extension("glGetString", ctypes.c_char_p, ctypes.c_uint)(name)
        return str((text or b"").decode(errors="replace"))

    def set_clip_control(self, origin: int, depth: int) -> None:
        """Call glClipControl of the current context; PyOpenGL 3.1.0 does not know it."""
        self._extension("glClipControl", None, ctypes.c_uint, ctypes.c_uint)(origin, depth)

    def error(self) -> str:
        """Return the name of the last EGL error on this thread."""
        code = int(self._get_error())
        return _ERRORS.get(code, f"EGL error {code:#x}")

    def _function(self, name: str, result: CType | None, *arguments: CType) -> Callable[..., Any]:
        function: Callable[..., Any] = ctypes.CFUNCTYPE(result, *arguments)((name, self._library))
        return function

    def _extension(self, name: str, result: CType | None, *arguments: CType) -> Callable[..., Any]:
        address = self._address(name.encode())
        if not address:
            raise OSError(f"libEGL has no {name}")
        function: Callable[..., Any] = ctypes.CFUNCTYPE(result, *arguments)(address)
        return function


def _attributes(values: Sequence[int]) -> ctypes.Array[ctypes.c_int]:
    return (ctypes.c_int * (len(values) + 1))(*values, _NONE)
