"""Arrays whose memory is used again, and never while somebody can still see it."""

from __future__ import annotations

import gc
import pickle
import platform
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest

from renderkit.buffer_pool import BufferPool

SHAPE = (1024, 1024)


def _address(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> int:
    return int(array.__array_interface__["data"][0])


def test_memory_comes_back_when_the_array_is_gone() -> None:
    pool = BufferPool()
    first = pool.empty(SHAPE, np.float32)
    assert first.shape == SHAPE
    assert first.dtype == np.float32
    assert first.flags.carray
    address = _address(first)
    del first
    assert _address(pool.empty((2048, 512), np.int32)) == address


def test_memory_stays_with_every_view_of_the_array() -> None:
    pool = BufferPool()
    first = pool.empty(SHAPE, np.float32)
    views = [first[10:20], first.T, first.reshape(-1), first.view(np.uint8), first[3:][::2, 5], np.asarray(first)]
    address = _address(first)
    del first
    while views:
        assert _address(pool.empty(SHAPE, np.float32)) != address
        views.pop()
    assert _address(pool.empty(SHAPE, np.float32)) == address


def test_a_buffer_of_the_array_keeps_its_memory() -> None:
    pool = BufferPool()
    first = pool.empty(SHAPE, np.float32)
    buffer, address = first.data, _address(first)
    del first
    assert _address(pool.empty(SHAPE, np.float32)) != address
    assert buffer.nbytes == 4 << 20


def test_the_last_that_came_back_are_kept() -> None:
    pool = BufferPool(max_bytes=9 << 20)
    arrays = [pool.empty(SHAPE, np.float32) for _ in range(5)]
    kept = {_address(array) for array in arrays[-2:]}
    while arrays:
        arrays.pop(0)
    again = [pool.empty(SHAPE, np.float32) for _ in range(2)]
    assert {_address(array) for array in again} == kept


def test_small_arrays_are_left_to_numpy() -> None:
    assert BufferPool().empty((10, 10), np.int32).flags.owndata


def test_threads_never_share_memory() -> None:
    pool, wrong = BufferPool(), []

    def work(number: int) -> None:
        for _ in range(200):
            array = pool.empty((1 << 20,), np.uint8)
            array[:] = number
            wrong.append(bool((array != number).any()))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wrong) == 800
    assert not any(wrong)


WHOLE = (0, 0, 1024, 1024)


def test_a_canvas_holds_its_background_around_the_window() -> None:
    pool, rng = BufferPool(), np.random.default_rng(0)
    addresses = set()
    for _ in range(50):
        x0, x1 = sorted(rng.integers(0, 1025, 2).tolist())
        y0, y1 = sorted(rng.integers(0, 1025, 2).tolist())
        pixels, picture = pool.canvas(SHAPE, np.float32, np.inf, (x0, y0, x1, y1))
        pixels[y0:y1, x0:x1] = rng.random()
        around = np.ones(SHAPE, np.bool_)
        around[y0:y1, x0:x1] = False
        assert np.isposinf(picture[around]).all()
        assert np.isfinite(picture[~around]).all()
        addresses.add(_address(picture))
        del pixels, picture
    assert len(addresses) == 1


def test_a_canvas_is_read_only_for_good() -> None:
    _, picture = BufferPool().canvas(SHAPE, np.int32, -1, WHOLE)
    for array in (picture, picture.base, picture[3:]):
        assert isinstance(array, np.ndarray)
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.flags.writeable = True
    with pytest.raises(ValueError, match="read-only"):
        picture[0, 0] = 1
    _, small = BufferPool().canvas((3, 4), np.bool_, False, (0, 0, 1, 1))
    assert not small.flags.writeable
    assert not small.any()


def test_a_canvas_stays_with_every_view_of_its_picture() -> None:
    pool = BufferPool()
    pixels, picture = pool.canvas(SHAPE, np.float32, 0, WHOLE)
    address, view = _address(picture), picture[5:, ::2]
    del pixels, picture
    other = pool.canvas(SHAPE, np.float32, 0, WHOLE)
    assert _address(other[1]) != address
    del view
    assert _address(pool.canvas(SHAPE, np.float32, 0, WHOLE)[1]) == address


def test_canvases_of_different_backgrounds_are_kept_apart() -> None:
    pool = BufferPool()
    zeros = pool.canvas(SHAPE, np.float32, 0, (0, 0, 0, 0))[1]
    address = _address(zeros)
    del zeros
    ones = pool.canvas(SHAPE, np.float32, 1, (0, 0, 0, 0))[1]
    assert (ones == 1.0).all()
    assert _address(ones) != address


SIZES = [(1000 + 16 * index, 1200) for index in range(60)]
"""60 cameras whose pictures differ in size, as in FaceScape."""


def test_memory_of_sixty_sizes_is_bounded_and_used_again() -> None:
    limit = 64 << 20
    pool = BufferPool(limit)
    for _ in range(3):
        for shape in SIZES:
            array, canvas = pool.empty(shape, np.float32), pool.canvas(shape, np.uint8, 0, (0, 0, 1, 1))
            del array, canvas
            assert pool.free_bytes <= limit
    assert pool.free_bytes > limit - (10 << 20)


def test_sixty_sizes_that_fit_are_all_used_again() -> None:
    pool = BufferPool(max_bytes=1 << 30)
    addresses = []
    for _ in range(3):
        seen = []
        for shape in SIZES:
            array = pool.empty(shape, np.uint8)
            seen.append(_address(array))
            del array
        addresses.append(seen)
    assert addresses[0] == addresses[1] == addresses[2]
    assert len(set(addresses[0])) == len(SIZES)
    assert pool.free_bytes == sum(height * width for height, width in SIZES)


def test_the_least_recently_used_size_goes_first() -> None:
    pool = BufferPool(max_bytes=5 << 20)
    small, large = pool.empty((1 << 20,), np.uint8), pool.empty((1 << 20,), np.uint16)
    addresses = _address(small), _address(large)
    del large, small  # 2 MiB, then 1 MiB
    again = pool.empty((1 << 20,), np.uint16)
    assert _address(again) == addresses[1]
    del again
    three = pool.empty((3, 1 << 20), np.uint8)
    del three  # the size used longest ago, 1 MiB, has to go
    assert pool.free_bytes == 5 << 20
    kept = pool.empty((1 << 20,), np.uint16)
    assert _address(kept) == addresses[1]
    assert pool.free_bytes == 3 << 20


def test_what_alone_is_over_the_bound_is_left_to_numpy() -> None:
    pool = BufferPool(max_bytes=2 << 20)
    assert pool.empty((3, 1 << 20), np.uint8).flags.owndata
    _, picture = pool.canvas((3, 1 << 20), np.uint8, 0, (0, 0, 1, 1))
    assert not picture.flags.writeable
    del picture
    assert pool.free_bytes == 0
    with pytest.raises(ValueError, match="max_bytes: expected at least 0"):
        BufferPool(-1)


def test_the_memory_goes_with_its_owner() -> None:
    with BufferPool() as pool:
        used, spare = pool.empty(SHAPE, np.float32), pool.empty(SHAPE, np.float32)
        del spare
        assert pool.free_bytes == 4 << 20
    assert pool.free_bytes == 0
    used[:] = 1.0
    assert used.sum() == used.size
    del used
    assert pool.free_bytes == 0
    again = pool.empty(SHAPE, np.float32)
    del again
    assert pool.free_bytes == 4 << 20


def test_another_process_gets_an_empty_pool() -> None:
    pool = BufferPool(5 << 20)
    pool.empty(SHAPE, np.float32)
    assert pool.free_bytes == 4 << 20
    copy = pickle.loads(pickle.dumps(pool))  # noqa: S301 - our own
    assert (copy.max_bytes, copy.free_bytes) == (5 << 20, 0)


def test_an_array_does_not_keep_its_pool() -> None:
    pool = BufferPool()
    array, gone = pool.empty(SHAPE, np.float32), weakref.ref(pool)
    del pool
    gc.collect()
    assert gone() is None
    array[:] = 2.0
    assert array[5, 5] == 2.0


def test_an_array_may_come_back_while_the_pool_is_busy() -> None:
    pool = BufferPool()
    first = pool.empty(SHAPE, np.float32)
    with pool._lock:
        del first
    assert pool.free_bytes == 4 << 20


def test_the_bound_holds_for_many_threads() -> None:
    limit = 8 << 20
    pool, wrong = BufferPool(limit), []

    def work(number: int) -> None:
        rng = np.random.default_rng(number)
        for _ in range(200):
            shape = (int(rng.integers(1, 4)), 1 << 20)
            array, (pixels, picture) = pool.empty(shape, np.uint8), pool.canvas(shape, np.uint8, 0, (2, 0, 4, 1))
            array[:] = number
            pixels[0, 2:4] = number
            wrong.append(bool((array != number).any() or picture[:, 4:].any() or picture[0, 2] != number))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [False] * 800
    assert 0 < pool.free_bytes <= limit


_CHURN = """
import resource
import numpy as np
from renderkit.buffer_pool import keep_freed_memory
if {kept}:
    keep_freed_memory()
def churn():
    for _ in range(4):
        blocks = [np.ones(5 << 20, np.uint8) for _ in range(3)]
churn()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
churn()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator")
def test_freed_memory_is_not_fetched_again() -> None:
    commands = [[sys.executable, "-c", _CHURN.format(kept=kept)] for kept in (True, False)]
    fetched = [int(subprocess.run(one, capture_output=True, check=True).stdout) for one in commands]  # noqa: S603
    # 12 blocks of 1,280 pages.
    assert fetched[0] < 1_280
    assert fetched[1] > 1_280
