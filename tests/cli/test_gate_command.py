"""renderkit gate, report and compare on a finished run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from command_result import Result
from lxml import etree, html

from renderkit.cli import main
from renderkit.gates.schema import gate_schema
from renderkit.results.json_report import read_report
from renderkit.results.schema import report_schema
from renderkit.synth.truth import SynthTruth

Run = Callable[..., Result]
RMS = "reprojection_rms_px"


@pytest.fixture(scope="module")
def finished(capture: SynthTruth, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over two frames, with every picture, judged by one gate that fails for camera 25."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    gate = f"{RMS} <= 1 px for 22-31"
    with pytest.raises(SystemExit) as leave:
        main(["validate", str(capture.capture), "--out", str(folder), "--gate", gate])
    assert leave.value.code == 1
    return folder


def test_validate_writes_every_format_side_by_side(finished: Path) -> None:
    names = {path.name for path in finished.iterdir()}
    assert {
        "report.json", "report.html", "junit.xml", "summary.md", "results.csv", "rig.json", "meshes.json",
        "overlays", "page",
    } <= names  # fmt: skip
    jsonschema.validate(json.loads((finished / "report.json").read_text()), report_schema())
    document = html.fromstring((finished / "report.html").read_bytes())
    assert document.xpath("string(//h1)").split()[0] == "FAIL"
    assert len(document.xpath("//details[@id='camera-2']//img")) == 3
    for link in document.xpath("//a[contains(text(), 'frame')]/@href"):
        assert (finished / link).is_file()
    failures = etree.parse(finished / "junit.xml").xpath("//failure")
    assert len(failures) == 1
    overlay = next(line for line in failures[0].text.splitlines() if line.startswith("overlay: "))
    assert (finished / overlay.removeprefix("overlay: ")).is_file()


@pytest.mark.parametrize(
    ("gates", "code", "words"),
    [
        ([f"{RMS} <= 1 px for 22,28,31"], 0, "gates: 3 of 3 checks passed"),
        ([f"{RMS} <= 1 px for 22-31"], 1, "gate reprojection_rms_px <= 1 px for 22-31 fails: 1 camera (camera 25): "),
        ([f"{RMS} <= 1 px"], 1, "cannot be computed: "),
        (["iou >= 90 %", "coverage(iou) >= 6 of 6"], 0, "gates: 7 of 7 checks passed"),
        (["iou >= 90 %", "worst(iou) >= 99.9 %"], 1, "gates: 6 of 7 checks passed"),
    ],
)
def test_a_finished_run_is_checked_and_left_alone(
    run: Run, finished: Path, gates: list[str], code: int, words: str
) -> None:
    before = {path: path.read_bytes() for path in finished.iterdir() if path.is_file()}
    result = run("gate", finished, *(part for gate in gates for part in ("--gate", gate)))
    assert result.code == code
    assert words in result.out
    assert {path: path.read_bytes() for path in finished.iterdir() if path.is_file()} == before


def test_the_config_of_the_folder_is_found_and_its_baseline_too(run: Run, finished: Path, tmp_path: Path) -> None:
    config = f"""
baseline = "{finished}"
[groups]
front = ["22-31"]
[[gates]]
check = "{RMS} <= baseline + 3 se"
cameras = ["front"]
[[gates]]
name = "landmarks"
check = "{RMS} <= 1 px"
cameras = ["front"]
known_failures = ["25"]
"""
    (tmp_path / "renderkit.toml").write_text(config)
    result = run("gate", finished)
    assert result.code == 0
    assert "gate landmarks fails, tolerated: 1 camera (camera 25)" in result.out
    assert "gates: 7 of 8 checks passed, 1 tolerated" in result.out
    (tmp_path / "other.toml").write_text(config.replace("baseline =", "baselin ="))
    result = run("gate", finished, "--config", "other.toml")
    assert result.code == 2
    assert "did you mean 'baseline'?" in result.err


def test_explain_needs_no_run_and_no_baseline(run: Run) -> None:
    result = run("gate", "--explain", "--gate", f"{RMS} <= baseline + 3 se for 18-32")
    assert result.code == 0
    assert "Each camera of 18-32, every mesh" in result.out
    assert "plus 3 standard errors of the difference" in result.out


def test_the_schema_is_printed_for_editors(run: Run) -> None:
    assert json.loads(run("gate", "--schema").out) == gate_schema()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("gate", "--gate", "iou >= 0.9"), "which run?"),
        (("gate", "RUN"), "no gates"),
        (("gate", "RUN", "--gate", "iuo >= 0.9"), "did you mean 'iou'?"),
        (("gate", "RUN", "--gate", f"{RMS} <= baseline"), "--baseline RUN"),
        (("gate", "absent", "--gate", "iou >= 0.9"), "cannot be read"),
        (("gate", "RUN", "--config", "absent.toml"), "cannot be read"),
        (("gate", "RUN", "--gate", "iou >= 0.9", "--baseline", "absent"), "cannot be read"),
        (("report", "absent"), "expected a run folder"),
        (("report", "RUN", "--format", "pdf"), "no format is called 'pdf'"),
        (("compare", "RUN"), "at least two runs"),
        (("compare", "RUN", "RUN", "--metric", "iuo"), "did you mean 'iou'?"),
    ],
)
def test_bad_usage_leaves_with_two(run: Run, finished: Path, arguments: tuple[str, ...], words: str) -> None:
    result = run(*(finished if argument == "RUN" else argument for argument in arguments))
    assert result.code == 2
    assert words in " ".join(result.err.replace("│", " ").split())


def test_validate_refuses_bad_gates_before_it_computes(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    result = run("validate", capture.capture, "--out", "out", "--gate", f"{RMS} <= 1 furlong")
    assert result.code == 2
    assert not (tmp_path / "out").exists()


def test_report_rebuilds_what_was_lost_and_judges_anew(run: Run, finished: Path) -> None:
    kept = {name: (finished / name).read_bytes() for name in ("report.json", "junit.xml", "summary.md", "results.csv")}
    page = (finished / "report.html").read_bytes()
    for name in ("junit.xml", "summary.md", "results.csv", "report.html"):
        (finished / name).unlink()
    assert run("report", finished).code == 0
    assert {name: (finished / name).read_bytes() for name in kept} == kept
    assert (finished / "report.html").read_bytes() == page
    assert run("report", finished, "--gate", "iou >= 90 %", "--format", "json", "--format", "parquet").code == 0
    assert (finished / "results.parquet").is_file()
    assert {gate.gate for gate in read_report(finished).gates} == {"iou >= 90 %"}
    (finished / "report.json").write_bytes(kept["report.json"])


def test_compare_prints_a_table_and_writes_a_page(run: Run, finished: Path, tmp_path: Path) -> None:
    result = run("compare", finished, finished, "--metric", RMS, "--out", "both.html")
    assert result.code == 0
    assert "run #1" in result.out
    line = next(line for line in result.out.splitlines() if line.startswith("25"))
    assert line.split()[2] == line.split()[3]
    document = html.fromstring((tmp_path / "both.html").read_bytes())
    assert document.xpath("//h2/text()") == ["Runs", "landmark error, RMS (px)"]
