"""Which renderer to take."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from renderkit.arguments import as_count, as_one_of, refused
from renderkit.errors import ArgumentError, ContextError
from renderkit.renderers.base import Renderer

RendererKind: TypeAlias = Literal["auto", "egl", "cpu"]


def make_renderer(kind: RendererKind = "auto", device: int | None = None, *, threads: int | None = None) -> Renderer:
    """Return a renderer; the caller closes it. Its `info` says what was taken.

    Args:
        kind: "egl" or "cpu" take that one or fail. "auto" takes a hardware EGL device where there is one, else the CPU
            renderer, else software EGL.
        device: Index into `egl.list_devices()`; with "auto" it asks for EGL.
        threads: How many views are worked on at once, where the renderer allows that; all cores by default.

    Raises:
        ContextError: If what was asked for, or is left, cannot be had: no EGL context, no compiler for the CPU.
        ArgumentError: If `kind` is none of these, or a device is given with "cpu".

    Example:
        >>> import renderkit as rk
        >>> with rk.make_renderer("cpu") as renderer:
        ...     renderer.info.hardware
        False
    """
    as_one_of("renderer", kind, get_args(RendererKind))
    device = None if device is None else as_count("device", device)
    threads = None if threads is None else as_count("threads", threads, 1)
    if kind == "cpu":
        if device is not None:
            raise ArgumentError(f"the CPU renderer has no devices; device {device} belongs to 'egl'")
        return _cpu_renderer(threads)
    if kind == "egl" or device is not None:
        return _egl_renderer(device, threads)
    hardware = _hardware_device()
    if hardware is not None:
        return _shared_renderer(hardware, threads)
    try:
        return _cpu_renderer(threads)
    except ContextError:
        return _egl_renderer(None, threads)


def as_renderer(renderer: Renderer) -> Renderer:
    """Return what a caller gave as a renderer.

    Raises:
        ArgumentError: If it draws nothing.
    """
    if not hasattr(renderer, "render"):
        raise refused("renderer", '"auto", "egl", "cpu" or a renderer', renderer)
    return renderer


def _hardware_device() -> int | None:
    """Return the index of the first hardware device that works; None where there is none, or no EGL at all."""
    from renderkit.renderers.egl.context import list_devices  # noqa: PLC0415 - the CPU renderer needs no EGL

    try:
        devices = list_devices()
    except ContextError:
        return None
    return next((device.index for device in devices if device.hardware and not device.problem), None)


def _egl_renderer(device: int | None, threads: int | None) -> Renderer:
    from renderkit.renderers.egl.renderer import EglRenderer  # noqa: PLC0415 - the CPU renderer needs no EGL

    renderer = EglRenderer(device)
    info = renderer.info
    if not info.hardware:
        # Software draws with the processor itself: there is nothing to wait for meanwhile.
        return renderer
    renderer.close()
    return _shared_renderer(info.device_index, threads)


def _shared_renderer(device: int | None, threads: int | None) -> Renderer:
    from renderkit.renderers.egl.shared import SharedEglRenderer  # noqa: PLC0415 - the CPU renderer needs no EGL

    return SharedEglRenderer(device, threads)


def _cpu_renderer(threads: int | None) -> Renderer:
    try:
        from renderkit.renderers.cpu import CpuRenderer  # noqa: PLC0415 - loads a compiler
    except ImportError as error:
        raise ContextError("the CPU", f"its renderer cannot be loaded: {error}; pip install numba") from error
    return CpuRenderer(threads)
