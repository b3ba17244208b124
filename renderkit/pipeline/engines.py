"""How the views of a capture are worked on at once: in order, and with bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from renderkit.render.base import Renderer

Item = TypeVar("Item")
Result = TypeVar("Result")


def views_at_once(renderer: Renderer) -> int:
    """Return how many views a renderer can draw at once from threads of one process.

    A renderer that may be used from several threads says so by an attribute `threads`, as CpuRenderer does; one that
    belongs to its thread, as an OpenGL context does, draws one view at a time.
    """
    return max(1, int(getattr(renderer, "threads", 1)))


def map_in_order(
    function: Callable[[Item], Result], items: Iterable[Item], num_threads: int, *, ahead: int = 1
) -> Iterator[Result]:
    """Apply a function to items in several threads and yield the results in the items' order.

    Items are taken only as results are: at most `num_threads + ahead` are started and not yet yielded, so that memory
    is bounded however many there are, and the next item is read while the last one still computes.

    Args:
        function: Called in a worker thread; what it raises is raised where its result would have been yielded.
        items: Consumed in the calling thread.
        num_threads: 1 works in the calling thread, without any worker.
        ahead: Items waiting beside those being worked on.
    """
    if num_threads <= 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(num_threads, thread_name_prefix="renderkit-view") as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= num_threads + ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
