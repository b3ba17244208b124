"""Reading a pickled dictionary of arrays without running it.

NumPy stores dictionaries in .npy files as pickles, and a pickle is a program. This loader first walks its instructions
and refuses whatever is not needed for arrays, dicts, lists, strings and numbers; then it loads with stand-ins for
NumPy's own constructors, so that not even NumPy's unpickling code sees the file's sizes.
"""

from __future__ import annotations

import ast
import io
import pickle
import pickletools
import re
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from renderkit.errors import DatasetError
from renderkit.untrusted.content import Untrusted

_Kind: TypeAlias = Literal["reconstruct", "ndarray", "dtype", "scalar", "encode", "frombuffer"]

_MAX_VALUES = 5_000_000
_ALLOWED_GLOBALS: dict[tuple[str, str], _Kind] = {
    ("_codecs", "encode"): "encode",
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
}
for _module in ("numpy.core", "numpy._core"):
    _ALLOWED_GLOBALS[f"{_module}.multiarray", "_reconstruct"] = "reconstruct"
    _ALLOWED_GLOBALS[f"{_module}.multiarray", "scalar"] = "scalar"
    _ALLOWED_GLOBALS[f"{_module}.numeric", "_frombuffer"] = "frombuffer"

# fmt: off
_ALLOWED_OPCODES = frozenset({
    "PROTO", "FRAME", "MARK", "STOP", "POP", "POP_MARK", "DUP", "NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT",
    "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING", "BINSTRING", "SHORT_BINSTRING",
    "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
    "BYTEARRAY8", "EMPTY_LIST", "APPEND", "APPENDS", "LIST", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3",
    "EMPTY_DICT", "DICT", "SETITEM", "SETITEMS", "GET", "BINGET", "LONG_BINGET", "PUT", "BINPUT", "LONG_BINPUT",
    "MEMOIZE", "GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD",
})
# fmt: on
_DTYPE = re.compile(r"^[<>=|]?([biufSU]\d{1,4}|O8?|b1)$")


def load_npy_dictionary(path: Path, data: bytes) -> Untrusted:
    """Return what an .npy file with one pickled object holds, in plain dicts, lists, arrays, strings and numbers.

    Raises:
        DatasetError: If it is no such file, or its pickle wants anything else; nothing of it is run in that case.
    """
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        length = int.from_bytes(stream.read(2 if version[0] == 1 else 4), "little")
        header = ast.literal_eval(stream.read(min(length, 10_000)).decode("latin1").strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise DatasetError(path, None, f"is not a NumPy file: {error}") from error
    if not isinstance(header, dict) or header.get("descr") != "|O" or header.get("shape") != ():
        raise DatasetError(path, None, f"expected one pickled dictionary, found an array: {str(header)[:80]}")
    return load_pickle(path, data[stream.tell() :])


def load_pickle(path: Path, data: bytes) -> Untrusted:
    """Return a pickled object made of arrays, dicts, lists, strings and numbers.

    Raises:
        DatasetError: If the pickle wants anything else or is damaged; nothing of it is run in that case.
    """
    _refuse_programs(path, data)
    try:
        value = _Loader(io.BytesIO(data)).load()
        return _Plain().convert(value)
    except RecursionError as error:
        raise DatasetError(path, None, "the pickle is nested too deeply to be a camera file") from error
    # A damaged pickle fails in any of these ways; none of them is a fault of this program.
    except (pickle.UnpicklingError, ValueError, TypeError, EOFError, KeyError, IndexError, AttributeError) as error:
        raise DatasetError(path, None, f"the pickle cannot be read: {error}") from error


def _refuse_programs(path: Path, data: bytes) -> None:
    """Walk the instructions without executing any."""
    try:
        for count, (opcode, argument, position) in enumerate(pickletools.genops(data)):
            if opcode.name not in _ALLOWED_OPCODES:
                raise DatasetError(
                    path, f"byte {position}", f"refused: the pickle uses {opcode.name}, which can run code"
                )
            if opcode.name == "GLOBAL" and tuple(str(argument).split(" ", 1)) not in _ALLOWED_GLOBALS:
                raise DatasetError(path, f"byte {position}", f"refused: the pickle wants to run {str(argument)[:80]!r}")
            # A huge memo index would make the loader reserve memory for it.
            if opcode.name in {"PUT", "LONG_BINPUT"} and int(argument or 0) > count:
                raise DatasetError(
                    path, f"byte {position}", f"refused: memo index {argument} after {count} instructions"
                )
    except ValueError as error:
        raise DatasetError(path, None, f"the pickle is damaged: {error}") from error


class _Loader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Untrusted:
        kind = _ALLOWED_GLOBALS.get((module, name))
        if kind is None:
            raise pickle.UnpicklingError(
                f"refused: the pickle wants {module}.{name}; only arrays, dicts, strings, numbers"
            )
        return _Constructor(kind)


class _Constructor:
    """Stands in for one of NumPy's constructors; new for every use, so that nothing can be changed for the next."""

    __slots__ = ("kind",)

    def __init__(self, kind: _Kind) -> None:
        self.kind = kind

    def __setstate__(self, state: object) -> None:
        raise pickle.UnpicklingError("refused: the pickle wants to change a constructor")

    def __call__(self, *args: Untrusted) -> Untrusted:
        if self.kind == "dtype":
            return _Dtype(args[0])
        if self.kind == "encode":
            text, encoding = args
            if encoding not in {"latin1", "latin-1"} or not isinstance(text, str):
                raise pickle.UnpicklingError(f"refused: encoding {encoding!r}")
            return text.encode("latin1")
        if self.kind == "scalar":
            return _decode(args[1], args[0], (), fortran=False)[()]
        if self.kind == "frombuffer":
            return _decode(bytes(args[0]), args[1], args[2], fortran=args[3] == "F")
        if self.kind == "reconstruct":
            return _Array()
        raise pickle.UnpicklingError("refused: the pickle calls numpy.ndarray itself")


class _Dtype:
    """An element type, by name and byte order."""

    __slots__ = ("name", "order")

    def __init__(self, name: object) -> None:
        if not isinstance(name, str) or not _DTYPE.match(name):
            raise pickle.UnpicklingError(f"refused: element type {name!r}; only numbers and strings")
        self.name, self.order = name, "="

    def __setstate__(self, state: tuple[object, ...]) -> None:
        if state[1] in {"<", ">", "=", "|"}:
            self.order = str(state[1])

    @property
    def is_object(self) -> bool:
        return "O" in self.name

    def numpy(self) -> np.dtype[Any]:
        return np.dtype(self.name).newbyteorder("=" if self.order == "|" else self.order)  # type: ignore[arg-type]


class _Array:
    """An array that is filled by its pickled state; the state's size is checked before memory is taken."""

    __slots__ = ("items", "single", "value")

    def __init__(self) -> None:
        self.value: Untrusted = None
        self.items: list[Untrusted] | None = None
        self.single = False

    def __setstate__(self, state: tuple[Untrusted, ...]) -> None:
        _, shape, dtype, fortran, raw = state
        if not isinstance(dtype, _Dtype):
            raise pickle.UnpicklingError("refused: an array without an element type")
        if dtype.is_object:
            if not isinstance(raw, list) or len(raw) != _count(shape):
                raise pickle.UnpicklingError(f"an object array of shape {shape} does not hold as many values")
            self.items, self.single = raw, shape == ()
        else:
            self.value = _decode(raw, dtype, shape, fortran=bool(fortran))


def _count(shape: tuple[int, ...]) -> int:
    if not isinstance(shape, tuple) or not all(isinstance(length, int) and length >= 0 for length in shape):
        raise pickle.UnpicklingError(f"refused: array shape {shape!r}")
    count = 1
    for length in shape:
        count *= length
    return count


def _decode(raw: object, dtype: object, shape: tuple[int, ...], *, fortran: bool) -> Untrusted:
    if not isinstance(dtype, _Dtype) or dtype.is_object or not isinstance(raw, bytes | bytearray):
        raise pickle.UnpicklingError("refused: an array that is not made of numbers or strings")
    kind = dtype.numpy()
    if len(raw) != _count(shape) * kind.itemsize:
        raise pickle.UnpicklingError(f"{len(raw)} bytes do not fill an array of shape {shape} and type {dtype.name}")
    return np.frombuffer(raw, kind).reshape(shape, order="F" if fortran else "C")


class _Plain:
    """Turns stand-ins into plain values, at most `_MAX_VALUES` of them: references can multiply without end."""

    def __init__(self) -> None:
        self.left = _MAX_VALUES

    def convert(self, value: Untrusted) -> Untrusted:
        self.left -= 1
        if self.left < 0:
            raise pickle.UnpicklingError(f"refused: more than {_MAX_VALUES} values")
        if isinstance(value, _Array):
            if value.items is None:
                return value.value
            items = [self.convert(item) for item in value.items]
            return items[0] if value.single else items
        if isinstance(value, dict):
            return {key: self.convert(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.convert(item) for item in value]
        if isinstance(value, _Constructor | _Dtype):
            raise pickle.UnpicklingError("refused: the pickle holds a type, not data")
        return value
