"""Progress: plain lines when piped, a bar on a terminal."""

from __future__ import annotations

import io
import sys
import time

import pytest

from renderkit.cli.command_log import CommandLog
from renderkit.cli.progress import Progress


class _Clock:
    """A clock on which each look takes so many seconds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
        self._now, self._seconds = 100.0, seconds
        monkeypatch.setattr(time, "monotonic", self._look)

    def _look(self) -> float:
        self._now += self._seconds
        return self._now


def test_plain_lines_when_piped(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    _Clock(monkeypatch, 0.2)
    with CommandLog(), Progress() as progress:
        for done in range(101):
            progress.update(done, 100)
    output = capsys.readouterr()
    assert output.out == ""
    lines = output.err.splitlines()
    assert len(lines) == 10
    assert lines[0].startswith("10/100 views, ")
    assert lines[-1].startswith("100/100 views, ")
    assert lines[-1].endswith("/s, 0 s left")


def test_a_fast_command_prints_the_last_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _Clock(monkeypatch, 0.005)
    with CommandLog(), Progress() as progress:
        for done in range(101):
            progress.update(done, 100)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" ")[0] for line in lines] == ["100/100"]


def test_lines_are_a_second_apart_and_end(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    _Clock(monkeypatch, 0.015)
    with CommandLog(), Progress() as progress:
        for done in range(101):
            progress.update(done, 100)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("/")[0] for line in lines] == ["66", "100"]


def test_what_an_earlier_run_did_counts_for_no_rate(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _Clock(monkeypatch, 2.0)
    with CommandLog(), Progress() as progress:
        for before in (20, 40):
            progress.update(before, 100, before=before)
        progress.update(60, 100, before=40)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("60/100 views (40 before), ")
    assert ", 0.0/s" not in lines[0]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_with_rate_and_time_left_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with Progress() as progress:
        for done in range(5):
            progress.update(done, 4)
    shown = terminal.getvalue()
    assert "4/4" in shown
    assert "views/s" in shown
    assert "left" in shown
