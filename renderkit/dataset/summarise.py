"""The report of a run folder, read capture by capture from what is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from renderkit.dataset.conclude import read_conclusion
from renderkit.dataset.plan import PlannedCapture
from renderkit.dataset.settings import DatasetSettings
from renderkit.dataset.store import RunStore
from renderkit.dataset.work import WorkResult
from renderkit.results.dataset import CameraOutcome, CaptureOutcome, CaptureState, DatasetReport, Grouping
from renderkit.untrusted.remote import shown_path
from renderkit.wording import counted


def summarise(
    store: RunStore,
    settings: DatasetSettings,
    captures: Sequence[PlannedCapture],
    result: WorkResult,
    notes: Sequence[str] = (),
) -> DatasetReport:
    """Return what a run folder holds, complete or not. Memory: a few numbers per camera and capture, no rows.

    Raises:
        DatasetError: If something in it is damaged.
    """
    grouping, outcomes, units_done = Grouping(), [], 0
    for found, cameras, num_done in _outcomes(store, settings, captures, result.failures):
        outcomes.append(found)
        grouping.add(found, cameras)
        units_done += num_done
    notes = [*notes, *_census_note(settings, captures, outcomes)]
    return DatasetReport(
        tuple(outcomes),
        tuple(grouping.summaries()),
        units_done=units_done,
        units=sum(len(one.units) for one in captures),
        computed=result.computed,
        notes=tuple(notes),
        stopped_by=result.stopped_by,
    )


def _census_note(
    settings: DatasetSettings, captures: Sequence[PlannedCapture], outcomes: Sequence[CaptureOutcome]
) -> Iterator[str]:
    """Yield what a census did not read."""
    if settings.census is not None:
        read, total = sum(one.num_views for one in outcomes), sum(one.num_views for one in captures)
        yield (
            f"census: {read} of {counted(total, 'view')} were read "
            f"({100 * read / max(1, total):.1f} %), the others were not; a "
            f"camera that is off is missed with probability {settings.census.miss:g}, a healthy one is called off with "
            f"{settings.census.false_alarm:g}, compared with the other cameras of its capture"
        )


def _outcomes(
    store: RunStore,
    settings: DatasetSettings,
    captures: Sequence[PlannedCapture],
    failures: Mapping[str, tuple[str, ...]],
) -> Iterator[tuple[CaptureOutcome, tuple[CameraOutcome, ...], int]]:
    for planned in captures:
        num_missing = len(store.missing(planned))
        num_done = len(planned.units) - num_missing
        if store.is_concluded(planned, planned.conclusion_key(settings)) and not num_missing:
            yield (*read_conclusion(store, planned), num_done)
            continue
        found = planned.found
        state: CaptureState = "bad" if planned.failure else "incomplete"
        why = planned.failure or "; ".join(failures.get(planned.id, ()))
        words = why or f"{num_done} of {counted(len(planned.units), 'unit')} are done."
        yield (
            CaptureOutcome(found.id, shown_path(found.path), found.subject, found.day, state, sentence=words),
            (),
            num_done,
        )
