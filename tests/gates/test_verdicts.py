"""The truth table of gates: kinds of thresholds x values x missing data."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import pytest

from renderkit.gates.gate import Coverage, Gate, GateError
from renderkit.gates.language import parse_check, parse_gate
from renderkit.gates.verdicts import judge
from renderkit.results.report import RIG, GateVerdict, Report
from renderkit.results.scores import Scores

MakeReport: TypeAlias = Callable[..., Report]
NAN = math.nan
RMS = "reprojection_rms_px"


def _gate(check: str, **options: object) -> Gate:
    return Gate(check, parse_check(check), **options)  # type: ignore[arg-type]


def _table(verdicts: tuple[GateVerdict, ...]) -> dict[str, str]:
    return {v.subject: v.verdict + ("*" if v.tolerated else "") for v in verdicts}


GOOD = {"a": 1.0, "b": 1.25, "c": 1.5}
BAD = {"a": 1.0, "b": 1.25, "c": 9.0}
GAP = {"a": 1.0, "b": 1.25, "c": NAN}


@pytest.mark.parametrize(
    ("check", "errors", "expected"),
    [
        (f"{RMS} <= 1.5", GOOD, {"a": "pass", "b": "pass", "c": "pass"}),
        (f"{RMS} <= 1.5", BAD, {"a": "pass", "b": "pass", "c": "fail"}),
        (f"{RMS} <= 1.5", GAP, {"a": "pass", "b": "pass", "c": "not computable"}),
        (f"{RMS} <= 1.25", GOOD, {"a": "pass", "b": "pass", "c": "fail"}),
        (f"worst({RMS}) <= 1.5", GOOD, {RIG: "pass"}),
        (f"worst({RMS}) <= 1.49", GOOD, {RIG: "fail"}),
        (f"worst({RMS}) <= 1.5", BAD, {RIG: "fail"}),
        (f"worst({RMS}) <= 1.5", GAP, {RIG: "not computable"}),
        (f"median({RMS}) <= 1.25", BAD, {RIG: "pass"}),
        (f"median({RMS}) <= 1.1", BAD, {RIG: "fail"}),
        (f"median({RMS}) <= 1.25", GAP, {RIG: "not computable"}),
        (f"p90({RMS}) <= 8", BAD, {RIG: "pass"}),
        (f"p95({RMS}) <= 8", BAD, {RIG: "fail"}),
        (f"coverage({RMS}) >= 3", GOOD, {RIG: "pass"}),
        (f"coverage({RMS}) >= 3", GAP, {RIG: "fail"}),
        (f"coverage({RMS}) >= 2 of 3", GAP, {RIG: "pass"}),
        (f"coverage({RMS}) >= 2 of 4", GAP, {RIG: "pass"}),
        (f"coverage({RMS}) >= 1 of 2", GOOD, {RIG: "fail"}),
        (f"coverage({RMS}) >= 66 %", GAP, {RIG: "pass"}),
        (f"coverage({RMS}) >= 67 %", GAP, {RIG: "fail"}),
    ],
)
def test_absolute_gates(
    make_report: MakeReport, check: str, errors: dict[str, float], expected: dict[str, str]
) -> None:
    assert _table(judge(make_report(errors), [_gate(check)])) == expected


@pytest.mark.parametrize(
    ("check", "holds"), [("worst(iou) >= 0.90", True), ("worst(iou) >= 0.91", False), ("p50(iou) >= 0.95", True)]
)
def test_the_worst_of_a_ratio_is_the_smallest(make_report: MakeReport, check: str, holds: bool) -> None:
    (verdict,) = judge(make_report(overlaps={"a": 0.90, "b": 0.95, "c": 0.99}), [_gate(check)])
    assert verdict.passed is holds


KINDS = (
    f"{RMS} <= 1.5",
    f"worst({RMS}) <= 1.5",
    f"median({RMS}) <= 1.5",
    f"p95({RMS}) <= 1.5",
    f"coverage({RMS}) >= 3 of 3",
    f"{RMS} <= baseline + 0.5 px",
    f"{RMS} <= baseline * 1.5",
    f"{RMS} <= baseline + 3 se",
    f"median({RMS}) <= baseline + 0.5",
)


@pytest.mark.parametrize("check", KINDS)
def test_every_kind_can_pass_and_each_defect_stops_it(make_report: MakeReport, check: str) -> None:
    baseline = make_report(GOOD)
    assert all(v.passed for v in judge(make_report(GOOD), [_gate(check)], baseline))
    worse = make_report(dict.fromkeys("abc", 7.0))
    failing = judge(worse, [_gate(check)], baseline)
    if not check.startswith("coverage"):
        assert {v.verdict for v in failing} == {"fail"}
    for defect in (
        make_report(GAP),
        make_report({"a": 1.0, "b": 1.25}, failed={"c": "corrupt JPEG"}),
        make_report({}),
        make_report(failed=dict.fromkeys("abc", "corrupt JPEG")),
    ):
        assert any(v.blocks for v in judge(defect, [_gate(check)], baseline))


@pytest.mark.parametrize("check", KINDS[5:])
def test_a_baseline_without_the_number_never_passes(make_report: MakeReport, check: str) -> None:
    empty = make_report(overlaps=dict.fromkeys("abc", 0.9))
    verdicts = judge(make_report(GOOD), [_gate(check)], empty)
    assert {v.verdict for v in verdicts} == {"not computable"}
    with pytest.raises(GateError, match="--baseline"):
        judge(make_report(GOOD), [_gate(check)])


@pytest.mark.parametrize(
    ("limit", "verdict"),
    [("+ 0.5 px", "pass"), ("+ 0.3 px", "fail"), ("* 1.5", "pass"), ("* 1.3", "fail"), ("", "fail")],
)
def test_offsets_and_factors_of_the_baseline(make_report: MakeReport, limit: str, verdict: str) -> None:
    for check in (f"{RMS} <= baseline {limit}", f"worst({RMS}) <= baseline {limit}"):
        (result,) = judge(make_report({"a": 1.4}), [_gate(check.strip())], make_report({"a": 1.0}))
        assert result.verdict == verdict


def test_a_baseline_with_a_failed_view_is_no_baseline(make_report: MakeReport) -> None:
    before = make_report({"a": 1.0})
    before = replace(before, rows=before.rows + make_report(failed={"a": "corrupt JPEG"}, frames=("1",)).rows)
    for check in (f"{RMS} <= baseline", f"worst({RMS}) <= baseline"):
        (result,) = judge(make_report({"a": 1.0}), [_gate(check)], before)
        assert result.verdict == "not computable"


@pytest.mark.parametrize(
    ("shift", "multiple", "verdict"),
    [(0.0, 3.0, "pass"), (0.8, 3.0, "pass"), (0.8, 0.3, "fail"), (3.0, 3.0, "fail")],
)
def test_standard_errors_widen_the_limit(make_report: MakeReport, shift: float, multiple: float, verdict: str) -> None:
    rng = np.random.default_rng(1)

    def noisy(offset: float) -> Report:
        report = make_report({"a": 1.0})
        (row,) = report.rows
        score = row.scores.reprojection
        assert score is not None
        residuals = rng.normal((offset, 0.0), 1.0, (40, 2))
        return replace(
            report,
            rows=(replace(row, scores=Scores({**row.scores, "reprojection": replace(score, residuals=residuals)})),),
        )

    (result,) = judge(noisy(shift), [_gate(f"{RMS} <= baseline + {multiple} se")], noisy(0.0))
    assert result.verdict == verdict
    assert "standard error" in result.message


def test_a_camera_that_the_baseline_lacks_is_not_computable(make_report: MakeReport) -> None:
    verdicts = judge(make_report(GOOD), [_gate(f"{RMS} <= baseline")], make_report({"a": 1.0, "b": 1.25}))
    assert _table(verdicts) == {"a": "pass", "b": "pass", "c": "not computable"}


FAILING = {"a": 9.0, "b": 9.0, "c": 1.0, "d": 1.0}


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        (0, {"a": "fail", "b": "fail", "c": "pass", "d": "pass"}),
        (1, {"a": "fail", "b": "fail", "c": "pass", "d": "pass", RIG: "fail"}),
        (2, {"a": "fail*", "b": "fail*", "c": "pass", "d": "pass", RIG: "pass"}),
    ],
)
def test_allowed_failures(make_report: MakeReport, allowed: int, expected: dict[str, str]) -> None:
    verdicts = judge(make_report(FAILING), [_gate(f"{RMS} <= 1.5", allowed_failures=allowed)])
    assert _table(verdicts) == expected


def test_allowances_forgive_no_missing_number(make_report: MakeReport) -> None:
    verdicts = judge(make_report(GAP), [_gate(f"{RMS} <= 1.5", allowed_failures=3)])
    assert _table(verdicts)["c"] == "not computable"
    assert any(v.blocks for v in verdicts)


def test_known_failures_are_tolerated_by_name_only(make_report: MakeReport) -> None:
    gate = _gate(f"{RMS} <= 1.5", known_failures=("a",), allowed_failures=1)
    assert _table(judge(make_report(FAILING), [gate])) == {
        "a": "fail*", "b": "fail*", "c": "pass", "d": "pass", RIG: "pass",
    }  # fmt: skip
    assert _table(judge(make_report(GAP), [_gate(f"{RMS} <= 1.5", known_failures=("c",))]))["c"] == "not computable*"


@pytest.mark.parametrize(("required", "holds"), [(2.0, True), (3.0, False)])
def test_coverage_forgives_missing_numbers_while_it_holds(
    make_report: MakeReport, required: float, holds: bool
) -> None:
    coverage = Coverage(required, is_share=False, out_of=3)
    table = _table(judge(make_report(GAP), [_gate(f"{RMS} <= 1.5", coverage=coverage)]))
    missing = "not computable*" if holds else "not computable"
    assert table == {"a": "pass", "b": "pass", "c": missing, RIG: "pass" if holds else "fail"}
    (rig,) = judge(make_report(GAP), [_gate(f"worst({RMS}) <= 1.5", coverage=coverage)])
    assert rig.verdict == ("pass" if holds else "not computable")


def test_coverage_forgives_no_failure(make_report: MakeReport) -> None:
    gate = _gate(f"{RMS} <= 1.5", coverage=Coverage(1.0, is_share=False))
    assert _table(judge(make_report(BAD), [gate]))["c"] == "fail"


def test_named_cameras_must_exist(make_report: MakeReport) -> None:
    report = make_report(GOOD, skipped={"d": "v_valid is false"})
    verdicts = judge(report, [parse_gate(f"{RMS} <= 1.5 for a, d, zzz")])
    assert _table(verdicts) == {"a": "pass", "d": "not computable", "zzz": "not computable"}
    assert "v_valid is false" in next(v.message for v in verdicts if v.subject == "d")
    assert "no camera matches 'zzz'; there are a, b, c" in next(v.message for v in verdicts if v.subject == "zzz")
    (rig,) = judge(report, [parse_gate(f"coverage({RMS}) >= 100 % for a, zzz")])
    assert rig.verdict == "fail"


def test_each_mesh_has_its_own_verdicts(make_report: MakeReport) -> None:
    report = make_report(GOOD, meshes=("flame", "scan"))
    verdicts = judge(report, [_gate(f"worst({RMS}) <= 1.5"), _gate(f"{RMS} <= 1.5", meshes=("flame", "head"))])
    assert [(v.mesh, v.subject, v.verdict) for v in verdicts] == [
        ("flame", RIG, "pass"),
        ("scan", RIG, "pass"),
        *(("flame", camera, "pass") for camera in "abc"),
        ("head", RIG, "not computable"),
    ]


def test_one_failed_view_among_many_is_no_pass(make_report: MakeReport) -> None:
    report = make_report({"a": 1.0}, frames=("0", "1"))
    broken = make_report(failed={"a": "corrupt JPEG"}, frames=("2",))
    (verdict,) = judge(replace(report, rows=report.rows + broken.rows), [_gate(f"{RMS} <= 1.5")])
    assert verdict.verdict == "not computable"
    assert "1 of 3 views failed: corrupt JPEG" in verdict.message
    assert verdict.value == pytest.approx(1.0)


def test_messages_hold_both_numbers_and_never_print_them_equal(make_report: MakeReport) -> None:
    (verdict,) = judge(make_report({"a": 1.500001}), [_gate(f"{RMS} <= 1.5")])
    assert verdict.message == f"{RMS} 1.500001 px > 1.500000 px"


def test_no_combination_lets_a_missing_number_pass(make_report: MakeReport) -> None:
    for check, allowed, known in itertools.product(KINDS[:4], (0, 5), ((), ("c",))):
        gate = Gate(check, parse_check(check))
        if gate.is_per_camera:
            gate = replace(gate, allowed_failures=allowed, known_failures=known)
        verdicts = judge(make_report({"c": NAN}), [gate])
        assert not any(v.passed for v in verdicts if v.subject == "c" or not gate.is_per_camera)
