"""What the index of a run over many captures keeps of each camera."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from renderkit.dataset.conclude import camera_outcomes
from renderkit.gates.language import parse_gate
from renderkit.gates.verdicts import judge
from renderkit.results.report import Report


def test_a_camera_without_numbers_is_not_off(make_report: Callable[..., Report]) -> None:
    report = make_report({"good": 1.0, "bad": 7.0, "blind": math.nan, "other": 1.0})
    judged = replace(report, gates=judge(report, [parse_gate("reprojection_rms_px <= 1.5")]))
    assert not judged.passed
    assert {one.camera for one in camera_outcomes(judged) if one.is_off} == {"bad"}
