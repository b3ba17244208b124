"""Several runs side by side: camera by camera, the first run being what the others are measured against."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from renderkit.metrics.score_kind import Metric
from renderkit.results.causes import list_cameras
from renderkit.results.kinds import METRICS
from renderkit.results.report import Report
from renderkit.results.standard_error import standard_errors
from renderkit.selection import natural_key
from renderkit.wording import counted

SIGNIFICANT = 3.0
"""Standard errors of the difference beyond which a change is called one."""


@dataclass(frozen=True, eq=False)
class NamedRun:
    """A run and what to call it."""

    name: str
    report: Report


@dataclass(frozen=True)
class Change:
    """One camera's metric in every run.

    Attributes:
        camera: Camera name.
        mesh: Mesh name.
        values: Per run; NaN where it is not computable or the run has no such camera.
        errors: Standard errors per run; NaN where unknown.
        metric: The metric.
    """

    camera: str
    mesh: str
    values: tuple[float, ...]
    errors: tuple[float, ...]
    metric: Metric

    def word(self, index: int) -> str:
        """Return how run `index` compares with the first: "better", "worse", "lost", "gained" or "" for no change.

        A change counts beyond 3 standard errors of the difference; where these are unknown, beyond what is shown.
        """
        first, value = self.values[0], self.values[index]
        if math.isnan(first) or math.isnan(value):
            return "" if math.isnan(first) and math.isnan(value) else "gained" if math.isnan(first) else "lost"
        error = self.noise(index)
        limit = 0.5 * 10.0**-self.metric.decimals if math.isnan(error) else SIGNIFICANT * error
        if self.metric.better == "neither" or abs(value - first) <= limit:
            return ""
        return "better" if (value < first) == (self.metric.better == "lower") else "worse"

    def noise(self, index: int) -> float:
        """Return the standard error of the difference between run `index` and the first; NaN where it is unknown."""
        return math.hypot(self.errors[0], self.errors[index])

    def size(self, index: int) -> float:
        """Return the change in standard errors; below all of these where they are unknown, inf where one is missing."""
        difference = abs(self.values[index] - self.values[0])
        if math.isnan(difference):
            return math.inf
        noise = self.noise(index)
        return difference / noise if noise > 0.0 else difference * 10.0**self.metric.decimals * 1e-6

    def sentence(self, index: int) -> str:
        """Return the two numbers of a change and the noise."""
        first, value = (self.metric.with_unit(number) for number in (self.values[0], self.values[index]))
        noise = self.noise(index)
        error = "" if math.isnan(noise) else f", noise {noise:.2g} {self.metric.unit_text}".rstrip()
        return f"camera {self.camera}: {self.metric.plain} {first} to {value}{error}"


def name_runs(paths: Sequence[Path], reports: Sequence[Report]) -> tuple[NamedRun, ...]:
    """Name runs after their folders; folders of one name get a number."""
    bare = [(path.parent if path.is_file() else path).resolve().name or "run" for path in paths]
    return tuple(
        NamedRun(name if bare.count(name) == 1 else f"{name} #{index}", report)
        for index, (name, report) in enumerate(zip(bare, reports, strict=True), 1)
    )


def compare_metrics(
    runs: Sequence[NamedRun], metrics: Sequence[Metric]
) -> tuple[tuple[Metric, tuple[Change, ...]], ...]:
    """Return for each metric every camera and mesh of any run, in natural order.

    Raises:
        ValueError: With fewer than two runs.
    """
    if len(runs) < 2:
        raise ValueError(f"expected at least two runs to compare, got {len(runs)}")
    found = [{(s.camera, s.mesh): s for s in run.report.summary.cameras} for run in runs]
    errors = [{key: standard_errors(summary, metrics) for key, summary in run.items()} for run in found]
    keys = sorted(set().union(*found), key=lambda key: (natural_key(key[0]), natural_key(key[1])))
    return tuple(
        (
            metric,
            tuple(
                Change(
                    *key,
                    values=tuple(metric.value(run[key].scores) if key in run else math.nan for run in found),
                    errors=tuple(run[key][metric.name] if key in run else math.nan for run in errors),
                    metric=metric,
                )
                for key in keys
            ),
        )
        for metric in metrics
    )


def comparable_metrics(runs: Sequence[NamedRun], names: Sequence[str] = ()) -> tuple[Metric, ...]:
    """Return the named metrics, or all that are better one way and that some run has."""
    if names:
        return tuple(METRICS[name] for name in names)
    rows = [row for run in runs for row in run.report.rows]
    return tuple(
        metric
        for metric in METRICS.values()
        if metric.better != "neither" and any(not math.isnan(metric.value(row.scores)) for row in rows)
    )


def comparison_sentence(runs: Sequence[NamedRun], tables: Sequence[tuple[Metric, Sequence[Change]]]) -> str:
    """Say which cameras changed, by how much, against the noise; a sentence per later run.

    A camera's change is that of the metric that changed most, in standard errors of the difference where these are
    known.

    Args:
        runs: The runs, the first one to compare with.
        tables: What `compare_metrics` found.
    """
    changes = [found for _, found in tables]
    return " ".join(_run_sentence(runs, changes, index) for index in range(1, len(runs)))


def _run_sentence(runs: Sequence[NamedRun], tables: Sequence[Sequence[Change]], index: int) -> str:
    found: dict[str, dict[str, Change]] = {}
    for change in (change for table in tables for change in table):
        word = change.word(index)
        if word:
            best = found.setdefault(word, {}).get(change.camera)
            if best is None or change.size(index) > best.size(index):
                found[word][change.camera] = change
    # A camera that is worse by one number is not better by another.
    seen: set[str] = set()
    parts = []
    for word in ("worse", "lost", "better", "gained"):
        cameras = {name: one for name, one in found.get(word, {}).items() if name not in seen}
        seen |= set(cameras)
        if cameras:
            most = max(cameras.values(), key=lambda change: change.size(index))
            verb = f"{'is' if len(cameras) == 1 else 'are'} {word}" if word in {"worse", "better"} else word
            what = {"lost": "numbers", "gained": "numbers"}.get(word, "")
            numbers = most.sentence(index)
            numbers = numbers.removeprefix(f"camera {most.camera}: ") if len(cameras) == 1 else numbers
            parts.append(f"{list_cameras(list(cameras))} {verb} {what}".rstrip() + f" ({numbers})")
    num = len({change.camera for table in tables for change in table})
    if not parts:
        return (
            f"{runs[index].name}: none of {counted(num, 'camera')} changed by more than noise against {runs[0].name}."
        )
    rest = num - len(seen)
    tail = f"; {rest} of {counted(num, 'camera')} did not change" if rest else ""
    return f"{runs[index].name} against {runs[0].name}: {'; '.join(parts)}{tail}."
