from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from command_result import Result

import renderkit.cli
from renderkit.cli.inspect_rig import inspect_rig, is_rig
from renderkit.errors import DatasetError
from renderkit.synth.truth import SynthTruth

Run = Callable[..., Result]


def test_a_clean_calibration_leaves_with_0(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = shared_data / "renderme360" / "calibration_0026_s1_all.json"
    assert is_rig(path)
    assert inspect_rig(path) == 0
    out = capsys.readouterr().out
    assert "60 cameras, 2448 x 2048 px, unit m" in out
    assert "0 errors, 0 warnings, 1 note" in out


def test_a_folding_one_leaves_with_1_and_json_has_the_numbers(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert inspect_rig(shared_data / "renderme360" / "calibration_distorted.json", as_json=True) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["counts"] == {"error": 32, "warning": 0, "info": 1}
    folds = [one for one in report["findings"] if one["code"] == "fold-over"]
    assert len({one["camera"] for one in folds}) == 32
    assert all(0.0 <= one["values"]["lost_share"] <= 1.0 for one in folds)


def test_what_one_rule_finds_in_many_cameras_is_said_once(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert inspect_rig(shared_data / "renderme360" / "calibration_distorted.json") == 1
    lines = [line for line in capsys.readouterr().out.splitlines() if "fold-over" in line]
    assert len(lines) == 1
    assert lines[0].startswith("error: fold-over: 32 cameras (cameras ")
    assert " and 25 more); camera " in lines[0]


def test_one_bad_camera_costs_no_picture(shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    text = (shared_data / "middlebury_dino" / "dinoSR_par.txt").read_text().replace("3310.400000", "nan", 1)
    (tmp_path / "x_par.txt").write_text(text)
    assert inspect_rig(tmp_path / "x_par.txt", plot=tmp_path / "rig.png", size=(640, 480)) == 1
    assert (tmp_path / "rig.png").exists()
    streams = capsys.readouterr()
    assert "error: not-finite camera dinoSR0001: NaN or infinite values in K" in streams.out
    assert "not plotted, because they are invalid: dinoSR0001" in streams.err


def test_what_is_no_rig(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("hello")
    assert not is_rig(tmp_path / "x.txt")
    with pytest.raises(DatasetError, match="neither a capture nor a camera format"):
        inspect_rig(tmp_path / "x.txt")
    (tmp_path / "empty.json").write_text('{"format": "renderkit-rig", "version": 1, "cameras": []}')
    with pytest.raises(DatasetError, match="holds no camera"):
        inspect_rig(tmp_path / "empty.json")


@pytest.mark.parametrize("name", ["rig.png", "rig.html"])
def test_a_plot_that_cannot_be_written_is_bad_usage(
    run: Callable[..., Result], capture: SynthTruth, tmp_path: Path, name: str
) -> None:
    pytest.importorskip("matplotlib")
    result = run("inspect", capture.captures[0], "--plot", tmp_path / "absent" / name)
    assert result.code == 2
    assert f"{name}: cannot be written: there is no such folder" in result.err
    assert "Traceback" not in result.err


def test_names_and_findings_print_whatever_they_hold(run: Run, tmp_path: Path) -> None:
    """Lone surrogates, which no stream takes, and commands to the terminal and to CI servers."""
    good = {"K": [[500, 0, 320], [0, 500, 240], [0, 0, 1]], "R": np.eye(3).tolist(), "t": [0, 0, 3]}
    names = ("a\ud800", "\x1b[31mred", "::error::x")
    bad = {
        name: good | {"K": [[900, 0, -4000], [0, 500, 240], [0, 0, 1]], "width": 640, "height": 480} for name in names
    }
    (tmp_path / "rig.json").write_text(json.dumps(bad))
    result = run("inspect", "rig.json")
    text = result.out + result.err
    assert "a?" in text
    assert not {"\x1b", "\ud800"} & set(text)
    assert not [line for line in text.splitlines() if line.startswith("::")]


def test_no_command_prints_past_the_one_place() -> None:
    sources = {file.name: file.read_text() for file in Path(renderkit.cli.__file__).parent.glob("*.py")}
    # Scripts for shells, click's own help, and JSON are printed as they are.
    assert {name for name, text in sources.items() if "click.echo(" in text} == {
        "app.py", "completion.py", "tables.py", "validate.py",
    }  # fmt: skip
