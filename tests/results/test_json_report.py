"""report.json: it holds its schema, comes back as it was, and is equal byte for byte but for its timings."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.metrics.boundary import BoundaryScore
from renderkit.metrics.containment import ContainmentScore
from renderkit.metrics.mask import MaskScore
from renderkit.metrics.reprojection import ReprojectionScore
from renderkit.results.json_report import dump_report, parse_report, read_report, write_report
from renderkit.results.kinds import METRICS
from renderkit.results.report import GateVerdict, InputFile, Provenance, Report
from renderkit.results.rows import Failure, ViewKey, ViewResult
from renderkit.results.schema import report_schema
from renderkit.results.scores import Scores

_HOSTILE = "a<script>\"'\\\n\udcff\u202e"


def _report() -> Report:
    residuals = np.array([[0.1, -0.2], [np.nan, np.nan], [1 / 3, 2e-17]])
    full = Scores(
        mask=MaskScore(100, 90, 80, 7, "mesh", 0),
        boundary=BoundaryScore(2.0, 40, 30, 20, 10, 0, 3, "mesh"),
        containment=ContainmentScore(5, 6, 7),
        reprojection=ReprojectionScore(residuals, 1, 0, np.array([False, True, False])),
    )
    pixels = np.array([[1.5, 2.5], [np.nan, np.nan], [100.0, 200.0]])
    inputs = (InputFile("f", 3, "0" * 64, "sha256"),)
    empty = {kind: f"no {kind}" for kind in ("mask", "boundary", "containment", "reprojection", "nme")}
    key = ViewKey("t", "0", "05", "scan")
    rows = (
        ViewResult(key, full, {}, ("careful",), None, (640, 480), pixels, "overlays/a.jpg", 1.0),
        ViewResult(ViewKey("t", "0", _HOSTILE, "scan"), Scores(), empty),
        ViewResult(ViewKey("t", "1", "05", "scan"), failure=Failure("DatasetError", _HOSTILE)),
    )
    return Report(
        rows,
        {"09": "not valid"},
        (GateVerdict("iou >= 1", "05", "scan", "fail", 0.5, "0.5 < 1"), GateVerdict("x", "rig", "", "pass", None, "y")),
        Provenance("c", "d", "e", "m", {"a": "1"}, {"kind": "egl"}, {"o": "p"}, inputs),
        "2024-01-01T00:00:00+00:00",
        12.5,
    )


def test_it_holds_its_schema() -> None:
    schema = report_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(dump_report(_report())), schema)
    jsonschema.validate(json.loads(dump_report(Report(()))), schema)


def test_the_schema_refuses_a_document_that_lacks_or_adds_something() -> None:
    document = json.loads(dump_report(_report()))
    changes: tuple[dict[str, Any], ...] = ({"rows": [{}]}, {"schema": "renderkit.report/3"}, {"extra": 1})
    for change in changes:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**document, **change}, report_schema())


def test_it_comes_back_as_it_was() -> None:
    text = dump_report(_report())
    again = parse_report(text, Path("report.json"))
    assert dump_report(again) == text
    row, original = again.rows[0], _report().rows[0]
    assert row.key == original.key
    assert row.scores.mask == original.scores.mask
    assert row.scores.boundary == original.scores.boundary
    assert row.scores.reprojection is not None
    assert original.scores.reprojection is not None
    np.testing.assert_array_equal(row.scores.reprojection.residuals, original.scores.reprojection.residuals)
    assert row.scores.reprojection.hidden is not None
    assert row.scores.reprojection.hidden.tolist() == [False, True, False]
    assert row.landmark_pixels is not None
    np.testing.assert_array_equal(row.landmark_pixels, original.landmark_pixels)
    assert again.provenance.inputs == _report().provenance.inputs
    assert again.gates == _report().gates


def test_only_timings_differ_between_equal_runs() -> None:
    report = _report()
    rows = tuple(replace(row, seconds=row.seconds + 3) for row in report.rows)
    slower = replace(report, rows=rows, seconds=99.0, started="x")
    first, second = json.loads(dump_report(report)), json.loads(dump_report(slower))
    assert first.pop("timings") != second.pop("timings")
    assert first == second
    assert dump_report(report) == dump_report(report)
    assert list(first) == sorted(first)
    asked = [metric.name for metric in METRICS.values() if not metric.on_request]
    assert list(first["rows"][0]["metrics"]) == sorted(asked)


def test_numbers_that_are_not_computable_are_null_with_a_reason() -> None:
    row = json.loads(dump_report(_report()))["rows"][1]
    standard = {name: metric for name, metric in METRICS.items() if not metric.on_request}
    assert set(row["metrics"]) == set(standard)
    assert all(value is None for value in row["metrics"].values())
    assert row["missing"] == {name: f"no {metric.kind}" for name, metric in standard.items()}


def test_the_summary_counts_what_is_computable() -> None:
    summary = json.loads(dump_report(_report()))["summary"]
    assert (summary["num_rows"], summary["num_failed"]) == (3, 1)
    assert summary["computable"]["iou"] == 1
    assert summary["worst_camera"]["camera"] == "05"


def test_writing_and_reading_a_run_folder(tmp_path: Path) -> None:
    path = write_report(_report(), tmp_path)
    assert path.read_bytes().isascii()
    assert dump_report(read_report(tmp_path)) == dump_report(read_report(path)) == dump_report(_report())


def test_a_folder_that_is_not_there_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be written"):
        write_report(_report(), tmp_path / "missing")


def _changed(**changes: Any) -> str:
    return json.dumps({**json.loads(dump_report(_report())), **changes})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not a renderkit report"),
        ("[]", "not a renderkit report"),
        ("[" * 100_000, "not a renderkit report"),
        ('{"schema": "renderkit.report/2"}', "not a renderkit report"),
        (
            _changed(schema="renderkit.report/9"),
            "expected 'renderkit.report/2', found 'renderkit.report/9'; read it with",
        ),
        (_changed(schema="renderkit.report/1"), "found 'renderkit.report/1'; it is of renderkit 0.1: run"),
        (_changed(rows=[1, 2, 3]), "not a renderkit report"),
        (_changed(timings={"started": "", "seconds": 0, "row_seconds": []}), "not a renderkit report"),
    ],
)
def test_what_is_no_report_is_refused(text: str, why: str) -> None:
    with pytest.raises(DatasetError, match=why):
        parse_report(text, Path("report.json"))


def test_a_missing_report_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        read_report(tmp_path)


def test_infinity_never_reaches_the_file() -> None:
    gate = GateVerdict("x", "rig", "", "fail", math.inf, "y")
    assert json.loads(dump_report(Report((), gates=(gate,))))["gates"][0]["value"] is None
