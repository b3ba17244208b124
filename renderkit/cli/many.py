"""renderkit validate over many captures: its options, and what it prints."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from glob import has_magic
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from renderkit.cli.arguments import CAPTURE_ABOUT, capture_inputs, scores, selection
from renderkit.cli.command import PATH, PATH_OR_TEXT, IntRange, argument, names_of, together
from renderkit.cli.exit_codes import EXIT_BAD_INPUT, EXIT_GATE_FAILED, EXIT_PASS
from renderkit.cli.option_rules import excludes, needs, refuse_typed
from renderkit.cli.run_place import run_folder
from renderkit.cli.tables import print_json, print_table, say
from renderkit.errors import ContextError, DatasetError
from renderkit.wording import counted

if TYPE_CHECKING:
    from renderkit.dataset.conclude import WhichReports
    from renderkit.dataset.run import EngineName, Machinery
    from renderkit.dataset.settings import DatasetSettings
    from renderkit.diagnosis.census import SequentialTest
    from renderkit.results.dataset import DatasetReport

_HDF5_SUFFIXES = frozenset({".smc", ".h5", ".hdf5"})
_LOOKED_AT = 1000
"""So many entries of a folder are looked at for HDF5 files: that takes a few milliseconds."""

_MOST = 20
_GO_ON = "go on with: renderkit validate --resume {}\n"
_INPUTS = names_of(capture_inputs)
_SELECTION = (*names_of(selection), *names_of(scores), "evidence", "board")

ENGINES: Final[tuple[EngineName, ...]] = ("auto", "serial", "processes", "ray")
REPORTS: Final[tuple[WhichReports, ...]] = ("all", "failed", "none")

captures_argument = argument(
    "captures",
    "[CAPTURE]...",
    f"{CAPTURE_ABOUT} Several, a folder of captures, a pattern or @list.txt: docs/guide/many.md. "
    "Not needed with --rig.",
    nargs=-1,
    type=PATH_OR_TEXT,
)
many_options = together(
    click.option("--resume", metavar="RUN", type=PATH, help="Go on with a run, with its options."),
    click.option(
        "--sample", metavar="N", type=IntRange(1),
        help="N views only, spread evenly over captures and cameras.",
    ),
    click.option("--seed", type=int, default=0, help="Chooses the sample."),
    click.option(
        "--engine", type=click.Choice(ENGINES), default="auto", help="Where captures are worked on."
    ),
    click.option("--address", metavar="ADDRESS", default="auto", help="Address of a Ray cluster."),
    click.option(
        "--shard", metavar="I/N",
        help="Every N-th capture, from number I on, 0 first; `renderkit merge` joins the N runs.",
    ),
    click.option(
        "--census", is_flag=True,
        help="Read only as many views as say which cameras are off, and say how many.",
    ),
    click.option(
        "--miss", type=float, default=0.005, help="Census: probability of missing a camera that is off."
    ),
    click.option(
        "--false-alarm", type=float, default=0.005, help="Census: probability of calling a healthy camera off."
    ),
    click.option(
        "--reports", type=click.Choice(REPORTS),
        help="Which captures get a page of their own; by default all of up to 100, else those that did not pass.",
    ),
    excludes(
        "resume", kept=("engine", "workers", "address", "as_json", "quiet", "verbose", "log_file"),
        why="a run goes on with its own captures and options",
    ),
    needs("sample", "seed"),
    needs("engine", "address", value="ray"),
    needs("census", "miss", "false_alarm"),
    excludes(
        "census", "sample", "gate", "config", "baseline", "evidence", "board", "checks", "sanity", "false_alarms",
        "metrics", "reports", why="it says only which cameras are off",
    ),
    section="Many captures",
)  # fmt: skip


def hdf5_ahead(paths: Sequence[str]) -> AbstractContextManager[None]:
    """Have HDF5 files read by a process that starts while this one loads the rest of its modules."""
    files = list(map(Path, paths[:1]))
    # A folder that cannot be listed is an error where the capture is opened.
    with suppress(OSError):
        files += [file for place in files if place.is_dir() for file in islice(place.iterdir(), _LOOKED_AT)]
    if not any(file.suffix.lower() in _HDF5_SUFFIXES for file in files):
        return nullcontext()
    from renderkit.untrusted.hdf5_child import one_child

    return one_child()


def is_many(paths: Sequence[str], many: Mapping[str, Any]) -> bool:
    """Whether a run over many captures is meant, by what is named and the values of `many_options`."""
    asked = [name for name in ("resume", "sample", "shard", "reports") if many[name] is not None]
    if asked or many["census"] or len(paths) > 1 or many["engine"] != "auto":
        return True
    if not paths:
        return False
    if paths[0].startswith("@") or (has_magic(paths[0]) and not Path(paths[0]).exists()):
        return True
    from renderkit.untrusted.remote import local_path

    place = local_path(paths[0])
    if not place.is_dir():
        return False
    from renderkit.dataset.discover import is_dataset

    return is_dataset(place)


def validate_many(context: click.Context) -> int:
    """Run over many captures, print, and return the exit code.

    Args:
        context: The command, with the values of all of its arguments and options.

    Raises:
        click.UsageError: If an option is given that only a run over one capture has.
    """
    from renderkit.cli.progress import Progress
    from renderkit.dataset.plan import Sample
    from renderkit.dataset.progress import Progress as State
    from renderkit.dataset.run import resume_dataset, run_dataset

    given = context.params
    refuse_typed(context, ("overlays", "no_overlays"), "over many captures: each report has its usual pictures")
    machinery = _machinery(given)
    paths: Sequence[str] = given["captures"]
    resumed: Path | None = given["resume"]
    if resumed is None and not paths:
        raise click.BadParameter("name captures, or a run with --resume")
    folder = context.with_resource(run_folder(resumed or given["out"], Path("captures")))
    with Progress() as bar, _resumable(folder):

        def show(state: State) -> None:
            failures = f", {counted(state.failures, 'failure')}" if state.failures else ""
            worst = f", stands out: {state.worst[-1]}" if state.worst else ""
            bar.update(state.done, state.total, failures + worst, before=state.before)

        if resumed is not None:
            report = resume_dataset(folder, machinery, show=show)
        else:
            sample = None if given["sample"] is None else Sample(given["sample"], given["seed"])
            report = run_dataset(paths, folder, _settings(given), machinery, sample=sample, show=show)
    print_dataset(report, folder, as_json=given["as_json"])
    return dataset_exit_code(report)


@contextmanager
def _resumable(folder: Path) -> Iterator[None]:
    """Say how to go on when a run ends before it is done: the disk is full, or somebody stopped it at once."""
    try:
        yield
    except (DatasetError, ContextError, KeyboardInterrupt):
        from renderkit.dataset.store import is_planned

        if is_planned(folder):
            sys.stderr.write(_GO_ON.format(folder))
        raise


def _machinery(given: Mapping[str, Any]) -> Machinery:
    from renderkit.dataset.run import Machinery

    return Machinery(
        engine=given["engine"],
        workers=given["workers"],
        address=given["address"],
        shard=None if given["shard"] is None else _shard(given["shard"]),
        reports=given["reports"],
    )


def _shard(text: str) -> Any:  # noqa: ANN401 - imported late
    from renderkit.dataset.plan import Shard

    index, _, count = text.partition("/")
    if not (index.isascii() and index.isdigit() and count.isascii() and count.isdigit() and len(text) < 20):
        raise click.BadParameter(f"expected I/N such as 0/7, got {text!r}", param_hint="--shard")
    return Shard(int(index), int(count))


def _settings(given: Mapping[str, Any]) -> DatasetSettings:
    """Return what is asked of every capture, from the command's options."""
    from renderkit.cli.arguments import remember
    from renderkit.cli.gate_arguments import read_gates
    from renderkit.dataset.settings import DatasetSettings
    from renderkit.pipeline.inputs import CaptureInputs

    if given["remember_flame"]:
        remember(given["flame"])
    return DatasetSettings(
        inputs=CaptureInputs.of(None, **{name: given[name] for name in _INPUTS}),
        selection={name: given[name] for name in _SELECTION},
        gates=read_gates(given["gate"], given["config"], given["baseline"], with_baseline=False).gates,
        baseline=given["baseline"],
        checks=given["checks"],
        sanity=given["sanity"],
        false_alarms=given["false_alarms"],
        renderer=given["renderer"],
        device=given["device"],
        census=_census(given),
    )


def _census(given: Mapping[str, Any]) -> SequentialTest | None:
    from renderkit.diagnosis.census import SequentialTest

    try:
        return SequentialTest(miss=given["miss"], false_alarm=given["false_alarm"]) if given["census"] else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--census") from error


def dataset_exit_code(report: DatasetReport) -> int:
    """Return the exit code: 0 where every capture passed, 1 where a gate failed or a rig does not fit, else 2.

    A run without gates passes where every view was scored. One that was stopped has the code of its signal.
    """
    if report.stopped_by is not None:
        return 128 + report.stopped_by
    if report.passed:
        return EXIT_PASS
    return EXIT_GATE_FAILED if report.gate_failed else EXIT_BAD_INPUT


def print_dataset(report: DatasetReport, folder: Path, *, as_json: bool = False) -> None:
    """Print a run over many captures: the worst captures and cameras, and where the files are."""
    if as_json:
        print_json(
            {
                "run": str(folder),
                "passed": report.passed,
                "stopped": report.stopped,
                "units": report.units,
                "units_done": report.units_done,
                "computed": report.computed,
                "notes": list(report.notes),
                "captures": [vars(one) for one in report.captures],
            }
        )
        return
    worst = report.worst_first[:_MOST]
    print_table(
        ["capture", "state", "views", "failed", "worst camera", "outcome"],
        [
            [one.id, one.state, str(one.num_views), str(one.num_failed or ""), one.worst, one.sentence[:100]]
            for one in worst
        ],
        right=[2, 3],
        styles=[["", "" if one.passed else "bold red", "", "", "", ""] for one in worst],
    )
    if len(report.captures) > len(worst):
        say(f"and {counted(len(report.captures) - len(worst), 'more capture')}")
    say("")
    off = sorted((group for group in report.of_kind("camera") if group.num_off), key=lambda group: -group.num_off)
    for group in off[:_MOST]:
        captures = counted(group.num_captures, "capture")
        say(f"camera {group.name} is off or stands out in {group.num_off} of {captures}")
    say(str(report))
    say(f"units of work: {report.computed} computed, {report.units_done} of {report.units} stored")
    say(f"report: {folder}: index.html, summary.md, junit.xml, captures.csv; rows: {folder}/parts")
    if report.units_done < report.units:
        sys.stderr.write(_GO_ON.format(folder))
