"""The numbers behind the page's charts, as JSON; the charts themselves are drawn in the browser."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from renderkit.arrays import FloatArray
from renderkit.geometry.camera import Camera
from renderkit.geometry.frustum import frustum_corners, up_direction, viewing_distance
from renderkit.geometry.mesh import Mesh
from renderkit.metrics.score_kind import Metric
from renderkit.results.cameras import CameraSummary
from renderkit.results.kinds import METRICS, RANKING_METRICS
from renderkit.results.page_pictures import OffsetCurve
from renderkit.results.report import Report
from renderkit.results.run_scene import read_mesh_previews, read_run_rig

JsonObject: TypeAlias = dict[str, Any]

MAX_FRUSTA: Final = 500
MAX_TIMELINE_VALUES: Final = 300_000
_FRUSTUM_SHARE = 0.12
_DIGITS = 5


def chart_data(
    report: Report,
    summaries: Sequence[CameraSummary],
    folder: Path,
    baseline: Report | None,
    offsets: Mapping[int, OffsetCurve],
) -> JsonObject:
    """Return everything that the page's scripts draw.

    Args:
        report: The run.
        summaries: Its cameras, in the page's order.
        folder: The run folder, for the rig and the meshes.
        baseline: The run to draw behind histograms, or None.
        offsets: Contour offset by the camera's place in `summaries`.

    Raises:
        DatasetError: If the run folder's geometry is damaged.
    """
    # Charts offer the most telling first.
    ordered = dict.fromkeys([*RANKING_METRICS, *METRICS.values()])
    metrics = [metric for metric in ordered if metric.better != "neither" and _has_any(metric, summaries)]
    before = None if baseline is None else baseline.summary.cameras
    return {
        "metrics": [
            {"name": m.name, "plain": m.plain, "unit": m.unit_text, "better": m.better, "decimals": m.decimals}
            for m in metrics
        ],
        "cameras": [
            {"name": s.camera, "mesh": s.mesh, "values": [_number(m.value(s.scores)) for m in metrics]}
            for s in summaries
        ],
        "baseline": None if before is None else [[_number(m.value(s.scores)) for s in before] for m in metrics],
        "timeline": _timeline(report, summaries, metrics),
        "offsets": {str(index): list(curve.median_px) for index, curve in offsets.items()},
        "scene": _scene(folder, summaries),
        "unit": report.provenance.unit,
    }


def _has_any(metric: Metric, summaries: Sequence[CameraSummary]) -> bool:
    return any(not math.isnan(metric.value(summary.scores)) for summary in summaries)


def _timeline(report: Report, summaries: Sequence[CameraSummary], metrics: Sequence[Metric]) -> JsonObject | None:
    frames = report.frames
    if len(frames) < 2 or len(frames) * len(summaries) * len(metrics) > MAX_TIMELINE_VALUES:
        return None
    place = {frame: index for index, frame in enumerate(frames)}
    series: list[list[list[float | None]]] = []
    for metric in metrics:
        lines = []
        for summary in summaries:
            line: list[float | None] = [None] * len(frames)
            for row in summary.rows:
                line[place[row.key.frame]] = _number(metric.value(row.scores))
            lines.append(line)
        series.append(lines)
    return {"frames": list(frames), "series": series}


def _scene(folder: Path, summaries: Sequence[CameraSummary]) -> JsonObject | None:
    rig = read_run_rig(folder)
    if rig is None:
        return None
    cameras = [rig.cameras.get(summary.camera) for summary in summaries]
    known = [camera for camera in cameras if camera is not None]
    if not known:
        return None
    meshes = read_mesh_previews(folder)
    length = _FRUSTUM_SHARE * viewing_distance(known, [mesh.vertices for mesh in meshes.values()])
    with_frusta = len(known) <= MAX_FRUSTA
    return {
        "centers": [None if camera is None else _vector(camera.center_world) for camera in cameras],
        "frusta": [None if camera is None else _corners(camera, length) for camera in cameras] if with_frusta else None,
        # Pictures are upright: what is up for most cameras is up for the reader.
        "up": _vector(up_direction(known)),
        "unit": rig.unit,
        "meshes": [_mesh(mesh) for mesh in meshes.values() if len(mesh.faces)],
    }


def _corners(camera: Camera, length: float) -> list[list[float]]:
    """Return the four corners of the picture at depth `length` in the world."""
    return [_vector(corner) for corner in camera.cam_from_world.inverse().apply(frustum_corners(camera, length))]


def _mesh(mesh: Mesh) -> JsonObject:
    vertices, faces = mesh.vertices.T, mesh.faces.T.tolist()
    return {
        "name": mesh.name,
        **{axis: [_short(value) for value in row] for axis, row in zip("xyz", vertices, strict=True)},
        **dict(zip("ijk", faces, strict=True)),
    }


def _vector(vector: FloatArray) -> list[float]:
    return [_short(value) for value in vector]


def _number(value: float) -> float | None:
    return _short(value) if math.isfinite(value) else None


def _short(value: float) -> float:
    return float(f"{float(value):.{_DIGITS}g}")
