"""Code on disk is run only when it is whole, our own, and made from the sources of today."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from renderkit import compiled, kept_file, kernel_files
from renderkit.compiled import cache_folder, kernel
from renderkit.errors import DatasetError
from renderkit.kernel_compiler import compile_kernel
from renderkit.machine_code import Processor

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
print(outer(1), 1 - outer.num_compiled)
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


CHANGES = [
    ("inner", "value * 1\n", "value * 2\n", 112),
    ("inner", "value * 10", "value * 20", 122),
    ("constants", "100", "300", 322),
    ("outer", "+ STEP", "- STEP", -278),
]


def test_a_change_anywhere_below_a_kernel_is_seen(run: Run, plug: Path) -> None:
    assert run() == (111, 0)
    for file, old, new, result in CHANGES:
        source = plug / f"{file}.py"
        state = source.stat()
        text = source.read_text()
        assert text.count(old) == 1
        source.write_text(text.replace(old, new))
        # Neither the size nor the time tells that it changed.
        assert source.stat().st_size == state.st_size
        os.utime(source, ns=(state.st_atime_ns, state.st_mtime_ns))
        for code in plug.rglob("*.pyc"):
            code.unlink()
        assert run() == (result, 0)
    assert run() == (-278, 1)


def _damaged(data: bytes, damage: str) -> bytes:
    half = len(data) // 2
    return {
        "empty": b"",
        "cut": data[:half],
        "bit": data[:half] + bytes([data[half] ^ 1]) + data[half + 1 :],
        "garbage": b"\x80\x04x" * 99,
    }[damage]


def test_a_damaged_file_is_a_miss_and_is_replaced(run: Run, tmp_path: Path) -> None:
    assert run() == (111, 0)
    for damage in ("empty", "garbage", "cut", "bit"):
        [file] = _cached(tmp_path, "*outer*.o")
        file.write_bytes(_damaged(file.read_bytes(), damage))
        assert run() == (111, 0), damage
    [file] = _cached(tmp_path, "*outer*.o")
    file.chmod(0o666)
    assert run() == (111, 0), "others may have written it"
    file.chmod(0o600)
    assert run() == (111, 1)


def test_a_disk_that_fills_up_costs_the_cache_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fill(path: Path, _: bytes) -> None:
        raise DatasetError(path, None, "[Errno 28] No space left on device")

    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    cache_folder.cache_clear()
    kernels = [kernel(_double), kernel(_triple)]
    monkeypatch.setattr(kept_file, "write_bytes", fill)
    with caplog.at_level(logging.WARNING, "renderkit"):
        assert [each(2.0) for each in kernels] == [4.0, 6.0]
    cache_folder.cache_clear()
    assert len(caplog.records) == 1
    assert "No space left on device" in caplog.text


def test_code_that_came_with_the_package_is_taken_where_the_processor_can_run_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "cache_folder", lambda: None)
    monkeypatch.setattr(kernel_files, "PACKAGED", tmp_path)
    level = Processor("some-level", "+feature")
    made: Any = kernel(_double)
    file = kernel_files.KernelFile.of(_double, ("float",), tmp_path, level)
    file.write(compile_kernel(made.dispatcher, ("float",), file.entry))
    for levels, num_compiled in (((Processor("newer"), level), 0), ((Processor("newer"),), 1)):
        monkeypatch.setattr(kernel_files, "levels", lambda levels=levels: levels)
        tried: Any = kernel(_double)
        assert tried(2.0) == 4.0
        assert tried.num_compiled == num_compiled
    monkeypatch.setattr(kernel_files, "levels", lambda: (level,))
    with monkeypatch.context() as asked:
        asked.setattr(compiled, "_for_this_processor", threading.Event())
        compiled.compile_for_this_processor()
        tried = kernel(_double)
        assert (tried(2.0), tried.num_compiled) == (4.0, 1)
    assert file.path is not None
    file.path.write_bytes(file.path.read_bytes()[:-1])
    assert file.read() is None


def test_code_for_this_very_processor_comes_before_that_of_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel_files, "PACKAGED", tmp_path / "package")
    level = Processor("some-level")
    monkeypatch.setattr(kernel_files, "levels", lambda: (level,))
    packaged = kernel_files.KernelFile.of(_double, ("float",), tmp_path / "package", level)
    cached = kernel_files.KernelFile.of(_double, ("float",), tmp_path, Processor("own"))
    (tmp_path / "package").mkdir()
    packaged.write(b"common")
    assert kernel_files.read_code(_double, ("float",), cached) == (packaged.entry, b"common")
    cached.write(b"tuned")
    assert kernel_files.read_code(_double, ("float",), cached) == (cached.entry, b"tuned")


def _double(value: float) -> float:
    return 2.0 * value


def _triple(value: float) -> float:
    return 3.0 * value


def test_a_kernel_without_a_source_file_is_compiled_all_the_same() -> None:
    scope: dict[str, Callable[[int], int]] = {}
    exec("def twice(value): return value * 2", {"__name__": "nowhere"}, scope)  # noqa: S102 - as at a prompt
    assert kernel(scope["twice"])(4) == 8
