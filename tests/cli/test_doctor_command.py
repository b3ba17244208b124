"""renderkit doctor: the available renderers, and what to install."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from command_result import Result

import renderkit
from renderkit.errors import ContextError
from renderkit.renderers import choose
from renderkit.renderers.egl import context as egl

Run = Callable[..., Result]


def test_it_names_versions_devices_and_the_choice(run: Run) -> None:
    shown = run("doctor")
    assert shown.code == 0
    words = " ".join(shown.out.split())
    assert f"renderkit {renderkit.__version__}" in words
    assert f"numpy {np.__version__}" in words
    for choice in ("egl", "cpu", "auto"):
        assert f"--renderer {choice}: " in words


def test_kernels_are_compiled_into_the_users_cache_folder(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-c", "from renderkit.cli import main; main(['doctor', '--warm'])"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=300)  # noqa: S603 - our own
    (folder,) = (tmp_path / "renderkit").iterdir()
    assert f"kept in {folder}" in done.stdout
    kept = {path.name for path in folder.rglob("*.nbc")}
    for kernel in ("contour.deposit", "zbuffer.draw_chunks", "surface.draw_surface", "unfilter", "nearest"):
        assert any(kernel in name for name in kept), kernel


def test_without_any_renderer_it_is_3_with_the_install_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise ContextError("EGL", "no libEGL; apt-get install libegl1")

    monkeypatch.setattr(choose, "make_renderer", refuse)
    monkeypatch.setattr(egl, "list_devices", refuse)
    shown = run("doctor")
    assert shown.code == 3
    assert "apt-get install libegl1" in shown.out
    assert "--renderer auto: not available" in shown.out
