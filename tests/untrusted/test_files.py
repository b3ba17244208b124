"""Every reader opens regular files only, at once, and takes no more memory than its limit."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from renderkit.errors import DatasetError
from renderkit.formats.landmarks_file import LandmarksFile
from renderkit.images.encoded import EncodedImage
from renderkit.untrusted.content import Content
from renderkit.untrusted.files import names_file, open_regular, read_bytes, read_head, read_text
from renderkit.untrusted.hdf5 import Hdf5File
from renderkit.untrusted.json_text import read_json_object
from renderkit.untrusted.npz import read_npz
from renderkit.untrusted.pickled_arrays import read_pickled_arrays

READERS: dict[str, Callable[[Path], object]] = {
    "bytes": read_bytes,
    "head": lambda path: read_head(path, 8),
    "text": read_text,
    "json": read_json_object,
    "npz": read_npz,
    "pickle": read_pickled_arrays,
    "hdf5": Hdf5File,
    "camera file": lambda path: Content(path).data,
    "camera file's head": lambda path: Content(path).head,
    "landmarks": LandmarksFile,
    "picture": lambda path: EncodedImage.from_file(path).decode_color(),
}


@pytest.mark.parametrize("reader", list(READERS))
def test_what_is_no_regular_file_is_refused_without_waiting(reader: str, tmp_path: Path) -> None:
    """A FIFO that nobody writes to would block for ever; a device has no end."""
    fifo = tmp_path / "fifo.smc"
    os.mkfifo(fifo)
    for path, found in ((fifo, "a FIFO"), (Path("/dev/zero"), "a device")):
        with pytest.raises(DatasetError, match=f"expected a regular file, found {found}"):
            READERS[reader](path)
    with pytest.raises(DatasetError, match="no such file"):
        READERS[reader](tmp_path / "none")


@pytest.mark.parametrize("reader", [name for name in READERS if name not in {"camera file's head", "landmarks"}])
def test_a_folder_is_refused(reader: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="expected a regular file, found a folder"):
        READERS[reader](tmp_path)


def test_a_path_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(DatasetError, match="null"):
        open_regular(Path("a\0b"))


def test_the_limit_is_checked_before_memory_is_taken(tmp_path: Path) -> None:
    sparse = tmp_path / "sparse"
    with sparse.open("wb") as file:
        file.truncate(1 << 34)
    tracemalloc.start()
    for read in (read_bytes, read_text, read_json_object, read_pickled_arrays):
        with pytest.raises(DatasetError, match="over the limit"):
            read(sparse)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
    (tmp_path / "ten").write_bytes(b"0123456789")
    assert read_bytes(tmp_path / "ten", 10) == b"0123456789"
    with pytest.raises(DatasetError, match="file of 10 bytes is over the limit of 9"):
        read_bytes(tmp_path / "ten", 9)
    assert read_head(tmp_path / "ten", 3) == b"012"


@pytest.mark.parametrize("name", ["a" * 5000, "a\0b", "missing.png", "."])
def test_a_name_that_no_file_has_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "there.png").write_bytes(b"")
    assert names_file(tmp_path / "there.png")
    assert not names_file(tmp_path / name)
