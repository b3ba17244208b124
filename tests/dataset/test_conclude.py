"""What the index of a run over many captures keeps of each camera."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from renderkit.dataset.conclude import camera_outcomes
from renderkit.gates.language import parse_gate
from renderkit.gates.verdicts import judge
from renderkit.results.diagnosis import Diagnosis, RigFit
from renderkit.results.findings import JudgedCamera, RigFindings
from renderkit.results.report import Report


def test_a_camera_without_numbers_is_not_off(make_report: Callable[..., Report]) -> None:
    report = make_report({"good": 1.0, "bad": 7.0, "blind": math.nan, "other": 1.0})
    judged = replace(report, gates=judge(report, [parse_gate("reprojection_rms_px <= 1.5")]))
    assert not judged.passed
    assert {one.camera for one in camera_outcomes(judged) if one.is_off} == {"bad"}


def test_a_camera_that_the_diagnosis_names_is_off_whatever_its_numbers(make_report: Callable[..., Report]) -> None:
    nothing = RigFit(math.nan, math.nan, math.nan, math.nan)
    off = JudgedCamera("bad", True, 1.5, 0.04, (1.2, 0.9), (0.04, 0.04), 68, 1.0, "camera bad: a shift", "turn")
    points = RigFindings("points", "does not fit", "1 of 3 cameras is off: bad", (off,))
    told = Diagnosis("does not fit", "points: 1 of 3 cameras is off", nothing, nothing, evidence=(points,))
    report = replace(make_report(dict.fromkeys(("a", "b", "bad"), 1.0)), diagnosis=told)
    assert {one.camera for one in camera_outcomes(report) if one.is_off} == {"bad"}
