"""Several threads on one view, as long as nobody needs them for other views."""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

Item = TypeVar("Item")


class _Mark:
    """Lives as long as the thread that holds it."""


class Team:
    """Shares the parts of one view out to threads; each thread that draws views of its own gets its share of them."""

    def __init__(self, threads: int) -> None:
        """Take the number of threads that may work at once, callers included."""
        self._threads = threads
        self._here = threading.local()
        self._callers: weakref.WeakSet[_Mark] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._process = 0

    def share(self) -> int:
        """Return how many threads the calling thread may use for a view: all, or less where other threads draw too."""
        if self._threads == 1:
            return 1
        if not hasattr(self._here, "mark"):
            self._here.mark = _Mark()
            with self._lock:
                self._callers.add(self._here.mark)
        return max(1, self._threads // max(1, len(self._callers)))

    def map(self, function: Callable[[Item], object], items: Sequence[Item], threads: int) -> None:
        """Apply a function to all items, in `threads` threads, the calling one among them; whoever is free takes one.

        Raises:
            Exception: What the function raises, when all threads have stopped.
        """
        threads = min(threads, len(items))
        if threads <= 1:
            for item in items:
                function(item)
            return
        waiting = deque(items)

        def work() -> None:
            while True:
                try:
                    item = waiting.popleft()
                except IndexError:
                    return
                function(item)

        futures = [self._workers().submit(work) for _ in range(threads - 1)]
        try:
            work()
        finally:
            wait(futures)
        for future in futures:
            future.result()

    def map_ranges(self, function: Callable[[int, int], object], total: int, threads: int, *, grain: int = 1) -> None:
        """Call a function with the start and the end of `threads` equal parts of range(total), each whole grains."""
        step = max(1, -(-total // (grain * threads))) * grain
        parts = [(start, min(start + step, total)) for start in range(0, total, step)]
        self.map(lambda part: function(*part), parts, threads)

    def close(self) -> None:
        """Let the threads go. They come back when they are needed."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None and self._process == os.getpid():
            pool.shutdown()

    def _workers(self) -> ThreadPoolExecutor:
        with self._lock:
            # Threads do not survive a fork.
            if self._pool is None or self._process != os.getpid():
                self._pool = ThreadPoolExecutor(self._threads - 1, thread_name_prefix="renderkit-draw")
                self._process = os.getpid()
            return self._pool
