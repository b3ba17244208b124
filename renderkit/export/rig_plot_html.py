"""The rig as an HTML page to turn with the mouse; self-contained, works offline."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.lint_finding import Severity
from renderkit.errors import MissingExtraError
from renderkit.export.rig_scene import COLORS, CameraShape, RigScene
from renderkit.writing import write_text

if TYPE_CHECKING:
    from plotly import graph_objects

_TITLES: dict[Severity | None, str] = {"error": "error", "warning": "warning", "info": "note", None: "no finding"}


def write_rig_html(scene: RigScene, path: Path) -> None:
    """Write the page with the plotting library inside it (about 5 MB).

    Raises:
        MissingExtraError: If plotly is not installed.
        DatasetError: If the file cannot be written.
    """
    figure = build_figure(scene)
    page = figure.to_html(include_plotlyjs=True, full_html=True, config={"displaylogo": False}, default_height="96vh")
    write_text(path, page, errors="backslashreplace")


def build_figure(scene: RigScene) -> graph_objects.Figure:
    """Return the plotly figure of a rig.

    Raises:
        MissingExtraError: If plotly is not installed.
    """
    try:
        from plotly import graph_objects as go  # noqa: PLC0415 - optional extra
    except ImportError as error:
        raise MissingExtraError("plotly", "plots") from error
    figure = go.Figure()
    for severity in _TITLES:
        group = [camera for camera in scene.cameras if camera.severity == severity]
        if group:
            figure.add_traces([go.Scatter3d(trace) for trace in _traces(group, severity)])
    if scene.meeting_point is not None:
        marker = {"size": 6, "color": "black", "symbol": "diamond"}
        point = _xyz(scene.meeting_point[None])
        figure.add_trace(go.Scatter3d(point, mode="markers", marker=marker, name="where the optical axes meet"))
    text = "<br>".join(escape(line) for line in (scene.title, *scene.rig_findings[:4]))
    figure.update_layout(
        title={"text": text, "font": {"size": 14}},
        # In OpenCV's axes y points down, and so it does in most rigs' worlds.
        scene={
            "aspectmode": "data",
            "camera": {"up": {"x": 0, "y": -1, "z": 0}, "eye": {"x": 1.1, "y": -0.8, "z": -1.3}},
        },
        margin={"l": 0, "r": 0, "b": 0, "t": 90},
        template="plotly_white",
    )
    return figure


def _traces(group: Sequence[CameraShape], severity: Severity | None) -> list[dict[str, Any]]:
    """Return the traces of cameras of one severity: frusta, optical axes, named centres."""
    title, color = _TITLES[severity], COLORS[severity]
    gap = np.full((1, 3), np.nan)
    frusta = np.concatenate([part for camera in group for part in (camera.outline, gap)])
    axes = np.concatenate([part for camera in group for part in (camera.axis, gap)])
    lines: dict[str, Any] = {"mode": "lines", "hoverinfo": "skip"}
    return [
        {**_xyz(frusta), **lines, "line": {"color": color, "width": 3}, "name": title},
        {
            **_xyz(axes),
            **lines,
            "line": {"color": color, "width": 1},
            "opacity": 0.35,
            "name": f"optical axes ({title})",
        },
        {
            **_xyz(np.array([camera.center for camera in group])),
            "mode": "markers+text",
            "marker": {"size": 3, "color": color},
            "text": [escape(camera.name) for camera in group],
            "textfont": {"size": 10},
            "hovertext": ["<br>".join(map(escape, camera.lines)) for camera in group],
            "hoverinfo": "text",
            "name": f"cameras ({title})",
        },
    ]


def _xyz(points: FloatArray) -> dict[str, FloatArray]:
    return {"x": points[:, 0], "y": points[:, 1], "z": points[:, 2]}
