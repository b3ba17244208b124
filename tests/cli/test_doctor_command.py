"""renderkit doctor: the available renderers, and what to install."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import numpy as np
import pytest
from command_result import Result

import renderkit
from renderkit import compiled
from renderkit.errors import ContextError
from renderkit.pipeline import warm
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


def test_warm_compiles_the_kernels_and_says_where_they_are_kept(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    warmed: list[str] = []
    monkeypatch.setattr(warm, "warm_all", lambda: warmed.append("all"))
    # Else this process would compile every kernel of the tests that follow.
    monkeypatch.setattr(compiled, "_for_this_processor", asked := threading.Event())
    shown = run("doctor", "--warm")
    assert (shown.code, warmed, asked.is_set()) == (0, ["all"], True)
    folder = compiled.cache_folder()
    assert (f"stored in {folder}" if folder else "not stored") in " ".join(shown.out.split())
    document = json.loads(run("doctor", "--warm", "--json").out)
    assert document["stored_in"] == (None if folder is None else str(folder))


def test_without_any_renderer_it_is_3_with_the_install_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise ContextError("EGL", "no libEGL; apt-get install libegl1")

    monkeypatch.setattr(choose, "make_renderer", refuse)
    monkeypatch.setattr(egl, "list_devices", refuse)
    shown = run("doctor")
    assert shown.code == 3
    assert "apt-get install libegl1" in shown.out
    assert "--renderer auto: not available" in shown.out
