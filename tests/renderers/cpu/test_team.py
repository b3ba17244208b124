"""Threads that share the parts of one view."""

from __future__ import annotations

import threading

import pytest

from renderkit.renderers.cpu.team import Team


def test_every_item_is_worked_on_once() -> None:
    team = Team(3)
    done: list[int] = []
    team.map(done.append, range(1000), 3)
    assert sorted(done) == list(range(1000))
    team.close()


def test_several_threads_work_at_once() -> None:
    team = Team(3)
    together = threading.Barrier(3, timeout=30.0)
    team.map(lambda _: together.wait(), range(3), 3)
    team.close()


def test_ranges_are_whole_grains_and_cover_everything() -> None:
    team = Team(2)
    for total in (0, 1, 7, 8, 9, 100):
        for threads in (1, 2, 5):
            found: list[tuple[int, int]] = []
            team.map_ranges(lambda *part: found.append(part), total, threads, grain=8)  # noqa: B023
            found.sort()
            assert [i for first, last in found for i in range(first, last)] == list(range(total))
            assert all(first % 8 == 0 for first, _ in found)
            assert len(found) <= threads
    team.close()


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_is_raised_when_all_have_stopped(threads: int) -> None:
    team = Team(2)

    def work(item: int) -> None:
        if item == 5:
            raise ValueError("five")

    with pytest.raises(ValueError, match="five"):
        team.map(work, range(10), threads)
    done: list[int] = []
    team.map(done.append, range(4), 2)
    assert len(done) == 4
    team.close()
    team.close()


def test_threads_that_draw_share_the_threads() -> None:
    team = Team(4)
    assert team.share() == 4
    shares: list[int] = []
    ready, leave = threading.Event(), threading.Event()

    def draw() -> None:
        shares.append(team.share())
        ready.set()
        leave.wait(30.0)

    other = threading.Thread(target=draw)
    other.start()
    ready.wait(30.0)
    assert shares == [2]
    assert team.share() == 2
    leave.set()
    other.join()
    assert team.share() == 4
    assert Team(1).share() == 1


def test_a_closed_team_works_again_when_it_is_asked() -> None:
    team = Team(2)
    done: list[int] = []
    for _ in range(2):
        team.map(done.append, range(3), 2)
        team.close()
    assert len(done) == 6
