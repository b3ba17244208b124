"""An untrusted .npz or .npy file: arrays only, no pickled objects, no size that the file does not have."""

from __future__ import annotations

import io
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from renderkit.errors import DatasetError
from renderkit.untrusted.files import open_regular

MAX_MEMBER_BYTES = 1 << 30
"""Arrays that claim more than this are refused."""

MAX_HEADER_BYTES = 1 << 16
"""Headers of arrays that claim more are refused."""

MAX_NAMES = 100_000
"""As many names of arrays are looked at to tell one kind of file from another."""

MAX_TOTAL_BYTES = 1 << 31
"""Files whose arrays claim more than this together are refused."""

# What zipfile, zlib and NumPy raise for damaged files. NumPy's header parser raises the last five.
_DAMAGE = (
    OSError, zipfile.BadZipFile, zlib.error, struct.error, ValueError, EOFError, NotImplementedError, RuntimeError,
    OverflowError, MemoryError, KeyError, TypeError, SyntaxError, RecursionError, tokenize.TokenError,
)  # fmt: skip


def read_npz(path: Path, names: Collection[str] | None = None) -> dict[str, NDArray[Any]]:
    """Read the numeric arrays of an .npz file.

    Args:
        path: The file.
        names: Which arrays to read, where they exist; None reads all.

    Returns:
        The arrays by name; those of Python objects are never loaded.

    Raises:
        DatasetError: If the file is missing, no zip, damaged, or an array claims more than it holds or than is allowed.
    """
    with open_regular(path) as stream:
        try:
            with zipfile.ZipFile(stream) as archive:
                return _read_members(archive, path, names)
        except _DAMAGE as error:
            raise DatasetError(path, None, f"cannot be read as .npz: {error}") from error


def npz_names(path: Path) -> tuple[str, ...]:
    """Return the names of an .npz file's arrays, at most `MAX_NAMES`; none where it is no zip file. For detection."""
    with open_regular(path) as stream:
        try:
            with zipfile.ZipFile(stream) as archive:
                return tuple(name.removesuffix(".npy") for name in archive.namelist()[:MAX_NAMES])
        except _DAMAGE:
            return ()


def read_npy(path: Path, data: bytes) -> NDArray[Any]:
    """Return the numeric array of an .npy file.

    Args:
        path: Where the bytes come from, for errors.
        data: The file.

    Raises:
        DatasetError: If it is damaged, claims more than it holds, or holds Python objects, which are never loaded.
    """
    try:
        array = _read_array(io.BytesIO(data), len(data), path, path.name)
    except _DAMAGE as error:
        raise DatasetError(path, None, f"cannot be read as .npy: {error}") from error
    if array is None:
        raise DatasetError(path, None, "expected an array of numbers, found Python objects")
    return array


def _read_members(archive: zipfile.ZipFile, path: Path, names: Collection[str] | None) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    total = 0
    for entry in archive.infolist():
        name = entry.filename.removesuffix(".npy")
        if name == entry.filename or (names is not None and name not in names):
            continue
        total += entry.file_size
        if entry.file_size > MAX_MEMBER_BYTES or total > MAX_TOTAL_BYTES:
            raise DatasetError(
                path,
                name,
                f"claims {entry.file_size} bytes ({total} with those before it), over {MAX_MEMBER_BYTES} for one "
                f"array or {MAX_TOTAL_BYTES} for all",
            )
        with archive.open(entry) as member:
            array = _read_array(member, entry.file_size, path, name)
        if array is not None:
            arrays[name] = array
    return arrays


@lru_cache(maxsize=64)
def _header(version: tuple[int, int], data: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Parse a header; many arrays of one file have the same, and parsing takes longer than reading a small array."""
    read_header = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
    return read_header(io.BytesIO(data))


def _read_header(stream: IO[bytes], path: Path, name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy_format.read_magic(stream)
    start = stream.read(2 if version == (1, 0) else 4)
    length = int.from_bytes(start, "little")
    if length > MAX_HEADER_BYTES:
        raise DatasetError(path, name, f"its header claims {length} bytes, over {MAX_HEADER_BYTES}")
    return _header(version, start + stream.read(length))


def read_npy_header(path: Path, stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Read the header of an .npy file; return its shape and dtype. The stream is then at the first value.

    Raises:
        DatasetError: If it is damaged or no .npy file.
    """
    try:
        shape, _fortran, dtype = _read_header(stream, path, path.name)
    except _DAMAGE as error:
        raise DatasetError(path, None, f"not a NumPy file: {error}") from error
    return shape, dtype


def _read_array(stream: IO[bytes], size: int, path: Path, name: str) -> NDArray[Any] | None:
    """Read one array after checking that its header does not claim more than the entry holds; None for objects."""
    shape, fortran_order, dtype = _read_header(stream, path, name)
    if dtype.hasobject:
        return None
    count = int(np.prod(shape, dtype=object)) if shape else 1
    if count < 0 or count * dtype.itemsize > size:
        raise DatasetError(path, name, f"claims shape {shape} of {dtype}, more than its {size} bytes")
    flat = np.frombuffer(stream.read(count * dtype.itemsize), dtype=dtype, count=count)
    return flat.reshape(shape, order="F" if fortran_order else "C").copy()
