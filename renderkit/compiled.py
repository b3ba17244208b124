"""Compiles the numeric kernels with Numba and keeps the machine code in the user's cache folder.

Every kernel is called with one set of argument types only, so two processes that compile at the same time write the
same thing, and a kernel compiles at its first call, never at import. Without a writable cache folder each process
compiles for itself.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import stat
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}
_MIN_FREE_BYTES = 64 << 20
_log = logging.getLogger(__name__)
_lock = threading.Lock()


class _Dispatcher(Protocol):
    def enable_caching(self) -> None: ...


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
    """Return the folder for compiled kernels, or None when no private folder can be written.

    It is `$XDG_CACHE_HOME/renderkit/kernels-<fingerprint>` (`~/.cache` by default). The fingerprint covers the source
    of all kernels, because Numba itself does not notice a change in a kernel that another one calls.
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        root = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
        folder = root / "renderkit" / f"kernels-{_fingerprint()}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}-{threading.get_ident()}"
        probe.touch()
        probe.unlink()
        state = folder.stat()
        free = shutil.disk_usage(folder).free
    except (OSError, RuntimeError) as error:
        _log.info("compiled kernels are not kept: %s", error)
        return None
    # Compiled code is read back and run: nobody else may be able to put it there.
    if state.st_uid != os.getuid() or state.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        _log.warning("compiled kernels are not kept: %s can be written by others", folder)
        return None
    if free < _MIN_FREE_BYTES:
        _log.info("compiled kernels are not kept: %s has %d bytes free", folder, free)
        return None
    return folder


def _fingerprint() -> str:
    here = Path(__file__).parent
    digest = hashlib.sha256()
    metrics = [here / "metrics" / f"{name}.py" for name in ("nearest", "closest_point", "bit_runs")]
    drawing = (here / "render" / "cpu").glob("*.py")
    for file in sorted([Path(__file__), *here.glob("unfilter*.py"), *metrics, *drawing]):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _cache_on_disk(dispatcher: _Dispatcher) -> None:
    from numba.core import config  # noqa: PLC0415 - see kernel

    with _lock:
        given = config.CACHE_DIR
        if not given:
            folder = cache_folder()
            if folder is None:
                return
            config.CACHE_DIR = str(folder)
        try:
            dispatcher.enable_caching()
        finally:
            config.CACHE_DIR = given
