"""Arrays out of an untrusted pickle, without executing it.

FLAME's official files are Python 2 pickles of NumPy arrays, chumpy objects and SciPy sparse matrices. A pickle is a
program: loaded plainly it can start any other. Here every name it mentions is looked up in a short list; each entry of
the list is a stand-in of our own that only keeps what it is given. Any other name is refused, at the moment it is
mentioned. Neither chumpy nor SciPy is needed.

pickle.py's own interpreter is used, not the C one: that one reserves as much memory as a pickle claims to need.
"""

from __future__ import annotations

import io
import pickle
import re
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import numpy as np
from numpy.typing import NDArray

from renderkit.errors import DatasetError

MAX_PICKLE_BYTES = 1 << 30
"""Pickles above this size are refused."""

MAX_DENSE_VALUES = 1 << 26
"""Sparse matrices that would need more values than this are refused."""

_MAX_DEPTH = 8
_NUMBER_DTYPE = re.compile(r"[fiub]\d{1,2}|\?")
_SPARSE = {"csc_matrix", "csr_matrix", "csc_array", "csr_array"}


def read_array_pickle(path: Path) -> dict[str, NDArray[Any]]:
    """Read the numeric arrays of a pickled dictionary, such as an official FLAME model.

    Args:
        path: A .pkl file, or an .npy file of one pickled dictionary.

    Returns:
        Arrays by key; sparse matrices dense; entries that are no numbers are left out.

    Raises:
        DatasetError: If the file is missing, too large, damaged, mentions anything but arrays, or holds no dictionary.
    """
    try:
        if path.stat().st_size > MAX_PICKLE_BYTES:
            raise DatasetError(path, None, f"pickle of {path.stat().st_size} bytes is over {MAX_PICKLE_BYTES}")
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(path, None, f"cannot be read: {error.strerror}") from error
    stream = io.BytesIO(data)
    if data[:6] == b"\x93NUMPY":
        _skip_npy_header(stream, path)
    try:
        content = _Loader(stream, path).load()
    except DatasetError:
        raise
    except Exception as error:  # a damaged pickle raises anything, from IndexError to AttributeError
        raise DatasetError(path, None, f"not a readable pickle: {type(error).__name__}: {error}") from error
    return _arrays(content, path)


class _Kept:
    """Stands in for an object: keeps its state and does nothing."""

    kind = ""

    def __init__(self, *_args: object) -> None:
        self.state: object = None

    def __setstate__(self, state: object) -> None:
        self.state = state


class _KeptDtype(_Kept):
    """numpy.dtype: keeps the type's name, and the byte order from its state."""

    def __init__(self, name: object = "", *_args: object) -> None:
        super().__init__()
        self.name = name

    def resolve(self) -> np.dtype[Any] | None:
        """Return the dtype; None for what holds no numbers."""
        name = self.name.decode("latin1") if isinstance(self.name, bytes) else self.name
        if not isinstance(name, str) or not _NUMBER_DTYPE.fullmatch(name):
            return None
        order = self.state[1] if isinstance(self.state, tuple) and len(self.state) > 1 else "|"
        dtype: np.dtype[Any] = np.dtype(name)
        return dtype.newbyteorder(">") if order in {">", b">"} else dtype


class _KeptArray(_Kept):
    """numpy.ndarray: keeps (version, shape, dtype, is_fortran, bytes) until it is asked for."""


def _load_bytearray(loader: Any) -> None:  # noqa: ANN401 - pickle's interpreter has no public type
    """Read what is there; the original opcode reserves what is claimed first."""
    (length,) = struct.unpack("<Q", loader.read(8))
    loader.append(bytearray(loader.read(length)))


class _Loader(pickle._Unpickler):
    """An unpickler that knows stand-ins only."""

    dispatch: ClassVar[dict[int, Any]] = {**pickle._Unpickler.dispatch, pickle.BYTEARRAY8[0]: _load_bytearray}

    def __init__(self, stream: io.BytesIO, path: Path) -> None:
        super().__init__(stream, encoding="latin1")
        self._path = path

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - as pickle declares it
        """Return a stand-in, or refuse. Each is new: a pickle can set attributes on what it was given."""
        function = _FUNCTIONS.get((module, name))
        if function is not None:
            return _wrapped(function)
        base = _CLASSES.get((module, name))
        if base is None and module.partition(".")[0] == "chumpy":
            base = _Kept
        if base is None and module.startswith("scipy.sparse") and name in _SPARSE:
            base = _Kept
        if base is not None:
            return type(name, (base,), {"kind": name})
        if module in {"__builtin__", "builtins"} and name in {"object", "set"}:
            return object if name == "object" else set
        raise DatasetError(
            self._path, None, f"refused: the pickle asks for {module}.{name}, and only arrays are read from a pickle"
        )

    def get_extension(self, code: int) -> NoReturn:
        """Refuse: extension codes name objects without `find_class`."""
        raise DatasetError(self._path, None, f"refused: the pickle asks for extension {code}")


def _wrapped(function: Callable[..., object]) -> Callable[..., object]:
    def call(*args: object) -> object:
        return function(*args)

    return call


def _reconstruct(cls: type, _base: object, _state: object) -> object:
    return cls() if isinstance(cls, type) and issubclass(cls, _Kept) else None


def _encode(text: str, encoding: str = "latin1") -> bytes:
    if encoding != "latin1":
        raise ValueError(f"text encoding {encoding!r}")
    return text.encode("latin1")


def _scalar(dtype: _KeptDtype, data: object = b"") -> _KeptArray:
    return _array_of((), dtype, data, fortran=False)


def _from_buffer(data: object, dtype: _KeptDtype, shape: tuple[int, ...], order: str = "C") -> _KeptArray:
    return _array_of(shape, dtype, data, fortran=order == "F")


def _array_of(shape: tuple[int, ...], dtype: _KeptDtype, data: object, *, fortran: bool) -> _KeptArray:
    kept = _KeptArray()
    kept.state = (1, shape, dtype, fortran, bytes(data) if isinstance(data, bytearray) else data)
    return kept


_FUNCTIONS: Mapping[tuple[str, str], Callable[..., object]] = {
    ("copy_reg", "_reconstructor"): _reconstruct,
    ("copyreg", "_reconstructor"): _reconstruct,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy.core.multiarray", "scalar"): _scalar,
    ("numpy._core.multiarray", "scalar"): _scalar,
    ("numpy.core.numeric", "_frombuffer"): _from_buffer,
    ("numpy._core.numeric", "_frombuffer"): _from_buffer,
    ("_codecs", "encode"): _encode,
}
_CLASSES: Mapping[tuple[str, str], type[_Kept]] = {("numpy", "ndarray"): _KeptArray, ("numpy", "dtype"): _KeptDtype}


def _skip_npy_header(stream: io.BytesIO, path: Path) -> None:
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        _shape, _fortran, dtype = read(stream)
    except ValueError as error:
        raise DatasetError(path, None, f"not a readable .npy file: {error}") from error
    if not dtype.hasobject:
        raise DatasetError(path, None, f"expected a pickled dictionary, found a plain array of {dtype}")


def _arrays(content: object, path: Path) -> dict[str, NDArray[Any]]:
    """Return the numeric entries of the pickled dictionary, or of the one in a 0-d object array or plain object."""
    if isinstance(content, _KeptArray):
        values = content.state[4] if isinstance(content.state, tuple) and len(content.state) == 5 else None
        content = values[0] if isinstance(values, list) and len(values) == 1 else None
    elif isinstance(content, _Kept):
        content = content.state
    if not isinstance(content, Mapping):
        raise DatasetError(path, None, f"expected a pickled dictionary, found {type(content).__name__}")
    arrays = {}
    for key, value in content.items():
        try:
            array = _resolve(value, 0)
        except (ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
            raise DatasetError(path, str(key), f"cannot be read as an array: {error}") from error
        if array is not None:
            arrays[str(key)] = array
    return arrays


def _resolve(value: object, depth: int) -> NDArray[Any] | None:
    """Return a value as a numeric array; None for what is no array."""
    if depth > _MAX_DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, _KeptArray):
        return _numbers(value.state)
    if isinstance(value, _Kept):
        return _of_object(value, depth)
    if isinstance(value, int | float) or (
        isinstance(value, list) and value and all(isinstance(each, int | float) for each in value)
    ):
        return np.asarray(value)
    return None


def _of_object(kept: _Kept, depth: int) -> NDArray[Any] | None:
    """Return the array behind a SciPy or chumpy object."""
    if not isinstance(kept.state, Mapping):
        return None
    if kept.kind in _SPARSE:
        return _dense(kept.kind, kept.state)
    if "x" in kept.state:  # chumpy.Ch: a plain array
        return _resolve(kept.state["x"], depth + 1)
    return _select(kept.state, depth) if kept.kind == "Select" else None  # chumpy's a[idxs], reshaped


def _numbers(state: object) -> NDArray[Any] | None:
    if not isinstance(state, tuple) or len(state) != 5 or not isinstance(state[2], _KeptDtype):
        raise ValueError("the array has no state (version, shape, dtype, order, bytes)")
    _version, shape, dtype, fortran, data = state
    resolved = dtype.resolve()
    if resolved is None:
        return None
    raw = data.encode("latin1") if isinstance(data, str) else data
    if not isinstance(raw, bytes) or not all(isinstance(side, int) and side >= 0 for side in shape):
        raise ValueError("the array's state is damaged")
    count = int(np.prod(shape, dtype=object)) if shape else 1
    if count * resolved.itemsize != len(raw):
        raise ValueError(f"claims shape {shape} of {resolved}, holds {len(raw)} bytes")
    return np.frombuffer(raw, resolved).reshape(shape, order="F" if fortran else "C").astype(resolved.newbyteorder("="))


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
