"""How the views of a capture are worked on at once: in order, and with bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar, cast

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_order(
    function: Callable[[Item], Result], items: Iterable[Item], num_threads: int, *, ahead: int = 1, batch: int = 1
) -> Iterator[Result]:
    """Apply a function to items in several threads and yield the results in the items' order.

    Items are taken only as results are: at most `num_threads + ahead` batches are started and not yet yielded, so that
    memory is bounded however many there are, and the next item is read while the last one still computes.

    Args:
        function: Called in a worker thread; what it raises is raised where its result would have been yielded.
        items: Consumed in the calling thread.
        num_threads: 1 works in the calling thread, without any worker.
        ahead: Batches waiting beside those being worked on.
        batch: Items that a worker takes at once. Handing over costs as much as a tenth of a millisecond, so items of
            a millisecond or two are worth taking in batches.
    """
    if num_threads <= 1:
        yield from map(function, items)
        return
    source = iter(items)
    with ThreadPoolExecutor(num_threads, thread_name_prefix="renderkit-view") as pool:
        waiting: deque[Future[tuple[list[Result], Exception | None]]] = deque()
        try:
            while several := list(islice(source, batch)):
                waiting.append(pool.submit(_apply, function, several))
                if len(waiting) >= num_threads + ahead:
                    yield from _results(waiting.popleft())
            while waiting:
                yield from _results(waiting.popleft())
        finally:
            for future in waiting:
                future.cancel()


def read_ahead(items: Iterable[Item], count: int) -> Iterator[Item]:
    """Yield items, the next `count` of which are taken meanwhile in a thread of their own.

    What taking an item raises is raised in its place.
    """
    source, end = iter(items), object()
    with ThreadPoolExecutor(1, thread_name_prefix="renderkit-read") as pool:
        waiting = deque(pool.submit(next, source, end) for _ in range(count))
        while True:
            item = waiting.popleft().result()
            if item is end:
                return
            waiting.append(pool.submit(next, source, end))
            yield cast("Item", item)


def _apply(function: Callable[[Item], Result], items: list[Item]) -> tuple[list[Result], Exception | None]:
    """Return the results up to the first error, and that error."""
    results: list[Result] = []
    try:
        for item in items:
            results.append(function(item))  # noqa: PERF401 - those before an error count
    except Exception as error:  # noqa: BLE001 - raised again in its place
        return results, error
    return results, None


def _results(future: Future[tuple[list[Result], Exception | None]]) -> Iterator[Result]:
    results, error = future.result()
    yield from results
    if error is not None:
        raise error
