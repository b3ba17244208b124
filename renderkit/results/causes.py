"""What went wrong in a run, grouped over cameras: one line per cause instead of one per camera."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from renderkit.errors import CalibrationError, DatasetError
from renderkit.metrics import containment, normalised_error
from renderkit.metrics.score_kind import Metric
from renderkit.results.cameras import CameraSummary, table_metrics
from renderkit.results.diagnosis import CameraFault
from renderkit.results.findings import JudgedCamera
from renderkit.results.kinds import METRICS, RIG_METRICS
from renderkit.selection import natural_sorted
from renderkit.wording import counted

if TYPE_CHECKING:
    from renderkit.results.report import Report
    from renderkit.results.rows import Failure, ViewResult

Kind: TypeAlias = Literal["rig", "camera", "outlier", "failed", "gate", "capture"]

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")

_MOST_NAMES = 8
_OF_A_FILE = frozenset({DatasetError.__name__, CalibrationError.__name__})


@dataclass(frozen=True)
class CauseGroup:
    """One cause and the cameras that have it.

    Attributes:
        kind: "rig", "camera" (the diagnosis names them), "outlier" (they stand out), "failed" (views that could not be
            processed), "gate" (gates that do not pass) or "capture" (conventions that do not hold).
        title: The cause.
        cameras: Cameras that have it, in natural order; () where it is about the rig.
        detail: The worst of them, with numbers.
        views: How many views it is about; 0 where it is about cameras.
        tolerated: Whether it is forgiven: it does not fail the run.
    """

    kind: Kind
    title: str
    cameras: tuple[str, ...] = ()
    detail: str = ""
    views: int = 0
    tolerated: bool = False

    @property
    def count(self) -> str:
        """How many, in words."""
        cameras = counted(len(self.cameras), "camera")
        if self.views:
            views = counted(self.views, "view")
            return f"{views}, {cameras}"
        return cameras if self.cameras else "the rig"

    def __str__(self) -> str:
        """Say it in one line."""
        names = f" ({list_cameras(self.cameras)})" if self.cameras else ""
        detail = f": {self.detail}" if self.detail else ""
        return f"{self.title}: {self.count}{names}{detail}"


@dataclass(frozen=True)
class NotChecked:
    """Numbers that are missing for one reason.

    Attributes:
        metrics: Which.
        views: In how many views.
        cameras: Of which cameras, in natural order.
        reason: Why.
    """

    metrics: tuple[Metric, ...]
    views: int
    cameras: tuple[str, ...]
    reason: str


def list_cameras(cameras: Sequence[str]) -> str:
    """Return "camera 25" or "cameras 25, 30 and 31"; many names are cut, their count is not."""
    return _listed("camera", cameras)


def _listed(noun: str, given: Iterable[str]) -> str:
    names = natural_sorted(set(given))
    if len(names) < 2:
        return f"{noun} {names[0]}" if names else f"no {noun}"
    if len(names) > _MOST_NAMES:
        return f"{noun}s {', '.join(names[: _MOST_NAMES - 1])} and {len(names) - _MOST_NAMES + 1} more"
    return f"{noun}s {', '.join(names[:-1])} and {names[-1]}"


def group_causes(report: Report) -> tuple[CauseGroup, ...]:
    """Return what went wrong: the rig first, then gates, failed views, cameras, conventions."""
    return (
        *_rig_groups(report), *_gate_groups(report), *_failure_groups(report), *_fault_groups(report),
        *_outlier_groups(report), *_check_groups(report),
    )  # fmt: skip


def not_checked(report: Report) -> tuple[NotChecked, ...]:
    """Return what is not computable by reason, the most views first; numbers with the same reason share a line.

    Numbers of a mesh are left out where the rig was judged without one and nothing was rendered.
    """
    metrics: dict[str, dict[str, Metric]] = {}
    views: dict[str, set[object]] = {}
    cameras: dict[str, set[str]] = {}
    wanted = [metric for metric in table_metrics(report.summary.cameras) if metric in RIG_METRICS or _has_mesh(report)]
    for metric in wanted:
        for row in report.rows:
            reason = None if row.failure is not None else row.missing_reason(metric)
            if reason is None or _stands_in(metric, report, row.scores.mask is not None):
                continue
            metrics.setdefault(reason, {})[metric.name] = metric
            views.setdefault(reason, set()).add(row.key)
            cameras.setdefault(reason, set()).add(row.key.camera)
    found = [
        NotChecked(tuple(metrics[why].values()), len(views[why]), natural_sorted(cameras[why]), why) for why in metrics
    ]
    return tuple(sorted(found, key=lambda one: -one.views))


def off_cameras(report: Report) -> dict[str, CameraFault | JudgedCamera]:
    """Return the cameras that the diagnosis names as off, the worst first, each with what is said of it."""
    if report.diagnosis is None:
        return {}
    found: dict[str, CameraFault | JudgedCamera] = {fault.camera: fault for fault in report.diagnosis.cameras}
    for evidence in report.diagnosis.evidence:
        for one in evidence.off:
            found.setdefault(one.camera, one)
    place = _places(report)
    return dict(sorted(found.items(), key=lambda item: place.get(item[0], len(place))))


def suspect_cameras(report: Report) -> frozenset[str]:
    """Return the cameras that anything speaks against: the diagnosis names them, they stand out, or a gate fails."""
    found = {*off_cameras(report), *(entry.camera for entry in report.summary.outliers)}
    failed = {gate.subject for gate in report.gates if gate.blocks and gate.verdict == "fail"}
    return frozenset(found | failed & set(report.camera_names))


def _places(report: Report) -> dict[str, int]:
    """Return each ranked camera's place, 0 being the one that deviates most."""
    return {entry.camera: index for index, entry in reversed(list(enumerate(report.summary.ranked)))}


def unchecked_cameras(report: Report) -> tuple[str, ...]:
    """Return the cameras of which nothing could be computed that ranks cameras, in natural order.

    Without a mesh a camera counts as checked only if some evidence could judge it.
    """
    checked = {entry.camera for entry in report.summary.ranked}
    if not _has_mesh(report) and report.diagnosis is not None:
        every = [one for findings in report.diagnosis.evidence for one in findings.cameras]
        judged = {one.camera for one in every if one.informative > 0.0}
        checked -= {one.camera for one in every} - judged
    return tuple(name for name in report.camera_names if name not in checked)


def worst_first(report: Report) -> list[CameraSummary]:
    """Return the cameras with the worst first: failed views, gates, cameras that are off, then by deviation."""
    place = _places(report)
    off = off_cameras(report)
    blocked = {gate.subject for gate in report.gates if gate.blocks}

    def key(summary: CameraSummary) -> tuple[bool, bool, bool, int]:
        camera = summary.camera
        return not summary.num_failed, camera not in blocked, camera not in off, place.get(camera, len(place))

    return sorted(report.summary.cameras, key=key)


def _stands_in(metric: Metric, report: Report, has_mask: bool) -> bool:
    """Whether a number is no gap of its own: part of another, or a stand-in for a rendered mask."""
    if metric.kind == normalised_error.KIND.name:
        return True
    return metric.kind == containment.KIND.name and has_mask and bool(report.rows)


def _has_mesh(report: Report) -> bool:
    """Whether numbers of a mesh were asked for: without evidence of another kind they always are."""
    if report.diagnosis is None or not report.diagnosis.evidence:
        return True
    rendered = [metric for metric in METRICS.values() if metric not in RIG_METRICS]
    return any(row.missing_reason(metric) is None for row in report.rows for metric in rendered)


def _rig_groups(report: Report) -> Iterator[CauseGroup]:
    if report.diagnosis is None:
        return
    if report.diagnosis.condemns_all:
        yield CauseGroup("rig", "the rig as a whole does not fit", detail=report.diagnosis.sentence)
    for sentence in report.diagnosis.others:
        yield CauseGroup("rig", sentence)


def _fault_groups(report: Report) -> Iterator[CauseGroup]:
    if report.diagnosis is None:
        return
    # Cameras whose evidence allows the same causes are one group, whichever of them is likeliest in each.
    named = [((one.family, frozenset(one.cannot_tell or (one.cause,))), one) for one in report.diagnosis.cameras]
    place = _places(report)
    for _, faults in _grouped(named):
        worst = min(faults, key=lambda fault: place.get(fault.camera, len(place)))
        title = _cause_words(worst.cause, worst.cannot_tell)
        yield CauseGroup("camera", title, natural_sorted({one.camera for one in faults}), worst.sentence)
    for evidence in report.diagnosis.evidence:
        judged = [(frozenset(one.cannot_tell or (one.cause,)), one) for one in evidence.off]
        for _, cameras in _grouped(judged):
            title = f"{_cause_words(cameras[0].cause or 'off', cameras[0].cannot_tell)} (by {evidence.evidence})"
            names = natural_sorted({one.camera for one in cameras})
            yield CauseGroup("camera", title, names, cameras[0].sentence)


def _cause_words(cause: str, cannot_tell: Sequence[str]) -> str:
    """Return the likeliest cause, and how many others explain the evidence as well."""
    others = [one for one in cannot_tell if one != cause]
    if not others:
        return cause
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    return f"{cause} (or {others[0]}{more})"


def _outlier_groups(report: Report) -> Iterator[CauseGroup]:
    """Group cameras that stand out and that the diagnosis does not name, by what explains them."""
    diagnosis = report.diagnosis
    known = {*off_cameras(report), *(one.camera for one in diagnosis.mattes)} if diagnosis else set()
    if diagnosis is not None and diagnosis.condemns_all:
        return
    causes = {one.camera: one for one in reversed(report.explanations)}
    entries = [entry for entry in report.summary.outliers if entry.camera not in known]
    titled = [(causes[e.camera].cause if e.camera in causes else "no cause found", e) for e in entries]
    for title, group in _grouped(titled):
        worst = group[0]
        metric = METRICS[worst.metric]
        numbers = (
            f"camera {worst.camera}: {metric.plain} {metric.with_unit(worst.value)}, rig's median "
            f"{metric.with_unit(worst.rig_median)}"
        )
        told = f"; {causes[worst.camera].sentence}" if worst.camera in causes else ""
        yield CauseGroup(
            "outlier", f"stands out, {title}", natural_sorted({one.camera for one in group}), numbers + told
        )


def _failure_groups(report: Report) -> Iterator[CauseGroup]:
    """Group failed views by reason; which file it was, and whose, does not make another reason."""
    rows = [(_reason(row, row.failure), (row, row.failure)) for row in report.failures if row.failure is not None]
    for _, group in sorted(_grouped(rows), key=lambda item: -len(item[1])):
        cameras = natural_sorted({row.key.camera for row, _ in group})
        first = next(failure for row, failure in group if row.key.camera == cameras[0])
        alike = len({failure.message for _, failure in group}) == 1
        where, why = ("", first.message) if alike else _where_and_why(first)
        detail = _listed("frame", (row.key.frame for row, _ in group)) + (f"; first {where}" if where else "")
        yield CauseGroup("failed", why, cameras, detail, len(group))


def _reason(row: ViewResult, failure: Failure) -> str:
    why = _where_and_why(failure)[1]
    return re.sub(rf"(?<!\w)({re.escape(row.key.camera)}|{re.escape(row.key.frame)})(?!\w)", "*", why)


def _where_and_why(failure: Failure) -> tuple[str, str]:
    """Split the words of an error about a file, "FILE [KEY]: why"; others name none."""
    where, colon, why = failure.message.partition(": ")
    return (where, why) if colon and failure.type in _OF_A_FILE else ("", failure.message)


def _gate_groups(report: Report) -> Iterator[CauseGroup]:
    """Group verdicts that do not pass by gate and kind: those that block come first, failures before gaps."""
    place = _places(report)
    bad = sorted(
        (gate for gate in report.gates if not gate.passed), key=lambda gate: (not gate.blocks, gate.verdict != "fail")
    )
    for (name, verdict, tolerated), group in _grouped(((g.gate, g.verdict, g.tolerated), g) for g in bad):
        cameras = natural_sorted({gate.subject for gate in group if gate.subject in report.camera_names})
        worst = min(group, key=lambda gate: place.get(gate.subject, len(place)))
        alike = len({gate.message for gate in group}) == 1
        word = "fails" if verdict == "fail" else "cannot be computed"
        title = f"gate {name} {word}{', tolerated' * tolerated}"
        detail = worst.message if alike else f"worst {worst.subject}: {worst.message}"
        yield CauseGroup("gate", title, cameras, detail, tolerated=tolerated)


def _check_groups(report: Report) -> Iterator[CauseGroup]:
    for check in report.checks:
        if check.verdict == "warning":
            yield CauseGroup("capture", f"{check.name} does not hold", detail=check.sentence)


def _grouped(pairs: Iterable[tuple[Key, Item]]) -> list[tuple[Key, list[Item]]]:
    groups: dict[Key, list[Item]] = {}
    for key, item in pairs:
        groups.setdefault(key, []).append(item)
    return list(groups.items())
