"""renderkit prove prints what would be found, and what the gates let pass."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from command_result import Result

from renderkit.results.detection_limits import read_limits
from renderkit.results.json_report import write_report
from renderkit.results.report import Report
from renderkit.synth.truth import SynthTruth

Run = Callable[..., Result]
GATE = "reprojection_rms_px <= 1.5 px"


def test_the_tables(run: Run, capture: SynthTruth) -> None:
    result = run("prove", capture.capture, "--gate", GATE, "--gate", "iou >= 0.9")
    assert result.code == 0, result.err
    assert result.out.startswith("a shift of ")
    assert "found with 99 % probability" in result.out
    assert f"largest fault that passes {GATE}" in result.out
    assert "gate iou >= 0.9: not answered: iou needs a rendering" in result.out


def test_what_a_gate_lets_pass_is_what_the_shift_does_to_the_rms(run: Run, capture: SynthTruth) -> None:
    """A shift s of a camera whose residuals have mean m and RMS r leaves an RMS of sqrt(r^2 + s^2 + 2 s m)."""
    document = json.loads(run("prove", capture.capture, "--gate", GATE, "--json").out)
    clean = [one for one in document["cameras"] if one["faults"] and one["camera"] != "25"]
    for camera in clean:
        shift = camera["faults"][0]
        assert shift["kind"] == "cx"
        # RMS of 0.3 px per axis: sqrt(1.5^2 - 2 * 0.3^2) = 1.44.
        assert shift["passes"] == pytest.approx(1.44, abs=0.12)
        assert shift["found_50"] < shift["found_99"]


def test_a_run_gets_its_section(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    write_report(Report(()), folder)
    assert run("prove", capture.capture, "--out", folder).code == 0
    for name, words in (("summary.md", "### What would be found"), ("report.html", "What would be found</h2>")):
        assert words in (folder / name).read_text()
    limits = read_limits(folder)
    assert limits is not None
    assert all(math.isnan(fault.passes) for camera in limits.cameras for fault in camera.faults)
    assert "cx, px" in (folder / "summary.md").read_text()
