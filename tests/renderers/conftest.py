"""Fixtures for the renderers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from renderkit.errors import ContextError
from renderkit.renderers.egl.context import EglDevice, list_devices
from renderkit.renderers.egl.renderer import EglRenderer


@pytest.fixture(scope="session")
def egl_devices() -> tuple[EglDevice, ...]:
    """Every EGL device; skips where there is none that works."""
    try:
        devices = list_devices()
    except ContextError as error:
        pytest.skip(f"no EGL here: {error}")
    if all(device.problem for device in devices):
        pytest.skip(f"no EGL device works: {devices}")
    return devices


@pytest.fixture(scope="module")
def egl_renderer(egl_devices: tuple[EglDevice, ...]) -> Iterator[EglRenderer]:
    """A renderer that a module's tests share."""
    with EglRenderer() as renderer:
        yield renderer
