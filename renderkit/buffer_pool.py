"""Memory of large pictures that is used again: fresh pages cost more than what is drawn into them.

The kernel clears every page of a fresh array when it is first touched; for pictures of some megapixels that takes
longer than rendering them. An array made here is ordinary and belongs to whoever holds it. Its memory comes back by
itself when the array and all views of it are gone, and then waits for the next picture of its kind.
"""

from __future__ import annotations

import math
import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Hashable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

MAX_BYTES: Final = 256 << 20
"""What a pool keeps unless told otherwise."""

_SMALLEST_BYTES = 1 << 20
"""Smaller arrays come from the allocator's own lists faster."""

_KEPT_BLOCK = 31 << 20
"""Bytes; glibc does not follow larger blocks."""

Window: TypeAlias = tuple[int, int, int, int]
"""x0, y0, x1, y1 in px, ends excluded."""


def keep_freed_memory() -> None:
    """Have the allocator keep what was freed, up to 62 MiB, rather than give it back and fetch it again at every view.

    glibc gives the end of its heap back when twice as much is free there as the largest block that was ever mapped by
    itself and freed: 10 MiB after the rows of a picture of 5 megapixels, as much as a view takes. Fetching 2,000 fresh
    pages at every view takes as long as scoring it. A larger block that is freed untouched moves the mark. Other
    allocators do nothing about it.
    """
    block = np.empty(_KEPT_BLOCK, np.uint8)
    del block


@dataclass(frozen=True, eq=False)
class _Block:
    """Memory that nobody uses; `window` is the part of a canvas that does not hold its background."""

    key: Hashable
    pixels: NDArray[Any]
    window: Window = (0, 0, 0, 0)


class BufferPool:
    """Gives out large arrays, and keeps the memory of those that are gone: the least recently used goes first.

    A context manager that belongs to whoever draws or reads: at its end the memory is released. Safe for threads.

    Attributes:
        max_bytes: The most memory that is kept while nobody uses it. What is handed out does not count.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        """Start empty.

        Raises:
            ValueError: If `max_bytes` is negative.
        """
        if max_bytes < 0:
            raise ValueError(f"max_bytes: expected at least 0, got {max_bytes}")
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        # Blocks come back during any line of any thread, also of one that holds the lock. They wait here, because
        # appending to a deque and popping from it are atomic.
        self._returned: deque[_Block] = deque()
        self._free: OrderedDict[int, _Block] = OrderedDict()
        self._by_key: dict[Hashable, deque[int]] = {}
        self._free_bytes = 0
        self._next_number = 0
        self._closed = False

    def __reduce__(self) -> tuple[type[BufferPool], tuple[int]]:
        """Pickle as an empty pool: memory stays in its process."""
        return type(self), (self.max_bytes,)

    @property
    def free_bytes(self) -> int:
        """How much memory is kept that nobody uses."""
        self._settle()
        return self._free_bytes

    def empty(self, shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
        """Return a contiguous array with whatever its memory held before."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if not _SMALLEST_BYTES <= size <= self.max_bytes:
            return np.empty(shape, dtype)
        found = self._take(size)
        block = found or _Block(size, np.empty(size, np.uint8))
        # Its base is no array, so NumPy makes it, and not the block, the base of every view of it.
        owner: NDArray[np.uint8] = np.frombuffer(block.pixels.data, np.uint8)
        self._return_after(owner, block)
        return owner.view(dtype).reshape(shape)

    def canvas(
        self, shape: tuple[int, ...], dtype: type[np.generic], background: float, window: Window
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return a picture for a drawing that covers only a part of it: what lies around need not be written each time.

        Args:
            shape: (height, width) or (height, width, channels).
            dtype: Type of its elements.
            background: What it holds outside the window.
            window: Where the caller writes; what the memory holds there is left over and must be written over.

        Returns:
            The picture to draw into, and the same picture for others: read-only for good, so that the background can
            be trusted when the memory comes back.
        """
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if not _SMALLEST_BYTES <= size <= self.max_bytes:
            pixels = np.full(shape, background, dtype)
            return pixels, _read_only(pixels)
        key = (shape, dtype, background)
        found = self._take(key)
        if found is None:
            pixels = np.zeros(shape, dtype) if background == 0 else np.full(shape, background, dtype)
        else:
            pixels = found.pixels
            _restore(pixels, found.window, window, background)
        picture = _read_only(pixels)
        self._return_after(_owner(picture), _Block(key, pixels, window))
        return pixels, picture

    def close(self) -> None:
        """Release the memory that nobody uses; what is still used is released when it is gone.

        A pool that is asked for an array afterwards is open again.
        """
        with self._lock:
            self._closed = True
            self._returned.clear()
            self._free.clear()
            self._by_key.clear()
            self._free_bytes = 0

    def __enter__(self) -> Self:
        """Return the pool itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the memory."""
        self.close()

    def _take(self, key: Hashable) -> _Block | None:
        """Return the free block of this kind that was used last; None when there is none."""
        with self._lock:
            self._shelve()
            self._closed = False
            numbers = self._by_key.get(key)
            if numbers is None:
                return None
            block = self._free.pop(numbers.pop())
            self._forget(block, numbers)
            return block

    def _return_after(self, owner: NDArray[Any], block: _Block) -> None:
        """Take a block back when its last array is gone."""
        weakref.finalize(owner, _give_back, weakref.ref(self), block).atexit = False

    def _settle(self) -> None:
        """Put away what came back, unless another thread, or this one further out, is about to do so."""
        while self._returned and self._lock.acquire(blocking=False):
            try:
                self._shelve()
            finally:
                self._lock.release()

    def _shelve(self) -> None:
        """Put away what came back, and release the least recently used beyond the bound. The lock is held."""
        while self._returned:
            block = self._returned.popleft()
            if self._closed:
                continue
            self._free[self._next_number] = block
            self._by_key.setdefault(block.key, deque()).append(self._next_number)
            self._free_bytes += block.pixels.nbytes
            self._next_number += 1
        while self._free_bytes > self.max_bytes:
            _, oldest = self._free.popitem(last=False)
            numbers = self._by_key[oldest.key]
            numbers.popleft()
            self._forget(oldest, numbers)

    def _forget(self, block: _Block, numbers: deque[int]) -> None:
        self._free_bytes -= block.pixels.nbytes
        if not numbers:
            del self._by_key[block.key]


def _give_back(pool: weakref.ref[BufferPool], block: _Block) -> None:
    alive = pool()
    if alive is not None:
        alive._returned.append(block)
        alive._settle()


def _read_only(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return the same memory as an array that nobody can make writable."""
    owner: NDArray[np.uint8] = np.frombuffer(pixels.reshape(-1).view(np.uint8).data.toreadonly(), np.uint8)
    return owner.view(pixels.dtype).reshape(pixels.shape)


def _owner(view: NDArray[Any]) -> NDArray[Any]:
    """Return the array that every view of this one keeps alive: the lowest one made of no array."""
    while isinstance(view.base, np.ndarray):
        view = view.base
    return view


def _restore(pixels: NDArray[Any], old: Window, new: Window, background: float) -> None:
    """Write the background where the old window reaches beyond the new one."""
    x0, y0, x1, y1 = old
    left, top, right, bottom = new
    pixels[y0 : min(y1, top), x0:x1] = background
    pixels[max(y0, bottom) : y1, x0:x1] = background
    rows = slice(max(y0, top), max(min(y1, bottom), y0, top))
    pixels[rows, x0 : min(x1, left)] = background
    pixels[rows, max(x0, right) : x1] = background
