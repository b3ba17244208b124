"""The registry of scores. A score is a module of `renderkit.metrics` and one line here; everything else follows.

Other packages add scores by entry points of the group `renderkit.scores`, each of which names a `ScoreKind`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cache, reduce
from importlib import import_module
from importlib.metadata import EntryPoint, distributions, entry_points
from operator import or_
from types import MappingProxyType
from typing import Final

from renderkit.errors import RenderkitError
from renderkit.metrics.score_kind import STANDARD, Metric, Needs, ScoreKind
from renderkit.wording import did_you_mean

ENTRY_POINTS: Final = "renderkit.scores"
"""Entry points of other packages that name a `ScoreKind`."""

FULL: Final = "full"
INTERVALS: Final = "intervals"
"""Bootstrap confidence intervals per camera; asked for like a group of scores."""

_MODULES: Final = (
    "renderkit.metrics.mask",
    "renderkit.metrics.boundary",
    "renderkit.metrics.containment",
    "renderkit.metrics.reprojection",
    "renderkit.metrics.normalised_error",
    "renderkit.metrics.contour_score",
    "renderkit.metrics.held_out",
    "renderkit.metrics.silhouette",
    "renderkit.metrics.board",
    "renderkit.metrics.depth_histogram",
    "renderkit.metrics.texture",
)
"""Our own scores: modules with a `KIND`, in the order in which they are measured and shown."""


class UnknownMetricError(RenderkitError):
    """A gate or an option names a metric that does not exist.

    Attributes:
        name: What was asked for.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        hint = did_you_mean(name, METRICS)
        super().__init__(f"no metric is called {name!r}; {hint}There are: {', '.join(METRICS)}")

    def __reduce__(self) -> tuple[type[UnknownMetricError], tuple[str]]:
        """Pickle by the constructor's arguments, so that the error survives a worker process."""
        return type(self), (self.name,)


def collect_kinds(kinds: Iterable[ScoreKind]) -> Mapping[str, ScoreKind]:
    """Return kinds by name.

    Raises:
        RenderkitError: If two kinds, or two of their metrics, have one name.
    """
    found: dict[str, ScoreKind] = {}
    metrics: dict[str, str] = {}
    for kind in kinds:
        if kind.name in found:
            raise RenderkitError(f"two kinds of score are called {kind.name!r}: rename one, or uninstall its package")
        found[kind.name] = kind
        for metric in kind.metrics:
            if metric.name in metrics:
                raise RenderkitError(
                    f"the scores {metrics[metric.name]!r} and {kind.name!r} both have a metric {metric.name!r}: "
                    "rename one, or uninstall its package"
                )
            metrics[metric.name] = kind.name
    return MappingProxyType(found)


def _all_kinds() -> Iterable[ScoreKind]:
    for module in _MODULES:
        yield _checked(import_module(module).KIND, module)
    for entry in _added():
        yield _checked(entry.load(), f"entry point {entry.name!r} of the group {ENTRY_POINTS!r}, {entry.value}")


def _added() -> Iterable[EntryPoint]:
    """Return the entry points of other packages. Most have none: to look for the name takes a quarter of the time."""
    named = any(ENTRY_POINTS in (one.read_text("entry_points.txt") or "") for one in distributions())
    return entry_points(group=ENTRY_POINTS) if named else ()


def _checked(kind: object, where: str) -> ScoreKind:
    if not isinstance(kind, ScoreKind):
        raise RenderkitError(
            f"{where}: expected a ScoreKind, found {type(kind).__name__}; correct or uninstall the package it is from"
        )
    return kind


KINDS: Final = collect_kinds(_all_kinds())
"""Every kind of score by name, in the order in which they are measured and shown."""

METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {metric.name: metric for kind in KINDS.values() for metric in kind.metrics}
)
"""Every metric by name, in the order of tables."""

RIG_METRICS: Final[tuple[Metric, ...]] = tuple(
    metric for kind in KINDS.values() if kind.measure is None for metric in kind.metrics
)
"""Metrics of evidence that joins many views, without a mesh."""

RANKING_METRICS: Final[tuple[Metric, ...]] = tuple(
    metric
    for _, metric in sorted(
        ((metric.ranking.place, metric) for metric in METRICS.values() if metric.ranking is not None),
        key=lambda pair: pair[0],
    )
)
"""What ranks cameras, the most telling first."""

METRIC_GROUPS: Final[tuple[str, ...]] = (
    *dict.fromkeys(kind.group for kind in KINDS.values() if kind.on_request and kind.measure is not None),
    INTERVALS,
)
"""What can be asked for beside the standard scores."""


def metric_named(name: str) -> Metric:
    """Return the metric called `name`.

    Raises:
        UnknownMetricError: With the nearest name that exists.
    """
    if name not in METRICS:
        raise UnknownMetricError(name)
    return METRICS[name]


def asked_kinds(groups: Collection[str]) -> tuple[ScoreKind, ...]:
    """Return the kinds that are measured view by view: the standard ones, and those of the groups asked for."""
    return _asked(frozenset(groups))


@cache
def _asked(groups: frozenset[str]) -> tuple[ScoreKind, ...]:
    every = (kind for kind in KINDS.values() if kind.measure is not None)
    return tuple(kind for kind in every if not kind.on_request or kind.group in groups)


def kinds_of_evidence(name: str) -> tuple[ScoreKind, ...]:
    """Return the kinds that one kind of evidence gives."""
    return tuple(kind for kind in KINDS.values() if kind.measure is None and kind.group == name)


def needs_of(groups: Collection[str]) -> Needs:
    """Return what has to be read or drawn for the kinds that a run measures."""
    return _needed(frozenset(groups))


@cache
def _needed(groups: frozenset[str]) -> Needs:
    return reduce(or_, (kind.needs for kind in _asked(groups)), Needs.NOTHING)


def parse_metric_groups(text: str) -> tuple[str, ...]:
    """Read "standard" (none), "full" (all) or a comma-separated list of groups.

    Raises:
        ValueError: If a name is none of these; the message has the nearest.
    """
    names = {part.strip() for part in text.split(",") if part.strip()}
    unknown = sorted(names - {*METRIC_GROUPS, STANDARD, FULL})
    if unknown or not names:
        hint = did_you_mean(unknown[0] if unknown else "", METRIC_GROUPS)
        raise ValueError(f"metrics {text!r}: {hint}expected standard, full, or a list of {', '.join(METRIC_GROUPS)}")
    return tuple(group for group in METRIC_GROUPS if FULL in names or group in names)
