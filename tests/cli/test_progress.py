"""Progress: plain lines when piped, a bar on a terminal."""

from __future__ import annotations

import io
import sys

import pytest

from renderkit.cli.progress import Progress


def test_plain_lines_when_piped(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(100) as progress:
        for _ in range(100):
            progress.advance()
    output = capsys.readouterr()
    assert output.out == ""
    lines = output.err.splitlines()
    assert len(lines) == 10
    assert lines[0].startswith("10/100 views, ")
    assert lines[-1].startswith("100/100 views, ")
    assert lines[-1].endswith("/s, 0 s left")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_with_rate_and_time_left_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with Progress(4) as progress:
        for _ in range(4):
            progress.advance()
    shown = terminal.getvalue()
    assert "4/4" in shown
    assert "views/s" in shown
    assert "left" in shown
