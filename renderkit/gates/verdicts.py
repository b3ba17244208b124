"""Gates against a finished run: one verdict per camera and mesh, or one per mesh for the whole rig.

A metric that could not be computed is never a pass; neither is a camera with a failed view, whose number would be
about the views that happened to work.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from renderkit.gates.cameras import choose_cameras
from renderkit.gates.gate import (
    AbsoluteLimit,
    Coverage,
    CoverageCheck,
    Gate,
    MetricCheck,
    Operator,
    Quantile,
    check_baseline,
)
from renderkit.metrics.score_kind import Metric
from renderkit.results.cameras import CameraSummary
from renderkit.results.report import RIG, GateVerdict, Report, Verdict
from renderkit.results.standard_error import standard_error, why_none
from renderkit.selection import no_match
from renderkit.wording import counted


def judge(report: Report, gates: Sequence[Gate], baseline: Report | None = None) -> tuple[GateVerdict, ...]:
    """Return what each gate says, in the gates' order, cameras in natural order.

    Args:
        report: The run.
        gates: What to check.
        baseline: The run that `baseline` means.

    Raises:
        GateError: If a gate needs a baseline and there is none.
    """
    check_baseline(gates, has_baseline=baseline is not None)
    subjects = report.summary.cameras
    before = {} if baseline is None else {(s.camera, s.mesh): s for s in baseline.summary.cameras}
    return tuple(verdict for gate in gates for verdict in _judge_gate(gate, report, subjects, before))


@dataclass(frozen=True)
class _Scope:
    """One gate's cameras of one mesh; `available` is every camera of the run, `before` the baseline's."""

    gate: Gate
    mesh: str
    cameras: tuple[CameraSummary, ...]
    absent: tuple[str, ...]
    available: tuple[str, ...]
    before: dict[tuple[str, str], CameraSummary]
    skipped: dict[str, str]

    def rig_verdict(self, holds: bool | None, value: float | None, message: str) -> GateVerdict:
        """Return a verdict about the rig; None stands for not computable."""
        return GateVerdict(self.gate.name, RIG, self.mesh, _verdict(holds), value, message)

    @property
    def computable(self) -> list[CameraSummary]:
        """Cameras whose number counts."""
        return [camera for camera in self.cameras if _why_not(camera, self.gate.metric) is None]

    def coverage_holds(self, coverage: Coverage) -> tuple[bool, str]:
        """Return whether enough cameras are computable, and the numbers in words."""
        have, total = len(self.computable), len(self.cameras) + len(self.absent)
        found = (
            f"{self.gate.metric.name} is computable for {have} of {counted(total, 'camera')}, required: {coverage.text}"
        )
        if coverage.out_of is not None and total > coverage.out_of:
            return False, f"{found}; the run has more cameras than the gate knows of"
        needed = coverage.at_least * total if coverage.is_share else coverage.at_least
        # A share of a whole number of cameras may carry rounding, such as 0.9 * 10.
        return have >= needed - 1e-9, found


def _judge_gate(
    gate: Gate, report: Report, subjects: Sequence[CameraSummary], before: dict[tuple[str, str], CameraSummary]
) -> Iterator[GateVerdict]:
    meshes = gate.meshes or report.meshes
    if not meshes:
        yield GateVerdict(gate.name, RIG, "", "not computable", None, "the run has no rows")
    for mesh in meshes:
        of_mesh = {s.camera: s for s in subjects if s.mesh == mesh}
        choice = choose_cameras(gate.cameras, of_mesh, gate.name)
        scope = _Scope(
            gate=gate,
            mesh=mesh,
            cameras=tuple(of_mesh[name] for name in choice.cameras),
            absent=choice.absent,
            available=tuple(of_mesh),
            before=before,
            skipped=dict(report.skipped_cameras),
        )
        if not scope.cameras and not choice.absent:
            yield scope.rig_verdict(None, None, f"the run has no rows of the mesh {mesh!r}")
        elif isinstance(gate.check, CoverageCheck):
            holds, words = scope.coverage_holds(gate.check.coverage)
            yield scope.rig_verdict(holds, float(len(scope.computable)), words)
        elif gate.check.quantile is None:
            yield from _per_camera(scope, gate.check)
        else:
            yield _rig(scope, gate.check, gate.check.quantile)


def _per_camera(scope: _Scope, check: MetricCheck) -> Iterator[GateVerdict]:
    gate = scope.gate
    verdicts = [_camera_verdict(scope, check, camera) for camera in scope.cameras]
    verdicts += [_absent_verdict(scope, selector) for selector in scope.absent]
    known = _known(gate, [verdict.subject for verdict in verdicts])
    failures = sum(v.verdict == "fail" and v.subject not in known for v in verdicts)
    forgiven = {"fail"} if 0 < failures <= gate.allowed_failures else set[str]()
    coverage = None if gate.coverage is None else scope.coverage_holds(gate.coverage)
    if coverage is not None and coverage[0]:
        forgiven.add("not computable")
    for verdict in verdicts:
        yield replace(
            verdict, tolerated=not verdict.passed and (verdict.subject in known or verdict.verdict in forgiven)
        )
    if gate.allowed_failures:
        words = f"{counted(failures, 'camera')} failed, allowed: {gate.allowed_failures}"
        yield scope.rig_verdict(failures <= gate.allowed_failures, float(failures), words)
    if coverage is not None:
        yield scope.rig_verdict(coverage[0], float(len(scope.computable)), coverage[1])


def _known(gate: Gate, subjects: Iterable[str]) -> frozenset[str]:
    return (
        frozenset(choose_cameras(gate.known_failures, subjects, gate.name).cameras)
        if gate.known_failures
        else frozenset()
    )


def _absent_verdict(scope: _Scope, selector: str) -> GateVerdict:
    skipped = choose_cameras((selector,), scope.skipped, scope.gate.name).cameras
    words = no_match(selector, scope.available)
    if skipped:
        words = f"skipped by the dataset: {scope.skipped[skipped[0]]}"
    return GateVerdict(scope.gate.name, selector, scope.mesh, "not computable", None, words)


def _camera_verdict(scope: _Scope, check: MetricCheck, camera: CameraSummary) -> GateVerdict:
    metric = scope.gate.metric
    why = _why_not(camera, metric)
    value = metric.value(camera.scores)
    if why is None:
        limit, basis = _camera_limit(scope, check, camera)
        if not math.isnan(limit):
            holds = _holds(value, check.operator, limit)
            words = _comparison(metric, metric.name, value, check.operator, limit, basis, holds)
            return GateVerdict(scope.gate.name, camera.camera, scope.mesh, _verdict(holds), value, words)
        why = basis
    known = None if math.isnan(value) else value
    return GateVerdict(scope.gate.name, camera.camera, scope.mesh, "not computable", known, f"{metric.name}: {why}")


def _camera_limit(scope: _Scope, check: MetricCheck, camera: CameraSummary) -> tuple[float, str]:
    """Return the limit and where it comes from; NaN with the reason when it cannot be known."""
    if isinstance(check.limit, AbsoluteLimit):
        return check.limit.value, ""
    metric = scope.gate.metric
    before = scope.before.get((camera.camera, camera.mesh))
    if before is None:
        return math.nan, "the baseline has no such camera and mesh"
    why = _why_not(before, metric)
    if why is not None:
        return math.nan, f"in the baseline: {why}"
    value = metric.value(before.scores)
    limit = check.limit.factor * value + check.limit.offset
    basis = f"baseline {metric.text(value)}"
    if not check.limit.standard_errors:
        return limit, basis
    reason = why_none(camera, metric) or why_none(before, metric)
    if reason is not None:
        return math.nan, reason
    error = math.hypot(standard_error(camera, metric), standard_error(before, metric))
    return limit + check.limit.standard_errors * error, f"{basis}, standard error {error:.3g}"


def _rig(scope: _Scope, check: MetricCheck, quantile: Quantile) -> GateVerdict:
    metric = scope.gate.metric
    holds, words = scope.coverage_holds(scope.gate.coverage or Coverage(1.0, is_share=True))
    cameras = scope.computable
    if not holds or not cameras:
        return scope.rig_verdict(None, None, words)
    value = _quantile(cameras, metric, check.operator, quantile)
    limit, basis = _rig_limit(scope, check, quantile)
    if math.isnan(limit):
        return scope.rig_verdict(None, value, basis)
    good = _holds(value, check.operator, limit)
    subject = f"{quantile.text}({metric.name}) over {counted(len(cameras), 'camera')}"
    return scope.rig_verdict(good, value, _comparison(metric, subject, value, check.operator, limit, basis, good))


def _rig_limit(scope: _Scope, check: MetricCheck, quantile: Quantile) -> tuple[float, str]:
    if isinstance(check.limit, AbsoluteLimit):
        return check.limit.value, ""
    metric = scope.gate.metric
    of_mesh = {camera: summary for (camera, mesh), summary in scope.before.items() if mesh == scope.mesh}
    chosen = [of_mesh[name] for name in choose_cameras(scope.gate.cameras, of_mesh, scope.gate.name).cameras]
    missing = sum(_why_not(camera, metric) is not None for camera in chosen)
    if not chosen or missing == len(chosen):
        return math.nan, f"the baseline has no {metric.name} for the mesh {scope.mesh!r}"
    known = [camera for camera in chosen if _why_not(camera, metric) is None]
    value = _quantile(known, metric, check.operator, quantile)
    return (
        check.limit.factor * value + check.limit.offset,
        f"baseline {metric.text(value)} over {counted(len(known), 'camera')}",
    )


def _quantile(cameras: Iterable[CameraSummary], metric: Metric, operator: Operator, quantile: Quantile) -> float:
    values = [metric.value(camera.scores) for camera in cameras]
    # Towards worse: above for "<=", below for ">=".
    share = quantile.share if operator == "<=" else 1.0 - quantile.share
    return float(np.quantile(values, share))


def _why_not(camera: CameraSummary, metric: Metric) -> str | None:
    if camera.num_failed:
        first = next(row.failure.message for row in camera.rows if row.failure is not None)
        return f"{camera.num_failed} of {counted(len(camera.rows), 'view')} failed: {first}"
    return camera.missing_reason(metric)


def _verdict(holds: bool | None) -> Verdict:
    return "not computable" if holds is None else "pass" if holds else "fail"


def _holds(value: float, operator: Operator, limit: float) -> bool:
    return value <= limit if operator == "<=" else value >= limit


def _comparison(
    metric: Metric, subject: str, value: float, operator: Operator, limit: float, basis: str, holds: bool
) -> str:
    unit = f" {metric.unit_text}".rstrip()
    sign = operator if holds else {"<=": ">", ">=": "<"}[operator]
    # Digits enough that the two numbers never print equal where they differ.
    digits = next((n for n in range(metric.decimals, 17) if f"{value:.{n}f}" != f"{limit:.{n}f}"), metric.decimals)
    tail = f" ({basis})" if basis else ""
    return f"{subject} {value:.{digits}f}{unit} {sign} {limit:.{digits}f}{unit}{tail}"
