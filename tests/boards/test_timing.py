from __future__ import annotations

import pytest
from scipy.stats import t

from renderkit.boards.timing import TimeOffset


@pytest.mark.parametrize("degrees", [5, 7, 13, 37])
@pytest.mark.parametrize("count", [6, 60])
def test_a_delay_is_clear_beyond_the_limit_of_students_t(degrees: int, count: int) -> None:
    limit = 0.1 * float(t.isf(0.005 / count, degrees))
    assert not TimeOffset("a", 0.98 * limit, 0.1, degrees).is_clear(count)
    assert TimeOffset("a", -1.02 * limit, 0.1, degrees).is_clear(count)


def test_a_delay_that_nobody_would_see_is_not_told() -> None:
    assert not TimeOffset("a", 0.0004, 1e-6, 7).is_clear(12)
