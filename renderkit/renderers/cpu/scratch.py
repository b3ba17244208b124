"""Working memory that is kept between views: one set per thread, so that threads never wait for each other."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Scratch(threading.local):
    """Buffers by name; each grows to the largest size asked for in this thread."""

    def __init__(self) -> None:
        super().__init__()
        self._buffers: dict[str, NDArray[Any]] = {}
        self._given: dict[str, NDArray[Any]] = {}

    def get(self, name: str, shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
        """Return a contiguous array of this shape with whatever the buffer's last user left; zeros when new."""
        given = self._given.get(name)
        if given is not None and given.shape == shape:
            return given
        size = math.prod(shape)
        buffer = self._buffers.get(name)
        if buffer is None or buffer.size < size:
            buffer = self._buffers[name] = np.zeros(size, dtype)
        self._given[name] = found = buffer[:size].reshape(shape)
        return found

    def rows(self, name: str, least: int, columns: int, dtype: type[np.generic]) -> NDArray[Any]:
        """Return all the rows there are room for, and at least so many; a buffer asked for once more keeps its size."""
        known = self._buffers.get(name)
        return self.get(name, (max(least, 0 if known is None else known.size // columns), columns), dtype)

    def clear(self) -> None:
        """Release this thread's buffers."""
        self._buffers.clear()
        self._given.clear()
