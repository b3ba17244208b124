"""Put the page together: numbers into a template that escapes, pictures within a budget, scripts and styles inside."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import deflate
from jinja2 import BytecodeCache, Environment, PackageLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

from renderkit.compiled import cache_folder
from renderkit.kept_file import KeptFile
from renderkit.metrics.score_kind import Metric
from renderkit.report.html.camera_view import (
    CameraDetail,
    CameraView,
    Judgement,
    TitledPicture,
    view_camera,
    view_detail,
)
from renderkit.report.html.chart_data import chart_data
from renderkit.report.html.rig_map import BAD_STATES, map_rig
from renderkit.report.html.shown_cameras import ShownCamera, choose_cameras, evidence_uri, picture_uris
from renderkit.report.limits import limit_cell
from renderkit.results.cameras import CameraSummary, table_metrics
from renderkit.results.causes import group_causes, not_checked, off_cameras, unchecked_cameras, worst_first
from renderkit.results.detection_limits import read_limits
from renderkit.results.evidence_pictures import EvidencePicture, written_pictures
from renderkit.results.findings import RigFindings
from renderkit.results.headline import headline_of
from renderkit.results.headline_kind import Headline
from renderkit.results.page_pictures import OffsetCurve, outline_json
from renderkit.results.report import GateVerdict, Report
from renderkit.results.run_scene import read_run_rig
from renderkit.wording import counted

MAX_GATE_ROWS: Final = 300
RESULT_WORDS: Final = {
    "failed": "views failed", "gate": "gate not passed", "off": "off", "outlier": "stands out",
    "unchecked": "not checked", "": "ok",
}  # fmt: skip
_SCRIPTS: Final = ("page.js", "table.js", "viewer.js", "lens.js", "whatif.js", "plot.js", "rig.js", "charts.js")


def render_page(report: Report, folder: Path) -> str:
    """Return the page's HTML.

    Args:
        report: The run, with its baseline where one is drawn behind the histograms.
        folder: The run folder, with the pictures and geometry that the run wrote.

    Raises:
        DatasetError: If a file of the run folder is damaged.
    """
    summaries, headline = report.summary.cameras, headline_of(report)
    metrics = [metric for metric in _columns(report) if _present(metric, summaries)]
    judgement = _judgement(report)
    cameras = [view_camera(index, s, metrics, judgement) for index, s in enumerate(summaries)]
    index_of = {(summary.camera, summary.mesh): index for index, summary in enumerate(summaries)}
    order = [index_of[summary.camera, summary.mesh] for summary in worst_first(report)]
    findings = () if report.diagnosis is None else report.diagnosis.evidence
    shown = choose_cameras(summaries, order, folder, [one.evidence for one in findings])
    details = [_detail(cameras[one.index], one, judgement) for one in shown]
    offsets: dict[int, OffsetCurve] = {
        one.index: one.pictures.offsets for one in shown if one.pictures.offsets is not None
    }
    return (
        page_environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            headline=headline,
            groups=group_causes(report),
            gaps=not_checked(report),
            worst=_first_detail(headline, details),
            rig_map=map_rig(read_run_rig(folder), cameras),
            bad_states=BAD_STATES,
            result_words=RESULT_WORDS,
            metrics=metrics,
            cameras=[cameras[index] for index in order],
            details=details,
            anchors={camera.name: camera.anchor for camera in reversed(cameras)},
            detailed={detail.camera.index for detail in details},
            causes={(one.camera, one.mesh): one for one in report.explanations},
            matrices=_matrices(findings, folder),
            num_without_pictures=sum(not (detail.layers or detail.evidence) for detail in details),
            gates=_gates_worst_first(report)[:MAX_GATE_ROWS],
            has_baseline=report.baseline is not None,
            limits=read_limits(folder),
            limit_cell=limit_cell,
            data=chart_data(report, summaries, folder, report.baseline, offsets),
            outlines=_outlines(shown),
            overlays=picture_uris(shown),
            style=page_asset("report.css"),
            scripts=[page_asset(name) for name in _SCRIPTS],
            plotly=packed_plotly(),
        )
    )


def _columns(report: Report) -> tuple[Metric, ...]:
    """Return the columns of the page's table: those of the standard table, then those that were asked for."""
    asked = [metric for metric in report.summary.metrics if metric.column and metric.on_request]
    return (*table_metrics(report.summary.cameras), *asked)


def _present(metric: Metric, summaries: Sequence[CameraSummary]) -> bool:
    return any(summary.missing_reason(metric) is None for summary in summaries)


def _judgement(report: Report) -> Judgement:
    gates: dict[tuple[str, str], list[GateVerdict]] = {}
    for gate in report.gates:
        gates.setdefault((gate.subject, gate.mesh), []).append(gate)
    off = {name: one.cause or "cause unknown" for name, one in off_cameras(report).items()}
    if report.diagnosis is not None and report.diagnosis.condemns_all:
        # No camera of such a rig is right, whatever its numbers are among the others.
        off = dict.fromkeys(report.camera_names, "the rig as a whole does not fit") | off
    return Judgement(
        off=off,
        outliers=frozenset(entry.camera for entry in report.summary.outliers),
        unchecked=frozenset(unchecked_cameras(report)),
        gates=gates,
    )


def _detail(camera: CameraView, one: ShownCamera, judgement: Judgement) -> CameraDetail:
    detail = view_detail(camera, one.summary, one.row, _gates_of(judgement, one), one.pictures)
    pictures = (
        TitledPicture(f"Camera {picture.camera}, frame {picture.frame}, by {picture.evidence}", uri)
        for picture, uri in one.evidence
    )
    return replace(detail, evidence=tuple(pictures))


def _matrices(findings: Sequence[RigFindings], folder: Path) -> Mapping[str, TitledPicture]:
    """Return by kind of evidence the picture of which camera contradicts which."""
    titles = {one.evidence: one.matrix.title for one in findings if one.matrix is not None}
    found = {}
    for picture in written_pictures(map(EvidencePicture, titles), folder):
        uri = evidence_uri(picture, folder)
        if uri is not None:
            found[picture.evidence] = TitledPicture(titles[picture.evidence], uri)
    return found


def _gates_of(judgement: Judgement, one: ShownCamera) -> Sequence[GateVerdict]:
    return judgement.gates.get((one.summary.camera, one.summary.mesh), ())


def _gates_worst_first(report: Report) -> list[GateVerdict]:
    return sorted(report.gates, key=lambda gate: (not gate.blocks, gate.verdict != "fail", gate.passed))


def _first_detail(headline: Headline, details: Sequence[CameraDetail]) -> CameraDetail | None:
    """Return the camera whose pictures stand at the top: the one that the headline names, if it has any."""
    pictured = [detail for detail in details if detail.layers or detail.evidence]
    named = (detail for detail in pictured if detail.camera.name == headline.camera)
    return next(named, pictured[0] if pictured else None)


def _outlines(shown: Sequence[ShownCamera]) -> Mapping[str, Any]:
    """Return what the sliders move, by the camera's place."""
    return {
        str(one.index): outline_json(one.pictures.outline)
        for one in shown
        if one.pictures.outline is not None and one.pictures.matte is not None
    }


class _KeptTemplates(BytecodeCache):
    """Compiled templates in the user's cache folder: to compile them takes longer than to fill them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Jinja tells templates of other sources itself, and those of other versions of Python.
        self._made_by = version("jinja2") + Path(__file__).read_text(encoding="utf-8")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read a template's code into the bucket, where there is any."""
        code = self._file(bucket).read()
        if code is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template's code."""
        self._file(bucket).write(bucket.bytecode_to_string())

    def _file(self, bucket: Bucket) -> KeptFile:
        return KeptFile(self._folder / f"template-{bucket.key}.bin", f"{bucket.key} {self._made_by}".encode())


@lru_cache(maxsize=1)
def page_environment() -> Environment:
    """Return what templates are read and escaped with."""
    loader = PackageLoader("renderkit.report.html")
    folder = cache_folder()
    made = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=None if folder is None else _KeptTemplates(folder),
    )
    made.filters["counted"] = counted
    return made


def page_asset(name: str) -> Markup:
    """Return one of our own files as it is."""
    text = resources.files("renderkit.report.html").joinpath("assets", name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 - shipped with the package


@lru_cache(maxsize=1)
def packed_plotly() -> Markup:
    """Return plotly.js, packed to 2 MB of the 4.8 that it has; the page unpacks it."""
    source = resources.files("plotly").joinpath("package_data", "plotly.min.js")
    folder = cache_folder()
    kept = None
    if folder is not None and isinstance(source, Path):
        state = source.stat()
        made_of = f"{version('plotly')} {state.st_size} {state.st_mtime_ns}"
        kept = KeptFile(folder / "plotly.min.js.gz", made_of.encode())
    packed = None if kept is None else kept.read()
    if packed is None:
        packed = deflate.gzip_compress(source.read_bytes(), 6)
        if kept is not None:
            kept.write(packed)
    return Markup(base64.b64encode(packed).decode("ascii"))  # noqa: S704 - letters and digits
