"""From a capture's stored rows to its report and to the small file that the index is made from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from renderkit.capture import Capture
from renderkit.dataset.plan import PlannedCapture
from renderkit.dataset.settings import DatasetSettings
from renderkit.dataset.store import CAPTURES, RunStore, is_run
from renderkit.errors import DatasetError
from renderkit.pipeline.run import report_scored
from renderkit.renderers.base import Renderer
from renderkit.results.causes import suspect_cameras
from renderkit.results.dataset import CameraOutcome, CaptureOutcome, CaptureState, headline_metrics
from renderkit.results.headline import headline_of
from renderkit.results.json_report import read_report
from renderkit.results.report import Report
from renderkit.untrusted.json_text import read_json_object
from renderkit.untrusted.remote import shown_path
from renderkit.writing import make_folder, write_json

WhichReports: TypeAlias = Literal["all", "failed", "none"]
"""Which captures get a run folder of their own: report.html, report.json and the rest."""

MAX_ALL_REPORTS: Final = 100
"""With more captures than this, only those that did not pass get a report of their own unless all are asked for."""
PAGE: Final = "report.html"


def conclude(
    store: RunStore,
    planned: PlannedCapture,
    settings: DatasetSettings,
    opened: Capture,
    renderer: Renderer,
    reports: WhichReports,
) -> Report:
    """Write what a capture's rows amount to, and return it.

    Raises:
        DatasetError: If a part is missing or the folder cannot be written.
    """
    store.clear_conclusion(planned)
    rows = store.read_rows(planned)
    options = settings.options(opened)
    frames = {row.key.frame for row in rows}
    options = replace(options, frames=tuple(name for name in opened.frame_ids if name in frames))
    folder = make_folder(store.conclusion(planned).parent)
    report = report_scored(
        opened, settings.inputs_of(planned.found.path, planned.found.place), options, renderer, rows,
        gates=settings.gates, baseline=baseline_report(settings.baseline, planned.id),
        checks=settings.checks, sanity=settings.sanity,
        out=lambda found: folder if _wants_report(found, reports) else None,
    )  # fmt: skip
    page = f"{CAPTURES}/{planned.id}/{PAGE}" if _wants_report(report, reports) else ""
    write_conclusion(store, planned, settings, outcome(planned, report, page), camera_outcomes(report))
    return report


def _wants_report(report: Report, reports: WhichReports) -> bool:
    return reports == "all" or (reports == "failed" and not report.passed)


def baseline_report(baseline: Path | None, capture_id: str) -> Report | None:
    """Return the run that a capture is compared with: the capture of its name where the baseline holds many.

    Raises:
        DatasetError: If there is none.
    """
    if baseline is None:
        return None
    if not is_run(baseline):
        return read_report(baseline)
    store = RunStore(baseline)
    planned = next((one for one in store.read_plan() if one.id == capture_id), None)
    if planned is None:
        raise DatasetError(baseline, capture_id, "the baseline has no such capture")
    return Report(store.read_rows(planned))


def outcome(planned: PlannedCapture, report: Report, page: str) -> CaptureOutcome:
    """Return what the index shows of a capture."""
    found, worst = planned.found, report.summary.worst
    blocks = report.diagnosis is not None and report.diagnosis.blocks
    judged = bool(report.gates) or blocks
    return CaptureOutcome(
        id=found.id,
        path=shown_path(found.path),
        subject=found.subject,
        day=found.day,
        state=_state_of(report, judged=judged),
        passed=report.passed,
        is_judged=judged,
        sentence=headline_of(report).verdict,
        num_views=len(report.rows),
        num_failed=len(report.failures),
        worst="" if worst is None else worst.camera,
        deviation=0.0 if worst is None or not math.isfinite(worst.deviation) else worst.deviation,
        gates_failed=sum(gate.blocks for gate in report.gates),
        gates=len(report.gates),
        report=page,
    )


def _state_of(report: Report, *, judged: bool) -> CaptureState:
    if judged:
        return "pass" if report.passed else "fail"
    lacks = report.diagnosis is not None and report.diagnosis.lacks_mattes
    return "bad" if report.failures or lacks or not any(report.summary.computable.values()) else "unjudged"


def camera_outcomes(report: Report) -> tuple[CameraOutcome, ...]:
    """Return what is kept of each camera."""
    suspects = suspect_cameras(report)
    return tuple(
        CameraOutcome(
            camera=one.camera,
            mesh=one.mesh,
            num_views=len(one.rows),
            num_failed=one.num_failed,
            is_off=one.camera in suspects,
            values={
                metric.name: value for metric in headline_metrics() if math.isfinite(value := metric.value(one.scores))
            },
        )
        for one in report.summary.cameras
    )


def write_conclusion(
    store: RunStore,
    planned: PlannedCapture,
    settings: DatasetSettings,
    found: CaptureOutcome,
    cameras: tuple[CameraOutcome, ...],
) -> None:
    """Write capture.json, last of all: it stands for a finished capture.

    Raises:
        DatasetError: If it cannot be written.
    """
    file = store.conclusion(planned)
    make_folder(file.parent)
    document = {"key": planned.conclusion_key(settings), **vars(found), "cameras": [vars(one) for one in cameras]}
    write_json(file, document, indent=1)


def read_conclusion(store: RunStore, planned: PlannedCapture) -> tuple[CaptureOutcome, tuple[CameraOutcome, ...]]:
    """Read what `write_conclusion` wrote.

    Raises:
        DatasetError: If it is missing or damaged.
    """
    file = store.conclusion(planned)
    document: dict[str, Any] = read_json_object(file)
    try:
        cameras: list[Mapping[str, Any]] = document.pop("cameras")
        document.pop("key")
        return CaptureOutcome(**document), tuple(CameraOutcome(**one) for one in cameras)
    except (KeyError, TypeError, AttributeError) as error:
        raise DatasetError(file, None, f"damaged: {type(error).__name__}: {error}") from error
