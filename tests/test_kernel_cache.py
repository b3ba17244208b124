"""Code on disk is run only when it is whole, our own, and made from the sources of today."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

Run: TypeAlias = Callable[[], tuple[int, int]]

_OUTER = """
from renderkit.compiled import kernel
from plug.constants import STEP
from plug import inner


@kernel
def outer(value):
    return inner.inline(value) + inner.call(value) + STEP
"""
_INNER = """
from renderkit.compiled import inlined_kernel, kernel


@inlined_kernel
def inline(value):
    return value * 1


@kernel
def call(value):
    return value * 10
"""
_MAIN = """
import logging
logging.basicConfig(level=logging.WARNING)
from plug.outer import outer
print(outer(1), sum(outer.stats.cache_hits.values()))
"""


@pytest.fixture
def plug(tmp_path: Path) -> Path:
    """A package of somebody else's that holds kernels."""
    folder = tmp_path / "code" / "plug"
    folder.mkdir(parents=True)
    for name, text in {"__init__": "", "outer": _OUTER, "inner": _INNER, "constants": "STEP = 100\n"}.items():
        (folder / f"{name}.py").write_text(text)
    return folder


@pytest.fixture
def run(tmp_path: Path, plug: Path) -> Run:
    """Runs the kernel in a process of its own: its result, and how often its code came from the disk."""

    def run_once() -> tuple[int, int]:
        path = os.pathsep.join([str(plug.parent), *filter(None, sys.path)])
        environment = os.environ | {"PYTHONPATH": path, "XDG_CACHE_HOME": str(tmp_path / "cache")}
        environment.pop("NUMBA_CACHE_DIR", None)
        command = [sys.executable, "-c", _MAIN]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        assert done.returncode == 0, done.stderr
        result, hits = done.stdout.split()
        return int(result), int(hits)

    return run_once


def _cached(tmp_path: Path, pattern: str) -> list[Path]:
    return sorted((tmp_path / "cache").rglob(pattern))


@pytest.mark.parametrize(
    ("file", "old", "new", "result"),
    [
        ("inner", "value * 1\n", "value * 2\n", 112),
        ("inner", "value * 10", "value * 20", 121),
        ("constants", "100", "300", 311),
        ("outer", "+ STEP", "- STEP", -89),
    ],
)
def test_a_change_anywhere_below_a_kernel_is_seen(
    run: Run, plug: Path, file: str, old: str, new: str, result: int
) -> None:
    assert run() == (111, 0)
    assert run() == (111, 1)
    source = plug / f"{file}.py"
    state = source.stat()
    text = source.read_text()
    assert text.count(old) == 1
    source.write_text(text.replace(old, new))
    # Neither the size nor the time tells that it changed.
    assert source.stat().st_size == state.st_size
    os.utime(source, ns=(state.st_atime_ns, state.st_mtime_ns))
    for compiled in plug.rglob("*.pyc"):
        compiled.unlink()
    assert run() == (result, 0)
    assert run() == (result, 1)


@pytest.mark.parametrize("pattern", ["*outer*.nbi", "*outer*.nbc", "*call*.nbc"])
@pytest.mark.parametrize("damage", ["empty", "cut", "bit", "garbage"])
def test_a_damaged_file_is_a_miss_and_is_replaced(run: Run, tmp_path: Path, pattern: str, damage: str) -> None:
    assert run() == (111, 0)
    files = _cached(tmp_path, pattern)
    assert files
    for file in files:
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        changed = {"empty": b"", "cut": bytes(data[: len(data) // 2]), "bit": bytes(data), "garbage": b"\x80\x04x" * 99}
        file.write_bytes(changed[damage])
    hits = 1 if "call" in pattern else 0
    assert run() == (111, hits)
    assert run() == (111, 1)


def test_a_file_that_others_may_have_written_is_a_miss(run: Run, tmp_path: Path) -> None:
    assert run() == (111, 0)
    for file in _cached(tmp_path, "*outer*.nbc"):
        file.chmod(0o666)
    assert run() == (111, 0)
    assert run() == (111, 1)
