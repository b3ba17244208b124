from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import pytest

from renderkit.diagnosis.camera_causes import diagnose_run, outcome_of
from renderkit.gates.language import parse_gate
from renderkit.gates.verdicts import judge
from renderkit.results.explanation import CameraExplanation
from renderkit.results.report import Report

MakeReport: TypeAlias = Callable[..., Report]


def test_outliers_gaps_and_failures_are_named(make_report: MakeReport) -> None:
    errors = {f"{index:02}": 1.0 + 0.01 * index for index in range(20)} | {"bad": 30.0}
    report = make_report(errors, failed={"dead": "corrupt JPEG"}, skipped={"off": "v_valid is false"})
    words = "its projections are shifted by (+30.00, +0.00) px"
    told = CameraExplanation("bad", "scan", "shift", words, 30.0, 0.4, "px")
    text = "\n".join(diagnose_run(replace(report, explanations=(told,))))
    assert "Camera bad stands out: reprojection_" in text
    assert "robust deviations). Its projections are shifted by (+30.00, +0.00) px." in text
    assert "1 of 22 views failed: 1 DatasetError." in text
    assert "The mask score is missing in 21 of 22 views: the capture has no mask." in text
    assert "Camera off was skipped by the dataset: v_valid is false." in text
    assert "03 stands out" not in text


def test_a_crowd_has_no_outlier(make_report: MakeReport) -> None:
    assert diagnose_run(make_report({"a": 1.0, "b": 1.05, "c": 1.1}))[0] == "No camera stands out; c agrees least."


@pytest.mark.parametrize(
    ("gate", "state", "words"),
    [
        ("reprojection_rms_px <= 9", "pass", "2 of 2 checks pass."),
        ("reprojection_rms_px <= 1.5", "fail", "1 of 2 checks pass; 1 fail."),
        ("iou >= 0.9", "fail", "0 of 2 checks pass; 2 could not be computed."),
    ],
)
def test_the_outcome_is_the_gates_word(make_report: MakeReport, gate: str, state: str, words: str) -> None:
    report = make_report({"a": 1.0, "b": 2.0})
    outcome = outcome_of(replace(report, gates=judge(report, [parse_gate(gate)])))
    assert (outcome.state, outcome.text) == (state, words)


def test_nothing_is_never_a_pass(make_report: MakeReport) -> None:
    empty = make_report({})
    assert outcome_of(empty).state == "bad"
    assert outcome_of(replace(empty, gates=judge(empty, [parse_gate("iou >= 0.9")]))).state == "fail"
    assert outcome_of(make_report({"a": math.nan})).state == "bad"
    assert outcome_of(make_report({"a": 1.0}, failed={"b": "x"})).state == "bad"
    assert outcome_of(make_report({"a": 1.0})).state == "unjudged"
