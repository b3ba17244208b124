"""An untrusted .npz file: arrays only, no pickled objects, no size that the file does not have."""

from __future__ import annotations

import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from renderkit.errors import DatasetError

MAX_MEMBER_BYTES = 1 << 30
"""Arrays that claim more than this are refused."""


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
    arrays: dict[str, NDArray[Any]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                name = entry.filename.removesuffix(".npy")
                if name == entry.filename or (names is not None and name not in names):
                    continue
                if entry.file_size > MAX_MEMBER_BYTES:
                    raise DatasetError(path, name, f"claims {entry.file_size} bytes, over {MAX_MEMBER_BYTES}")
                with archive.open(entry) as stream:
                    array = _read_array(stream, entry.file_size, path, name)
                if array is not None:
                    arrays[name] = array
    except (OSError, zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        raise DatasetError(path, None, f"cannot be read as .npz: {error}") from error
    return arrays


def _read_array(stream: IO[bytes], size: int, path: Path, name: str) -> NDArray[Any] | None:
    """Read one array after checking that its header does not claim more than the entry holds; None for objects."""
    version = npy_format.read_magic(stream)
    read_header = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
    shape, fortran_order, dtype = read_header(stream)
    if dtype.hasobject:
        return None
    count = int(np.prod(shape, dtype=object)) if shape else 1
    if count < 0 or count * dtype.itemsize > size:
        raise DatasetError(path, name, f"claims shape {shape} of {dtype}, more than its {size} bytes")
    flat = np.frombuffer(stream.read(count * dtype.itemsize), dtype=dtype, count=count)
    return flat.reshape(shape, order="F" if fortran_order else "C").copy()
