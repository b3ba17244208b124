"""A rig as lines in space, ready to be drawn: frusta, optical axes, the point where they meet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from renderkit.arrays import FloatArray, Points3
from renderkit.diagnosis.diff import working_distance
from renderkit.diagnosis.lint_finding import Finding, Severity
from renderkit.geometry.camera import Camera
from renderkit.geometry.convergence import converge
from renderkit.geometry.frustum import frustum_corners
from renderkit.geometry.rig import Rig
from renderkit.wording import counted

COLORS: Mapping[Severity | None, str] = {"error": "#d62728", "warning": "#ff9900", "info": "#1f77b4", None: "#1f77b4"}
"""Colour of a camera by its worst finding."""
FRUSTUM_SHARE = 0.16
"""Length of a drawn frustum as a share of the working distance."""


@dataclass(frozen=True, eq=False)
class CameraShape:
    """One camera as it is drawn.

    Attributes:
        name: The camera's name.
        center: (3,) centre.
        outline: (11, 3) polyline of the frustum with a NaN row between strokes.
        axis: (2, 3) from the centre along the optical axis to the depth of the meeting point.
        severity: Its worst finding, or None.
        lines: Text for the pointer: name and findings.
    """

    name: str
    center: FloatArray
    outline: Points3
    axis: Points3
    severity: Severity | None
    lines: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class RigScene:
    """A rig as it is drawn.

    Attributes:
        cameras: The cameras.
        meeting_point: (3,) where the optical axes meet, or None.
        title: One line: counts and findings.
        rig_findings: Lines about the rig as a whole.
    """

    cameras: tuple[CameraShape, ...]
    meeting_point: FloatArray | None
    title: str
    rig_findings: tuple[str, ...]


def build_scene(rig: Rig, findings: Iterable[Finding] = ()) -> RigScene:
    """Turn a rig and its findings into what is drawn.

    Raises:
        ValueError: If the rig has no camera.
    """
    if not len(rig):
        raise ValueError("a rig without cameras cannot be drawn")
    known = tuple(findings)
    distance = working_distance(rig)
    found = converge(
        np.array([camera.center_world for camera in rig]), np.array([camera.optical_axis_world for camera in rig])
    )
    shapes = tuple(_shape(name, camera, distance, known) for name, camera in rig.cameras.items())
    counts = {severity: sum(one.severity == severity for one in known) for severity in ("error", "warning")}
    unit = "" if rig.unit == "unknown" else f" {rig.unit}"
    title = (
        f"{counted(len(rig), 'camera')}, {counted(counts['error'], 'error')}, {counted(counts['warning'], 'warning')}"
    )
    if found.conditioned:
        title += (
            f"; the axes meet within {float(np.median(found.distances)):.3g}{unit} (median), {distance:.3g}{unit} away"
        )
    texts = tuple(f"{one.severity}: {one.code}: {one.evidence}" for one in known if one.camera is None)
    return RigScene(shapes, found.point if found.conditioned else None, title, texts)


def _shape(name: str, camera: Camera, distance: float, findings: tuple[Finding, ...]) -> CameraShape:
    own = [one for one in findings if one.camera == name]
    severity: Severity | None = None
    for level in ("info", "warning", "error"):
        severity = next((one.severity for one in own if one.severity == level), severity)
    center = camera.center_world
    corners = frustum_corners(camera, FRUSTUM_SHARE * distance)
    first, second, third, fourth = camera.cam_from_world.inverse().apply(corners)
    gap = np.full(3, np.nan)
    around = [first, second, third, fourth, first]
    outline = np.array([*around, center, second, gap, third, center, fourth])
    axis = np.array([center, center + distance * camera.optical_axis_world])
    lines = (name, *(f"{one.severity}: {one.code}" for one in own))
    return CameraShape(name, center, outline, axis, severity, lines)
