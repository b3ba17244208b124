"""Simulated runs in processes of their own, killed at moments that a seed chooses."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROGRAM: Final = Path(__file__).with_name("simulated_dataset.py")
SECONDS_TO_VANISH: Final = 5.0


@dataclass(frozen=True)
class RunShape:
    """How large a simulated run is, and how long it takes."""

    captures: int = 6
    frames: int = 40
    cameras: int = 4
    workers: int = 2
    seconds: float = 0.05


def start(folder: Path, shape: RunShape) -> subprocess.Popen[bytes]:
    """Start a run in a process group of its own."""
    arguments = [shape.captures, shape.frames, shape.cameras, shape.workers, shape.seconds]
    command = [sys.executable, str(PROGRAM), str(folder), *map(str, arguments)]
    return subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)  # noqa: S603 - our own program


def finish(folder: Path, shape: RunShape) -> int:
    """Let a run go to its end and return its exit code."""
    return start(folder, shape).wait()


def children(pid: int) -> list[int]:
    """Return the processes that a process started, but for those that only watch shared memory."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                command = (entry / "cmdline").read_bytes()
            except (OSError, ValueError, IndexError):
                continue
            if parent == pid and b"resource_tracker" not in command:
                found.append(int(entry.name))
    return found


def group_members(group: int) -> list[int]:
    """Return the processes of a session that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == group and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def kill_once(folder: Path, shape: RunShape, lot: random.Random, longest: float) -> str:
    """Start a run and kill the main process or a worker; return which, or "late" where it had ended already.

    Raises:
        AssertionError: If a process of the run is left after five seconds.
    """
    run = start(folder, shape)
    log = folder / "log.txt"
    before = log.stat().st_size if log.exists() else 0
    # Half of the kills fall while units are done, half anywhere from the start on.
    if lot.random() < 0.5:
        while run.poll() is None and (log.stat().st_size if log.exists() else 0) == before:
            time.sleep(0.02)
    moment = time.monotonic() + lot.uniform(0.0, longest)
    while time.monotonic() < moment and run.poll() is None:
        time.sleep(0.01)
    workers = children(run.pid)
    victim = "worker" if workers and lot.random() < 0.5 else "main"
    if run.poll() is not None:
        victim = "late"
    elif victim == "worker":
        try:
            os.kill(lot.choice(workers), signal.SIGKILL)
        except ProcessLookupError:
            victim = "late"
        run.wait()
    else:
        run.kill()
        run.wait()
    check_none_left(run.pid)
    return victim


def check_none_left(group: int) -> None:
    """Wait until no process of a session runs.

    Raises:
        AssertionError: If one does after five seconds.
    """
    deadline = time.monotonic() + SECONDS_TO_VANISH
    while left := group_members(group):
        assert time.monotonic() < deadline, f"processes left: {left}"
        time.sleep(0.05)
