"""The one place that turns errors into exit codes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from command_result import Result

import renderkit
from renderkit.errors import ContextError
from renderkit.pipeline import run as pipeline_run
from renderkit.synth.truth import SynthTruth

Run = Callable[..., Result]


def test_version_and_help(run: Run) -> None:
    assert run("--version") == Result(0, f"renderkit {renderkit.__version__}\n", "")
    shown = run("--help")
    assert shown.code == 0
    for word in ("validate", "overlay", "render", "inspect", "synth", "demo", "doctor", "Exit codes: 0 pass"):
        assert word in shown.out


@pytest.mark.parametrize("command", ["validate", "overlay", "render", "inspect", "synth", "demo", "doctor"])
def test_every_command_explains_itself(run: Run, command: str) -> None:
    shown = run(command, "--help")
    assert shown.code == 0
    assert "Usage" in shown.out


@pytest.mark.parametrize("arguments", [["nonsense"], ["validate"], ["validate", "x", "--nonsense"], ["--nonsense"]])
def test_wrong_usage_is_2(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.code == 2
    assert result.err


def test_a_slip_in_a_command_names_the_nearest(run: Run) -> None:
    assert run("valdate").err.endswith("Error: No such command 'valdate': did you mean 'validate'?\n")
    assert run("nonsense").err.endswith("Error: No such command 'nonsense'.\n")


def test_no_command_is_no_pass(run: Run) -> None:
    result = run()
    assert (result.code, result.out) == (2, "")
    assert result.err == run("--help").out


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        ("--matte-threshold", "nan", "'nan' is not a valid float."),
        ("--matte-threshold", "2", "2.0 is not in the range 0<=x<=1."),
        ("--workers", "many", "'many' is not a valid integer."),
        ("--workers", "0", "0 is not in the range x>=1."),
        ("--renderer", "gpu", "'gpu' is not one of 'auto', 'egl', 'cpu'."),
        ("--size", "12", "expected WIDTHxHEIGHT such as 2448x2048, got '12'"),
    ],
)
def test_a_wrong_value_is_2_and_says_what_is_right(run: Run, option: str, value: str, why: str) -> None:
    result = run("validate", "capture", option, value)
    assert result.code == 2
    assert result.err.endswith(f"Error: Invalid value for '{option}': {why}\n")


def test_help_says_what_the_arguments_are(run: Run) -> None:
    shown = run("testkit", "--help").out
    assert shown.startswith("Usage: renderkit testkit [OPTIONS] RIG\n")
    assert "\nArguments:\n  RIG  A camera file.  [required]\n\nOptions:\n" in shown
    assert "[default: 0.5; 0<=x<=1]" in run("validate", "--help").out


def test_bad_input_is_2_with_one_clear_line(run: Run, tmp_path: Path) -> None:
    result = run("validate", tmp_path / "gone.smc")
    assert result.code == 2
    assert result.err == f"renderkit: {tmp_path / 'gone.smc'}: no such file or folder\n"


def test_no_renderer_is_3_and_says_what_to_do(run: Run, capture: SynthTruth, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(kind: str, device: int | None, *, threads: int | None) -> None:
        raise ContextError("any device", "no libEGL; apt-get install libegl1")

    monkeypatch.setattr(pipeline_run, "make_renderer", refuse)
    result = run("validate", capture.capture)
    assert result.code == 3
    assert "apt-get install libegl1" in result.err
    assert "renderkit doctor" in result.err


@pytest.mark.parametrize("fault", [ZeroDivisionError, EOFError])
def test_a_fault_of_ours_shows_its_trace_and_asks_for_a_report(
    run: Run, capture: SynthTruth, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    def stumble(kind: str, device: int | None, *, threads: int | None) -> None:
        raise fault("our fault")

    monkeypatch.setattr(pipeline_run, "make_renderer", stumble)
    result = run("validate", capture.capture)
    assert result.code == 2
    assert f"{fault.__name__}: our fault" in result.err
    assert "Please report it" in result.err


def test_lack_of_memory_is_no_fault_of_the_program(
    run: Run, capture: SynthTruth, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_much(kind: str, device: int | None, *, threads: int | None) -> None:
        np.empty(1 << 60, np.uint8)

    monkeypatch.setattr(pipeline_run, "make_renderer", too_much)
    result = run("validate", capture.capture)
    assert result.code == 2
    assert "not enough memory: Unable to allocate 1.00 EiB" in result.err
    assert "Traceback" not in result.err


def test_interrupting_is_quiet(run: Run, capture: SynthTruth, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(kind: str, device: int | None, *, threads: int | None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline_run, "make_renderer", interrupt)
    result = run("validate", capture.capture)
    assert result.code == 130
    assert result.err.endswith("interrupted\n")
    assert "Traceback" not in result.err


def in_new_process(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr


def test_only_the_command_that_runs_is_made() -> None:
    code = (
        "import gc, sys, renderkit.cli as cli; sys.argv = ['renderkit', 'gate', '--schema']\n"
        "cli.end_process = lambda code: None\n"
        "try:\n    cli.run_process()\nexcept SystemExit as leave:\n    assert leave.code == 0\n"
        "assert 'renderkit.cli.gate' in sys.modules and 'renderkit.cli.validate' not in sys.modules\n"
        "assert gc.get_threshold()[0] > 100_000"
    )
    in_new_process(code)


def test_hdf5_files_are_read_while_the_modules_of_a_run_are_loaded() -> None:
    code = (
        "import sys, renderkit.untrusted.hdf5_child as child; from renderkit.cli import main\n"
        "child.one_child = lambda: sys.exit('late' if 'renderkit.pipeline.run' in sys.modules else 0)\n"
        "main(['validate', 'take.smc']); sys.exit('not at all')"
    )
    in_new_process(code)


def test_a_process_does_what_is_registered_for_its_exit() -> None:
    code = (
        "import atexit, sys; from renderkit.cli import run_process\n"
        "sys.argv[1:] = ['--version']; atexit.register(print, 'at exit'); run_process()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout == f"renderkit {renderkit.__version__}\nat exit\n"


def test_a_pipe_that_nobody_reads_ends_a_process_as_ever() -> None:
    code = "import sys; from renderkit.cli import run_process; sys.argv[1:] = ['gate', '--schema']; run_process()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert (said, process.returncode) == (b"", 141)


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from renderkit.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as leave:\n    assert leave.code == 0\n"
        "assert 'renderkit.cli.validate' in sys.modules\n"
        "heavy = {'numpy', 'cv2', 'h5py', 'trimesh', 'OpenGL', 'numba', 'PIL', 'pydantic', 'rich'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    in_new_process(code)
