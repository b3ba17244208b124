"""index.html of a run over many captures: worst first, with links to each capture's own page. No scripts needed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from renderkit.metrics.score_kind import Metric
from renderkit.report.html.page import page_asset, page_environment
from renderkit.results.dataset import GROUP_KINDS, CaptureState, DatasetReport, GroupSummary
from renderkit.results.kinds import METRICS

MAX_CAPTURES: Final = 2000
"""Captures beyond this are in captures.csv alone, the best ones."""
MAX_GROUPS: Final = 300
_WIDTH: Final = 640.0
_HEIGHT: Final = 140.0
_LEAST_SPAN: Final = 0.1
"""Share of the values that the height stands for at least: noise must not look like a trend."""


@dataclass(frozen=True)
class Trend:
    """A metric's median over days, as the points of a line.

    Attributes:
        metric: The metric.
        points: "x,y" in a box of 640 by 140.
        low: Text of the smallest value.
        high: Text of the largest.
    """

    metric: Metric
    points: str
    low: str
    high: str


def render_index(report: DatasetReport, verdict: str, word: Callable[[CaptureState], str]) -> str:
    """Return the page's HTML.

    Args:
        report: The run.
        verdict: Its outcome in a word.
        word: Says a capture's state.
    """
    ordered = report.worst_first
    days = report.of_kind("day")
    metrics = [one for one in METRICS.values() if any(one.name in group.metrics for group in report.groups)]
    groups = {kind: report.worst_groups(kind)[:MAX_GROUPS] for kind in GROUP_KINDS}
    return (
        page_environment()
        .get_template("dataset.html.j2")
        .render(
            report=report,
            captures=ordered[:MAX_CAPTURES],
            num_left_out=max(0, len(ordered) - MAX_CAPTURES),
            groups={kind: found for kind, found in groups.items() if found},
            metrics=metrics,
            trends=[one for metric in metrics if (one := trend_of(metric, _over_days(metric, days))) is not None],
            first_day=days[0].name if days else "",
            last_day=days[-1].name if days else "",
            verdict=verdict,
            word=word,
            style=page_asset("report.css"),
        )
    )


def _over_days(metric: Metric, days: Sequence[GroupSummary]) -> list[float]:
    return [day.metrics[metric.name].median for day in days if metric.name in day.metrics]


def trend_of(metric: Metric, values: Sequence[float]) -> Trend | None:
    """Return the line of a metric's values over days; None with fewer than two that are finite."""
    values = [value for value in values if math.isfinite(value)]
    if len(values) < 2:
        return None
    low, high = min(values), max(values)
    span = max(high - low, _LEAST_SPAN * max(abs(low), abs(high))) or 1.0
    middle, step = (low + high) / 2.0, _WIDTH / (len(values) - 1)
    points = " ".join(
        f"{index * step:.1f},{_HEIGHT * (0.5 - (value - middle) / span):.1f}" for index, value in enumerate(values)
    )
    return Trend(metric, points, metric.text(low), metric.text(high))
