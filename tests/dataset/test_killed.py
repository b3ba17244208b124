"""Runs that are killed, stopped or run out of disk: what is stored is whole, and resuming ends as if nothing was."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from killed_runs import RunShape, check_none_left, children, finish, kill_once, start
from simulated_dataset import SimulatedJob, folder_bytes, run_simulated, simulated_plan

from renderkit.dataset.processes import ProcessEngine
from renderkit.dataset.settings import DatasetSettings
from renderkit.dataset.store import RunStore
from renderkit.errors import DatasetError

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are looked up in /proc")
SHAPE = RunShape(captures=3, frames=20, cameras=4, seconds=0.1)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The run folder that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    run_simulated(folder, tuple(simulated_plan(3, 20, 4, DatasetSettings(), 40)), 4)
    return folder_bytes(folder)


def test_a_killed_run_ends_as_if_nothing_had_been(tmp_path: Path, whole: dict[str, bytes]) -> None:
    # benchmarks/kills.py does this a hundred times, at other moments.
    kill_once(tmp_path / "run", SHAPE, random.Random(1), 0.3)  # noqa: S311 - moments, no secrets
    assert finish(tmp_path / "run", SHAPE) == 0
    assert folder_bytes(tmp_path / "run") == whole


def test_a_dead_worker_costs_nothing(tmp_path: Path, whole: dict[str, bytes]) -> None:
    run = start(tmp_path / "run", SHAPE)
    while len(workers := children(run.pid)) < 2:
        assert run.poll() is None
        time.sleep(0.01)
    os.kill(workers[0], signal.SIGKILL)
    assert run.wait() == 0
    assert folder_bytes(tmp_path / "run") == whole


def test_a_unit_that_ends_its_workers_fails_alone(tmp_path: Path, whole: dict[str, bytes]) -> None:
    # Three processes are started: this takes seconds.
    settings, plan = DatasetSettings(), tuple(simulated_plan(3, 20, 4, DatasetSettings(), 40))
    store = RunStore(tmp_path / "run")
    job = SimulatedJob(store, settings, 4, deadly=plan[1].id)
    report = run_simulated(store.folder, plan, 4, engine=ProcessEngine(job, 1))
    assert [one.state for one in report.captures] == ["unjudged", "incomplete", "unjudged"]
    assert "the worker process died 2 times while working on it, exit code 137" in report.captures[1].sentence
    run_simulated(store.folder, plan, 4)
    assert folder_bytes(store.folder) == whole


def test_a_signal_leaves_a_run_that_can_be_resumed(tmp_path: Path, whole: dict[str, bytes]) -> None:
    run = start(tmp_path / "run", SHAPE)
    log = tmp_path / "run" / "log.txt"
    while not log.exists():
        assert run.poll() is None
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGINT)  # as Ctrl-C does: the workers get it as well
    assert run.wait() == 128 + signal.SIGINT
    check_none_left(run.pid)
    assert "the run was stopped" in (tmp_path / "run" / "index.html").read_text()
    assert finish(tmp_path / "run", SHAPE) == 0
    assert folder_bytes(tmp_path / "run") == whole


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 KiB."""
    place = tmp_path / "small"
    place.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None or os.geteuid() != 0:
        pytest.skip("only root can make a small file system")
    command = [mount, "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(place)]
    made = subprocess.run(command, check=False, capture_output=True)  # noqa: S603 - the system's own mount
    if made.returncode:
        pytest.skip("this system makes no file system of its own")
    yield place
    subprocess.run([umount, str(place)], check=True)  # noqa: S603


def test_a_full_disk_fails_units_and_leaves_a_run_that_can_be_resumed(
    small_disk: Path, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    plan = tuple(simulated_plan(3, 20, 4, DatasetSettings(), 40))
    filler = small_disk / "filler"
    filler.write_bytes(b"0" * (130 << 10))
    with pytest.raises((DatasetError, OSError), match="No space"):
        run_simulated(small_disk / "run", plan, 4)
    filler.unlink()
    shutil.copytree(small_disk / "run", tmp_path / "run")
    run_simulated(tmp_path / "run", plan, 4)
    assert folder_bytes(tmp_path / "run") == whole


def test_a_folder_that_cannot_be_written_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DatasetError):
        run_simulated(tmp_path / "file" / "run", tuple(simulated_plan(1, 2, 2, DatasetSettings())), 2)
