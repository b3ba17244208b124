"""renderkit merge and compact: run folders of many captures joined, and made of fewer files."""

from __future__ import annotations

from pathlib import Path

from click.exceptions import Exit

from renderkit.cli.arguments import out_option
from renderkit.cli.command import PATH, argument, command
from renderkit.cli.command_log import log_options
from renderkit.cli.tables import json_option, say
from renderkit.wording import counted

_NOTHING_TO_JOIN = "nothing to join: no finished capture has more than one file"


@command()
@argument("runs", "RUN...", "Run folders of the shards.", type=PATH, nargs=-1, required=True)
@out_option("DIR", "The new run folder.", required=True)
@json_option
@log_options
def merge(runs: tuple[Path, ...], out: Path, as_json: bool) -> None:
    """Join the runs of shards into one, equal to a single run to the byte; exit as `validate` would have."""
    from renderkit.cli.many import dataset_exit_code, print_dataset
    from renderkit.dataset.merge import merge_runs

    report = merge_runs(runs, out)
    print_dataset(report, out, as_json=as_json)
    raise Exit(dataset_exit_code(report))


@command()
@argument("run", "RUN", "Run folder of many captures.", type=PATH)
@log_options
def compact(run: Path) -> None:
    """Join the parts of each finished capture into one Parquet file."""
    from renderkit.dataset.merge import compact_run

    num_removed = compact_run(run)
    say(f"{counted(num_removed, 'file')} fewer in {run / 'parts'}" if num_removed else _NOTHING_TO_JOIN)
