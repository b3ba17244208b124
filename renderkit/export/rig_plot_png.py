"""Still pictures: the rig in 3D, and the displacement field between two calibrations."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from renderkit.arrays import FloatArray, Points3
from renderkit.diagnosis.diff import CameraDiff, RigDiff
from renderkit.errors import MissingExtraError
from renderkit.export.rig_scene import COLORS, RigScene
from renderkit.wording import counted
from renderkit.writing import new_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from mpl_toolkits.mplot3d import Axes3D

MAX_FIELDS = 12
"""Cameras shown in the displacement plot, the worst first."""
_MAX_LABELS = 80


def write_rig_png(scene: RigScene, path: Path) -> None:
    """Draw frusta, optical axes and their meeting point from two sides.

    Raises:
        MissingExtraError: If matplotlib is not installed.
        DatasetError: If the file cannot be written.
    """
    figure = _new_figure(15.0, 8.0)
    for place, (elevation, azimuth) in enumerate(((20.0, -60.0), (75.0, -90.0)), start=1):
        axes = figure.add_subplot(1, 2, place, projection="3d", computed_zorder=False)
        _draw_scene(axes, scene)
        axes.view_init(elev=elevation, azim=azimuth)
    figure.suptitle("\n".join(fill(line, 150) for line in (scene.title, *scene.rig_findings[:3])), fontsize=10)
    figure.tight_layout()
    with new_file(path) as temporary:
        figure.savefig(temporary, dpi=110, format="png")


def _new_figure(width: float, height: float) -> Figure:
    try:
        # The object interface without pyplot: no display, no global state, safe in threads.
        from matplotlib.figure import Figure as NewFigure  # noqa: PLC0415 - optional extra
    except ImportError as error:
        raise MissingExtraError("matplotlib", "plots") from error
    return NewFigure(figsize=(width, height))


def _draw_scene(axes: Axes3D, scene: RigScene) -> None:
    """Draw with the camera's -y up, as most rigs have it: x right, z into the picture's depth."""
    for camera in scene.cameras:
        color = COLORS[camera.severity]
        outline, axis = _upright(camera.outline), _upright(camera.axis)
        axes.plot(*outline.T, color=color, linewidth=1.0)
        axes.plot(*axis.T, color=color, linewidth=0.4, alpha=0.5)
    if len(scene.cameras) <= _MAX_LABELS:
        for camera in scene.cameras:
            axes.text(*_upright(camera.center[None])[0], camera.name, fontsize=6, color="#333333")
    corners = np.array([camera.center for camera in scene.cameras])
    if scene.meeting_point is not None:
        point = _upright(scene.meeting_point[None])[0]
        axes.scatter(*point[:, None], color="black", marker="D", s=18, zorder=10)
        corners = np.vstack([corners, scene.meeting_point])
    _equal_axes(axes, _upright(corners))
    axes.set_xlabel("x")
    axes.set_ylabel("z")
    axes.set_zlabel("-y")


def _upright(points: Points3) -> Points3:
    """Return (N, 3) points as (x, z, -y), since the plot's third axis points up."""
    result: Points3 = points[:, [0, 2, 1]] * np.array([1.0, 1.0, -1.0])
    return result


def _equal_axes(axes: Axes3D, points: Points3) -> None:
    low, high = points.min(axis=0), points.max(axis=0)
    middle, half = 0.5 * (low + high), 0.55 * float(np.max(high - low)) or 1.0
    for setter, value in zip((axes.set_xlim, axes.set_ylim, axes.set_zlim), middle, strict=True):
        setter(value - half, value + half)
    axes.set_box_aspect((1, 1, 1))


def write_diff_png(diff: RigDiff, path: Path, *, aligned: bool) -> None:
    """Draw the displacement field of the worst cameras as arrows over their images.

    Args:
        diff: The comparison.
        path: The PNG to write.
        aligned: Draw the field after the best common motion, or the raw one.

    Raises:
        MissingExtraError: If matplotlib is not installed.
        DatasetError: If the file cannot be written.
    """
    cameras = diff.aligned if aligned else diff.raw
    worst = sorted(cameras, key=lambda one: -one.max_px if np.isfinite(one.max_px) else np.inf)[:MAX_FIELDS]
    columns = min(4, max(1, len(worst)))
    rows = -(-len(worst) // columns)
    figure = _new_figure(4.2 * columns, 3.9 * rows + 0.6)
    for place, camera in enumerate(worst, start=1):
        _draw_field(figure.add_subplot(rows, columns, place), camera)
    state = "after the best common rigid motion and scale" if aligned else "as the files state them"
    shown = (
        f"the worst {len(worst)} of {counted(len(cameras), 'camera')}"
        if len(worst) < len(cameras)
        else f"{counted(len(worst), 'camera')}"
    )
    figure.suptitle(f"Displacement on {diff.compared_on}, {state}: {shown}", fontsize=11)
    figure.tight_layout()
    with new_file(path) as temporary:
        figure.savefig(temporary, dpi=100, format="png")


def _draw_field(axes: Axes, camera: CameraDiff) -> None:
    known = np.isfinite(camera.displacement_px).all(axis=1)
    pixels, moved = _thinned(camera.pixels[known], camera.displacement_px[known])
    axes.set_title(f"{camera.camera}: max {camera.max_px:.3g}, mean {camera.mean_px:.3g} px", fontsize=9)
    length = np.linalg.norm(moved, axis=1)
    longest = float(np.max(length)) if length.size else 0.0
    if longest > 0.0:
        # The longest arrow is a tenth of the picture; matplotlib's own choice divides by zero on a still field.
        scale = longest / (0.1 * float(np.max(np.ptp(pixels, axis=0))) or 1.0)
        arrows = axes.quiver(
            *pixels.T, *moved.T, length, angles="xy", scale_units="xy", scale=scale, cmap="viridis", width=0.005
        )
        bar = axes.figure.colorbar(arrows, ax=axes, shrink=0.75)
        bar.ax.tick_params(labelsize=7)
        bar.set_label("px", fontsize=7)
    else:
        axes.plot(*pixels.T, ".", color="#888888", markersize=2)
    lost = camera.pixels[~known]
    if len(lost):
        axes.plot(*lost.T, "x", color="#d62728", markersize=4)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.tick_params(labelsize=7)


def _thinned(pixels: FloatArray, moved: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Keep at most about 600 arrows, evenly by index."""
    step = max(1, len(pixels) // 600)
    return pixels[::step], moved[::step]
