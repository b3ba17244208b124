"""renderkit merge and compact: run folders of many captures joined, and made of fewer files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from renderkit.cli.tables import JsonOption
from renderkit.wording import counted

_NOTHING_TO_JOIN = "nothing to join: no finished capture has more than one file"


def merge(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Run folders of the shards.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The new run folder.", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Join the runs of shards into one, equal to a single run to the byte; exit as `validate` would have."""
    from renderkit.cli.many import dataset_exit_code, print_dataset
    from renderkit.dataset.merge import merge_runs

    report = merge_runs(runs, out)
    print_dataset(report, out, as_json=as_json)
    raise typer.Exit(dataset_exit_code(report))


def compact(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder of many captures.", show_default=False)],
) -> None:
    """Join the parts of each finished capture into one Parquet file."""
    from renderkit.dataset.merge import compact_run

    num_removed = compact_run(run)
    typer.echo(f"{counted(num_removed, 'file')} fewer in {run / 'parts'}" if num_removed else _NOTHING_TO_JOIN)
