"""Gates as text: `reprojection_rms_px <= 1.5 px`, `p95(iou) >= 0.97`, `iou >= baseline - 3 se`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from renderkit.arguments import as_text, refused
from renderkit.gates.gate import (
    AbsoluteLimit,
    BaselineLimit,
    Coverage,
    CoverageCheck,
    Gate,
    GateError,
    MetricCheck,
    Operator,
    Quantile,
)
from renderkit.metrics.score_kind import Metric
from renderkit.results.kinds import UnknownMetricError, metric_named
from renderkit.selection import SelectionError, check_selection, shortened, split_unescaped
from renderkit.wording import did_you_mean

_NUMBER = r"[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?"
_CHECK = re.compile(
    r"(?:(?P<statistic>\w+(?:\.\d+)?)\s*\(\s*(?P<inner>[\w.-]+)\s*\)|(?P<metric>[\w.-]+?))\s*(?P<operator>[<>=!]+)\s*(?P<limit>.+)",
    re.ASCII,
)
_ABSOLUTE = re.compile(rf"(?P<number>[+-]?{_NUMBER})\s*(?P<unit>\S.*)?")
_RELATIVE = re.compile(rf"baseline(?:\s*(?P<sign>[+*-])\s*(?P<number>{_NUMBER})\s*(?P<unit>\S.*)?)?")
_COVERAGE = re.compile(rf"(?P<number>{_NUMBER})\s*(?:(?P<percent>%)|of\s+(?P<of>[0-9]+))?")
_PERCENTILE = re.compile(r"p(?P<percent>[0-9]+(?:\.[0-9]+)?)")

_UNITS: Final[Mapping[str, tuple[str, float]]] = {
    "px": ("px", 1.0),
    "%": ("ratio", 0.01),
    "m": ("m", 1.0),
    "mm": ("m", 1e-3),
    "deg": ("deg", 1.0),
    "dB": ("dB", 1.0),
}
"""Units that may be written: the metric unit they are of, and the factor to it."""

_UNIT_SLIPS: Final[Mapping[str, str]] = {
    "pixel": "px",
    "pixels": "px",
    "pix": "px",
    "percent": "%",
    "pct": "%",
    "millimetres": "mm",
    "millimeters": "mm",
    "degrees": "deg",
    "°": "deg",
}
_MAX_LENGTH: Final = 200
_NEVER_NEGATIVE: Final = ("ratio", "count")
_STATISTICS: Final = ("worst", "median", "p95", "coverage")
_FORMS: Final = (
    "expected METRIC <= NUMBER [UNIT], METRIC <= baseline + 3 se, p95(METRIC) <= NUMBER, "
    "or coverage(METRIC) >= 55 of 60; docs/gates.md has them all"
)


def parse_gates(gates: str | Gate | Iterable[str | Gate]) -> tuple[Gate, ...]:
    """Read gates from one or several texts; those that are read already stay as they are.

    Raises:
        GateError: If a text is no gate.
        ArgumentError: If there is anything else.
    """
    expected = 'a gate such as "iou >= 0.9", or a list of them'
    if isinstance(gates, Mapping) or not isinstance(gates, str | Gate | Iterable):
        raise refused("gates", expected, gates)
    several = (gates,) if isinstance(gates, str | Gate) else tuple(gates)
    return tuple(gate if isinstance(gate, Gate) else parse_gate(as_text("gates", gate, expected)) for gate in several)


def parse_gate(text: str) -> Gate:
    """Read one gate as it is written on the command line: a check, and cameras after the word `for`.

    Raises:
        GateError: If it is no gate; the message says what was expected, with the nearest name.
    """
    check, separator, cameras = text.partition(" for ")
    selectors = tuple(part.strip() for part in split_unescaped(cameras, ",")) if separator else ()
    if separator and not all(selectors):
        raise GateError(text, "expected cameras after `for`, such as `for 18-32, top`")
    check_selectors(selectors, text)
    return Gate(text.strip(), parse_check(check, text), cameras=selectors)


def check_selectors(selectors: Sequence[str], where: str) -> None:
    """Refuse cameras that are not of the language of selections; () is every camera.

    Raises:
        GateError: If one is not.
    """
    try:
        if selectors:
            check_selection(selectors)
    except SelectionError as error:
        raise GateError(where, str(error)) from error


def parse_check(text: str, where: str | None = None) -> MetricCheck | CoverageCheck:
    """Read the check of a gate; `where` is named in errors instead of the text itself.

    Raises:
        GateError: If it is no check.
    """
    where = shortened(text) if where is None else where
    _check_length(text, where)
    match = _CHECK.fullmatch(text.strip())
    if match is None:
        raise GateError(where, _FORMS)
    metric = _metric(match["inner"] or match["metric"], where)
    operator = _operator(match["operator"], where)
    if match["statistic"] == "coverage":
        if operator != ">=":
            raise GateError(where, "coverage is a requirement: write coverage(METRIC) >= NUMBER")
        return CoverageCheck(metric.name, parse_coverage(match["limit"], where))
    quantile = None if match["statistic"] is None else _quantile(match["statistic"], where)
    _check_direction(metric, operator, where)
    return MetricCheck(metric.name, operator, _limit(match["limit"], metric, operator, quantile, where), quantile)


def parse_coverage(text: str, where: str) -> Coverage:
    """Read "55", "55 of 60" or "90 %".

    Raises:
        GateError: If it is none of these, or can never fail or never hold.
    """
    _check_length(text, where)
    match = _COVERAGE.fullmatch(text.strip())
    if match is None:
        raise GateError(where, f"expected a number of cameras such as 55, `55 of 60` or `90 %`, found {text!r}")
    number, total = float(match["number"]), match["of"]
    if number == 0.0:
        raise GateError(where, "a coverage of 0 can never fail")
    if match["percent"]:
        if number > 100.0:
            raise GateError(where, f"a coverage of {number:g} % can never hold")
        return Coverage(number / 100.0, is_share=True)
    if not number.is_integer() or (total is not None and number > int(total)):
        raise GateError(where, f"expected a whole number of cameras, at most the total, found {text!r}")
    return Coverage(number, is_share=False, out_of=None if total is None else int(total))


def _check_length(text: str, where: str) -> None:
    """Refuse text on which the regular expressions below could take long."""
    if len(text) > _MAX_LENGTH:
        raise GateError(shortened(where), f"{len(text)} characters; expected at most {_MAX_LENGTH}")


def _metric(name: str, where: str) -> Metric:
    try:
        return metric_named(name)
    except UnknownMetricError as error:
        raise GateError(where, str(error)) from error


def _operator(text: str, where: str) -> Operator:
    if text == "<=":
        return "<="
    if text == ">=":
        return ">="
    near = {"<": "<=", ">": ">=", "=<": "<=", "=>": ">="}.get(text)
    raise GateError(where, f"expected <= or >=, found {text!r}" + (f"; write {near}" if near else ""))


def _quantile(text: str, where: str) -> Quantile:
    if text == "worst":
        return Quantile(1.0, text)
    if text == "median":
        return Quantile(0.5, text)
    match = _PERCENTILE.fullmatch(text)
    if match is not None and float(match["percent"]) <= 100.0:
        return Quantile(float(match["percent"]) / 100.0, text)
    raise GateError(where, _unknown("statistic", text, _STATISTICS))


def _check_direction(metric: Metric, operator: Operator, where: str) -> None:
    good = {"lower": "<=", "higher": ">="}.get(metric.better, operator)
    if operator != good:
        raise GateError(where, f"{metric.name} is better when it is {metric.better}: write {metric.name} {good} ...")


def _limit(
    text: str, metric: Metric, operator: Operator, quantile: Quantile | None, where: str
) -> AbsoluteLimit | BaselineLimit:
    relative = _RELATIVE.fullmatch(text)
    if relative is not None:
        return _baseline_limit(relative, metric, quantile, where)
    absolute = _ABSOLUTE.fullmatch(text)
    if absolute is None:
        raise GateError(where, f"expected a number or `baseline ...`, found {text!r}")
    value = float(absolute["number"]) * _factor(absolute["unit"], metric, where)
    if not math.isfinite(value):
        raise GateError(where, f"a limit of {absolute['number']} can never fail")
    if operator == ">=" and value <= 0.0 and metric.unit in _NEVER_NEGATIVE:
        raise GateError(where, f"{metric.name} >= {value:g} can never fail: it is never below 0")
    if metric.unit == "ratio" and (value > 1.0 if operator == ">=" else value >= 1.0):
        hint = f"; for per cent write {value:g} %" if absolute["unit"] is None and value > 1.0 else ""
        raise GateError(where, f"{metric.name} is a ratio between 0 and 1, the limit is {value:g}{hint}")
    return AbsoluteLimit(value)


def _baseline_limit(match: re.Match[str], metric: Metric, quantile: Quantile | None, where: str) -> BaselineLimit:
    if match["sign"] is None:
        return BaselineLimit()
    number, unit = float(match["number"]), match["unit"]
    if match["sign"] == "*":
        if unit is not None:
            raise GateError(where, f"a factor has no unit, found {unit!r}")
        return BaselineLimit(factor=number)
    signed = -number if match["sign"] == "-" else number
    if unit not in {"se", "standard errors"}:
        return BaselineLimit(offset=signed * _factor(unit, metric, where))
    if quantile is not None:
        raise GateError(
            where, f"standard errors are known camera by camera: write {metric.name} without {quantile.text}()"
        )
    if metric.unit == "count":
        raise GateError(where, f"{metric.name} is a count and has no standard error")
    return BaselineLimit(standard_errors=signed)


def _factor(unit: str | None, metric: Metric, where: str) -> float:
    if unit is None:
        return 1.0
    of_this = [text for text, (kind, _) in _UNITS.items() if kind == metric.unit]
    if unit not in _UNITS:
        slip = _UNIT_SLIPS.get(unit)
        raise GateError(where, _unknown("unit", unit, of_this) if slip is None else f"unit {unit!r}: write {slip!r}")
    if unit not in of_this:
        allowed = f"in {' or '.join(of_this)}" if of_this else "a plain number"
        raise GateError(where, f"{metric.name} is {allowed}, not in {unit!r}")
    return _UNITS[unit][1]


def _unknown(kind: str, text: str, known: tuple[str, ...] | list[str]) -> str:
    there_are = f"There are: {', '.join(known)}" if known else "it has none: write a plain number"
    return f"unknown {kind} {text!r}; {did_you_mean(text, known)}{there_are}"
