"""Where compiled kernels are kept, and that nothing fails where they cannot be."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba.core.errors import NumbaError
from numpy.typing import NDArray

from renderkit import compiled
from renderkit.compiled import cache_folder, kernel


@pytest.fixture(autouse=True)
def _forget_folder() -> None:
    cache_folder.cache_clear()


def test_kernels_are_kept_in_the_users_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = cache_folder()
    assert folder == tmp_path / "renderkit" / "kernels"
    assert folder.stat().st_mode & 0o077 == 0
    assert list(folder.iterdir()) == []


def test_a_folder_that_the_user_names_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine" / "renderkit" / "kernels"


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "NUMBA_CACHE_DIR"])
def test_without_a_writable_folder_nothing_is_kept_and_that_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, variable: str
) -> None:
    (tmp_path / "file").write_text("not a folder")
    _use(monkeypatch, variable, tmp_path / "file")
    with caplog.at_level(logging.WARNING, "renderkit"):
        assert cache_folder() is None
        assert cache_folder() is None
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "compiled kernels are not kept, each process compiles for itself"
    ]


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "NUMBA_CACHE_DIR"])
def test_a_folder_that_others_can_write_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, variable: str
) -> None:
    _use(monkeypatch, variable, tmp_path)
    folder = cache_folder()
    assert folder is not None
    folder.chmod(0o777)
    cache_folder.cache_clear()
    with caplog.at_level(logging.WARNING, "renderkit"):
        assert cache_folder() is None
    assert "can be written by others" in caplog.text


def test_a_folder_that_others_can_exchange_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    _use(monkeypatch, "NUMBA_CACHE_DIR", tmp_path / "open")
    assert cache_folder() is None
    # As /tmp is: everybody writes there, and nobody renames what is another's.
    (tmp_path / "open").chmod(0o1777)
    cache_folder.cache_clear()
    assert cache_folder() is not None


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "NUMBA_CACHE_DIR"])
def test_another_users_folder_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    _use(monkeypatch, variable, tmp_path)
    assert cache_folder() is not None
    cache_folder.cache_clear()
    user = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: user)
    assert cache_folder() is None


def _use(monkeypatch: pytest.MonkeyPatch, variable: str, folder: Path) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv(variable, str(folder))


@pytest.fixture
def _unkept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels of a test are compiled anew: what comes from the disk cannot be looked into."""
    monkeypatch.setattr(compiled, "cache_folder", lambda: None)


@pytest.mark.usefixtures("_unkept")
def test_kernels_count_no_references() -> None:
    @kernel
    def double(values: NDArray[np.float64], i: int) -> float:
        return 2.0 * float(values[i])

    @kernel
    def twice(values: NDArray[np.float64], result: NDArray[np.float64]) -> None:
        for i in range(values.shape[0]):
            result[i] = double(values, i)

    values, result = np.array([1.0, 2.0]), np.empty(2)
    twice(values, result)
    assert result.tolist() == [2.0, 4.0]
    inspected: Any = twice
    texts = list(inspected.dispatcher.inspect_asm().values())
    assert texts
    assert not any("NRT_incref" in text for text in texts)


@pytest.mark.usefixtures("_unkept")
def test_a_kernel_that_calls_numbas_runtime_is_refused() -> None:
    @kernel
    def first_of_flat(values: NDArray[np.float64]) -> float:
        return float(values.reshape(-1)[0])

    with pytest.raises(TypeError, match="numba_attempt_nocopy_reshape of Numba's runtime"):
        first_of_flat(np.ones((2, 2)))


@pytest.mark.usefixtures("_unkept")
def test_a_kernel_that_makes_an_array_is_refused() -> None:
    @kernel
    def first_of_new(size: int) -> float:
        return float(np.empty(size)[0])

    with pytest.raises(NumbaError, match="Only accept returning of array passed into the function"):
        first_of_new(3)


@pytest.mark.usefixtures("_unkept")
def test_arguments_are_looked_at_at_every_call() -> None:
    @kernel
    def describe(values: Any, number: Any, flag: Any, pair: Any) -> Any:
        total = 0.0
        for i in range(values.shape[0]):
            for j in range(values.shape[1]):
                total += values[i, j] * (i + 1)
        return total + number, pair[0][0] + pair[1], flag

    pair = np.array([7], np.uint8), 3
    ones = np.ones((2, 3), np.float32)
    assert describe(ones, 2, True, pair) == (11.0, 10, True)
    assert describe(ones, np.int64(2), np.False_, pair) == (11.0, 10, False)
    # Other types are other machine code, never the same one run over other memory.
    for values in (np.ones((2, 3)), np.ones((2, 3), np.uint8), np.ones((2, 3), np.int64), np.ones((2, 3), np.bool_)):
        assert describe(values, 2, True, pair) == (11.0, 10, True)
    assert describe(ones, 2.5, True, pair) == (11.5, 10, True)
    assert describe(np.ones((0, 4), np.float32), 2, True, pair)[0] == 2.0
    swapped = (np.array([250], np.uint8), 10)
    assert describe(ones, 2, True, swapped)[1] == 260
    inspected: Any = describe
    assert len(inspected.signatures) == inspected.num_compiled == 6


@pytest.mark.parametrize(
    "values", [np.ones((4, 4))[:, ::2], np.ones((4, 4)).T[1:], np.ones(3, ">f8"), "text", None, [1.0]]
)
def test_what_kernels_do_not_take_is_refused(values: object) -> None:
    @kernel
    def first(values: Any) -> float:
        return float(values[0])

    with pytest.raises(TypeError, match="expected contiguous arrays, numbers and tuples of them, got"):
        first(values)


@pytest.mark.usefixtures("_unkept")
def test_a_read_only_array_is_not_handed_to_code_that_writes() -> None:
    @kernel
    def fill(values: NDArray[np.float64]) -> None:
        values[0] = 1.0

    values = np.zeros(2)
    fill(values)
    assert values[0] == 1.0
    values.flags.writeable = False
    with pytest.raises(NumbaError, match="readonly"):
        fill(values)


def test_kernels_release_their_arguments() -> None:
    @kernel
    def count(values: NDArray[np.float64], pair: tuple[NDArray[np.float64], int]) -> int:
        return int(values.shape[0] + pair[1])

    values, pair = np.zeros(3), (np.zeros(2), 1000)
    count(values, pair)
    before = sys.getrefcount(values), sys.getrefcount(pair), sys.getrefcount(None), sys.getrefcount(NotImplemented)
    for _ in range(1000):
        assert count(values, pair) == 1003
    after = sys.getrefcount(values), sys.getrefcount(pair), sys.getrefcount(None), sys.getrefcount(NotImplemented)
    assert max(abs(a - b) for a, b in zip(after, before, strict=True)) < 100


_CHILD = """
import numpy as np
from renderkit.images.unfilter import unfilter_rows
pixels = np.zeros((1, 3), np.uint8)
raw = np.frombuffer(bytes([1, 5, 1, 1]), np.uint8)
assert unfilter_rows(raw, pixels) == -1
assert pixels.tolist() == [[5, 6, 7]]
"""


def _start(cache: Path) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    return subprocess.Popen([sys.executable, "-c", _CHILD], env=environment | {"XDG_CACHE_HOME": str(cache)})  # noqa: S603


def test_two_processes_may_compile_at_the_same_time(tmp_path: Path) -> None:
    assert [child.wait(120) for child in [_start(tmp_path), _start(tmp_path)]] == [0, 0]
    assert list((tmp_path / "renderkit").rglob("*.o"))
    assert _start(tmp_path).wait(120) == 0


def test_a_process_without_a_cache_compiles_for_itself(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert _start(tmp_path / "file").wait(120) == 0


def test_importing_the_renderer_compiles_nothing(tmp_path: Path) -> None:
    code = "from renderkit.renderers.cpu import zbuffer as z; assert not z.draw_chunks.signatures"
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False)  # noqa: S603
    assert done.returncode == 0
