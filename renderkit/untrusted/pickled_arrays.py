"""Arrays from an untrusted pickle, such as FLAME's official model; see `pickles`.

FLAME's files are Python 2 pickles of NumPy arrays, chumpy objects and SciPy sparse matrices.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderkit.errors import DatasetError
from renderkit.untrusted.files import read_bytes
from renderkit.untrusted.npz import read_npy, read_npy_header
from renderkit.untrusted.pickles import NPY_MAGIC, NUMPY_CHUMPY_SCIPY, Kept, KeptArray, load_pickle, pickle_in_npy

MAX_PICKLE_BYTES = 1 << 30
"""Pickles above this size are refused."""

MAX_DENSE_VALUES = 1 << 26
"""Sparse matrices that would need more values than this are refused."""

_MAX_DEPTH = 8


def read_pickled_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read the numeric arrays of a pickled dictionary, such as an official FLAME model.

    Args:
        path: A .pkl file, or an .npy file of one pickled dictionary.

    Returns:
        Arrays by key; sparse matrices dense; entries that are no numbers are left out.

    Raises:
        DatasetError: If the file is missing, too large, damaged, mentions anything but arrays, or holds no dictionary.
    """
    data = read_bytes(path, MAX_PICKLE_BYTES)
    if data[:6] == NPY_MAGIC:
        data = pickle_in_npy(path, data)
    return _arrays(load_pickle(path, data, NUMPY_CHUMPY_SCIPY), path)


def read_arrays(path: Path, name: str) -> dict[str, NDArray[Any]]:
    """Read a pickled dictionary of arrays, or the one array of an .npy file as `name`.

    Raises:
        DatasetError: As `read_pickled_arrays`.
    """
    data = read_bytes(path, MAX_PICKLE_BYTES)
    if data[:6] == NPY_MAGIC and not read_npy_header(path, io.BytesIO(data))[1].hasobject:
        return {name: read_npy(path, data)}
    return read_pickled_arrays(path)


def _arrays(content: Any, path: Path) -> dict[str, NDArray[Any]]:  # noqa: ANN401
    """Return the numeric entries of the pickled dictionary, or of the one in a 0-d object array or plain object."""
    if isinstance(content, KeptArray):
        values = content.state[4] if isinstance(content.state, tuple) and len(content.state) == 5 else None
        content = values[0] if isinstance(values, list) and len(values) == 1 else None
    elif isinstance(content, Kept):
        content = content.state
    if not isinstance(content, Mapping):
        raise DatasetError(path, None, f"expected a pickled dictionary, found {type(content).__name__}")
    arrays = {}
    for key, value in content.items():
        try:
            array = _resolve(value, 0)
        except (ValueError, TypeError, LookupError, OverflowError, MemoryError) as error:
            raise DatasetError(path, str(key), f"cannot be read as an array: {error}") from error
        if array is not None:
            arrays[str(key)] = array
    return arrays


def _resolve(value: object, depth: int) -> NDArray[Any] | None:
    """Return a value as a numeric array; None for what is no array."""
    if depth > _MAX_DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, KeptArray):
        array = value.decode()
        return array if array is not None and array.dtype.kind in "fiub" else None
    if isinstance(value, Kept):
        return _of_object(value, depth)
    if isinstance(value, int | float) or (
        isinstance(value, list) and value and all(isinstance(each, int | float) for each in value)
    ):
        return np.asarray(value)
    return None


def _of_object(kept: Kept, depth: int) -> NDArray[Any] | None:
    """Return the array behind a SciPy or chumpy object."""
    if not isinstance(kept.state, Mapping):
        return None
    if kept.kind in NUMPY_CHUMPY_SCIPY.packages["scipy.sparse"]:
        return _dense(kept.kind, kept.state)
    if "x" in kept.state:  # chumpy.Ch: a plain array
        return _resolve(kept.state["x"], depth + 1)
    return _select(kept.state, depth) if kept.kind == "Select" else None  # chumpy's a[idxs], reshaped


def _select(state: Mapping[str, object], depth: int) -> NDArray[Any] | None:
    source, indices = _resolve(state["a"], depth + 1), _resolve(state["idxs"], depth + 1)
    if source is None or indices is None:
        return None
    picked: NDArray[Any] = source.ravel()[indices.astype(np.int64)]
    shape = _resolve(state.get("preferred_shape"), depth + 1) if "preferred_shape" in state else None
    return picked if shape is None else picked.reshape([int(side) for side in shape.ravel()])


def _dense(kind: str, state: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return a compressed sparse column or row matrix as a dense one."""
    rows, columns = (int(side) for side in (state["_shape"] if "_shape" in state else state["shape"]))
    if not 0 < rows * columns <= MAX_DENSE_VALUES:
        raise ValueError(f"sparse matrix of {rows} x {columns} is over {MAX_DENSE_VALUES} values")
    parts = [_resolve(state[name], 0) for name in ("data", "indices", "indptr")]
    if any(part is None for part in parts):
        raise ValueError("sparse matrix without data, indices and indptr")
    values, minor, starts = (np.asarray(part).ravel() for part in parts)
    outer = columns if kind.startswith("csc") else rows
    ends = starts.astype(np.int64)
    counts = ends[1:] - ends[:-1]
    if len(starts) != outer + 1 or (counts < 0).any() or counts.sum() != len(values) or len(minor) != len(values):
        raise ValueError("sparse matrix whose indptr does not fit its values")
    major = np.repeat(np.arange(outer), counts)
    where = (minor, major) if kind.startswith("csc") else (major, minor)
    dense = np.zeros((rows, columns))
    np.add.at(dense, where, values)
    return dense
