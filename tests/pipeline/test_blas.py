"""Linear algebra of a run has one thread, and the caller's gets its own back."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from renderkit.pipeline.blas import one_blas_thread


def threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@one_blas_thread
def seen(fails: bool = False) -> set[int]:
    """Of a run."""
    if fails:
        raise ArithmeticError
    return threads()


def test_a_run_has_one_thread_and_the_caller_gets_its_own_back() -> None:
    assert np.linalg.inv(np.eye(2)).sum() == 2.0
    with threadpool_limits(2, user_api="blas"):
        before = threads()
        assert seen() == {1}
        assert threads() == before
        with pytest.raises(ArithmeticError):
            seen(fails=True)
        assert threads() == before
    assert seen.__doc__ == "Of a run."
