"""What a run over many captures found: one outcome per capture, and what subjects, cameras and days have in common."""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

import numpy as np

from renderkit.metrics.score_kind import Metric
from renderkit.results.kinds import METRICS
from renderkit.selection import natural_key
from renderkit.wording import counted

CaptureState: TypeAlias = Literal["pass", "fail", "unjudged", "bad", "incomplete"]
GroupKind: TypeAlias = Literal["subject", "day", "camera"]
GROUP_KINDS: Final[tuple[GroupKind, ...]] = get_args(GroupKind)
_ORDER: Final[Mapping[str, int]] = {"bad": 0, "incomplete": 1, "fail": 2, "unjudged": 3, "pass": 4}


@dataclass(frozen=True)
class CameraOutcome:
    """One camera of one capture, over its frames.

    Attributes:
        camera: Its name.
        mesh: Mesh name.
        num_views: Its views.
        num_failed: Views that could not be processed.
        is_off: Whether the diagnosis names it, it stands out, or a gate fails for it.
        values: Its headline metrics, those that could be computed.
    """

    camera: str
    mesh: str
    num_views: int
    num_failed: int
    is_off: bool
    values: Mapping[str, float]


@dataclass(frozen=True)
class CaptureOutcome:
    """What a run says of one capture.

    Attributes:
        id: Its name in the run.
        path: Where it is.
        subject: Whom it shows.
        day: "2024-05-01", or "" when unknown.
        state: As the capture's own report says; "incomplete" where units are not done, "bad" where it cannot be opened.
        passed: Whether it passed.
        is_judged: Whether gates were checked, or its rig as a whole does not fit.
        sentence: The outcome in words.
        num_views: Views that were scored.
        num_failed: Views that could not be processed.
        worst: The camera that agrees least; "" when unknown.
        deviation: By how many robust standard deviations; 0 when unknown.
        gates_failed: Verdicts of gates that block.
        gates: All verdicts of gates.
        report: The capture's own page, relative to the run folder; "" where none was written.
    """

    id: str
    path: str
    subject: str
    day: str
    state: CaptureState
    passed: bool = False
    is_judged: bool = False
    sentence: str = ""
    num_views: int = 0
    num_failed: int = 0
    worst: str = ""
    deviation: float = 0.0
    gates_failed: int = 0
    gates: int = 0
    report: str = ""

    @property
    def badness(self) -> tuple[int, float, tuple[tuple[int, str, str], ...]]:
        """Sorts the worst capture first."""
        return _ORDER[self.state], -self.deviation, natural_key(self.id)


@dataclass(frozen=True)
class Spread:
    """A metric over the cameras of several captures: its median and its worst value."""

    median: float
    worst: float


@dataclass(frozen=True)
class GroupSummary:
    """What the captures of one subject or day, or one camera in all captures, have in common.

    Attributes:
        kind: What it is.
        name: Its name.
        num_captures: Captures that it is in.
        num_views: Views.
        num_failed: Views that could not be processed.
        num_off: Captures that did not pass; for a camera, captures in which it is off.
        metrics: By name of a headline metric.
    """

    kind: GroupKind
    name: str
    num_captures: int
    num_views: int
    num_failed: int
    num_off: int
    metrics: Mapping[str, Spread]


@dataclass(frozen=True, eq=False)
class DatasetReport:
    """Everything a run over many captures found.

    Attributes:
        captures: One outcome each, in natural order.
        groups: Subjects, days and cameras, each kind in natural order.
        units_done: Units of work that are stored.
        units: Units of work in all.
        computed: Units that this run computed; the others were stored already.
        num_absent: Captures of the dataset that the runs joined here do not hold.
        notes: What a person should know, one sentence each.
        stopped_by: The signal that asked the run to stop before it was done; None when it went to its end.

    Example:
        >>> import renderkit as rk
        >>> report = rk.DatasetReport(())
        >>> report.passed, len(report.captures)
        (False, 0)
    """

    captures: tuple[CaptureOutcome, ...]
    groups: tuple[GroupSummary, ...] = ()
    units_done: int = 0
    units: int = 0
    computed: int = 0
    num_absent: int = 0
    notes: tuple[str, ...] = field(default=())
    stopped_by: int | None = None

    @property
    def stopped(self) -> bool:
        """Whether the run was stopped before it was done; it can be resumed."""
        return self.stopped_by is not None

    @property
    def passed(self) -> bool:
        """Whether every capture passed, there is one, and none is absent."""
        return bool(self.captures) and not self.num_absent and all(one.passed for one in self.captures)

    @property
    def gate_failed(self) -> bool:
        """Whether a gate failed in a capture, or a rig as a whole does not fit."""
        return any(one.is_judged and not one.passed for one in self.captures)

    @property
    def worst_first(self) -> tuple[CaptureOutcome, ...]:
        """The captures, those that did not pass first, then by their worst camera."""
        return tuple(sorted(self.captures, key=lambda one: one.badness))

    @property
    def num_views(self) -> int:
        """Views that were scored."""
        return sum(one.num_views for one in self.captures)

    def of_kind(self, kind: GroupKind) -> tuple[GroupSummary, ...]:
        """Return the groups of one kind."""
        return tuple(group for group in self.groups if group.kind == kind)

    def worst_groups(self, kind: GroupKind) -> tuple[GroupSummary, ...]:
        """Return the groups of one kind, the largest share of captures that are off first."""
        return tuple(sorted(self.of_kind(kind), key=lambda group: -group.num_off / max(1, group.num_captures)))

    def __str__(self) -> str:
        """Return a summary in words."""
        counts = {state: sum(one.state == state for one in self.captures) for state in _ORDER}
        told = ", ".join(f"{number} {state}" for state, number in counts.items() if number)
        lines = [
            f"{counted(len(self.captures), 'capture')}, "
            f"{counted(self.num_views, 'view')}: {told or 'nothing was found'}",
            *self.notes,
        ]
        lines += ["the run was stopped; --resume goes on with it"] if self.stopped else []
        return "\n".join(lines)


class Grouping:
    """Adds up captures by subject, day and camera; it keeps numbers, not rows: 8 bytes per camera and metric."""

    def __init__(self) -> None:
        self._members: dict[tuple[GroupKind, str], _Members] = defaultdict(_Members)

    def add(self, capture: CaptureOutcome, cameras: Iterable[CameraOutcome]) -> None:
        """Add one capture with its cameras."""
        own: list[tuple[GroupKind, str]] = [("subject", capture.subject)] if capture.subject else []
        own += [("day", capture.day)] if capture.day else []
        for key in own:
            self._members[key].count(capture.num_views, capture.num_failed, off=not capture.passed)
        for camera in cameras:
            member = self._members["camera", camera.camera]
            member.count(camera.num_views, camera.num_failed, off=camera.is_off)
            for one in (member, *(self._members[key] for key in own)):
                one.add(camera.values)

    def summaries(self) -> Iterator[GroupSummary]:
        """Yield subjects, days, cameras, each in natural order."""
        order = sorted(self._members, key=lambda key: (GROUP_KINDS.index(key[0]), natural_key(key[1])))
        for kind, name in order:
            members = self._members[kind, name]
            yield GroupSummary(
                kind=kind,
                name=name,
                num_captures=members.captures,
                num_views=members.views,
                num_failed=members.failed,
                num_off=members.off,
                metrics=members.spreads(),
            )


class _Members:
    """The numbers of one group so far."""

    def __init__(self) -> None:
        self.captures = self.views = self.failed = self.off = 0
        self._values: dict[str, array[float]] = {}

    def count(self, num_views: int, num_failed: int, *, off: bool) -> None:
        self.captures += 1
        self.views += num_views
        self.failed += num_failed
        self.off += off

    def add(self, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._values.setdefault(name, array("d")).append(value)

    def spreads(self) -> Mapping[str, Spread]:
        return MappingProxyType(
            {
                metric.name: _spread(metric, np.frombuffer(self._values[metric.name]))
                for metric in headline_metrics()
                if metric.name in self._values
            }
        )


def headline_metrics() -> tuple[Metric, ...]:
    """Return the metrics that are kept of each camera of each capture."""
    return tuple(metric for metric in METRICS.values() if metric.interval)


def _spread(metric: Metric, values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Spread:
    known = values[np.isfinite(values)]
    if not len(known):
        return Spread(math.nan, math.nan)
    worst = known.max() if metric.better == "lower" else known.min()
    return Spread(float(np.median(known)), float(worst))
