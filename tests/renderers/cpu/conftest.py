"""One renderer for all tests: its kernels compile once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from renderkit.renderers.cpu import CpuRenderer


@pytest.fixture(scope="session")
def renderer() -> Iterator[CpuRenderer]:
    with CpuRenderer(1) as instance:
        yield instance
