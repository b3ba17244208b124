"""A capture without any mesh: written by `synth --no-mesh`, judged by its points and mattes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
SYNTH = ("--no-mesh", "--cameras", "14", "--size", "204x170", "--faces", "8000", "--landmark-noise", "0.1")


@pytest.fixture
def make(run: Run, tmp_path: Path) -> Callable[..., Path]:
    """Write a capture without a mesh."""

    def written(*options: str) -> Path:
        result = run("synth", "capture", *SYNTH, *options)
        assert result.code == 0, result.err
        return next((tmp_path / "capture").glob("*_anno.smc"))

    return written


def test_a_sound_capture_passes_and_is_judged_by_points_and_mattes(
    run: Run, make: Callable[..., Path], tmp_path: Path
) -> None:
    capture = make()
    result = run("validate", capture, "--out", "out", "--no-overlays", "--gate", "silhouette_p95_px <= 1 px")
    assert result.code == 0, result.out
    told = next(line for line in result.out.splitlines() if line.startswith("diagnosis: points: none of "))
    assert "mattes: no camera is off" in told
    document = json.loads((tmp_path / "out" / "report.json").read_text())
    assert {row["mesh"] for row in document["rows"]} == {"none"}
    assert [one["evidence"] for one in document["diagnosis"]["evidence"]] == ["points", "mattes"]
    assert all(row["metrics"]["silhouette_conflict_px"] < 0.3 for row in document["rows"])
    assert "heldout_median_px" in (tmp_path / "out" / "results.csv").read_text().splitlines()[0]


def test_a_shifted_camera_is_named_and_fails_the_run(run: Run, make: Callable[..., Path], tmp_path: Path) -> None:
    capture = make("--fault", "shifted@25=2")
    result = run("validate", capture, "--out", "out")
    assert result.code == 1
    told = next(line for line in result.out.splitlines() if line.startswith("diagnosis: "))
    assert "points: 1 of" in told
    assert "off: 25" in told
    assert "camera 25: its projections lie" in result.out
    pictures = {path.name for path in (tmp_path / "out" / "evidence").iterdir()}
    assert pictures == {"points_0_25.jpg", "mattes_0_25.jpg", "mattes_matrix.png"}
    diagnosed = run("diagnose", capture, "--evidence", "points")
    assert diagnosed.code == 1
    assert "mattes" not in diagnosed.out
    assert run("diagnose", capture, "--evidence", "points", "--false-alarms", "1e-300").code == 0


def test_unknown_evidence_is_refused_with_the_nearest(run: Run, make: Callable[..., Path]) -> None:
    result = run("validate", make(), "--evidence", "matte")
    assert result.code == 2
    assert "did you mean 'mattes'?" in result.err
    result = run("synth", "x", "--no-mesh", "--like", "facescape")
    assert result.code == 2
    assert "without a mesh" in result.err
