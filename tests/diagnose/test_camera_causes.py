from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import pytest

from renderkit.arrays import FloatArray
from renderkit.diagnose.camera_causes import diagnose_run, outcome_of, residual_pattern
from renderkit.gates.language import parse_gate
from renderkit.gates.verdicts import judge
from renderkit.metrics.reprojection import ReprojectionScore
from renderkit.results.cameras import CameraSummary, summarise_cameras
from renderkit.results.report import Report
from renderkit.results.rows import ViewKey, ViewResult
from renderkit.results.scores import Scores

MakeReport: TypeAlias = Callable[..., Report]
NONE = dict.fromkeys(("mask", "boundary", "containment", "reprojection"), "not given")
POINTS = np.random.default_rng(2).uniform(0.0, 2000.0, (40, 2))


def _camera(residuals: FloatArray, points: FloatArray = POINTS) -> CameraSummary:
    score = ReprojectionScore(residuals, 0, 0)
    row = ViewResult(ViewKey("r", "0", "07", "scan"), Scores(reprojection=score), NONE, landmark_pixels=points)
    return summarise_cameras([row])[0]


def test_a_shift_is_named_with_its_size() -> None:
    text = residual_pattern(_camera(np.random.default_rng(1).normal((3.0, -4.0), 0.2, POINTS.shape)))
    assert re.search(r"shift of the picture by \(\+3\.\d, -(4\.0|3\.9)\) px", text)


def test_scale_and_roll_are_named_with_their_sizes() -> None:
    # Exact: captured points scaled by 1.02 and rolled by 1 degree about (700, 900), less the captured points.
    turn, center = math.radians(1.0), np.array([700.0, 900.0])
    matrix = 1.02 * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    text = residual_pattern(_camera((POINTS - center) @ matrix.T + center - POINTS))
    assert f"scale {100 * (1.02 * math.cos(turn) - 1):+.2f} %" in text
    assert f"roll {math.degrees(1.02 * math.sin(turn)):+.2f} deg" in text
    assert "explain 100 %" in text


def test_scatter_is_called_scatter() -> None:
    assert "they scatter" in residual_pattern(_camera(np.random.default_rng(8).normal(0.0, 3.0, POINTS.shape)))


def test_too_little_says_nothing() -> None:
    assert residual_pattern(_camera(np.ones((3, 2)), POINTS[:3])) == ""
    assert residual_pattern(_camera(np.zeros((40, 2)))) == ""
    coincident = np.random.default_rng(3).normal(size=(40, 2))
    assert residual_pattern(_camera(coincident, np.ones((40, 2)))) == ""


def test_outliers_gaps_and_failures_are_named(make_report: MakeReport) -> None:
    errors = {f"{index:02}": 1.0 + 0.01 * index for index in range(20)} | {"bad": 30.0}
    report = make_report(errors, failed={"dead": "corrupt JPEG"}, skipped={"off": "v_valid is false"})
    text = "\n".join(diagnose_run(report))
    assert "Camera bad stands out: reprojection_" in text
    assert "A shift of the picture by (+30.0, +0.0) px explains 100 %" in text
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
