"""Looking at many captures at once: each is opened, which takes a core tens of milliseconds."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from types import TracebackType
from typing import Final, Self, TypeVar

from renderkit.system import end_with_parent, ignore_stop_signals, script_not_run_again, usable_cores

Item = TypeVar("Item")
Result = TypeVar("Result")

MIN_ITEMS: Final = 48
"""Fewer are looked at here: starting a process takes as long as looking at a dozen captures."""


class Survey:
    """Applies functions to captures and folders, in as many processes as are worth having. A context manager.

    Processes, because a capture's own child process is forked, which is safe only where there is one thread.
    """

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """Return what a function makes of each item, in their order.

        Args:
            function: Picklable, as are items and results; what it raises is raised.
            items: What to look at.
        """
        cores = usable_cores()
        if len(items) < MIN_ITEMS or cores == 1:
            return [function(item) for item in items]
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                cores, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(os.getpid(),)
            )
        with script_not_run_again():
            results = self._pool.map(function, items, chunksize=max(1, min(16, len(items) // (4 * cores))))
        return list(results)

    def __enter__(self) -> Self:
        """Return the survey; processes start when they are needed."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the processes; after an error, what they were to do is dropped."""
        if self._pool is not None:
            self._pool.shutdown(wait=error is None, cancel_futures=True)
            self._pool = None


def _begin(parent: int) -> None:
    end_with_parent(parent)
    ignore_stop_signals()
