"""Gates in words: what would be checked, for people who read before they run."""

from __future__ import annotations

from renderkit.gates.gate import AbsoluteLimit, BaselineLimit, CoverageCheck, Gate, MetricCheck
from renderkit.metrics.score_kind import Metric
from renderkit.wording import counted


def explain_gate(gate: Gate) -> str:
    """Return what a gate checks, on whom, and what it forgives, as one paragraph."""
    metric = gate.metric
    sentences = [_what(gate, metric), f"{metric.name}: {metric.meaning}"]
    if isinstance(gate.check, MetricCheck):
        sentences.append(_coverage(gate))
    if gate.allowed_failures:
        sentences.append(f"Up to {counted(gate.allowed_failures, 'camera')} may fail.")
    if gate.known_failures:
        sentences.append(f"Failures of {', '.join(gate.known_failures)} are known and do not count.")
    return " ".join(sentences)


def _what(gate: Gate, metric: Metric) -> str:
    cameras = ", ".join(gate.cameras) or "all cameras"
    meshes = "every mesh" if not gate.meshes else f"mesh {', '.join(gate.meshes)}"
    if isinstance(gate.check, CoverageCheck):
        return f"Rig, {cameras}, {meshes}: {metric.name} must be computable for {gate.check.coverage.text}."
    check = gate.check
    bound = f"must be {'at most' if check.operator == '<=' else 'at least'} {_limit(check, metric)}."
    if check.quantile is None:
        return f"Each camera of {cameras}, {meshes}: {metric.name}, pooled over its frames, {bound}"
    worse = "largest" if check.operator == "<=" else "smallest"
    which = {1.0: f"the {worse}", 0.5: "the median"}.get(
        check.quantile.share, f"the value that {100 * check.quantile.share:g} % of the cameras keep,"
    )
    return f"Rig, {cameras}, {meshes}: {which} {metric.name} {bound}"


def _limit(check: MetricCheck, metric: Metric) -> str:
    unit = f" {metric.unit}" if metric.unit not in {"ratio", "count", "factor"} else ""
    if isinstance(check.limit, AbsoluteLimit):
        return f"{check.limit.value:g}{unit}"
    return _relative(check.limit, unit)


def _relative(limit: BaselineLimit, unit: str) -> str:
    whose = "the baseline's value"
    if limit.factor != 1.0:
        return f"{limit.factor:g} times {whose}"
    if limit.standard_errors:
        side = "plus" if limit.standard_errors > 0 else "minus"
        return f"{whose} {side} {abs(limit.standard_errors):g} standard errors of the difference"
    if limit.offset:
        return f"{whose} {'plus' if limit.offset > 0 else 'minus'} {abs(limit.offset):g}{unit}"
    return whose


def _coverage(gate: Gate) -> str:
    if gate.coverage is None:
        return "A camera where it cannot be computed does not pass."
    return f"It must be computable for {gate.coverage.text}."
