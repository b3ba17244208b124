"""renderkit compare: several runs side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from renderkit.cli.arguments import out_option
from renderkit.cli.command import PATH, argument, command
from renderkit.cli.tables import json_option, print_json, print_table, say

if TYPE_CHECKING:
    from renderkit.metrics.score_kind import Metric
    from renderkit.results.compare import Change, NamedRun

_STYLES = {"better": "green", "gained": "green", "worse": "bold red", "lost": "bold red", "": ""}


@command()
@argument("runs", "RUN_A RUN_B [...]", "Run folders.", type=PATH, nargs=-1, required=True)
@click.option("--metric", metavar="NAME", multiple=True, help="May be repeated; all by default on the page.")
@out_option("FILE", "The page to write.", default=Path("compare.html"))
@json_option
def compare(runs: tuple[Path, ...], metric: tuple[str, ...], out: Path, as_json: bool) -> None:
    """Compare runs camera by camera with the first one, as a table and a page."""
    from renderkit.report.html.compare_page import write_comparison
    from renderkit.results.compare import comparable_metrics, compare_metrics, comparison_sentence, name_runs
    from renderkit.results.json_report import read_report
    from renderkit.results.kinds import metric_named

    if len(runs) < 2:
        raise click.BadParameter("give at least two runs")
    wanted = [metric_named(name).name for name in metric]
    named = name_runs(runs, [read_report(run) for run in runs])
    metrics = comparable_metrics(named, wanted)
    tables = compare_metrics(named, metrics)
    sentence = comparison_sentence(named, tables)
    write_comparison(named, tables, out)
    if as_json:
        shown = [_as_json(named, *table) for table in tables]
        print_json({"page": str(out), "sentence": sentence, "metrics": shown})
        return
    say(sentence)
    for one, changes in tables:
        if wanted or one.interval:
            _print_changes(named, one, changes)
    say(f"page: {out}")


def _as_json(runs: Sequence[NamedRun], metric: Metric, changes: Sequence[Change]) -> dict[str, object]:
    return {
        "metric": metric.name,
        "runs": [run.name for run in runs],
        "cameras": [
            {
                "camera": change.camera,
                "mesh": change.mesh,
                "values": [None if math.isnan(value) else value for value in change.values],
                "changes": [change.word(index) for index in range(1, len(runs))],
            }
            for change in changes
        ],
    }


def _print_changes(runs: Sequence[NamedRun], metric: Metric, changes: Sequence[Change]) -> None:
    rows, styles = [], []
    for change in changes:
        words = [change.word(index) for index in range(1, len(runs))]
        values = [metric.text(value) for value in change.values]
        later = [f"{value} {word}".rstrip() for value, word in zip(values[1:], words, strict=True)]
        rows.append([change.camera, change.mesh, values[0], *later])
        styles.append(["", "", "", *(_STYLES[word] for word in words)])
    headers = ["camera", "mesh", *(run.name for run in runs)]
    print_table(headers, rows, right=range(2, len(headers)), styles=styles, title=metric.name)
