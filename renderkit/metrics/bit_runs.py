"""Erosion of a bit mask along its columns and rows, compiled and in place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.compiled import kernel


@kernel
def keep_full_runs(words: NDArray[np.uint64], length: int) -> None:
    """Clear, in place, each pixel that does not begin a run of `length` pixels of the mask in its row.

    Runs double in every step. Beyond the last word counts as the mask.
    """
    ones = np.uint64(0xFFFFFFFFFFFFFFFF)
    num_words = words.shape[1]
    for row in range(words.shape[0]):
        reached = 1
        while reached < length:
            step = min(reached, length - reached)
            whole, rest, back = step >> 6, np.uint64(step & 63), np.uint64(64 - (step & 63))
            for word in range(num_words):
                # Words to the right are still those of the step before.
                low = words[row, word + whole] if word + whole < num_words else ones
                if rest:
                    high = words[row, word + whole + 1] if word + whole + 1 < num_words else ones
                    low = (low >> rest) | (high << back)
                words[row, word] &= low
            reached += step


@kernel
def keep_full_columns(words: NDArray[np.uint64], length: int) -> None:
    """Clear, in place, each pixel that does not begin a run of `length` pixels of the mask down its column.

    Below the last row counts as the mask.
    """
    reached = 1
    while reached < length:
        step = min(reached, length - reached)
        for row in range(words.shape[0] - step):
            for word in range(words.shape[1]):
                words[row, word] &= words[row + step, word]
        reached += step
