"""How much a command says, and where."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from command_result import Result

from renderkit.synth.truth import SynthTruth

Run = Callable[..., Result]


def test_quiet_prints_the_verdict_alone_and_the_log_file_has_times(
    run: Run, capture: SynthTruth, tmp_path: Path
) -> None:
    arguments = ("--renderer", "cpu", "--no-checks", "--no-overlays", "--out", tmp_path / "run")
    result = run("validate", capture.capture, *arguments, "-q", "--log-file", tmp_path / "run.log")
    assert len(result.out.splitlines()) == 1
    assert "views" not in result.err
    lines = (tmp_path / "run.log").read_text().splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} [A-Z]+ ", line) for line in lines)
    assert any("renderer: " in line for line in lines)


def test_every_long_command_is_quiet_or_keeps_a_log(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    for command in (("overlay", "--sheet"), ("render",)):
        out = ("--cameras", "25", "--renderer", "cpu", "--out", tmp_path / command[0])
        loud = run(*command, capture.capture, *out, "-v")
        quiet = run(*command, capture.capture, *out, "-q", "--log-file", tmp_path / "run.log")
        assert loud.code == quiet.code == 0
        assert re.search(r"^\d{4}-\d\d-\d\dT\S+ INFO ", loud.err, re.MULTILINE)
        assert not quiet.err
        assert " INFO " in (tmp_path / "run.log").read_text()
        (tmp_path / "run.log").unlink()


def test_a_log_file_that_cannot_be_written_is_refused(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    result = run("validate", capture.capture, "--log-file", tmp_path / "gone" / "run.log")
    assert result.code == 2
    assert "the log cannot be written" in result.err


def test_a_gate_on_a_camera_that_does_not_exist_is_refused_before_any_work(
    run: Run, capture: SynthTruth, tmp_path: Path
) -> None:
    (tmp_path / "gates.toml").write_text('[[gates]]\nname = "g"\ncheck = "iou >= 0.5"\ncameras = ["99"]\n')
    result = run("validate", capture.capture, "--config", tmp_path / "gates.toml", "--out", tmp_path / "run")
    assert result.code == 2
    assert "99" in result.err
    assert f"gates: {tmp_path / 'gates.toml'}" in result.err
    assert not (tmp_path / "run").exists()
