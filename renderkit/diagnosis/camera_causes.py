"""A run in words: the verdict, which camera stands out, what it looks like, what is missing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from renderkit.metrics import containment, normalised_error
from renderkit.results.kinds import METRICS
from renderkit.results.report import Report
from renderkit.selection import natural_sorted

_MOST = 8


@dataclass(frozen=True)
class Outcome:
    """The one line at the top.

    Attributes:
        state: "fail" where the rig as a whole does not fit; else "pass" and "fail" are the gates' word; "unjudged" is
            a run without gates; "bad" one in which views failed and no gate was asked for, or nothing could be
            computed.
        text: One sentence.
    """

    state: Literal["pass", "fail", "unjudged", "bad"]
    text: str


def outcome_of(report: Report) -> Outcome:
    """Return what the run amounts to; a run without gates or numbers is never a pass."""
    if report.diagnosis is not None and report.diagnosis.blocks:
        return Outcome("fail", f"The rig as a whole does not fit: {report.diagnosis.sentence}.")
    if not report.rows:
        return Outcome("fail" if report.gates else "bad", "The run has no rows: nothing was checked.")
    if report.gates:
        return _gated(report)
    failed = len(report.failures)
    if failed:
        return Outcome("bad", f"{failed} of {len(report.rows)} views failed; no gates were asked for.")
    if not any(report.summary.computable.values()):
        return Outcome("bad", "Nothing could be computed.")
    return Outcome("unjudged", f"{len(report.rows)} views scored; no gates were asked for.")


def _gated(report: Report) -> Outcome:
    blocking = [gate for gate in report.gates if gate.blocks]
    tolerated = sum(gate.tolerated for gate in report.gates)
    passed = sum(gate.passed for gate in report.gates)
    words = f"{passed} of {len(report.gates)} checks pass"
    words += f", {tolerated} tolerated" if tolerated else ""
    if not blocking:
        return Outcome("pass", f"{words}.")
    missing = sum(gate.verdict == "not computable" for gate in blocking)
    failed = len(blocking) - missing
    parts = [f"{failed} fail"] * bool(failed) + [f"{missing} could not be computed"] * bool(missing)
    return Outcome("fail", f"{words}; {', '.join(parts)}.")


def diagnose_run(report: Report) -> tuple[str, ...]:
    """Return what a person should read first, one sentence each: outliers and their kind, gaps, failures."""
    ranked, outliers = report.summary.ranked, report.summary.outliers
    sentences = []
    for entry in outliers[:_MOST]:
        metric = METRICS[entry.metric]
        sentence = (
            f"Camera {entry.camera} stands out: {entry.metric} {metric.text(entry.value)}, the rig's median is "
            f"{metric.text(entry.rig_median)} ({entry.deviation:.0f} robust deviations)."
        )
        causes = [one.text for one in report.explanations if one.camera == entry.camera]
        sentences.append(" ".join([sentence, *dict.fromkeys(causes)]))
    if len(outliers) > _MOST:
        sentences.append(f"{len(outliers) - _MOST} more cameras stand out.")
    if ranked and not outliers:
        sentences.append(f"No camera stands out; {ranked[0].camera} agrees least.")
    # What the capture got wrong as a whole comes first: it explains the rest.
    loud = [f"{check.name}: {check.sentence}." for check in report.checks if check.verdict == "warning"]
    return (*_rig(report), *loud, *sentences, *_gaps(report))


def _rig(report: Report) -> list[str]:
    """Return the diagnosis of the rig and its cameras; the first line of the report says it where it fails the run."""
    if report.diagnosis is None:
        return []
    first, *cameras = report.diagnosis.lines
    sentences = cameras if report.diagnosis.blocks else [first, *cameras]
    return [f"{sentence[:1].upper()}{sentence[1:]}." for sentence in sentences]


def _gaps(report: Report) -> list[str]:
    sentences = []
    if report.failures:
        kinds = Counter(row.failure.type for row in report.failures if row.failure)
        words = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        sentences.append(f"{len(report.failures)} of {len(report.rows)} views failed: {words}.")
    reasons = Counter(
        (kind, why)
        for row in report.rows
        if row.failure is None
        for kind, why in row.missing.items()
        if kind != normalised_error.KIND.name  # a number of the reprojection, not a gap of its own
        # Vertices stand in where a mesh has no faces to render; a rendered mask says more.
        if not (kind == containment.KIND.name and row.scores.mask is not None)
    )
    for (kind, why), count in reasons.most_common(_MOST):
        sentences.append(f"The {kind} score is missing in {count} of {len(report.rows)} views: {why}.")
    skipped = natural_sorted(report.skipped_cameras)[:_MOST]
    sentences += [f"Camera {name} was skipped by the dataset: {report.skipped_cameras[name]}." for name in skipped]
    return sentences
