"""renderkit drift: which cameras moved between runs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.exceptions import Exit

from renderkit.cli.arguments import (
    annotation_files,
    false_alarms_option,
    matte_threshold_option,
    mesh_files,
    one_mesh_option,
    out_option,
    undistorted_mattes_option,
)
from renderkit.cli.command import PATH, argument, command, together
from renderkit.cli.command_log import log_options
from renderkit.cli.exit_codes import EXIT_GATE_FAILED, EXIT_PASS
from renderkit.cli.tables import json_option, print_json, print_table, say

if TYPE_CHECKING:
    from renderkit.results.drift import CameraChange, CameraHistory, Drift


@command()
@argument("runs", "RUN_A RUN_B [...]", "Run folders, or captures of one rig.", type=PATH, nargs=-1, required=True)
@together(one_mesh_option, mesh_files, annotation_files, section="Inputs")
@undistorted_mattes_option
@matte_threshold_option
@out_option("FILE", "A page to write.")
@click.option("--fail-on-drift", is_flag=True, help="Exit code 1 when a camera moved.")
@false_alarms_option
@json_option
@log_options
def drift(runs: tuple[Path, ...], out: Path | None, fail_on_drift: bool, as_json: bool, **given: Any) -> None:  # noqa: ANN401 - options of any type
    """Say which cameras moved between runs of one rig, by how much, and how sure that is.

    Inputs are given beside captures, for each of them: --masks masks is the folder masks of each capture.
    """
    from renderkit.pipeline import drift as pipeline
    from renderkit.results.drift import drift_json

    if len(runs) < 2:
        raise click.BadParameter("give at least two runs")
    found = pipeline.drift(*runs, **given)
    if out is not None:
        from renderkit.report.html.drift_page import write_drift_page

        write_drift_page(found, out)
    for note in found.notes:
        say(f"note: {note}", err=True)
    if as_json:
        print_json(drift_json(found) | {"page": None if out is None else str(out)})
    else:
        _print(found)
        if out is not None:
            say(f"page: {out}")
    raise Exit(EXIT_GATE_FAILED if fail_on_drift and found.moved else EXIT_PASS)


def _print(found: Drift) -> None:

    for line in (found.sentence, *found.sentences):
        say(line)
    headers = ("camera", *(f"{run} dx, dy px" for run in found.runs[1:]), "")
    print_table(headers, [_cells(one) for one in found.cameras], right=range(1, len(found.runs)))
    say(f"shift of the subject in the picture against {found.runs[0]}, with standard errors")
    if found.gap:
        say(found.gap)


def _cells(history: CameraHistory) -> list[str]:
    return [history.camera, *map(_cell, history.changes), "<-- moved" if history.moved else ""]


def _cell(change: CameraChange) -> str:
    if math.isnan(change.shift_px[0]):
        return "-"
    (dx, dy), (ex, ey) = change.shown_px, change.shift_error_px
    return f"{dx:+.2f} +/- {ex:.2f}, {dy:+.2f} +/- {ey:.2f}"
