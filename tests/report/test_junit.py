from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from lxml import etree

from renderkit.errors import DatasetError
from renderkit.gates.gate import Gate
from renderkit.gates.language import parse_check, parse_gate
from renderkit.gates.verdicts import judge
from renderkit.report.junit import WRITER, dump_junit
from renderkit.results.report import Report

MakeReport: TypeAlias = Callable[..., Report]
# The schema of Jenkins' xunit plugin (MIT).
XSD = Path(__file__).parent / "data" / "junit-10.xsd"
RMS = "reprojection_rms_px"
HOSTILE = ("<script>alert(1)</script>", "a\x00b\x1b[31m", "]]>", "\ud800", "'\"&\n\t", " ", "..", "\uffff", "x" * 5000)


@pytest.fixture(scope="module")
def schema() -> Any:
    return etree.XMLSchema(etree.parse(XSD))


def _checked(schema: Any, report: Report) -> Any:
    document = etree.fromstring(dump_junit(report))
    schema.assertValid(document)
    for suite in document:
        cases = suite.findall("testcase")
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(attribute)) == sum(case.find(tag) is not None for case in cases)
        assert int(suite.get("tests")) == len(cases)
    return document


def test_one_case_per_camera_and_gate_with_numbers_and_overlay(make_report: MakeReport, schema: Any) -> None:
    report = make_report({"a": 1.0, "b": 9.0}, overlaps={"c": 0.9})
    gates = [parse_gate(f"{RMS} <= 1.5"), Gate("iou", parse_check("iou >= 0.9"), known_failures=("a", "b"))]
    document = _checked(schema, replace(report, gates=judge(report, gates)))
    cases = {case.get("name"): case for case in document.iter("testcase")}
    assert len(cases) == 3 + 6
    assert cases[f"{RMS} <= 1.5: camera a (scan)"].find("*") is None
    failure = cases[f"{RMS} <= 1.5: camera b (scan)"].find("failure")
    assert failure.get("message") == f"{RMS} 9.00 px > 1.50 px"
    assert "overlay: overlays/0_b.png" in failure.text
    assert "reprojection_p95_px: 9.00" in failure.text
    error = cases[f"{RMS} <= 1.5: camera c (scan)"].find("error")
    assert error.get("message") == f"{RMS}: no landmarks were detected"
    assert cases["iou: camera a (scan)"].find("skipped").get("message").startswith("tolerated: ")
    assert [suite.get("name") for suite in document] == [f"gate {RMS} <= 1.5", "gate iou", "views"]
    assert document[0].get("timestamp") == "2026-01-02T03:04:05"
    assert document.get("name") == "renderkit: capture"
    assert (document.get("tests"), document.get("failures"), document.get("errors")) == ("9", "1", "1")
    # In each suite what fails comes first.
    assert [case.find("failure") is not None for case in document[0].findall("testcase")] == [True, False, False]


def test_failed_views_are_errors(make_report: MakeReport, schema: Any) -> None:
    document = _checked(schema, make_report({"a": 1.0}, failed={"b": "corrupt JPEG"}, frames=("0", "1")))
    error = document.find("testsuite/testcase/error")
    assert error.get("message") == "2 of 2 views failed"
    assert error.text == "frame 0: DatasetError: corrupt JPEG\nframe 1: DatasetError: corrupt JPEG"
    assert document[0].get("time") == "1.000"


def test_hostile_names_and_messages_stay_text(make_report: MakeReport, schema: Any) -> None:
    report = make_report(dict.fromkeys(HOSTILE, 9.0), failed={"z": "".join(HOSTILE)})
    gates = [Gate("<b>", parse_check(f"{RMS} <= 1"), "\x00<b>"), parse_gate(f"{RMS} <= 1.5 for a\x07")]
    document = _checked(schema, replace(report, gates=judge(report, gates)))
    names = [case.get("name") for case in document.iter("testcase")]
    assert "views: camera <script>alert(1)</script> (scan)" in names
    assert "views: camera a\\u0000b\\u001b[31m (scan)" in names
    assert len(names) == len(set(names))


@pytest.mark.parametrize("cameras", [0, 10_000])
def test_no_camera_and_ten_thousand(make_report: MakeReport, schema: Any, cameras: int) -> None:
    report = make_report({f"{index:05}": 1.0 for index in range(cameras)})
    report = replace(report, gates=judge(report, [parse_gate(f"worst({RMS}) <= 1.5")]), started="")
    document = _checked(schema, report)
    views = next(suite for suite in document if suite.get("name") == "views")
    gate = next(suite for suite in document if suite.get("name") != "views")
    assert len(views.findall("testcase")) == cameras
    assert (gate.find("testcase/error") is None) is bool(cameras)


def test_it_is_written_into_the_run_folder(make_report: MakeReport, tmp_path: Path) -> None:
    report = make_report({"a": 1.0})
    assert WRITER.write(report, tmp_path).read_bytes() == dump_junit(report)
    with pytest.raises(DatasetError, match="cannot be written"):
        WRITER.write(report, tmp_path / "absent")
