"""A page with one line per camera: how far it moved from run to run; self-contained and offline like report.html."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from renderkit.report.html.page import page_asset, page_environment
from renderkit.results.drift import CameraHistory, Drift
from renderkit.writing import write_text

WIDTH, HEIGHT = 160.0, 36.0
_MARGIN = 4.0


@dataclass(frozen=True)
class Sparkline:
    """A camera's shift over the runs as an SVG drawing, the first run at the left with none.

    Attributes:
        points: "x,y x,y ..." of the line.
        bars: (x, top, bottom) of two standard errors about each later run.
        dots: (x, y, whether the camera moved) of each later run.
    """

    points: str
    bars: tuple[tuple[float, float, float], ...]
    dots: tuple[tuple[float, float, bool], ...]


def write_drift_page(drift: Drift, path: Path) -> None:
    """Write the page.

    Raises:
        DatasetError: If it cannot be written.
    """
    top = _top(drift)
    page = (
        page_environment()
        .get_template("drift.html.j2")
        .render(
            drift=drift,
            lines=[(one, sparkline(one, top)) for one in sorted(drift.cameras, key=lambda one: not one.moved)],
            top=top,
            width=WIDTH,
            height=HEIGHT,
            style=page_asset("report.css"),
        )
    )
    write_text(path, page, errors="backslashreplace")


def sparkline(history: CameraHistory, top: float) -> Sparkline:
    """Return a camera's line.

    Args:
        history: The camera.
        top: Shift at the upper edge, px: the same for all cameras.
    """
    count = len(history.changes)
    places = [_MARGIN + (WIDTH - 2.0 * _MARGIN) * index / count for index in range(count + 1)]
    points = [(places[0], _height(0.0, top))]
    bars, dots = [], []
    for x, change in zip(places[1:], history.changes, strict=True):
        if math.isnan(change.length_px):
            continue
        reach = 2.0 * change.length_error_px
        y = _height(change.length_px, top)
        points.append((x, y))
        bars.append((x, _height(change.length_px + reach, top), _height(change.length_px - reach, top)))
        dots.append((x, y, change.moved))
    return Sparkline(" ".join(f"{x:.1f},{y:.1f}" for x, y in points), tuple(bars), tuple(dots))


def _height(shift: float, top: float) -> float:
    """Return the y of a shift, clipped to the drawing."""
    share = min(max(shift / top, 0.0), 1.0)
    return HEIGHT - _MARGIN - share * (HEIGHT - 2.0 * _MARGIN)


def _top(drift: Drift) -> float:
    """Return the largest shift with its error: the scale that all lines share."""
    reaches = [
        change.length_px + 2.0 * change.length_error_px
        for one in drift.cameras
        for change in one.changes
        if not math.isnan(change.length_px)
    ]
    return max([*reaches, 1e-6])
