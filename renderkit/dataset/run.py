"""`validate_many`: every capture of a dataset, in one run folder that can be resumed."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from renderkit.dataset.census import CensusJob
from renderkit.dataset.conclude import MAX_ALL_REPORTS, WhichReports
from renderkit.dataset.discover import find_captures
from renderkit.dataset.engine import Engine, SerialEngine
from renderkit.dataset.plan import VIEWS_PER_UNIT, PlannedCapture, Sample, Shard, plan_captures
from renderkit.dataset.processes import ProcessEngine
from renderkit.dataset.progress import ShowProgress
from renderkit.dataset.settings import DatasetSettings
from renderkit.dataset.store import RunStore, is_run
from renderkit.dataset.summarise import summarise
from renderkit.dataset.work import StopRequest, Work, WorkResult
from renderkit.dataset.worker import CaptureJob
from renderkit.errors import ArgumentError, DatasetError
from renderkit.report.dataset_files import write_dataset_report
from renderkit.results.dataset import DatasetReport
from renderkit.system import usable_cores
from renderkit.untrusted.remote import is_url
from renderkit.wording import counted, list_names

EngineName: TypeAlias = Literal["auto", "serial", "processes", "ray"]

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class Machinery:
    """Where and how a run over many captures is done; none of it changes a number.

    Attributes:
        engine: "serial", "processes" or "ray"; "auto" takes processes where there are several cores.
        workers: Workers at once; one per core by default.
        address: Address of a Ray cluster; "auto" finds the one of this machine.
        shard: Which part of the captures this run does.
        reports: Which captures get a run folder of their own; None: all of up to 100, else those that did not pass.
        views_per_unit: Views of one unit of work.
    """

    engine: EngineName = "auto"
    workers: int | None = None
    address: str = ""
    shard: Shard | None = None
    reports: WhichReports | None = None
    views_per_unit: int = VIEWS_PER_UNIT


def run_dataset(
    paths: Sequence[str | Path],
    out: Path,
    settings: DatasetSettings,
    machinery: Machinery | None = None,
    *,
    sample: Sample | None = None,
    show: ShowProgress | None = None,
) -> DatasetReport:
    """Validate every capture at some paths into a run folder; what is stored there already is not computed again.

    Args:
        paths: See `find_captures`.
        out: The run folder.
        settings: What is asked of every capture.
        machinery: Where it is done.
        sample: A part of the views; all by default.
        show: Called as the run goes on.

    Raises:
        ArgumentError: If no capture is found, or the folder holds a run over quite other captures.
        DatasetError: If the run folder cannot be used.
        ContextError: If there is no renderer.
        MissingExtraError: If pyarrow, or with that engine Ray, is not installed.
        KeyboardInterrupt: If the run was asked twice to stop; it can be resumed.
    """
    machinery = machinery or Machinery()
    # With a camera file given beside them, nothing in the folders says that they are captures.
    found = find_captures(paths, as_given=settings.inputs.rig is not None)
    if not found:
        raise ArgumentError(f"no capture was found at {', '.join(map(str, paths))}")
    store = RunStore(out)
    store.prepare()
    with store.held():
        _log.info("%s found; each is opened to plan the work", counted(len(found), "capture"))
        reports = machinery.reports or ("all" if len(found) <= MAX_ALL_REPORTS else "failed")
        mine = found if machinery.shard is None else machinery.shard.of(found)
        chosen = mine if sample is None else found
        planned = plan_captures(chosen, settings, sample=sample, views_per_unit=machinery.views_per_unit)
        ours = {one.id for one in mine}
        planned = tuple(one for one in planned if one.id in ours)
        notes = _take_over(store, settings, planned)
        request = _request(machinery, sample, reports, len(found))
        store.write_request(settings, [_absolute(str(path)) for path in paths], request)
        store.write_plan(planned)
        _log.info("%s", _planned_words(store, settings, planned))
        return _work(store, settings, planned, machinery, reports, notes, show)


def _work(
    store: RunStore,
    settings: DatasetSettings,
    planned: tuple[PlannedCapture, ...],
    machinery: Machinery,
    reports: WhichReports,
    notes: Sequence[str],
    show: ShowProgress | None,
) -> DatasetReport:
    for note in notes:
        store.log(note)
        _log.info("%s", note)
    stop = StopRequest()
    with _engine(store, settings, machinery, reports) as engine, stop.listening():
        result = Work(store, settings, planned, show).run(engine, stop)
    store.take_back(planned)  # what killed workers left
    report = summarise(store, settings, planned, result, notes)
    write_dataset_report(report, store.folder)
    store.log(
        f"{'stopped' if report.stopped else 'finished'}: {report.units_done} of "
        f"{counted(report.units, 'unit')} are stored"
    )
    return report


def _planned_words(store: RunStore, settings: DatasetSettings, planned: Sequence[PlannedCapture]) -> str:
    views = counted(sum(one.num_views for one in planned), "view")
    if settings.census is not None:
        return f"{views}, of which the census reads what it needs"
    units, missing = sum(len(one.units) for one in planned), sum(len(store.missing(one)) for one in planned)
    stored = f", {units - missing} of them stored already" if missing < units else ""
    return f"{views} in {counted(units, 'unit')} of work{stored}"


def _engine(store: RunStore, settings: DatasetSettings, machinery: Machinery, reports: WhichReports) -> Engine:
    kind = CaptureJob if settings.census is None else CensusJob
    cores = machinery.workers or usable_cores()
    name = machinery.engine
    if name == "auto":
        name = "processes" if cores > 1 else "serial"
    if name == "serial":
        return SerialEngine(kind(store, settings, reports, threads=machinery.workers))
    job = kind(store, settings, reports, threads=1)
    if name == "ray":
        from renderkit.dataset.ray_engine import RayEngine  # noqa: PLC0415 - an extra

        return RayEngine(job, machinery.address, machinery.workers)
    return ProcessEngine(job, cores)


def _take_over(store: RunStore, settings: DatasetSettings, planned: Sequence[PlannedCapture]) -> list[str]:
    """Remove what an earlier run left that no longer holds; return what is done anew and why.

    Raises:
        ArgumentError: If the folder holds a run over quite other captures.
    """
    if not is_run(store.folder):
        return []
    before = {one.id: one for one in store.read_plan()}
    old = store.read_request().get("scoring_key")
    store.refuse_others(planned)
    notes = []
    if old != settings.scoring_key:
        notes.append("the options or the version of renderkit changed since the last run: everything is computed again")
    else:
        changed = [one.id for one in planned if one.id in before and before[one.id].identity != one.identity]
        if changed:
            notes.append(f"the input changed since the last run, computed again: {list_names(changed)}")
    gone = sorted(before.keys() - {one.id for one in planned})
    if gone:
        notes.append(f"no longer among the captures, results removed: {list_names(gone)}")
    removed = store.take_back(planned)
    if removed:
        notes.append(f"{counted(removed, 'stored unit')} removed: no longer valid")
    return notes


def _absolute(path: str) -> str:
    """Return a path as given, but from the root, so that a run can be resumed from another folder."""
    mark, name = ("@", path[1:]) if path.startswith("@") else ("", path)
    return path if is_url(name) else mark + os.path.abspath(name)  # noqa: PTH100


def report_stored(store: RunStore, num_absent: int = 0) -> DatasetReport:
    """Return the report of what a run folder holds, computing nothing, and write its files.

    Args:
        store: The run folder.
        num_absent: Captures of the dataset that it does not hold.

    Raises:
        DatasetError: If the folder holds no run over many captures, or is damaged.
    """
    request, planned = store.read_request(), store.read_plan()
    settings: DatasetSettings = request["settings"]
    total = len(planned) + num_absent
    notes = [f"{num_absent} of {counted(total, 'capture')} missing from these runs"] if num_absent else []
    report = replace(summarise(store, settings, planned, WorkResult(0), notes), num_absent=num_absent)
    write_dataset_report(report, store.folder)
    return report


def _request(machinery: Machinery, sample: Sample | None, reports: WhichReports, total: int) -> dict[str, Any]:
    return {
        "sample": None if sample is None else vars(sample),
        "shard": None if machinery.shard is None else str(machinery.shard),
        "reports": reports,
        "captures": total,
        "views_per_unit": machinery.views_per_unit,
    }


def resume_dataset(
    folder: Path, machinery: Machinery | None = None, *, show: ShowProgress | None = None
) -> DatasetReport:
    """Go on with a run: same captures, same options, what is missing.

    Raises:
        DatasetError: If the folder holds no run over many captures.
        ContextError, MissingExtraError, KeyboardInterrupt: As `run_dataset`.
    """
    machinery = machinery or Machinery()
    request = RunStore(folder).read_request()
    try:
        sample = None if request["sample"] is None else Sample(**request["sample"])
        shard = None if request["shard"] is None else Shard(*map(int, request["shard"].split("/")))
        kept = replace(machinery, shard=shard, reports=request["reports"], views_per_unit=request["views_per_unit"])
        paths: list[str] = request["paths"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DatasetError(folder, None, f"the run's request is damaged: {error}") from error
    return run_dataset(paths, folder, request["settings"], kept, sample=sample, show=show)
