"""renderkit validate: checks of the capture, metrics on request, regions, causes; inspect prints the checks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import jsonschema
import pytest
import trimesh
from command_result import Result

from renderkit.flame.remembered import remember_flame
from renderkit.results.schema import report_schema
from renderkit.synth.truth import SynthTruth

Run = Callable[..., Result]


def _document(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "report.json").read_text())
    jsonschema.validate(document, report_schema())
    return document


def test_everything_is_measured_and_written(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    assert capture.flame_topology is not None
    result = run(
        "validate",
        capture.capture,
        "--flame",
        capture.flame_topology,
        "--frames",
        "0",
        "--metrics",
        "full",
        "--evidence",
        "mesh,points",
        "--out",
        "o",
    )
    assert result.code == 1, result.out + result.err  # the points of camera 25 contradict those of the others
    for words in (
        "bIoU 2px",
        "HD95 px",
        "roll deg",
        "held-out median",
        "|dz| median",
        "surfaces (m): frame 0: scan to",
    ):
        assert words in result.out
    assert "cause: camera 25: its projections lie" in result.out
    document = _document(tmp_path / "o")
    assert document["surfaces"][0]["colored"] == "surfaces/0.ply"
    assert document["explanations"][0]["camera"] == "25"
    assert {one["metric"] for one in document["intervals"]} == {"reprojection_median_px", "reprojection_rms_px"}
    assert document["summary"]["rig"]["scan"]["align_shift_px"]["worst_camera"] == "25"
    mesh = trimesh.load(tmp_path / "o" / "surfaces" / "0.ply", process=False)
    assert len(mesh.visual.vertex_colors) == len(mesh.vertices) == 5023
    heat = cv2.imread(str(tmp_path / "o" / "surfaces" / "0_28_scan.jpg"))
    assert heat is not None
    # Viridis spans dark violet to yellow: the picture has both.
    assert (heat[:, :, 0] > 60).any()
    assert (heat[:, :, 2] > 200).any()
    assert "metrics" in document["provenance"]["options"]
    assert "Checks of the capture" in (tmp_path / "o" / "report.html").read_text()


def test_the_default_run_measures_nothing_more(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    result = run("validate", capture.capture, "--frames", "0", "--no-overlays", "--out", "o")
    assert result.code == 0
    assert "HD95" not in result.out
    document = _document(tmp_path / "o")
    assert document["intervals"] is None
    assert document["surfaces"] == []
    assert not (tmp_path / "o" / "surfaces").exists()
    assert [check["name"] for check in document["checks"]] == [
        "flame translation",
        "landmark map",
        "mask space",
        "scan frame",
    ]
    for check in document["checks"]:
        assert f"check: {check['name']}: {check['sentence'][:40]}" in result.out
    silent = run("validate", capture.capture, "--frames", "0", "--no-overlays", "--out", "p", "--no-checks")
    assert "check: " not in silent.out
    assert _document(tmp_path / "p")["checks"] == []


def test_a_gate_on_what_is_not_measured_is_refused_with_the_remedy(
    run: Run, capture: SynthTruth, tmp_path: Path
) -> None:
    arguments = ("validate", capture.capture, "--frames", "0", "--no-overlays", "--out", "o", "--gate", "hd95_px <= 1")
    refused = run(*arguments)
    assert refused.code == 2
    assert "add --metrics contour" in refused.err
    assert not (tmp_path / "o").exists()
    assert "add --metrics depth,contour" in run(*arguments, "--metrics", "depth").err
    judged = run(*arguments, "--metrics", "contour")
    assert judged.code == 1
    failed = [gate["subject"] for gate in _document(tmp_path / "o")["gates"] if gate["verdict"] != "pass"]
    assert failed == ["25"]


def test_a_finished_run_says_what_was_not_asked_for(run: Run, capture: SynthTruth) -> None:
    assert run("validate", capture.capture, "--frames", "0", "--no-overlays", "--out", "o").code == 0
    judged = run("gate", "o", "--gate", "hd95_px <= 1")
    assert judged.code == 1
    assert "not asked for: add --metrics contour" in judged.out


def test_the_region_is_kept_in_the_report(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    result = run("validate", capture.capture, "--frames", "0", "--no-overlays", "--out", "o", "--region", "face")
    assert result.code == 0
    document = _document(tmp_path / "o")
    assert document["provenance"]["options"]["region"] == "face"
    assert {row["scores"]["mask"]["region"] for row in document["rows"] if row["scores"]["mask"]} == {"face"}
    assert "needs detected landmarks" in result.out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [(["--metrics", "contours"], "did you mean 'contour'"), (["--region", "nose"], "expected face")],
)
def test_wrong_requests_are_refused(run: Run, capture: SynthTruth, arguments: list[str], why: str) -> None:
    result = run("validate", capture.capture, "--out", "o", *arguments)
    assert result.code == 2
    assert why in " ".join(result.err.replace("│", " ").split())


def test_inspect_prints_the_checks(run: Run, capture: SynthTruth) -> None:
    shown = run("inspect", capture.capture)
    assert "checks:" in shown.out
    assert "flame translation: cam[1:4] is added" in shown.out
    assert "landmark map: 3D j = 2D j + 33 holds" in shown.out
    assert "WARNING: scan frame: the scan fits frame 0" in shown.out
    assert "checks:" not in run("inspect", capture.capture, "--no-checks").out


def test_a_forgotten_flame_file_stops_nothing(
    run: Run, capture: SynthTruth, facescape: SynthTruth, tmp_path: Path
) -> None:
    flame = tmp_path / "flame.npz"
    flame.write_bytes(b"")
    remember_flame(flame, tmp_path / "config" / "renderkit")
    flame.unlink()
    needed = run("inspect", capture.capture, "--no-checks")
    assert needed.code == 0
    assert "is gone" in needed.err
    assert "without --flame FILE" in needed.err
    not_needed = run("inspect", facescape.capture, "--no-checks")
    assert (not_needed.code, not_needed.err) == (0, "")
