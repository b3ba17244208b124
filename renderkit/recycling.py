"""Memory of large pictures that is used again: fresh pages cost more than what is drawn into them.

The kernel clears every page of a fresh array when it is first touched; for pictures of some megapixels that takes
longer than rendering them. An array made here is ordinary and belongs to whoever holds it. Its memory comes back by
itself when the array and all views of it are gone.
"""

from __future__ import annotations

import math
import weakref
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SMALLEST_BYTES = 1 << 20
_LARGEST_BYTES = 1 << 28
_MAX_SIZES = 6


class Recycler:
    """Gives out uninitialised arrays. Safe for threads; holds a bounded number of blocks that nobody uses."""

    def __init__(self, spare_blocks: int = 6) -> None:
        """Keep up to `spare_blocks` free blocks of each size, of the last few sizes asked for."""
        self._spare_blocks = spare_blocks
        # Appending to and popping from a deque are atomic: a block may come back during any line of any thread.
        self._free: dict[int, deque[NDArray[np.uint8]]] = {}

    def empty(self, shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
        """Return a contiguous array with whatever its memory held before."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if not _SMALLEST_BYTES <= size <= _LARGEST_BYTES:
            return np.empty(shape, dtype)
        if size not in self._free and len(self._free) >= _MAX_SIZES:
            self._free.clear()
        spare = self._free.setdefault(size, deque(maxlen=self._spare_blocks))
        try:
            block = spare.pop()
        except IndexError:
            block = np.empty(size, np.uint8)
        # Its base is no array, so NumPy makes it, and not the block, the base of every view of it.
        owner: NDArray[np.uint8] = np.frombuffer(block.data, np.uint8)
        weakref.finalize(owner, spare.append, block).atexit = False
        return owner.view(dtype).reshape(shape)

    def clear(self) -> None:
        """Release the blocks that nobody uses."""
        self._free.clear()


PICTURES = Recycler()
"""Shared by whatever reads or draws whole pictures."""
