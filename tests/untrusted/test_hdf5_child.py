"""Damaged HDF5 that its library never finishes, or that takes memory without bound, ends with its child process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.formats import open_capture
from renderkit.formats.renderme360 import RenderMe360Capture
from renderkit.system import Child
from renderkit.untrusted import hdf5_child
from renderkit.untrusted.hdf5 import Hdf5File
from renderkit.untrusted.hdf5_child import Hdf5Child, one_child

needs_limits = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no limits of memory elsewhere")


@pytest.fixture(autouse=True)
def little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renderkit.untrusted.hdf5_child.SECONDS", 0.5)


def loop_for_ever(path: Path) -> None:
    """Let each heap of variable-length strings begin with an object that leads to itself."""
    data = bytearray(path.read_bytes())
    for heap in (match.start() for match in re.finditer(b"GCOL", bytes(data))):
        data[heap + 16 : heap + 18] = bytes(2)  # index 0: free space ...
        data[heap + 24 : heap + 32] = bytes(8)  # ... of no bytes
    path.write_bytes(data)


@contextmanager
def another_thread() -> Iterator[None]:
    """Have a second Python thread, with which a new interpreter is started instead of a fork."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("threads", [1, 2])
def test_a_heap_that_leads_to_itself_costs_what_needs_it(tmp_path: Path, threads: int) -> None:
    path = tmp_path / "loop.h5"
    with h5py.File(path, "w") as file:
        file.attrs["text"], file.attrs["number"] = "héllo", 3
        file["data"] = np.arange(5)
    loop_for_ever(path)
    with closing(Hdf5File(path)) if threads == 1 else another_thread(), closing(Hdf5File(path)) as opened:
        with pytest.raises(DatasetError, match=r"\[text\]: damaged: the HDF5 library took more processor time"):
            opened.attribute("text")
        assert opened.attribute("number") == 3
        np.testing.assert_array_equal(opened.read("data"), np.arange(5))
        with pytest.raises(DatasetError, match="heap of the file's strings is damaged"):
            opened.attribute("text")


def test_a_capture_over_which_two_children_died_is_not_read_any_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Hdf5Child()) as child:
        paths = [tmp_path / f"{number}.h5" for number in range(3)]
        for path in paths:
            with h5py.File(path, "w") as file:
                file.attrs["text"] = "héllo"
            loop_for_ever(path)
        for path in paths[:2]:
            with pytest.raises(DatasetError, match="took more processor time"):
                child.ask(path, "attribute", "text", with_heaps=True)
        monkeypatch.setattr("renderkit.untrusted.hdf5_child._start", lambda: pytest.fail("another child"))
        with pytest.raises(DatasetError, match="failed over it before; it is not read"):
            child.ask(paths[2], "keys")


def test_a_capture_says_which_attribute_is_damaged(smc_single: Path) -> None:
    with h5py.File(smc_single, "r+") as file:
        file.attrs["Actor"] = "somebody"
    loop_for_ever(smc_single)
    with RenderMe360Capture(smc_single) as capture:
        assert "Actor" not in capture.attributes
        assert any("Actor" in part.why for part in capture.inventory().missing if part.kind == "damage")
        assert capture.camera("00").name == "00"


def deflated_zeros(num_blocks: int) -> bytes:
    """A zlib stream of so many blocks of 16 MiB of zeros."""
    block_size = 16 << 20
    compressor = zlib.compressobj(9, wbits=-15)
    block = compressor.compress(bytes(block_size)) + compressor.flush(zlib.Z_FULL_FLUSH)
    checksum = (num_blocks * block_size % 65521 << 16) + 1  # Adler-32 of zeros
    return b"\x78\xda" + block * num_blocks + b"\x03\x00" + checksum.to_bytes(4, "big")


@needs_limits
def test_a_chunk_that_grows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library gives a compressed chunk as much memory as it asks for, whatever size the file states.

    A forked child can also use what its parent had freed, so the chunk is far larger than the limit.
    """
    monkeypatch.setattr("renderkit.untrusted.hdf5_child.MAX_EXTRA_BYTES", 100 << 20)
    monkeypatch.setattr("renderkit.untrusted.hdf5_child.SECONDS", 20.0)  # memory ends it, not time
    path = tmp_path / "bomb.h5"
    with h5py.File(path, "w") as file:
        data = file.create_dataset("data", (1000,), "u1", chunks=(1000,), compression="gzip")
        data.id.write_direct_chunk((0,), deflated_zeros(64))
        file["good"] = np.arange(3)
    with closing(Hdf5File(path)) as opened:
        with pytest.raises(DatasetError, match=r"damaged, cannot be read: .*filter"):
            opened.read("data")
        np.testing.assert_array_equal(opened.read("good"), np.arange(3))


@pytest.mark.parametrize("threads", [1, 2])
def test_values_are_those_of_h5py(tmp_path: Path, threads: int) -> None:
    """Contiguous values are read past the library, all others by it: byte order, chunks, filters, fill values."""
    path = tmp_path / "kinds.h5"
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        for dtype in ("u1", "<i2", ">i4", "<f4", ">f8", "<u8", "f2", "?"):
            file[dtype] = (rng.uniform(0, 99, (7, 3))).astype(dtype)
        file["scalar"] = 4.5
        file.create_dataset("chunked", data=rng.normal(size=(50, 4)), chunks=(8, 4), compression="gzip", shuffle=True)
        file.create_dataset("filled", (5,), "f8", fillvalue=2.5)
        expected = {name: np.asarray(data[()]) for name, data in file.items()}
    with closing(Hdf5File(path)) if threads == 1 else another_thread(), closing(Hdf5File(path)) as opened:
        for name, whole in expected.items():
            found = opened.read(name)
            assert found is not None
            assert found.dtype == whole.dtype
            np.testing.assert_array_equal(found, whole)
            if whole.shape:
                np.testing.assert_array_equal(opened.read(name, first=2), whole[:2])


def test_no_child_outlives_its_file_or_its_parent(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["a"] = 1
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom renderkit.untrusted.hdf5 import Hdf5File\n"
        f"file = Hdf5File(Path({str(path)!r}))\nprint(file._child._child.process_id, flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    child = int(done.stdout)
    for _ in range(200):
        if not is_running(child):
            break
        time.sleep(0.05)
    assert not is_running(child)
    answering = Hdf5Child()
    opened = Hdf5File(path, answering)
    assert answering._child is not None
    child = answering._child.process_id
    del opened, answering
    assert not is_running(child)


def test_a_death_over_many_keys_does_not_count_and_each_is_asked_for_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "groups.h5"
    with h5py.File(path, "w") as file:
        file["a/x"], file["b/y"], file["c"] = 1, 2, h5py.SoftLink("/a")
    ask = Hdf5Child.ask

    def die_over_many(self: Hdf5Child, path: Path, method: str, *arguments: object, **options: Any) -> Any:
        if method == "each":
            self.deaths += 1
            raise DatasetError(path, None, "died")
        return ask(self, path, method, *arguments, **options)

    monkeypatch.setattr(Hdf5Child, "ask", die_over_many)
    with closing(Hdf5Child()) as child:
        first, second, link = child.ask_each(path, "keys", [("a",), ("b",), ("c",)])
        assert (first, second) == (("x",), ("y",))
        assert isinstance(link, DatasetError)
        assert child.deaths == 0


def test_one_child_tells_the_format_and_reads_the_capture(smc_single: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Child] = []

    def start() -> Child:
        started.append(start_once())
        return started[-1]

    start_once = hdf5_child._start
    monkeypatch.setattr(hdf5_child, "_start", start)
    with open_capture(smc_single) as capture:
        assert capture.camera_names
        assert [is_running(child.process_id) for child in started] == [True]
    assert not is_running(started[0].process_id)


@pytest.mark.parametrize("threads", [1, 2])
def test_files_of_one_folder_share_a_child_and_others_get_their_own(tmp_path: Path, threads: int) -> None:
    paths = [tmp_path / name for name in ("one/a.h5", "one/b.h5", "two/a.h5")]
    for number, path in enumerate(paths):
        path.parent.mkdir(exist_ok=True)
        with h5py.File(path, "w") as file:
            file["a"] = number
    processes: list[int] = []

    def read(path: Path) -> object:
        with closing(Hdf5File(path, child := Hdf5Child())) as file, closing(child):
            assert child._child is not None
            processes.append(child._child.process_id)
            return file.read("a")

    with nullcontext() if threads == 1 else another_thread(), one_child():
        assert [read(path) for path in paths] == [0, 1, 2]
        with h5py.File(paths[0], "w") as file:
            file["a"] = 7
        # Its files were closed: what lies under a name now is read.
        assert read(paths[0]) == 7
        first, second, other, again = processes
        assert first == second == again != other
        assert is_running(first)
    assert not any(map(is_running, processes))
    assert read(paths[2]) == 2
    assert not is_running(processes[-1])


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_an_interrupted_request_does_not_answer_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["a"], file["b"] = 1, 2
    child = Hdf5Child()
    with closing(Hdf5File(path, child)) as opened:
        assert opened.keys() == ("a", "b")

        def interrupt(_stream: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("renderkit.untrusted.hdf5_child.pickle.load", interrupt)
            with pytest.raises(KeyboardInterrupt):
                opened.keys()
        assert opened.has_data("b")
