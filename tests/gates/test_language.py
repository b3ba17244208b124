from __future__ import annotations

import pytest

from renderkit.gates.gate import (
    AbsoluteLimit,
    BaselineLimit,
    Coverage,
    CoverageCheck,
    Gate,
    GateError,
    MetricCheck,
    Quantile,
)
from renderkit.gates.language import parse_check, parse_coverage, parse_gate

RMS = "reprojection_rms_px"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{RMS} <= 1.5", MetricCheck(RMS, "<=", AbsoluteLimit(1.5))),
        (f"  {RMS}<=1.5px ", MetricCheck(RMS, "<=", AbsoluteLimit(1.5))),
        ("iou >= 98 %", MetricCheck("iou", ">=", AbsoluteLimit(0.98))),
        ("landmarks_used >= 10", MetricCheck("landmarks_used", ">=", AbsoluteLimit(10.0))),
        ("landmarks_hidden <= 3", MetricCheck("landmarks_hidden", "<=", AbsoluteLimit(3.0))),
        (f"worst({RMS}) <= 2 px", MetricCheck(RMS, "<=", AbsoluteLimit(2.0), Quantile(1.0, "worst"))),
        ("median( iou ) >= .9", MetricCheck("iou", ">=", AbsoluteLimit(0.9), Quantile(0.5, "median"))),
        ("p97.5(iou) >= 0.9", MetricCheck("iou", ">=", AbsoluteLimit(0.9), Quantile(0.975, "p97.5"))),
        (f"{RMS} <= baseline", MetricCheck(RMS, "<=", BaselineLimit())),
        (f"{RMS} <= baseline + 3 se", MetricCheck(RMS, "<=", BaselineLimit(standard_errors=3.0))),
        ("iou >= baseline - 2 standard errors", MetricCheck("iou", ">=", BaselineLimit(standard_errors=-2.0))),
        (f"{RMS} <= baseline + 0.2 px", MetricCheck(RMS, "<=", BaselineLimit(offset=0.2))),
        ("iou >= baseline - 1 %", MetricCheck("iou", ">=", BaselineLimit(offset=-0.01))),
        (f"median({RMS}) <= baseline * 1.1", MetricCheck(RMS, "<=", BaselineLimit(1.1), Quantile(0.5, "median"))),
        ("coverage(iou) >= 55 of 60", CoverageCheck("iou", Coverage(55.0, is_share=False, out_of=60))),
        ("coverage(iou) >= 90 %", CoverageCheck("iou", Coverage(0.9, is_share=True))),
    ],
)
def test_every_form_is_read(text: str, expected: MetricCheck | CoverageCheck) -> None:
    assert parse_check(text) == expected


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("reprojection_rms <= 1.5", "did you mean 'reprojection_rms_px'?"),
        (f"{RMS} <= 1.5 pixels", "write 'px'"),
        (f"{RMS} <= 1.5 p", "unknown unit 'p'; did you mean 'px'?"),
        (f"{RMS} <= 1.5 mm", "is in px, not in 'mm'"),
        (f"{RMS} <= 1.5 %", "is in px, not in '%'"),
        ("landmarks_used >= 3 px", "a plain number"),
        ("landmarks_used >= 3 points", "write a plain number"),
        ("iou >= 98", "for per cent write 98 %"),
        (f"{RMS} < 1.5", "write <="),
        (f"{RMS} == 1.5", "expected <= or >="),
        (f"{RMS} >= 1.5", "better when it is lower"),
        ("iou <= 0.9", "better when it is higher"),
        ("medain(iou) >= 0.9", "did you mean 'median'?"),
        ("p101(iou) >= 0.9", "unknown statistic 'p101'"),
        ("iou >= 0", "can never fail"),
        ("iou >= -1", "can never fail"),
        (f"{RMS} <= 1e999", "can never fail"),
        ("coverage(iou) >= 0", "can never fail"),
        ("coverage(iou) >= 101 %", "can never hold"),
        ("coverage(iou) >= 61 of 60", "at most the total"),
        ("coverage(iou) >= 5.5", "whole number"),
        ("coverage(iou) >= most", "expected a number of cameras"),
        ("coverage(iou) <= 5", "write coverage(METRIC) >= NUMBER"),
        (f"worst({RMS}) <= baseline + 3 se", "camera by camera"),
        ("landmarks_used >= baseline - 3 se", "no standard error"),
        (f"{RMS} <= baseline * 2 px", "a factor has no unit"),
        (f"{RMS} <= baselin + 1", "expected a number or `baseline ...`"),
        ("1.5", "expected METRIC <= NUMBER"),
        ("", "expected METRIC <= NUMBER"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_hint(text: str, hint: str) -> None:
    with pytest.raises(GateError) as caught:
        parse_gate(text)
    assert hint in str(caught.value)


def test_cameras_follow_the_word_for() -> None:
    gate = parse_gate("iou >= 0.9 for 18-32, top")
    assert gate.cameras == ("18-32", "top")
    assert gate.name == "iou >= 0.9 for 18-32, top"
    assert gate.check == parse_check("iou >= 0.9")
    with pytest.raises(GateError, match="expected cameras after"):
        parse_gate("iou >= 0.9 for a,,b")
    assert parse_gate(r"iou >= 0.9 for 18-32, !25, left\,right").cameras == ("18-32", "!25", r"left\,right")
    with pytest.raises(GateError, match="runs backwards; write 18-32"):
        parse_gate("iou >= 0.9 for 32-18")


@pytest.mark.parametrize(
    "text", ["1" * 300_000, "iou >= " + "1" * 300_000, "iou >= 1 " + "[" * 300_000, "worst(" * 100_000]
)
def test_a_check_of_any_length_is_refused_at_once(text: str) -> None:
    with pytest.raises(GateError, match="characters") as caught:
        parse_gate(text)
    assert len(str(caught.value)) < 400


def test_coverage_in_words() -> None:
    assert parse_coverage("55 of 60", "here").text == "at least 55 of 60 cameras"
    assert parse_coverage("90%", "here").text == "at least 90 % of the cameras"


def test_allowances_belong_to_camera_gates() -> None:
    with pytest.raises(GateError, match="about the rig"):
        Gate("x", parse_check("worst(iou) >= 0.9"), allowed_failures=1)
    with pytest.raises(GateError, match="about the rig"):
        Gate("x", parse_check("coverage(iou) >= 3"), known_failures=("07",))
    with pytest.raises(GateError, match="already"):
        Gate("x", parse_check("coverage(iou) >= 3"), coverage=Coverage(2.0, is_share=False))
    with pytest.raises(GateError, match="at least 0"):
        Gate("x", parse_check("iou >= 0.9"), allowed_failures=-1)
