"""Put the page together: numbers into a template that escapes, pictures within a budget, scripts and styles inside."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from renderkit.diagnosis.camera_causes import diagnose_run, outcome_of
from renderkit.metrics.score_kind import Metric
from renderkit.report.html.camera_view import CameraDetail, CameraView, view_camera, view_detail
from renderkit.report.html.chart_data import chart_data
from renderkit.report.limits import limit_cell
from renderkit.results.cameras import CameraSummary
from renderkit.results.detection_limits import read_limits
from renderkit.results.kinds import METRICS, RANKING_METRICS
from renderkit.results.page_pictures import OffsetCurve, PagePictures, read_page_pictures
from renderkit.results.report import GateVerdict, Report
from renderkit.results.rows import ViewResult

MAX_PICTURE_BYTES: Final = 8 << 20
"""Pictures beyond this sum are left out of the page, the worst cameras' last; they are linked instead."""
MAX_DETAILS: Final = 150
"""So many cameras unfold with pictures, the worst ones when there are more."""
MAX_GATE_ROWS: Final = 300
STATE_WORDS: Final = {"pass": "PASS", "fail": "FAIL", "unjudged": "NO GATES", "bad": "NOT USABLE"}


@dataclass(frozen=True)
class _Chosen:
    """A camera that unfolds, with the view that is shown of it."""

    index: int
    summary: CameraSummary
    row: ViewResult


def render_page(report: Report, folder: Path) -> str:
    """Return the page's HTML.

    Args:
        report: The run, with its baseline where one is drawn behind the histograms.
        folder: The run folder, with the pictures and geometry that the run wrote.

    Raises:
        DatasetError: If a file of the run folder is damaged.
    """
    summaries, ranked = report.summary.cameras, report.summary.ranked
    metrics = [metric for metric in METRICS.values() if _present(metric, summaries)]
    gates = _by_camera(report.gates)
    outliers = {entry.camera for entry in report.summary.outliers}
    cameras = [
        view_camera(index, s, metrics, gates.get((s.camera, s.mesh), ()), s.camera in outliers)
        for index, s in enumerate(summaries)
    ]
    place = {entry.camera: index for index, entry in enumerate(ranked)}
    chosen = _chosen(summaries, place)
    pictures = _pictures(chosen, folder, place)
    details = [_detail(cameras, one, gates, pictures[one.index]) for one in chosen]
    offsets: dict[int, OffsetCurve] = {
        index: found.offsets for index, found in pictures.items() if found.offsets is not None
    }
    return (
        page_environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            outcome=outcome_of(report),
            state_words=STATE_WORDS,
            diagnosis=diagnose_run(report),
            metrics=metrics,
            cameras=cameras,
            details=details,
            detailed={detail.camera.index for detail in details},
            causes={(one.camera, one.mesh): one for one in report.explanations},
            num_without_pictures=sum(not detail.layers for detail in details),
            gates=sorted(report.gates, key=lambda gate: (not gate.blocks, gate.passed))[:MAX_GATE_ROWS],
            num_gates=len(report.gates),
            has_baseline=report.baseline is not None,
            limits=read_limits(folder),
            limit_cell=limit_cell,
            data=chart_data(report, summaries, folder, report.baseline, offsets),
            style=page_asset("report.css"),
            scripts=[page_asset(name) for name in ("page.js", "table.js", "plot.js", "rig.js", "charts.js")],
            plotly=packed_plotly(),
        )
    )


def _present(metric: Metric, summaries: Sequence[CameraSummary]) -> bool:
    return any(summary.rows[0].missing_reason(metric) is None for summary in summaries) or any(
        summary.missing_reason(metric) is None for summary in summaries
    )


def _by_camera(gates: Sequence[GateVerdict]) -> dict[tuple[str, str], list[GateVerdict]]:
    found: dict[tuple[str, str], list[GateVerdict]] = {}
    for gate in gates:
        found.setdefault((gate.subject, gate.mesh), []).append(gate)
    return found


def _chosen(summaries: Sequence[CameraSummary], place: Mapping[str, int]) -> list[_Chosen]:
    """Choose the cameras that unfold, and of each the view that agrees least."""
    order = sorted(range(len(summaries)), key=lambda index: place.get(summaries[index].camera, -1))
    return [_Chosen(index, summaries[index], _worst_row(summaries[index])) for index in sorted(order[:MAX_DETAILS])]


def _worst_row(summary: CameraSummary) -> ViewResult:
    for metric in RANKING_METRICS:
        known = [row for row in summary.rows if row.missing_reason(metric) is None]
        if known:
            sign = 1.0 if metric.better == "lower" else -1.0
            return max(known, key=lambda row: sign * metric.value(row.scores))
    return summary.rows[0]


def _pictures(chosen: Sequence[_Chosen], folder: Path, place: Mapping[str, int]) -> dict[int, PagePictures]:
    """Read the pictures of the chosen views, the worst cameras first, as far as the budget goes."""
    left = MAX_PICTURE_BYTES
    found: dict[int, PagePictures] = {}
    for one in sorted(chosen, key=lambda one: place.get(one.summary.camera, -1)):
        pictures = read_page_pictures(one.row.key, folder)
        if pictures.num_bytes > left:
            pictures = PagePictures({}, pictures.offsets)
        left -= pictures.num_bytes
        found[one.index] = pictures
    return found


def _detail(
    cameras: Sequence[CameraView],
    one: _Chosen,
    gates: Mapping[tuple[str, str], Sequence[GateVerdict]],
    pictures: PagePictures,
) -> CameraDetail:
    own = gates.get((one.summary.camera, one.summary.mesh), ())
    return view_detail(cameras[one.index], one.summary, one.row, own, pictures)


@lru_cache(maxsize=1)
def page_environment() -> Environment:
    """Return what templates are read and escaped with."""
    loader = PackageLoader("renderkit.report.html")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def page_asset(name: str) -> Markup:
    """Return one of our own files as it is."""
    text = resources.files("renderkit.report.html").joinpath("assets", name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 - shipped with the package


@lru_cache(maxsize=1)
def packed_plotly() -> str:
    """Return plotly.js, packed to 2 MB of the 4.8 that it has; the page unpacks it."""
    data = resources.files("plotly").joinpath("package_data", "plotly.min.js").read_bytes()
    return base64.b64encode(gzip.compress(data, 9, mtime=0)).decode("ascii")
