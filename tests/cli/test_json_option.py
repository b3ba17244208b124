"""`--json`: one document on stdout, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
from command_result import Result

from renderkit.cli.app import app
from renderkit.results.schema import report_schema
from renderkit.synth.truth import SynthTruth

Run = Callable[..., Result]


def _document(result: Result) -> Any:
    return json.loads(result.out)


@pytest.fixture
def finished(run: Run, capture: SynthTruth, tmp_path: Path) -> Path:
    result = run("validate", capture.capture, "--frames", "0", "--no-overlays", "--no-checks", "--out", "out", "--json")
    document = _document(result)
    jsonschema.validate(document, report_schema())
    assert document == json.loads((tmp_path / "out" / "report.json").read_text())
    return tmp_path / "out"


def test_gate_gives_its_verdicts(run: Run, finished: Path) -> None:
    result = run("gate", finished, "--gate", "iou >= 0.98", "--json")
    assert result.code == 1
    assert {verdict["verdict"] for verdict in _document(result)} == {"pass", "fail"}
    explained = _document(run("gate", "--explain", "--gate", "iou >= 0.98", "--json"))
    assert explained[0]["gate"] == "iou >= 0.98"


def test_compare_gives_values_and_changes(run: Run, finished: Path) -> None:
    document = _document(run("compare", finished, finished, "--metric", "iou", "--json"))
    (iou,) = document["metrics"]
    assert iou["metric"] == "iou"
    first = iou["cameras"][0]
    assert first["values"][0] == first["values"][1] > 0.9
    assert first["changes"] == [""]


def test_inspect_describes_a_capture_and_lints_its_cameras(run: Run, capture: SynthTruth) -> None:
    document = _document(run("inspect", capture.capture, "--json"))
    assert document["capture"]["dataset"] == "renderme360"
    assert document["capture"]["cameras"]["28"]["size"] == [306, 256]
    assert document["capture"]["checks"]
    assert document["num_cameras"] == 6


def test_convert_says_what_was_written(run: Run, capture: SynthTruth) -> None:
    document = _document(run("convert", capture.capture, "rig.json", "--to", "rig", "--json"))
    assert (document["num_cameras"], document["approximated"]) == (6, {})


def test_doctor_and_faults_are_listed(run: Run) -> None:
    doctor = _document(run("doctor", "--json"))
    assert set(doctor["renderers"]) == {"auto", "egl", "cpu"}
    assert doctor["packages"]["python"]
    assert "rotated" in {fault["name"] for fault in _document(run("synth", "--list-faults", "--json"))}


def test_synth_says_where_the_truth_is(run: Run) -> None:
    document = _document(run("synth", "made", "--cameras", "2", "--size", "64x48", "--faces", "2000", "--json"))
    assert Path(document["truth"]).is_file()
    assert all(Path(capture).exists() for capture in document["captures"])


def _options() -> dict[str, set[str]]:
    context = click.Context(app)
    commands = {name: app.get_command(context, name) for name in app.list_commands(context)}
    return {
        name: {word for one in command.params for word in one.opts} for name, command in commands.items() if command
    }


def test_every_command_with_a_table_has_the_option() -> None:
    without = {
        "overlay",
        "render",
        "report",
        "export-rerun",
        "export-gltf",
        "testkit",
        "compact",
    }  # these name the files they wrote
    for name, options in _options().items():
        assert ("--json" in options) != (name in without), name


def test_every_command_that_takes_landmarks_takes_a_threshold_of_confidence() -> None:
    options = {name: known for name, known in _options().items() if "--landmarks" in known}
    assert set(options) >= {"validate", "diagnose", "refine", "prove", "inspect", "overlay", "init"}
    assert {name for name, known in options.items() if "--min-confidence" not in known} == set()
