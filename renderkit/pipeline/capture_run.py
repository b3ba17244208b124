"""One walk over a capture: check it, score its views, explain, diagnose, judge, and draw the pictures of its folder."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from renderkit.buffer_pool import keep_freed_memory
from renderkit.capture import Capture
from renderkit.metrics import reprojection
from renderkit.metrics.score_kind import Needs
from renderkit.pictures.pictures import PictureFiles
from renderkit.pictures.style import OverlayStyle
from renderkit.pipeline.checks import check_capture
from renderkit.pipeline.evidence import SeenViews, ViewPart, plan_views
from renderkit.pipeline.evidence_meter import EvidenceMeter
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.process_engine import examine_with_workers
from renderkit.pipeline.rig_evidence import measure_evidence, with_evidence, write_pictures
from renderkit.pipeline.run_pictures import NOTHING_BEGUN, Begun, Overlays, PictureRun, plan_pictures
from renderkit.renderers.base import Renderer
from renderkit.report.registry import load_writers
from renderkit.results.capture_check import CaptureCheck
from renderkit.results.diagnosis import Diagnosis
from renderkit.results.kinds import INTERVALS, METRICS, needs_of
from renderkit.results.report import GateVerdict, Report
from renderkit.results.rows import ViewResult
from renderkit.results.run_folder import OVERLAYS

if TYPE_CHECKING:
    from renderkit.diagnosis.evidence.kind import MeasuredEvidence
    from renderkit.gates.gate import Gate
    from renderkit.results.cameras import WorstCamera
    from renderkit.results.explanation import CameraExplanation
    from renderkit.results.surface_comparison import SurfaceComparison

Advance: TypeAlias = Callable[[int, int], None]
"""Called with the number of views done, 0 first, and their total."""

RUN_STYLE: Final = OverlayStyle(max_size=1280)
"""How the pictures of a run look: common photographs are decoded at half their size for it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class ScoredCapture:
    """The views of a capture, scored.

    Attributes:
        report: Their rows and the checks, without a judgement.
        seen: What the diagnosis needs of them; None where it was not measured.
    """

    report: Report
    seen: SeenViews | None


@dataclass(frozen=True, eq=False)
class CaptureRun:
    """One walk over a capture, with what it needs."""

    capture: Capture
    options: ValidationOptions
    renderer: Renderer
    folder: Path | None
    workers: int | None
    progress: Advance | None
    scored: tuple[ViewResult, ...] | None = None
    """Rows that are known already; None scores every view."""

    def report(
        self,
        gates: Sequence[Gate],
        baseline: Report | None,
        overlays: Overlays,
        advance: Advance | None,
        *,
        checks: bool,
        sanity: bool,
    ) -> Report:
        """Do all of it; a report without provenance."""
        scored = self.score(checks=checks, sanity=sanity)
        # What most pictures show is known by now: they are drawn while this thread looks for faults.
        with self.begun_pictures(scored.report, overlays) as begun:
            judged = self.judge(scored, gates, baseline, sanity=sanity)
            if self.folder is not None:
                load_writers()
        return self.draw(judged, overlays, begun, advance)

    @cached_property
    def evidence(self) -> tuple[MeasuredEvidence, ...]:
        """What evidence that joins many views says."""
        return measure_evidence(self.capture, self.options, threads=self.workers or 0)

    def score(self, *, checks: bool, sanity: bool) -> ScoredCapture:
        """Check and score, and measure what the diagnosis needs where the rig is to be diagnosed."""
        keep_freed_memory()
        if self.scored is None:
            _log.info("renderer: %s", self.renderer.info)
        checked = self._check() if checks else ()
        rows, seen = self._rows(sanity=sanity)
        groups = self.options.metrics
        surfaces = self._surfaces() if Needs.OTHER_MESH in needs_of(groups) else ()
        report = Report(
            rows,
            skipped_cameras={camera.name: camera.why for camera in self.capture.skipped_cameras},
            checks=checked,
            surfaces=surfaces,
            with_intervals=INTERVALS in groups,
        )
        return ScoredCapture(report, seen)

    def _surfaces(self) -> tuple[SurfaceComparison, ...]:
        from renderkit.pipeline.surfaces import compare_surfaces  # noqa: PLC0415 - for scores on request

        return tuple(compare_surfaces(self.capture, self.options, self.folder))

    def judge(self, scored: ScoredCapture, gates: Sequence[Gate], baseline: Report | None, *, sanity: bool) -> Report:
        """Diagnose, explain, judge: a report without provenance."""
        diagnosis = self._diagnosis(scored.seen) if sanity else None
        is_open = scored.report.summary.outliers and not (diagnosis is not None and diagnosis.explains_all)
        explanations = self._explanations(scored.report) if is_open else ()
        if diagnosis is not None and diagnosis.mattes:
            explanations = _of_cameras(explanations, scored.report, diagnosis)
        report = replace(scored.report, explanations=explanations, diagnosis=diagnosis)
        return replace(report, gates=_verdicts(report, gates, baseline), baseline=baseline)

    def _explanations(self, report: Report) -> tuple[CameraExplanation, ...]:
        from renderkit.pipeline.explain import explain_cameras  # noqa: PLC0415 - every known fault

        return explain_cameras(self.capture, self.renderer, self.options, report)

    def begun_pictures(self, report: Report, which: Overlays) -> AbstractContextManager[Begun]:
        """Draw in the background what a report without a judgement says is worth showing."""
        artist = self._artist(which)
        if artist is None or self.workers == 1:
            return nullcontext(NOTHING_BEGUN)
        return artist.begin(report.rows, plan_pictures(report, which))

    def draw(
        self, report: Report, which: Overlays, begun: Begun = NOTHING_BEGUN, advance: Advance | None = None
    ) -> Report:
        """Draw the pictures of the run folder, where there is one; a report whose rows name them."""
        artist = self._artist(which, advance)
        if artist is None:
            return report
        write_pictures(self.capture, self.evidence, artist.files.folder)
        return replace(report, rows=artist.draw(report.rows, plan_pictures(report, which), begun).rows)

    def _artist(self, which: Overlays, advance: Advance | None = None) -> PictureRun | None:
        if self.folder is None or which == "none":
            return None
        files = PictureFiles(self.folder, OVERLAYS, page=True)
        return PictureRun(self.capture, self.renderer, self.options, files, RUN_STYLE, advance)

    def _diagnosis(self, seen: SeenViews | None) -> Diagnosis:
        # Loaded while pictures are drawn.
        from renderkit.pipeline.diagnosis import diagnose_opened  # noqa: PLC0415 - the joint estimate

        return diagnose_opened(self.capture, self.options, self.renderer, self.evidence, seen=seen)

    def _check(self) -> tuple[CaptureCheck, ...]:
        checks = check_capture(self.capture, self.renderer, self.options)
        for check in checks:
            if check.verdict == "warning":
                _log.warning("%s", check)
        return checks

    def _rows(self, *, sanity: bool) -> tuple[tuple[ViewResult, ...], SeenViews | None]:
        total = self._num_views()
        self._report_progress(0, total)
        if self.scored is not None:
            return tuple(with_evidence(row, self.evidence) for row in self.scored), None
        plan = plan_views(self.capture, self.options) if sanity else None
        meter = None if plan is None else EvidenceMeter(self.capture, self.options, self.renderer, plan)
        rows: list[ViewResult] = []
        parts: dict[tuple[str, str], ViewPart] = {}
        for one in examine_with_workers(
            self.capture, self.renderer, self.options, num_workers=self.workers, meter=meter
        ):
            rows.append(with_evidence(one.row, self.evidence))
            if one.part is not None:
                parts[one.row.key.frame, one.row.key.camera] = one.part
            self._report_progress(len(rows), total)
        return tuple(rows), None if plan is None else SeenViews(plan, parts)

    def _report_progress(self, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(done, max(done, total))

    def _num_views(self) -> int:
        options = self.options
        num_frames = len(self.capture.frame_ids if options.frames is None else options.frames)
        num_cameras = len(self.capture.camera_names if options.cameras is None else options.cameras)
        return num_frames * num_cameras * max(1, len(options.meshes))


def _of_cameras(
    explanations: Sequence[CameraExplanation], report: Report, diagnosis: Diagnosis
) -> tuple[CameraExplanation, ...]:
    """Return the explanations of what no bad matte explains: cameras whose landmarks stand out as well."""
    spoiled = {one.camera for one in diagnosis.mattes}
    marked = {
        entry.camera
        for entry in report.summary.outliers
        if entry.camera in spoiled
        and any(_is_of_landmarks(one) for one in report.summary.outlying_metrics(entry.camera))
    }
    return tuple(one for one in explanations if one.camera not in spoiled - marked)


def _is_of_landmarks(entry: WorstCamera) -> bool:
    return METRICS[entry.metric].kind == reprojection.KIND.name


def _verdicts(report: Report, gates: Sequence[Gate], baseline: Report | None) -> tuple[GateVerdict, ...]:
    if not gates:
        return ()
    from renderkit.gates.verdicts import judge  # noqa: PLC0415 - most runs have no gate

    return judge(report, gates, baseline)
