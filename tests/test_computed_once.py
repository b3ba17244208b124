"""A property that is kept, and for which threads do not wait for each other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier

from renderkit.computed_once import computed_once


@dataclass(frozen=True)
class Counted:
    calls: list[int] = field(default_factory=list)

    @computed_once
    def value(self) -> int:
        """Count."""
        self.calls.append(1)
        return len(self.calls)


def test_it_is_computed_once_for_each_instance() -> None:
    one, other = Counted(), Counted()
    assert (one.value, one.value, other.value) == (1, 1, 1)
    assert one.calls == [1]
    assert Counted.value.__doc__ == "Count."


def test_threads_compute_it_for_two_instances_at_once() -> None:
    both = Barrier(2, timeout=30.0)

    class Met:
        @computed_once
        def place(self) -> int:
            return both.wait()

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(lambda one: one.place, [Met(), Met()])) == [0, 1]
