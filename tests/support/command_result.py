"""What a command left behind."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

import click
import pytest


@dataclass(frozen=True)
class Result:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str


def invoke(command: click.Command, *arguments: object) -> tuple[int, str, str]:
    """Run one command without what turns errors into exit codes; returns exit code and output.

    Click's own runner keeps stderr apart from 8.2 on only.
    """
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as leave:
        command.main([str(one) for one in arguments])
    assert isinstance(leave.value.code, int)
    return leave.value.code, out.getvalue(), err.getvalue()
