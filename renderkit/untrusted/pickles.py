"""A stranger's pickle, loaded without running anything that it says.

A pickle is a program: loaded plainly it can start any other. Here its instructions are walked first, and refused if one
is not needed for data or claims more than the file holds. Then every name that it mentions is looked up in an allow
list, whose entries are stand-ins of our own that only keep what they are given: not even NumPy's unpickling code sees
the file's sizes. Any other name is refused at the moment it is mentioned. Neither chumpy nor SciPy is needed.

`pickled_arrays` and `pickled_values` turn the stand-ins into arrays and plain values.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import re
import struct
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from renderkit.errors import DatasetError
from renderkit.untrusted.npz import read_npy_header

NPY_MAGIC = b"\x93NUMPY"
_DTYPE = re.compile(r"[<>=|]?([biufSU]\d{1,4}|\?)")

# fmt: off
_OPCODES = frozenset({
    "PROTO", "FRAME", "MARK", "STOP", "POP", "POP_MARK", "DUP", "NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT",
    "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING", "BINSTRING", "SHORT_BINSTRING",
    "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
    "BYTEARRAY8", "EMPTY_LIST", "APPEND", "APPENDS", "LIST", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3",
    "EMPTY_DICT", "DICT", "SETITEM", "SETITEMS", "EMPTY_SET", "ADDITEMS", "FROZENSET", "GET", "BINGET", "LONG_BINGET",
    "PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE", "GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD", "NEWOBJ", "NEWOBJ_EX",
})
# fmt: on
_OTHERS = (
    (b"PK\x03\x04", "a zip archive, or weights of PyTorch; unpack it, or save the arrays by numpy.savez"),
    (b"<!", "a web page (HTML): the download failed, or asked for a login"),
    (b"<html", "a web page (HTML): the download failed, or asked for a login"),
    (b"{", "JSON"),
    (b"\x1f\x8b", "compressed by gzip; unpack it (gunzip)"),
    (b"\x89HDF", "an HDF5 file; save the arrays by numpy.savez"),
)
"""How files begin that are taken for pickles."""

# What the standard library's unpickler raises for a damaged pickle.
_DAMAGE = (
    pickle.UnpicklingError,
    ValueError,
    TypeError,
    EOFError,
    LookupError,
    AttributeError,
    OverflowError,
    MemoryError,
    RecursionError,
    struct.error,
)  # fmt: skip


class Kept:
    """Stands in for an object: keeps its state and does nothing.

    Attributes:
        kind: The name of the class that it stands for.
        state: What the pickle set.
    """

    kind = ""
    state: Any = None

    def __init__(self, *_args: object) -> None:
        self.state = None

    def __setstate__(self, state: object) -> None:
        self.state = state


class KeptDtype(Kept):
    """numpy.dtype: keeps the type's name, and the byte order from its state."""

    name: object = ""

    def __init__(self, name: object = "", *_args: object) -> None:
        super().__init__()
        self.name = name

    @property
    def text(self) -> str:
        """The type's name, such as "f8" or "O"."""
        return self.name.decode("latin1") if isinstance(self.name, bytes) else str(self.name)

    @property
    def is_object(self) -> bool:
        """True for arrays of Python objects."""
        return self.text in {"O", "O8", "|O", "object"}

    def resolve(self) -> np.dtype[Any] | None:
        """Return the dtype of numbers or text; None for any other."""
        if not _DTYPE.fullmatch(self.text):
            return None
        order = self.state[1] if isinstance(self.state, tuple) and len(self.state) > 1 else "|"
        dtype: np.dtype[Any] = np.dtype(self.text)
        return dtype.newbyteorder(">") if order in {">", b">"} else dtype


class KeptArray(Kept):
    """numpy.ndarray: keeps (version, shape, dtype, is_fortran, content) until it is asked for."""

    is_scalar = False

    def parts(self) -> tuple[tuple[int, ...], KeptDtype, bool, Any]:
        """Return shape, dtype, is_fortran and content.

        Raises:
            ValueError: If the pickle never said them, or the shape is no shape.
        """
        if not isinstance(self.state, tuple) or len(self.state) != 5 or not isinstance(self.state[2], KeptDtype):
            raise ValueError("the array has no state (version, shape, dtype, order, content)")
        _version, shape, dtype, fortran, content = self.state
        if not isinstance(shape, tuple) or not all(isinstance(side, int) and side >= 0 for side in shape):
            raise ValueError(f"the array claims shape {str(shape)[:80]}")
        return shape, dtype, bool(fortran), content

    def decode(self) -> NDArray[Any] | None:
        """Return numbers or text as an array; None for any other element type.

        Raises:
            ValueError: If the bytes do not fill the shape.
        """
        shape, dtype, fortran, content = self.parts()
        resolved = dtype.resolve()
        if resolved is None:
            return None
        raw = content.encode("latin1") if isinstance(content, str) else content
        count = int(np.prod(shape, dtype=object)) if shape else 1
        if not isinstance(raw, bytes | bytearray) or count * resolved.itemsize != len(raw):
            found = f"{len(raw)} bytes" if isinstance(raw, bytes | bytearray) else type(raw).__name__
            raise ValueError(f"an array claims shape {shape} of {resolved} and holds {found}")
        values = np.frombuffer(bytes(raw), resolved).reshape(shape, order="F" if fortran else "C")
        return values.astype(resolved.newbyteorder("="))


@dataclass(frozen=True)
class AllowList:
    """What a pickle may mention.

    Attributes:
        functions: By (module, name): what is called in their stead.
        classes: By (module, name): the stand-in class.
        packages: By package: the classes of any of its modules that get the plain stand-in `Kept`; "*" for all.
    """

    functions: Mapping[tuple[str, str], Callable[..., object]]
    classes: Mapping[tuple[str, str], type[Kept]]
    packages: Mapping[str, Collection[str] | Literal["*"]] = field(default_factory=dict)

    def find(self, module: str, name: str) -> object | None:
        """Return a stand-in, new for every use so that nothing can be changed for the next; None if not allowed."""
        function = self.functions.get((module, name))
        if function is not None:
            return _Call(function)
        base = self.classes.get((module, name))
        if base is None and any(
            (module == package or module.startswith(f"{package}.")) and (names == "*" or name in names)
            for package, names in self.packages.items()
        ):
            base = Kept
        return None if base is None else type(name, (base,), {"kind": name})


class _Call:
    """A function of the allow list; nothing of it can be changed."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., object]) -> None:
        self._function = function

    def __call__(self, *args: object) -> object:
        return self._function(*args)

    def __setstate__(self, state: object) -> None:
        raise pickle.UnpicklingError("refused: the pickle wants to change a function")


def load_pickle(path: Path, data: bytes, allowed: AllowList) -> object:
    """Return what a pickle holds: plain values and stand-ins.

    Args:
        path: Where the bytes come from, for errors.
        data: The pickle.
        allowed: What it may mention.

    Raises:
        DatasetError: If it wants anything else, or is damaged; nothing of it is run in that case.
    """
    other = next((what for start, what in _OTHERS if data.lstrip().startswith(start)), None)
    if other is not None or not data:
        raise DatasetError(path, None, f"not a pickle: {other or 'the file is empty'}")
    _refuse_programs(path, data)
    try:
        return _Loader(io.BytesIO(data), allowed).load()
    except _DAMAGE as error:
        raise DatasetError(path, None, f"not a readable pickle: {type(error).__name__}: {error}") from error


def pickle_in_npy(path: Path, data: bytes) -> bytes:
    """Return the pickle in an .npy file that holds one Python object.

    Raises:
        DatasetError: If the file is damaged or holds a plain array.
    """
    stream = io.BytesIO(data)
    shape, dtype = read_npy_header(path, stream)
    if not dtype.hasobject or shape != ():
        raise DatasetError(
            path, None, f"expected one pickled dictionary, found a plain array of {dtype}, shape {shape}"
        )
    return data[stream.tell() :]


def _refuse_programs(path: Path, data: bytes) -> None:
    """Walk the instructions without executing any."""
    try:
        for count, (opcode, argument, position) in enumerate(pickletools.genops(data)):
            if opcode.name not in _OPCODES:
                why = f"refused: the pickle uses {opcode.name}, which can run code"
                raise DatasetError(path, f"byte {position}", why)
            # The loader would reserve memory for a huge memo index or frame before it looks at the data.
            if opcode.name in {"PUT", "LONG_BINPUT"} and int(argument or 0) > count:
                why = f"not a readable pickle: memo index {argument} after {count} instructions"
                raise DatasetError(path, f"byte {position}", why)
            if opcode.name == "FRAME" and int(argument or 0) > len(data):
                why = f"not a readable pickle: a frame of {argument} bytes in a file of {len(data)}"
                raise DatasetError(path, f"byte {position}", why)
    except _DAMAGE as error:
        raise DatasetError(path, None, f"not a readable pickle: {error}") from error


class _Loader(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, allowed: AllowList) -> None:
        # Python 2 wrote numbers' bytes as text; latin1 keeps every byte.
        super().__init__(stream, encoding="latin1")
        self._allowed = allowed

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - as pickle declares it
        found = self._allowed.find(module, name)
        if found is None:
            if name.endswith("\r") or module.endswith("\r"):
                why = "its line ends were changed to CRLF, as a transfer in text mode does; copy it again, as binary"
                raise pickle.UnpicklingError(f"refused: the pickle is damaged: {why}")
            raise pickle.UnpicklingError(f"refused: the pickle asks for {module}.{name}; only arrays and plain values")
        return found


def _reconstruct(cls: type, *_base_and_state: object) -> object:
    return cls() if isinstance(cls, type) and issubclass(cls, Kept) else None


def _encode(text: str, encoding: str = "latin1") -> bytes:
    if encoding not in {"latin1", "latin-1"}:
        raise ValueError(f"refused: text encoding {encoding!r}")
    return text.encode("latin1")


def _scalar(dtype: KeptDtype, data: object = b"") -> KeptArray:
    kept = KeptArray()
    kept.state, kept.is_scalar = (1, (), dtype, False, data), True
    return kept


def _from_buffer(data: object, dtype: KeptDtype, shape: tuple[int, ...], order: str = "C") -> KeptArray:
    kept = KeptArray()
    kept.state = (1, shape, dtype, order == "F", data)
    return kept


_NUMPY_FUNCTIONS: Mapping[tuple[str, str], Callable[..., object]] = {
    ("_codecs", "encode"): _encode,
    **{
        (f"{numpy}.{module}", name): function
        for numpy in ("numpy.core", "numpy._core")
        for module, name, function in (
            ("multiarray", "_reconstruct", _reconstruct),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _from_buffer),
        )
    },
}
_NUMPY_CLASSES: Mapping[tuple[str, str], type[Kept]] = {("numpy", "ndarray"): KeptArray, ("numpy", "dtype"): KeptDtype}

NUMPY = AllowList(_NUMPY_FUNCTIONS, _NUMPY_CLASSES)
"""NumPy's arrays, types and scalars."""

NUMPY_CHUMPY_SCIPY = AllowList(
    {
        **_NUMPY_FUNCTIONS,
        ("copy_reg", "_reconstructor"): _reconstruct,
        ("copyreg", "_reconstructor"): _reconstruct,
    },
    {
        **_NUMPY_CLASSES,
        **{(builtins, name): Kept for builtins in ("__builtin__", "builtins") for name in ("object", "set")},
    },
    {"chumpy": "*", "scipy.sparse": ("csc_matrix", "csr_matrix", "csc_array", "csr_array")},
)
"""And the objects of FLAME's official files: chumpy's arrays and SciPy's sparse matrices."""
