from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from renderkit.cli.synth import synth
from renderkit.synth.faults import FAULTS

RUNNER = CliRunner()
SMALL = ["--cameras", "2", "--size", "64x48", "--faces", "4000"]


@pytest.mark.parametrize(("like", "capture"), [("renderme360", "0003_e0_anno.smc"), ("facescape", "1_neutral")])
def test_writes_a_capture_and_says_how_to_validate_it(tmp_path: Path, like: str, capture: str) -> None:
    camera = "25" if like == "renderme360" else "1"
    fault = ["--fault", f"shifted@{camera}=3", "--fault", "half-pixel@all"]
    result = RUNNER.invoke(synth, [str(tmp_path / "out"), "--like", like, "--seed", "3", *SMALL, *fault])
    assert result.exit_code == 0, result.output
    truth = json.loads((tmp_path / "out" / "truth.json").read_text())
    assert [(f["name"], f["amount"]) for f in truth["faults"]] == [("shifted", 3.0), ("half-pixel", 0.5)]
    assert truth["seed"] == 3
    lines = result.output.splitlines()
    command = next(line for line in lines if "renderkit validate" in line)
    path, *options = command.split("renderkit validate ")[1].split()
    assert Path(path).name == capture
    assert all(Path(each).exists() for each in [path, *options[1::2]])
    assert options[::2] == (["--flame"] if like == "renderme360" else ["--masks", "--landmarks"])


@pytest.mark.parametrize(
    "wrong",
    [["--fault", "nonsense@25"], ["--fault", "rotated@99"], ["--size", "64"], ["--cameras", "0"], ["--like", "other"]],
)
def test_wrong_options_are_usage_errors(tmp_path: Path, wrong: list[str]) -> None:
    result = RUNNER.invoke(synth, [str(tmp_path / "out"), *SMALL, *wrong])
    assert result.exit_code == 2
    assert "Invalid value" in result.output


def test_faults_are_listed() -> None:
    result = RUNNER.invoke(synth, ["--list-faults"])
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.output.splitlines()] == list(FAULTS)
