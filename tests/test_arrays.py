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


@pytest.mark.parametrize(
    ("value", "dtype", "message"),
    [
        ([0.0, 0.5, 1.0], np.uint8, "expected values that uint8 holds, got float64 with 0.5"),
        (np.array([0, 300, 1]), np.uint8, "got int64 with 300"),
        (np.array([0, 128, 255], np.uint8), np.bool_, "expected values that bool holds, got uint8 with 128"),
        ([1.0, np.nan, 0.0], np.bool_, "got float64 with nan"),
        ([0.0, 1.5, 2.0], np.int64, "got float64 with 1.5"),
    ],
)
def test_values_are_never_cut_wrapped_or_merged(value: object, dtype: type[np.generic], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        as_array(value, dtype, (3,), "given")  # type: ignore[arg-type]


def test_values_that_fit_are_taken_from_any_type() -> None:
    assert as_array([0.0, 2.0, 255.0], np.uint8, (3,), "given").tolist() == [0, 2, 255]
    assert as_array([0, 1, 1], np.bool_, (3,), "given").tolist() == [False, True, True]
    assert as_array(np.array([3, 4], np.uint64), np.int32, (2,), "given").tolist() == [3, 4]


def test_nothing_given_is_said() -> None:
    with pytest.raises(ValueError, match=r"K: expected shape \(3, 3\), got None"):
        as_array(None, np.float64, (3, 3), "K")  # type: ignore[arg-type]
