from __future__ import annotations

import numpy as np
import pytest

from renderkit.arrays import as_array, frozen


def test_shapes_are_checked_with_both_shapes_in_the_message() -> None:
    assert as_array([[1, 2, 3]], np.float64, (None, 3), "points").dtype == np.float64
    with pytest.raises(ValueError, match=r"points: expected shape \(N, 3\), got \(1, 2\)"):
        as_array([[1, 2]], np.float64, (None, 3), "points")
    with pytest.raises(ValueError, match=r"t: expected shape \(3,\), got \(3, 1\)"):
        as_array([[1], [2], [3]], np.float64, (3,), "t")
    with pytest.raises(ValueError, match="t: expected numbers"):
        as_array(["a", "b", "c"], np.float64, (3,), "t")


def test_frozen_copies_once() -> None:
    source = np.arange(6.0).reshape(2, 3)
    first = frozen(source)
    assert not np.shares_memory(first, source)
    assert frozen(first) is first
    # A read-only view of somebody else's array is still theirs to change.
    view = source[:]
    view.flags.writeable = False
    assert not np.shares_memory(frozen(view), source)
