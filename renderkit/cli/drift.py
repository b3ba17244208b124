"""renderkit drift: which cameras moved between runs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from renderkit.cli.arguments import FalseAlarmsOption
from renderkit.cli.exit_codes import EXIT_GATE_FAILED, EXIT_PASS
from renderkit.cli.tables import JsonOption, print_json, print_table

if TYPE_CHECKING:
    from renderkit.results.drift import CameraChange, CameraHistory, Drift


def drift(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN_A RUN_B [...]", help="Run folders, or captures of one rig.", show_default=False),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="A page to write.", show_default=False)
    ] = None,
    fail_on_drift: Annotated[bool, typer.Option("--fail-on-drift", help="Exit code 1 when a camera moved.")] = False,
    false_alarms: FalseAlarmsOption = 0.01,
    as_json: JsonOption = False,
) -> None:
    """Say which cameras moved between runs of one rig, by how much, and how sure that is."""
    from renderkit.pipeline import drift as pipeline
    from renderkit.results.drift import drift_json

    if len(runs) < 2:
        raise typer.BadParameter("give at least two runs")
    found = pipeline.drift(*runs, false_alarms=false_alarms)
    if out is not None:
        from renderkit.report.html.drift_page import write_drift_page

        write_drift_page(found, out)
    for note in found.notes:
        typer.echo(f"note: {note}", err=True)
    if as_json:
        print_json(drift_json(found) | {"page": None if out is None else str(out)})
    else:
        _print(found)
        if out is not None:
            typer.echo(f"page: {out}")
    raise typer.Exit(EXIT_GATE_FAILED if fail_on_drift and found.moved else EXIT_PASS)


def _print(found: Drift) -> None:
    from renderkit.results.text import printable

    for line in (found.sentence, *found.sentences):
        typer.echo(printable(line))
    headers = ("camera", *(f"{run} dx, dy px" for run in found.runs[1:]), "")
    print_table(headers, [_cells(one) for one in found.cameras], right=range(1, len(found.runs)))
    typer.echo(printable(f"shift of the subject in the picture against {found.runs[0]}, with standard errors"))


def _cells(history: CameraHistory) -> list[str]:
    return [history.camera, *map(_cell, history.changes), "<-- moved" if history.moved else ""]


def _cell(change: CameraChange) -> str:
    if math.isnan(change.shift_px[0]):
        return "-"
    (dx, dy), (ex, ey) = change.shown_px, change.shift_error_px
    return f"{dx:+.2f} +/- {ex:.2f}, {dy:+.2f} +/- {ey:.2f}"
