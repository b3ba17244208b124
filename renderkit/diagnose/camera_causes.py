"""A run in words: the verdict, which camera stands out, what it looks like, what is missing."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from renderkit.metrics import containment, normalised_error
from renderkit.results.cameras import CameraSummary
from renderkit.results.kinds import METRICS
from renderkit.results.report import Report
from renderkit.results.rows import natural_sorted

_MOST = 8
_MOSTLY_SHIFT = 0.8
_FEW_LANDMARKS = 4


@dataclass(frozen=True)
class Outcome:
    """The one line at the top.

    Attributes:
        state: "pass" and "fail" are the gates' word; "unjudged" is a run without gates; "bad" one in which views
            failed and no gate was asked for, or nothing could be computed.
        text: One sentence.
    """

    state: Literal["pass", "fail", "unjudged", "bad"]
    text: str


def outcome_of(report: Report) -> Outcome:
    """Return what the run amounts to; a run without gates or numbers is never a pass."""
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
    summaries, ranked, outliers = report.summary.cameras, report.summary.ranked, report.summary.outliers
    sentences = []
    for entry in outliers[:_MOST]:
        metric = METRICS[entry.metric]
        sentence = (
            f"Camera {entry.camera} stands out: {entry.metric} {metric.text(entry.value)}, the rig's median is "
            f"{metric.text(entry.rig_median)} ({entry.deviation:.0f} robust deviations)."
        )
        kinds: list[str] = [
            f"{one.sentence[:1].upper()}{one.sentence[1:]}."
            for one in report.explanations
            if one.camera == entry.camera and one.cause != "unexplained"
        ] or [residual_pattern(summary) for summary in summaries if summary.camera == entry.camera]
        sentences.append(" ".join([sentence, *dict.fromkeys(kind for kind in kinds if kind)]))
    if len(outliers) > _MOST:
        sentences.append(f"{len(outliers) - _MOST} more cameras stand out.")
    if ranked and not outliers:
        sentences.append(f"No camera stands out; {ranked[0].camera} agrees least.")
    # What the capture got wrong as a whole comes first: it explains the rest.
    loud = [f"{check.name}: {check.sentence}." for check in report.checks if check.verdict == "warning"]
    return (*loud, *sentences, *_gaps(report))


def residual_pattern(camera: CameraSummary) -> str:
    """Return in words what the landmark residuals look like: a shift, a turn or scale, or scatter; "" when too few.

    Least squares of r = t + A (x - mean x) with A a similarity's linear part [[a, -b], [b, a]]: what share of the
    residuals' sum of squares do the shift t, and shift with turn and scale, explain?
    """
    points, residuals = _residual_field(camera)
    total = float(np.sum(residuals**2))
    if len(points) < _FEW_LANDMARKS or total == 0.0:
        return ""
    shift = residuals.mean(axis=0)
    shifted = 1.0 - float(np.sum((residuals - shift) ** 2)) / total
    if shifted >= _MOSTLY_SHIFT:
        return (
            f"A shift of the picture by ({shift[0]:+.1f}, {shift[1]:+.1f}) px explains {100 * shifted:.0f} % of its "
            "landmark residuals: principal point, or a small rotation about x or y."
        )
    x, y = (points - points.mean(axis=0)).T
    spread = float(np.sum(x**2 + y**2))
    if spread == 0.0:
        return ""
    centered = residuals - shift
    scale = float(np.sum(x * centered[:, 0] + y * centered[:, 1])) / spread
    roll = float(np.sum(x * centered[:, 1] - y * centered[:, 0])) / spread
    model = shift + np.column_stack([scale * x - roll * y, roll * x + scale * y])
    explained = 1.0 - float(np.sum((residuals - model) ** 2)) / total
    if explained >= _MOSTLY_SHIFT:
        return (
            f"Shift ({shift[0]:+.1f}, {shift[1]:+.1f}) px, scale {100 * scale:+.2f} % and roll "
            f"{math.degrees(roll):+.2f} deg explain {100 * explained:.0f} % of its landmark residuals."
        )
    return f"No shift, scale or roll explains its landmark residuals ({100 * explained:.0f} %): they scatter."


def _residual_field(camera: CameraSummary) -> tuple[np.ndarray, np.ndarray]:
    points, residuals = [np.zeros((0, 2))], [np.zeros((0, 2))]
    for row in camera.rows:
        score = row.scores.reprojection
        if score is not None and row.landmark_pixels is not None and len(score.residuals) == len(row.landmark_pixels):
            used = score.used & np.isfinite(row.landmark_pixels).all(axis=1)
            points.append(row.landmark_pixels[used])
            residuals.append(score.residuals[used])
    return np.concatenate(points), np.concatenate(residuals)


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
