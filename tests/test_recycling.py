"""Arrays whose memory is used again, and never while somebody can still see it."""

from __future__ import annotations

import threading

import numpy as np

from renderkit.recycling import Recycler

SHAPE = (1024, 1024)


def _address(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> int:
    return int(array.__array_interface__["data"][0])


def test_memory_comes_back_when_the_array_is_gone() -> None:
    recycler = Recycler()
    first = recycler.empty(SHAPE, np.float32)
    assert first.shape == SHAPE
    assert first.dtype == np.float32
    assert first.flags.carray
    address = _address(first)
    del first
    assert _address(recycler.empty((2048, 512), np.int32)) == address


def test_memory_stays_with_every_view_of_the_array() -> None:
    recycler = Recycler()
    first = recycler.empty(SHAPE, np.float32)
    views = [first[10:20], first.T, first.reshape(-1), first.view(np.uint8), first[3:][::2, 5], np.asarray(first)]
    address = _address(first)
    del first
    while views:
        assert _address(recycler.empty(SHAPE, np.float32)) != address
        views.pop()
    assert _address(recycler.empty(SHAPE, np.float32)) == address


def test_a_buffer_of_the_array_keeps_its_memory() -> None:
    recycler = Recycler()
    first = recycler.empty(SHAPE, np.float32)
    buffer, address = first.data, _address(first)
    del first
    assert _address(recycler.empty(SHAPE, np.float32)) != address
    assert buffer.nbytes == 4 << 20


def test_the_number_of_free_blocks_is_bounded() -> None:
    recycler = Recycler(spare_blocks=2)
    arrays = [recycler.empty(SHAPE, np.float32) for _ in range(5)]
    kept = {_address(array) for array in arrays[-2:]}
    while arrays:
        arrays.pop(0)
    again = [recycler.empty(SHAPE, np.float32) for _ in range(2)]
    assert {_address(array) for array in again} == kept


def test_small_arrays_are_left_to_numpy() -> None:
    assert Recycler().empty((10, 10), np.int32).flags.owndata


def test_threads_never_share_memory() -> None:
    recycler, wrong = Recycler(), []

    def work(number: int) -> None:
        for _ in range(200):
            array = recycler.empty((1 << 20,), np.uint8)
            array[:] = number
            wrong.append(bool((array != number).any()))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wrong) == 800
    assert not any(wrong)
