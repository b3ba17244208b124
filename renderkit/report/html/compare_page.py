"""A page that compares several runs; self-contained and offline like report.html."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from renderkit.metrics.score_kind import Metric
from renderkit.report.html.page import packed_plotly, page_asset, page_environment
from renderkit.results.compare import Change, NamedRun, comparison_sentence
from renderkit.results.headline import headline_of
from renderkit.writing import write_text


def write_comparison(runs: Sequence[NamedRun], tables: Sequence[tuple[Metric, Sequence[Change]]], path: Path) -> None:
    """Write the page of what `compare_metrics` found.

    Raises:
        DatasetError: If it cannot be written.
    """
    page = (
        page_environment()
        .get_template("compare.html.j2")
        .render(
            runs=[(run, headline_of(run.report)) for run in runs],
            sentence=comparison_sentence(runs, tables),
            tables=tables,
            data={"runs": [run.name for run in runs], "tables": [_table(*table, len(runs)) for table in tables]},
            style=page_asset("report.css"),
            scripts=[page_asset(name) for name in ("plot.js", "compare.js")],
            plotly=packed_plotly(),
        )
    )
    write_text(path, page, errors="backslashreplace")


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _table(metric: Metric, changes: Sequence[Change], num_runs: int) -> dict[str, object]:
    return {
        "name": metric.name,
        "plain": metric.plain,
        "unit": metric.unit_text,
        "cameras": [change.camera for change in changes],
        "values": [[_number(change.values[run]) for change in changes] for run in range(num_runs)],
    }
