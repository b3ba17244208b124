"""Compiled loops: functions that become machine code at their first call.

The machine code comes from the package where it has some for this processor, else from the user's cache folder, else
from Numba, and is then kept there. Only the last loads Numba, which takes longer than most runs; the others load the
object file and call it (see `kernel_compiler`).

A kernel is called with one set of argument types only, as a rule, so two processes that compile at the same time write
the same thing. A kernel registers itself by being decorated: whatever module it is in, its machine code is out of date
when that module or one that it imports has changed. Without a writable cache folder each process compiles for itself.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from functools import cache, cached_property, update_wrapper
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numpy as np

from renderkit.system import environment, environment_folder, is_private_place

P = ParamSpec("P")
R = TypeVar("R")

_OPTIONS: Mapping[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}
_MIN_FREE_BYTES = 64 << 20
_log = logging.getLogger(__name__)
_lock = threading.RLock()
_for_this_processor = threading.Event()


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function at its first call: no bounds checks, no GIL, IEEE arithmetic without contraction.

    A kernel makes no arrays; what it needs is handed in. Then nothing in it has to be counted by reference: Numba would
    count every array argument of every inner call with an atomic operation, which cost two fifths of the time in which
    a coarse mesh is drawn.

    Division by zero gives inf or NaN as in NumPy. Results are the same to the last bit whether a loop was vectorised or
    not, which is what keeps a vertex in one place when it is projected by two kernels.
    """
    return cast(Callable[P, R], Kernel(function, _OPTIONS))


def inlined_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a small function into each kernel that calls it: for inner loops, where a call would cost more."""
    return cast(Callable[P, R], Kernel(function, {**_OPTIONS, "inline": "always"}))


class Kernel:
    """A function whose machine code is looked for when it is called; to Numba, one of its own compiled functions.

    Attributes:
        py_func: The function in Python.
        targetoptions: How Numba compiles it.
        num_compiled: How often this process has compiled it.
    """

    def __init__(self, function: Callable[..., Any], options: Mapping[str, Any]) -> None:
        self.py_func = function
        self.targetoptions = dict(options)
        self.num_compiled = 0
        self._entries: dict[tuple[Kind, ...], Callable[..., Any]] = {}
        self._entry: Callable[..., Any] = _nothing_compiled
        update_wrapper(self, function)

    def __call__(self, *args: Any) -> Any:  # noqa: ANN401 - as the function's
        """Call the machine code; the last used one checks the types of its arguments itself."""
        result = self._entry(*args)
        return self._dispatch(args) if result is NotImplemented else result

    @cached_property
    def dispatcher(self) -> Any:  # noqa: ANN401 - Numba has no types
        """Numba's own compiled function, for the kernels that call this one."""
        from renderkit.kernel_compiler import make_dispatcher  # noqa: PLC0415 - loads a compiler

        return make_dispatcher(self.py_func, self.targetoptions)

    @property
    def _numba_type_(self) -> Any:  # noqa: ANN401 - Numba has no types
        from numba import types  # noqa: PLC0415 - only where a kernel that calls this one is compiled

        return types.Dispatcher(self.dispatcher)

    @property
    def signatures(self) -> tuple[tuple[Kind, ...], ...]:
        """The types of arguments for which this process has the machine code."""
        return tuple(self._entries)

    def _dispatch(self, args: tuple[Any, ...]) -> Any:  # noqa: ANN401 - as the function's
        """Call the machine code for these types of arguments."""
        plain = tuple(map(_plain, args))
        kinds = tuple(map(kind_of, plain))
        with _lock:
            if kinds not in self._entries:
                self._entries[kinds] = self._load(kinds)
            self._entry = self._entries[kinds]
        return self._entries[kinds](*plain)

    def _load(self, kinds: tuple[Kind, ...]) -> Callable[..., Any]:
        from renderkit.kernel_files import KernelFile, read_code  # noqa: PLC0415 - loads LLVM
        from renderkit.machine_code import is_known_interpreter, load_entry, processor  # noqa: PLC0415 - loads LLVM

        if not is_known_interpreter():
            from numba import njit  # noqa: PLC0415 - loads a compiler

            return cast(Callable[..., Any], njit(**self.targetoptions)(self.py_func))
        file = KernelFile.of(self.py_func, kinds, cache_folder(), processor())
        found = read_code(self.py_func, kinds, file, with_packaged=not _for_this_processor.is_set())
        if found is None:
            from renderkit.kernel_compiler import compile_kernel  # noqa: PLC0415 - loads a compiler

            _say_compiling()
            found = file.entry, compile_kernel(self.dispatcher, kinds, file.entry)
            self.num_compiled += 1
            file.write(found[1])
        return load_entry(*found)


def compile_for_this_processor() -> None:
    """Take no machine code of the package from now on: what is not in the user's cache folder is compiled, and kept."""
    _for_this_processor.set()


@cache
def _say_compiling() -> None:
    """Say once why the first run takes longer."""
    kept = "once" if cache_folder() else "for this run only"
    _log.info("compiling loops for this processor, %s: up to half a minute of work (renderkit doctor --warm)", kept)


Kind = str | tuple[Any, ...]
"""Type of an argument: "int", "float", "bool", (dtype, dimensions, whether it may be written), ("tuple", kinds...)."""


def kind_of(value: object) -> Kind:
    """Return the type of an argument of a kernel.

    Raises:
        TypeError: If kernels do not take such arguments.
    """
    if isinstance(value, np.ndarray) and value.flags.c_contiguous and value.flags.aligned and value.dtype.isnative:
        return value.dtype.str, value.ndim, value.flags.writeable
    if isinstance(value, tuple):
        return "tuple", *map(kind_of, value)
    name = type(value).__name__
    if name in {"int", "float", "bool"}:
        return name
    what = f"an array of {value.dtype} that is not contiguous" if isinstance(value, np.ndarray) else f"a {name}"
    raise TypeError(f"expected contiguous arrays, numbers and tuples of them, got {what}")


def _plain(value: object) -> object:
    """Return NumPy's numbers as Python's, and subclasses of arrays as arrays."""
    if isinstance(value, np.generic):
        return value.item()
    return np.asarray(value) if isinstance(value, np.ndarray) else value


def _nothing_compiled(*_: object) -> object:
    return NotImplemented


@cache
def cache_folder() -> Path | None:
    """Return the folder for compiled kernels and templates; None where no private one can be, which is said once.

    It is `renderkit/kernels` in Numba's own cache folder where the user names one (`$NUMBA_CACHE_DIR`), else in
    `$XDG_CACHE_HOME` (`~/.cache` by default).
    """
    named = environment("NUMBA_CACHE_DIR")
    try:
        base = Path(named).absolute() if named else environment_folder("XDG_CACHE_HOME", ".cache")
        folder = base / "renderkit" / "kernels"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A probe, because permissions alone do not tell: disks can be read-only.
        with tempfile.TemporaryFile(dir=folder):
            private = is_private_place(folder)
        free = shutil.disk_usage(folder).free
    except (OSError, RuntimeError) as error:
        _log.warning("compiled kernels are not kept, each process compiles for itself: %s", error)
        return None
    # Compiled code is read back and run: nobody else may be able to put it there.
    if not private:
        _log.warning("compiled kernels are not kept: %s can be written by others", folder)
        return None
    if free < _MIN_FREE_BYTES:
        _log.warning("compiled kernels are not kept: %s has %d bytes free", folder, free)
        return None
    return folder
