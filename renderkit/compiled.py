"""Compiles the numeric kernels with Numba and keeps the machine code in the user's cache folder.

Every kernel is called with one set of argument types only, so two processes that compile at the same time write the
same thing, and a kernel compiles at its first call, never at import. A kernel registers itself by being decorated:
whatever module it is in, its machine code is out of date when that module or one that it imports has changed. Without
a writable cache folder each process compiles for itself.
"""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from renderkit.system import environment_folder, is_private_place

P = ParamSpec("P")
R = TypeVar("R")

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}
_MIN_FREE_BYTES = 64 << 20
_log = logging.getLogger(__name__)
_lock = threading.Lock()


class _Dispatcher(Protocol):
    py_func: Callable[..., Any]
    _cache: object


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function at its first call: no bounds checks, no GIL, IEEE arithmetic without contraction.

    A kernel makes no arrays; what it needs is handed in. Then nothing in it has to be counted by reference: Numba would
    count every array argument of every inner call with an atomic operation, which cost two fifths of the time in which
    a coarse mesh is drawn.

    Division by zero gives inf or NaN as in NumPy. Results are the same to the last bit whether a loop was vectorised or
    not, which is what keeps a vertex in one place when it is projected by two kernels.
    """
    from numba import njit  # noqa: PLC0415 - importing renderkit stays cheap

    dispatcher = njit(**_OPTIONS)(function)
    _cache_on_disk(dispatcher)
    return cast(Callable[P, R], dispatcher)


def inlined_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a small function into each kernel that calls it: for inner loops, where a call would cost more."""
    from numba import njit  # noqa: PLC0415 - importing renderkit stays cheap

    return cast(Callable[P, R], njit(**_OPTIONS, inline="always")(function))


@cache
def cache_folder() -> Path | None:
    """Return the folder for compiled kernels, or None when no private folder can be written, which is said once.

    It is `renderkit/kernels` in Numba's own cache folder where the user names one (`$NUMBA_CACHE_DIR`), else in
    `$XDG_CACHE_HOME` (`~/.cache` by default).
    """
    from numba.core import config  # noqa: PLC0415 - see kernel

    try:
        base = Path(config.CACHE_DIR).absolute() if config.CACHE_DIR else environment_folder("XDG_CACHE_HOME", ".cache")
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


def _cache_on_disk(dispatcher: _Dispatcher) -> None:
    """Let a kernel keep its machine code, where it has a source file that tells when the code is out of date."""
    from numba.core import config  # noqa: PLC0415 - see kernel

    function = dispatcher.py_func
    folder = cache_folder() if getattr(sys.modules.get(function.__module__), "__file__", None) else None
    if folder is None:
        return
    from renderkit.kernel_cache import KernelCache  # noqa: PLC0415 - loads a compiler

    with _lock:
        given = config.CACHE_DIR
        config.CACHE_DIR = str(folder)
        try:
            dispatcher._cache = KernelCache(function)
        finally:
            config.CACHE_DIR = given
