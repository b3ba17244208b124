"""One thread for linear algebra while a run is diagnosed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import ParamSpec, TypeVar

from threadpoolctl import ThreadpoolController

P = ParamSpec("P")
R = TypeVar("R")


def one_blas_thread(function: Callable[P, R]) -> Callable[P, R]:
    """Let BLAS work in one thread while a function runs.

    The systems that are solved here are small and many. OpenBLAS wakes a thread per core for each and lets it spin:
    two joint fits took 10.96 s of processor time with its threads, 0.89 s with one, and longer by the clock as well.
    The limit is the process's: a caller's own linear algebra in other threads meanwhile has one thread, too.
    """

    @wraps(function)
    def limited(*args: P.args, **kwargs: P.kwargs) -> R:
        with _libraries().limit(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return limited


@cache
def _libraries() -> ThreadpoolController:
    """Find the loaded BLAS libraries, once: NumPy's and OpenCV's."""
    return ThreadpoolController()
