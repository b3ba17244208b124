"""The sentences below the table."""

from __future__ import annotations

import numpy as np
import pytest

from renderkit.cli.validate import print_cameras
from renderkit.metrics.reprojection import ReprojectionScore
from renderkit.results.report import GateVerdict, Report
from renderkit.results.rows import Failure, ViewKey, ViewResult
from renderkit.results.scores import Scores
from renderkit.results.text import camera_table, summary_lines

_NO_MATTE = {"mask": "no matte", "boundary": "no matte", "containment": "no matte"}


def _row(camera: str, error_px: float, warnings: tuple[str, ...] = ()) -> ViewResult:
    score = ReprojectionScore(np.tile([error_px, 0.0], (5, 1)), 0, 0)
    return ViewResult(ViewKey("t", "0", camera, "scan"), Scores(reprojection=score), _NO_MATTE, warnings)


def test_the_worst_camera_its_margin_and_what_is_missing() -> None:
    report = Report((*(_row(f"{index:02d}", 1.0) for index in range(8)), _row("30", 4.0)))
    lines = summary_lines(report)
    assert lines[0] == "worst camera: 30"
    assert "reprojection_median_px 4.00 against the rig's median 1.00" in lines[1]
    assert "30.0 robust deviations from the rig; next is camera 00 with 0.0" in lines[3]
    assert "not computable: IoU, contained, F 2px in 9 of 9 views: no matte" in lines


def test_a_crowd_is_called_a_crowd_and_nothing_is_called_nothing() -> None:
    crowd = summary_lines(Report(tuple(_row(f"{index:02d}", 1.0 + 0.01 * index) for index in range(8))))
    assert crowd[0].endswith("no camera stands out")
    assert summary_lines(Report(()))[0] == "worst camera: none, nothing could be computed"


def test_failures_warnings_gates_and_skipped_cameras_are_listed() -> None:
    failed = tuple(
        ViewResult(ViewKey("t", "0", f"{index}", "scan"), failure=Failure("DatasetError", "broken"))
        for index in range(14)
    )
    gates = (
        GateVerdict("g", "5", "scan", "fail", 3.0, "3.0 > 1.5"),
        GateVerdict("g", "6", "scan", "not computable", None, "no landmarks", tolerated=True),
        GateVerdict("g", "7", "scan", "pass", 1.0, "fine"),
    )
    report = Report((*failed, _row("20", 1.0, ("careful",)), _row("21", 1.0, ("careful",))), {"09": "not valid"}, gates)
    lines = summary_lines(report)
    assert "failed: 14 of 16 views" in lines
    # Equal reasons are one line with a count.
    assert "  broken: 14 views, 14 cameras (cameras 0, 1, 2, 3, 4, 5, 6 and 7 more; frame 0)" in lines
    # What blocks comes before what is missing.
    assert [line.split(":")[0] for line in lines[:3]] == [
        "gate g fails",
        "gate g cannot be computed, tolerated",
        "gates",
    ]
    assert "skipped by the dataset: camera 09: not valid" in lines
    assert "warning: camera 20 and 1 more view: careful" in lines
    text = "\n".join(lines)
    assert "3.0 > 1.5" in text
    assert "tolerated" in text
    assert "fine" not in text


def test_text_and_html_of_a_report_hold_the_table_and_escape_names() -> None:
    report = Report((_row("<b>3</b>", 1.0), _row("4", 2.5)))
    lines = str(report).splitlines()
    table = next(index for index, line in enumerate(lines) if line.split()[:1] == ["camera"])
    # The worst first.
    assert [line.split()[0] for line in lines[table + 1 : table + 3]] == ["4", "<b>3</b>"]
    assert "2.50" in next(line for line in lines if line.startswith("4"))
    assert "not computable: IoU, contained, F 2px in 2 of 2 views: no matte" in lines
    html = report._repr_html_()
    assert "&lt;b&gt;3&lt;/b&gt;" in html
    assert "<b>3" not in html


def test_names_are_data_not_markup(capsys: pytest.CaptureFixture[str]) -> None:
    print_cameras(camera_table(Report((_row("[bold]x[/bold]", 1.0), _row("[/]", 1.0)))))
    shown = capsys.readouterr().out
    assert "[bold]x[/bold]" in shown
    assert "[/]" in shown
