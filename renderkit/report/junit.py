"""junit.xml: what CI servers show. One test case per camera and gate, and one per camera for its views."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from renderkit.report.writer import Writer
from renderkit.results.cameras import CameraSummary
from renderkit.results.diagnosis import Diagnosis
from renderkit.results.report import RIG, GateVerdict, Report
from renderkit.results.rows import asked_metrics
from renderkit.wording import counted

# All but XML 1.0, production Char: it cannot be written, not even escaped.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NO_TIME = "1970-01-01T00:00:00"
_ORDER: Final = {"failure": 0, "error": 1, "skipped": 2, "passed": 3}


@dataclass(frozen=True)
class Case:
    """One test case: what it is called and how it came out."""

    name: str
    outcome: Literal["passed", "failure", "error", "skipped"]
    message: str = ""
    detail: str = ""
    seconds: float = 0.0


def dump_junit(report: Report) -> bytes:
    """Return the XML: whether the rig fits, a suite per gate and one of views, those with failures first.

    A failed gate is a failure, a metric that could not be computed an error, a tolerated camera skipped.
    """
    cameras = {(summary.camera, summary.mesh): summary for summary in report.summary.cameras}
    suites: dict[str, list[Case]] = {} if report.diagnosis is None else {"sanity": [_sanity_case(report.diagnosis)]}
    for verdict in report.gates:
        suites.setdefault(f"gate {verdict.gate}", []).append(_gate_case(verdict, cameras))
    suites["views"] = [_view_case(camera) for camera in cameras.values()]
    return dump_suites(suites, report.provenance.capture or "unnamed capture", report.started)


def dump_suites(suites: Mapping[str, Sequence[Case]], capture: str, when: str = "") -> bytes:
    """Return the XML of suites by name, what fails first.

    Args:
        suites: Test cases by the name of their suite.
        capture: What was validated.
        when: ISO 8601 time of the start; "" when unknown.
    """
    ordered = sorted(suites.items(), key=lambda item: min((_ORDER[case.outcome] for case in item[1]), default=3))
    every = [case for cases in suites.values() for case in cases]
    root = ET.Element("testsuites", {"name": _clean(f"renderkit: {capture}"), **_totals(every)})
    started = re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", when)
    time = started[0] if started else _NO_TIME
    root.extend(_suite(i, name, cases, started=time, capture=capture) for i, (name, cases) in enumerate(ordered))
    ET.indent(root, " ")
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _totals(cases: Sequence[Case]) -> dict[str, str]:
    counts = {kind: sum(case.outcome == kind for case in cases) for kind in ("failure", "error")}
    return {
        "tests": str(len(cases)),
        "failures": str(counts["failure"]),
        "errors": str(counts["error"]),
        "time": f"{sum(case.seconds for case in cases):.3f}",
    }


def _suite(index: int, name: str, cases: Sequence[Case], *, started: str, capture: str) -> ET.Element:
    suite = ET.Element(
        "testsuite",
        {
            "id": str(index),
            "name": _clean(name),
            "package": _clean(capture),
            "timestamp": started,
            "hostname": "localhost",
            "skipped": str(sum(case.outcome == "skipped" for case in cases)),
            **_totals(cases),
        },
    )
    ET.SubElement(suite, "properties")
    suite.extend(_case(case, capture) for case in sorted(cases, key=lambda case: _ORDER[case.outcome]))
    ET.SubElement(suite, "system-out")
    ET.SubElement(suite, "system-err")
    return suite


def _case(case: Case, capture: str) -> ET.Element:
    names = {"name": _clean(case.name), "classname": _clean(f"renderkit.{capture}")}
    element = ET.Element("testcase", {**names, "time": f"{case.seconds:.3f}"})
    if case.outcome != "passed":
        attributes = {"message": _clean(case.message)}
        if case.outcome != "skipped":
            attributes["type"] = "failed" if case.outcome == "failure" else "not computable"
        outcome = ET.SubElement(element, case.outcome, attributes)
        outcome.text = _clean(case.detail)
    return element


def _gate_case(verdict: GateVerdict, cameras: dict[tuple[str, str], CameraSummary]) -> Case:
    who = RIG if verdict.subject == RIG else f"camera {verdict.subject}"
    mesh = f" ({verdict.mesh})" if verdict.mesh else ""
    name = f"{verdict.gate}: {who}{mesh}"
    if verdict.passed:
        return Case(name, "passed")
    summary = cameras.get((verdict.subject, verdict.mesh))
    detail = verdict.message if summary is None else f"{verdict.message}\n{_numbers(summary)}"
    if verdict.tolerated:
        return Case(name, "skipped", f"tolerated: {verdict.message}", detail)
    return Case(name, "failure" if verdict.verdict == "fail" else "error", verdict.message, detail)


def _sanity_case(diagnosis: Diagnosis) -> Case:
    name = "sanity: the rig as a whole fits"
    if diagnosis.lacks_mattes and not diagnosis.blocks:
        return Case(name, "error", f"most mattes say nothing: {diagnosis.sentence}", str(diagnosis))
    if diagnosis.verdict == "cannot tell":
        return Case(name, "skipped", diagnosis.sentence)
    detail = str(diagnosis)
    return Case(name, "failure", diagnosis.sentence, detail) if diagnosis.blocks else Case(name, "passed")


def _view_case(camera: CameraSummary) -> Case:
    name = f"views: camera {camera.camera} ({camera.mesh})"
    seconds = sum(row.seconds for row in camera.rows)
    failures = [row for row in camera.rows if row.failure is not None]
    if not failures:
        return Case(name, "passed", seconds=seconds)
    lines = [f"frame {row.key.frame}: {row.failure.type}: {row.failure.message}" for row in failures if row.failure]
    return Case(
        name, "error", f"{len(failures)} of {counted(len(camera.rows), 'view')} failed", "\n".join(lines), seconds
    )


def _numbers(camera: CameraSummary) -> str:
    lines = [f"{m.name}: {m.text(m.value(camera.scores))}" for m in asked_metrics(camera.rows)]
    return "\n".join([*lines, *_overlays(camera)])


def _overlays(camera: CameraSummary) -> Iterable[str]:
    return (f"overlay: {row.overlay}" for row in camera.rows if row.overlay is not None)


def _clean(text: str) -> str:
    return _NOT_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


WRITER: Final = Writer("junit", "junit.xml", lambda report, _: dump_junit(report))
