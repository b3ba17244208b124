"""renderkit prove prints what would be found, and what the gates let pass."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from command_result import Result

from renderkit.errors import DatasetError
from renderkit.results.detection_limits import read_limits
from renderkit.results.json_report import write_report
from renderkit.results.report import Report
from renderkit.synth.truth import SynthTruth

Run = Callable[..., Result]
GATE = "reprojection_rms_px <= 1.5 px"


def test_the_tables_and_the_section_of_a_run(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    write_report(Report(()), folder)
    result = run("prove", capture.capture, "--gate", GATE, "--gate", "iou >= 0.9", "--out", folder)
    assert result.code == 0, result.err
    assert result.out.startswith("a shift of ")
    assert "found with 99 % probability" in result.out
    assert f"largest fault that passes {GATE}" in result.out
    assert "gate iou >= 0.9: not answered: iou needs a rendering" in result.out
    for name, words in (("summary.md", "### What would be found"), ("report.html", "What would be found</h2>")):
        assert words in (folder / name).read_text()
    limits = read_limits(folder)
    assert limits is not None
    assert limits.gates == (GATE,)
    assert "cx, px" in (folder / "summary.md").read_text()


def test_what_a_gate_lets_pass_is_what_the_shift_does_to_the_rms(run: Run, capture: SynthTruth) -> None:
    """A shift s of a camera whose residuals have mean m and RMS r leaves an RMS of sqrt(r^2 + s^2 + 2 s m)."""
    document = json.loads(run("prove", capture.capture, "--gate", GATE, "--json").out)
    judged = [one for one in document["cameras"] if one["faults"][0]["passes"] is not None and one["camera"] != "25"]
    # The other cameras have mattes alone, which say nothing about landmarks.
    assert 2 < len(judged) < len(document["cameras"]) - 1
    for camera in judged:
        shift = camera["faults"][0]
        assert shift["kind"] == "cx"
        # RMS of 0.3 px per axis: sqrt(1.5^2 - 2 * 0.3^2) = 1.44.
        assert shift["passes"] == pytest.approx(1.44, abs=0.12)
        assert shift["found_50"] < shift["found_99"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "JSON"), ("[]", "not detection limits"),
        ('{"schema": "renderkit.limits/9"}', "expected 'renderkit.limits/1'"),
        ('{"schema": "renderkit.limits/1", "cameras": 3}', "not detection limits"),
    ],
)  # fmt: skip
def test_a_limits_file_that_is_something_else_is_refused(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "limits.json").write_text(text)
    with pytest.raises(DatasetError, match=why):
        read_limits(tmp_path)


def test_a_limits_file_that_leads_out_of_the_run_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (tmp_path / "other.json").write_text("{}")
    (folder / "limits.json").symlink_to(tmp_path / "other.json")
    with pytest.raises(DatasetError, match="leads out of the run folder"):
        read_limits(folder)
