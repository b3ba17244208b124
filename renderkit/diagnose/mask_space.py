"""Were the captured masks made on raw or on undistorted pictures? Scored both ways, by their outlines.

Not by IoU: a head mesh lies inside a full-person matte, so whatever renders larger would win. Outlines can only agree
where mesh and matte end at the same place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from renderkit.arrays import MaskImage
from renderkit.diagnose.view_choice import ViewChoice, choose_by_views
from renderkit.geometry.camera import Camera
from renderkit.metrics.boundary import score_boundary

RAW = "raw"
UNDISTORTED = "undistorted"
TOLERANCE_PX = 2.0
"""Distance up to which outlines agree."""


def detect_mask_space(
    masks: Iterable[tuple[MaskImage, MaskImage, MaskImage]], tolerance_px: float = TOLERANCE_PX
) -> ViewChoice:
    """Say which space the captured masks are in.

    Args:
        masks: Per view, (height, width) bool: the mesh rendered with distortion, rendered without, and captured.
        tolerance_px: Distance up to which outlines agree.

    Returns:
        Candidates "raw" and "undistorted", scored by the share of the rendered outline that lies on the captured one.
        Views in which the two renderings are the same say nothing and are left out.
    """
    columns = []
    for raw, undistorted, captured in masks:
        if np.array_equal(raw, undistorted):
            continue
        columns.append([score_boundary(each, captured, tolerance_px).precision for each in (raw, undistorted)])
    return choose_by_views((RAW, UNDISTORTED), np.array(columns, dtype=np.float64).reshape(-1, 2).T)


def detect_mask_space_by_rendering(
    render: Callable[[Camera], MaskImage],
    views: Iterable[tuple[Camera, MaskImage]],
    tolerance_px: float = TOLERANCE_PX,
) -> ViewChoice:
    """Say which space the captured masks are in, rendering the mesh both ways; see `detect_mask_space`.

    Args:
        render: Draws the mesh's mask into a camera, such as `lambda camera: renderer.render_mask(mesh, camera)`.
        views: Cameras with their captured masks. Cameras without distortion are left out.
        tolerance_px: Distance up to which outlines agree.
    """
    return detect_mask_space(
        (
            (render(camera), render(camera.undistorted()), captured)
            for camera, captured in views
            if camera.distortion.model != "none"
        ),
        tolerance_px,
    )
