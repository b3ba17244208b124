"""The ordered, bounded map over threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from renderkit.pipeline.workers import map_in_order, read_ahead


@pytest.mark.parametrize("batch", [1, 3, 100])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_the_order_of_the_items(threads: int, batch: int) -> None:
    delays = np.random.default_rng(0).uniform(0.0, 0.004, 40)

    def work(index: int) -> int:
        time.sleep(delays[index])
        return index * index

    assert list(map_in_order(work, range(40), threads, batch=batch)) == [index * index for index in range(40)]


def test_items_are_taken_only_as_results_are() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for index in range(1000):
            taken.append(index)
            yield index

    results = map_in_order(lambda index: index, items(), 3, ahead=2)
    for expected in range(10):
        assert next(results) == expected
        assert len(taken) <= expected + 1 + 3 + 2
    results.close()  # type: ignore[attr-defined]
    assert len(taken) <= 15


@pytest.mark.parametrize("batch", [1, 2, 4])
def test_an_error_comes_where_its_result_would_have(batch: int) -> None:
    def work(index: int) -> int:
        if index == 3:
            raise ValueError("bad item")
        return index

    results = map_in_order(work, range(10), 2, batch=batch)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="bad item"):
        next(results)


def test_items_are_worked_on_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=20.0)
    assert list(map_in_order(lambda _: together.wait() >= 0, range(6), 3)) == [True] * 6


def test_items_are_taken_while_the_last_one_is_worked_on() -> None:
    taken = threading.Semaphore(0)

    def items() -> Iterator[int]:
        for index in range(5):
            taken.release()
            yield index

    for count, index in enumerate(read_ahead(items(), 2)):
        assert index == count
        # This item and the next two, unless there are no more.
        for _ in range(3 if index == 0 else int(index + 2 < 5)):
            assert taken.acquire(timeout=30.0)
    assert not taken.acquire(blocking=False)


def test_no_more_is_taken_ahead_than_asked_for() -> None:
    taken: list[int] = []
    items = read_ahead((taken.append(index) or index for index in range(100)), 3)  # type: ignore[func-returns-value]
    assert next(items) == 0
    items.close()  # type: ignore[attr-defined]
    assert len(taken) <= 4


def test_what_taking_an_item_raises_comes_in_its_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise LookupError("three")

    found: list[int] = []
    with pytest.raises(LookupError, match="three"):
        found.extend(read_ahead(items(), 3))
    assert found == [1, 2]
    assert list(read_ahead([], 2)) == []
