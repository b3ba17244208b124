"""renderkit compare: several runs side by side."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from renderkit.metrics.score_kind import Metric
    from renderkit.results.compare import Change, NamedRun

_STYLES = {"better": "green", "gained": "green", "worse": "bold red", "lost": "bold red", "": None}
_PIPED_WIDTH = 160


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN_A RUN_B [...]", help="Run folders.", show_default=False)],
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric", metavar="NAME", help="May be repeated; all by default on the page.", show_default=False
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The page to write.")] = Path("compare.html"),
) -> None:
    """Compare runs camera by camera with the first one, as a table and a page."""
    from renderkit.report.html.compare_page import write_comparison
    from renderkit.results.compare import comparable_metrics, compare_runs, name_runs
    from renderkit.results.json_report import read_report
    from renderkit.results.kinds import metric_named

    if len(runs) < 2:
        raise typer.BadParameter("give at least two runs")
    wanted = [metric_named(name).name for name in metric or ()]
    named = name_runs(runs, [read_report(run) for run in runs])
    metrics = comparable_metrics(named, wanted)
    for shown in metrics if wanted else [metric for metric in metrics if metric.interval]:
        _print_changes(named, shown, compare_runs(named, shown))
    write_comparison(named, metrics, out)
    typer.echo(f"page: {out}")


def _print_changes(runs: Sequence[NamedRun], metric: Metric, changes: Sequence[Change]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Text, not str: names are data, not markup.
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, title=Text(metric.name), title_justify="left")
    table.add_column("camera", no_wrap=True)
    table.add_column("mesh", no_wrap=True)
    for run in runs:
        table.add_column(Text(run.name), justify="right")
    for change in changes:
        cells = [Text(change.camera), Text(change.mesh), Text(metric.text(change.values[0]))]
        for index in range(1, len(runs)):
            word = change.word(index)
            cells.append(Text(f"{metric.text(change.values[index])} {word}".rstrip(), style=_STYLES[word] or ""))
        table.add_row(*cells)
    Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH, highlight=False).print(table)
