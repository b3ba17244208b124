"""What the process says to the shell when somebody ends it, or its output's reader goes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from renderkit.cli import main
from renderkit.cli.exit_codes import EXIT_BAD_INPUT
from renderkit.errors import DatasetError
from renderkit.formats import open_capture
from renderkit.results.run_folder import make_unused

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="signals and process ids as Linux has them")


def start(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@LINUX
def test_a_reader_that_goes_is_neither_a_pass_nor_a_failed_gate() -> None:
    process = start("from renderkit.cli import main; main(['gate', '--schema'])")
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate()
    assert (process.returncode, said) == (141, b"")


@LINUX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_termination_cleans_up_and_says_so(number: signal.Signals, tmp_path: Path) -> None:
    mark = tmp_path / "cleaned"
    code = f"""
import pathlib, signal, time, renderkit.cli as cli
signal.signal({int(number)}, signal.SIG_DFL)  # under nohup it is ignored
def work(_):
    try:
        print("ready", flush=True)
        time.sleep(60)
    finally:
        pathlib.Path({str(mark)!r}).touch()
import renderkit.cli.app as app
app.app.invoke = work
cli.main(["doctor"])
"""
    with start(code) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        _, said = process.communicate()
    assert (process.returncode, said) == (143, b"terminated\n")
    assert mark.exists()


@LINUX
def test_workers_end_with_their_parent() -> None:
    code = """
import os, subprocess, sys
lines = ["from renderkit.system import end_with_parent", f"end_with_parent({os.getpid()})", "print(0, flush=True)"]
child = "\\n".join([*lines, "import time", "time.sleep(60)"])
worker = subprocess.Popen([sys.executable, "-c", child], stdout=subprocess.PIPE)
worker.stdout.readline()
print(worker.pid, flush=True)
import time; time.sleep(60)
"""
    process = start(code)
    assert process.stdout is not None
    worker = int(process.stdout.readline())
    process.kill()
    process.communicate()
    for _ in range(200):
        if not _is_running(worker):
            return
        time.sleep(0.05)
    pytest.fail("the worker is still there")


def _is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def test_a_command_works_without_a_home(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in {"HOME", "XDG_CACHE_HOME"}}
    done = subprocess.run(
        [sys.executable, "-c", "from renderkit.cli import main; main(['gate', '--schema'])"],
        capture_output=True, cwd=tmp_path, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert json.loads(done.stdout)["title"]


def test_two_runs_in_one_second_have_two_folders(tmp_path: Path) -> None:
    folders = [make_unused(tmp_path / "runs" / "take-20260101-000000") for _ in range(3)]
    assert [folder.name[len("take-20260101-000000") :] for folder in folders] == ["", "-2", "-3"]


@pytest.mark.parametrize("arguments", [["validate"], ["inspect"], ["report"], ["overlay"], ["validate", "--rig"]])
def test_what_the_system_refuses_is_said_in_its_words(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A name of 300 characters, which no file system takes."""
    with pytest.raises(SystemExit) as leave:
        main([*arguments, "a" * 300])
    said = capsys.readouterr().err
    assert leave.value.code == EXIT_BAD_INPUT
    assert said.startswith("renderkit: ")
    assert said.endswith("File name too long\n")


def test_a_name_that_is_too_long_is_no_capture() -> None:
    with pytest.raises(DatasetError, match="File name too long"):
        open_capture("a" * 300)
