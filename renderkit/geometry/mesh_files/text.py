"""Numbers in text files, read in bulk."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError

_CHUNK_BYTES = 8 << 20


def numbers_of(path: Path, body: bytes) -> FloatArray:
    """Return all numbers of a text, separated by white space.

    Raises:
        DatasetError: If something is not a number.
    """
    if b"_" in body:
        raise DatasetError(path, None, "expected numbers, found '_'")
    parts: list[FloatArray] = []
    begin = 0
    try:
        while begin < len(body):
            end = _end_of_line(body, begin + _CHUNK_BYTES)
            words = body[begin:end].split()
            parts.append(np.fromiter(map(float, words), np.float64, len(words)))
            begin = end
    except ValueError as error:
        raise DatasetError(path, None, f"expected numbers: {str(error)[:120]}") from error
    return np.concatenate(parts) if parts else np.empty(0)


def _end_of_line(body: bytes, position: int) -> int:
    """Return where the first line ends at or after `position`; memory for words stays bounded by the chunk."""
    ends = [found for newline in (b"\n", b"\r") if (found := body.find(newline, position)) >= 0]
    return min(ends) + 1 if ends else len(body)
