"""Which views of a run get pictures, and the walk that draws them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from renderkit.arrays import ColorImage
from renderkit.capture import Capture
from renderkit.errors import ArgumentError, DatasetError
from renderkit.pictures.overlay import DrawnView, vector_factor
from renderkit.pictures.pictures import EncodedView, PictureFiles, WrittenView, sheet_legend
from renderkit.pictures.style import OverlayStyle
from renderkit.pipeline.draw_views import Drawn, WantedPicture, begin_views, draw_views
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.validate import failure_of
from renderkit.renderers.base import Renderer
from renderkit.results.cameras import worst_view
from renderkit.results.causes import suspect_cameras
from renderkit.results.kinds import METRICS
from renderkit.results.report import Report
from renderkit.results.rows import Failure, ViewKey, ViewResult

Overlays: TypeAlias = Literal["worst", "all", "none"] | int
"""Which views get an overlay: of the worst, failed and named cameras, of so many worst cameras, all, or none."""

MAX_CAMERAS: Final = 12
"""Cameras that get an overlay unless all are wanted; the worst of them where more are off."""

SHEET_PX: Final = 640
"""Longest side in which a view is drawn for a contact sheet and the page only."""


MAX_BEGUN: Final = 12
"""Pictures that are drawn while the rig is diagnosed: what they are read from and what they become is in memory."""

PlannedPicture: TypeAlias = tuple[ViewKey, bool, bool]
"""A view, whether it gets an overlay, and whether report.html shows it."""

Begun: TypeAlias = Mapping[PlannedPicture, "Future[Drawn[EncodedView]]"]
"""Pictures under way that may turn out to be wanted."""

NOTHING_BEGUN: Final[Begun] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class PicturePlan:
    """What is drawn.

    Attributes:
        overlays: Views that get an overlay.
        sheets: Views that get a tile: all of a frame and mesh.
        pages: Those of them that report.html shows: one of each camera and mesh.
    """

    overlays: frozenset[ViewKey] = frozenset()
    sheets: frozenset[ViewKey] = frozenset()
    pages: frozenset[ViewKey] = frozenset()

    def of(self, key: ViewKey) -> PlannedPicture:
        """Return all that decides what is drawn of a view."""
        return key, key in self.overlays, key in self.pages

    def __contains__(self, key: ViewKey) -> bool:
        """Whether a view is drawn."""
        return key in self.overlays or key in self.sheets

    @property
    def num_views(self) -> int:
        """How many views are drawn."""
        return len(self.overlays | self.sheets)


@dataclass(frozen=True, eq=False)
class RunPictures:
    """The pictures of a run.

    Attributes:
        rows: All rows, each with its overlay's path or why there is none.
        sheets: Paths of the contact sheets relative to the folder.
    """

    rows: tuple[ViewResult, ...]
    sheets: tuple[str, ...] = ()


def parse_overlays(value: str | int | bool) -> Overlays:
    """Read "all", "worst", "none" or a number of cameras; True is all, False none.

    Raises:
        ArgumentError: If it is none of these.
    """
    if isinstance(value, bool):
        return "all" if value else "none"
    text = str(value).strip().lower()
    if text in {"all", "worst", "none"}:
        return text  # type: ignore[return-value] # one of the literals
    if text.isdecimal() and len(text) < 7:
        return int(text)
    raise ArgumentError(f"overlays: expected all, worst, none or a number of cameras, got {value!r}")


def plan_pictures(report: Report, which: Overlays) -> PicturePlan:
    """Choose the views of a finished report that get pictures.

    Each chosen camera gets one overlay, of its worst frame; the frame of the worst camera gets a contact sheet.
    """
    drawable = {row.key for row in report.rows if row.failure is None}
    if which == "all":
        return _with_pages(report, drawable, drawable)
    if which in {"none", 0} or not drawable:
        return PicturePlan()
    ranked = [(entry.camera, entry.metric) for entry in report.summary.ranked]
    order = list(dict.fromkeys([camera for camera, _ in ranked] + [row.key.camera for row in report.rows]))
    if isinstance(which, int):
        cameras = order[:which]
    else:
        named = _named(report)
        cameras = [camera for camera in order if camera in named][:MAX_CAMERAS] or order[:1]
    metric_of = dict(reversed(ranked))
    overlays = [key for camera in cameras if (key := _worst_view(report.rows, camera, metric_of.get(camera)))]
    shown = overlays[0] if overlays else next(row.key for row in report.rows if row.key in drawable)
    sheet = {key for key in drawable if (key.frame, key.mesh) == (shown.frame, shown.mesh)}
    return _with_pages(report, overlays, sheet)


def _named(report: Report) -> set[str]:
    """Return the worst camera, those that anything speaks against, and those with failed views or gates not passed."""
    worst = report.summary.worst
    named = {worst.camera} if worst is not None else set()
    named |= {row.key.camera for row in report.failures}
    named |= {verdict.subject for verdict in report.gates if not verdict.passed}
    return named | suspect_cameras(report)


def _worst_view(rows: Sequence[ViewResult], camera: str, metric: str | None) -> ViewKey | None:
    """Return the view of a camera that is worst by a metric; its first one where that is not known."""
    own = [row for row in rows if row.key.camera == camera and row.failure is None]
    if not own:
        return None
    return own[0].key if metric is None else worst_view(own, METRICS[metric]).key


def _with_pages(report: Report, overlays: Iterable[ViewKey], sheets: Iterable[ViewKey]) -> PicturePlan:
    """Plan the pictures of report.html as well: it shows one view of each camera and mesh, the worst that is drawn."""
    plan = PicturePlan(frozenset(overlays), frozenset(sheets))
    drawn = ([row for row in summary.rows if row.key in plan] for summary in report.summary.cameras)
    return replace(plan, pages=frozenset(worst_view(rows).key for rows in drawn if rows))


@dataclass(frozen=True, eq=False)
class PictureRun:
    """Draws the pictures of a run.

    Attributes:
        capture: The capture that was scored.
        renderer: Renders the meshes.
        options: As it was scored.
        files: Where pictures go.
        style: How overlays look.
        advance: Called with the number of views drawn and their total.
    """

    capture: Capture
    renderer: Renderer
    options: ValidationOptions
    files: PictureFiles
    style: OverlayStyle = field(default_factory=OverlayStyle)
    advance: Callable[[int, int], None] | None = None

    @contextmanager
    def begin(self, rows: Sequence[ViewResult], plan: PicturePlan) -> Iterator[Begun]:
        """Draw the first of the planned pictures while the block runs, for `draw`; nothing is written yet.

        Raises:
            ContextError: If the renderer loses its device.
        """
        wanted = self._wanted(rows, plan)[:MAX_BEGUN]

        def encode(drawn: DrawnView) -> EncodedView:
            return self._encoded(drawn, plan)

        factor = vector_factor(rows)
        with begin_views(self.capture, self.renderer, self.options, wanted, encode, vector_factor=factor) as drawn:
            yield {plan.of(one.row.key): result for one, result in zip(wanted, drawn, strict=True)}

    def draw(self, rows: Sequence[ViewResult], plan: PicturePlan, begun: Begun = NOTHING_BEGUN) -> RunPictures:
        """Draw what is planned; a picture that cannot be made becomes a warning of its row.

        Args:
            rows: All rows of the run.
            plan: What is drawn.
            begun: What `begin` has drawn; what the plan does not want of it is left out.

        Raises:
            DatasetError: If a sheet cannot be written.
            ContextError: If the renderer loses its device.
        """
        factor = vector_factor(rows)
        legend = sheet_legend(self.style, factor)
        done: dict[ViewKey, ViewResult] = {}
        sheets: list[str] = []
        results = self._results(rows, plan, factor, begun)
        self._advance(0, plan.num_views)
        for _, group in groupby(rows, key=_frame_and_mesh):
            frame_rows = list(group)
            tiles: dict[ViewKey, ColorImage] = {}
            for _ in range(sum(row.key in plan for row in frame_rows)):
                one = next(results)
                done[one.row.key] = _with_result(one.row, one.result)
                if isinstance(one.result, WrittenView):
                    tiles[one.row.key] = one.result.tile
                self._advance(len(done), plan.num_views)
            if any(row.key in plan.sheets for row in frame_rows):
                sheets.append(self.files.write_sheet(frame_rows, tiles, legend))
        return RunPictures(tuple(done.get(row.key, row) for row in rows), tuple(sheets))

    def _results(
        self, rows: Sequence[ViewResult], plan: PicturePlan, factor: int, begun: Begun
    ) -> Iterator[Drawn[WrittenView]]:
        def write(drawn: DrawnView) -> WrittenView:
            return self.files.write_view(self._encoded(drawn, plan))

        wanted = self._wanted(rows, plan)
        rest = [one for one in wanted if plan.of(one.row.key) not in begun]
        drawn = draw_views(self.capture, self.renderer, self.options, rest, write, vector_factor=factor)
        for one in wanted:
            ready = begun.get(plan.of(one.row.key))
            yield next(drawn) if ready is None else self._written(ready.result())

    def _wanted(self, rows: Sequence[ViewResult], plan: PicturePlan) -> list[WantedPicture]:
        small = replace(self.style, max_size=min(SHEET_PX, self.style.max_size), side_by_side=False)
        return [
            WantedPicture(
                row, self.style if row.key in plan.overlays else small, self.files.page and row.key in plan.pages
            )
            for row in rows
            if row.key in plan
        ]

    def _encoded(self, drawn: DrawnView, plan: PicturePlan) -> EncodedView:
        key = drawn.drawing.evidence.row.key
        page = self.files.page and key in plan.pages
        return self.files.encode_view(drawn, overlay=key in plan.overlays, page=page)

    def _written(self, drawn: Drawn[EncodedView]) -> Drawn[WrittenView]:
        if isinstance(drawn.result, Failure):
            return Drawn(drawn.row, drawn.result)
        try:
            return Drawn(drawn.row, self.files.write_view(drawn.result))
        except DatasetError as error:
            return Drawn(drawn.row, failure_of(error))

    def _advance(self, done: int, total: int) -> None:
        if self.advance is not None and total:
            self.advance(done, total)


def _frame_and_mesh(row: ViewResult) -> tuple[str, str]:
    return row.key.frame, row.key.mesh


def _with_result(row: ViewResult, result: WrittenView | Failure) -> ViewResult:
    if isinstance(result, WrittenView):
        return replace(row, overlay=result.overlay)
    return replace(row, warnings=(*row.warnings, f"no overlay: {result.message}"))
