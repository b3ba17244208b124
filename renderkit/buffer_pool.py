"""Memory of large pictures that is used again: fresh pages cost more than what is drawn into them.

The kernel clears every page of a fresh array when it is first touched; for pictures of some megapixels that takes
longer than rendering them. An array made here is ordinary and belongs to whoever holds it. Its memory comes back by
itself when the array and all views of it are gone.
"""

from __future__ import annotations

import math
import weakref
from collections import deque
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

_SMALLEST_BYTES = 1 << 20
_LARGEST_BYTES = 1 << 28
_MAX_SIZES = 12

Window: TypeAlias = tuple[int, int, int, int]
"""x0, y0, x1, y1 in px, ends excluded."""


@dataclass(eq=False)
class _Canvas:
    """A picture that holds its background everywhere outside a window."""

    pixels: NDArray[Any]
    window: Window


class Recycler:
    """Gives out uninitialised arrays. Safe for threads; holds a bounded number of blocks that nobody uses."""

    def __init__(self, spare_blocks: int = 6) -> None:
        """Keep up to `spare_blocks` free blocks of each size, of the last few sizes asked for."""
        self._spare_blocks = spare_blocks
        # Appending to and popping from a deque are atomic: a block may come back during any line of any thread.
        self._free: dict[int, deque[NDArray[np.uint8]]] = {}
        self._canvases: dict[tuple[object, ...], deque[_Canvas]] = {}

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
        if not _SMALLEST_BYTES <= size <= _LARGEST_BYTES:
            pixels = np.full(shape, background, dtype)
            return pixels, _read_only(pixels)
        key = (shape, dtype, background)
        if key not in self._canvases and len(self._canvases) >= _MAX_SIZES:
            self._canvases.clear()
        spare = self._canvases.setdefault(key, deque(maxlen=self._spare_blocks))
        try:
            canvas = spare.pop()
        except IndexError:
            canvas = _Canvas(np.zeros(shape, dtype) if background == 0 else np.full(shape, background, dtype), window)
        _restore(canvas.pixels, canvas.window, window, background)
        canvas.window = window
        picture = _read_only(canvas.pixels)
        weakref.finalize(_owner(picture), spare.append, canvas).atexit = False
        return canvas.pixels, picture

    def clear(self) -> None:
        """Release the blocks that nobody uses."""
        self._free.clear()
        self._canvases.clear()


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


PICTURES = Recycler()
"""Shared by whatever reads or draws whole pictures."""
