"""Arrays whose memory is used again, and never while somebody can still see it."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from renderkit.buffer_pool import Recycler

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


WHOLE = (0, 0, 1024, 1024)


def test_a_canvas_holds_its_background_around_the_window() -> None:
    recycler, rng = Recycler(), np.random.default_rng(0)
    addresses = set()
    for _ in range(50):
        x0, x1 = sorted(rng.integers(0, 1025, 2).tolist())
        y0, y1 = sorted(rng.integers(0, 1025, 2).tolist())
        pixels, picture = recycler.canvas(SHAPE, np.float32, np.inf, (x0, y0, x1, y1))
        pixels[y0:y1, x0:x1] = rng.random()
        around = np.ones(SHAPE, np.bool_)
        around[y0:y1, x0:x1] = False
        assert np.isposinf(picture[around]).all()
        assert np.isfinite(picture[~around]).all()
        addresses.add(_address(picture))
        del pixels, picture
    assert len(addresses) == 1


def test_a_canvas_is_read_only_for_good() -> None:
    _, picture = Recycler().canvas(SHAPE, np.int32, -1, WHOLE)
    for array in (picture, picture.base, picture[3:]):
        assert isinstance(array, np.ndarray)
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.flags.writeable = True
    with pytest.raises(ValueError, match="read-only"):
        picture[0, 0] = 1
    _, small = Recycler().canvas((3, 4), np.bool_, False, (0, 0, 1, 1))
    assert not small.flags.writeable
    assert not small.any()


def test_a_canvas_stays_with_every_view_of_its_picture() -> None:
    recycler = Recycler()
    pixels, picture = recycler.canvas(SHAPE, np.float32, 0, WHOLE)
    address, view = _address(picture), picture[5:, ::2]
    del pixels, picture
    other = recycler.canvas(SHAPE, np.float32, 0, WHOLE)
    assert _address(other[1]) != address
    del view
    assert _address(recycler.canvas(SHAPE, np.float32, 0, WHOLE)[1]) == address


def test_canvases_of_different_backgrounds_are_kept_apart() -> None:
    recycler = Recycler()
    zeros = recycler.canvas(SHAPE, np.float32, 0, (0, 0, 0, 0))[1]
    address = _address(zeros)
    del zeros
    ones = recycler.canvas(SHAPE, np.float32, 1, (0, 0, 0, 0))[1]
    assert (ones == 1.0).all()
    assert _address(ones) != address
