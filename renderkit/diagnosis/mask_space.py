"""Were the captured masks made on raw or on undistorted pictures? Scored both ways, by their outlines.

Not by IoU: a head mesh lies inside a full-person matte, so whatever renders larger would win. Outlines can only agree
where mesh and matte end at the same place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from renderkit.diagnosis.view_choice import ViewChoice, choose_by_views
from renderkit.geometry.camera import Camera
from renderkit.images.mask_bits import MaskBits
from renderkit.metrics.boundary import count_matches
from renderkit.metrics.mask_window import cut_bits
from renderkit.metrics.outline import outlines_in

RAW = "raw"
UNDISTORTED = "undistorted"
TOLERANCES_PX = (1.0, 2.0, 4.0)
"""Distances up to which outlines agree: the finest tells small distortions apart, the coarsest bears a rough mesh."""

MIN_SHARE = 0.4
"""Share of the outlines' disagreement that the choice must explain.

A mesh that is a little too small or too smooth favours one space in every view, by an eighth to a quarter of it. Where
its error is no larger than the lens's effect the two cannot be told apart at all.
"""


def detect_mask_space(render: Callable[[Camera], MaskBits], views: Iterable[tuple[Camera, MaskBits]]) -> ViewChoice:
    """Say which space the captured masks are in, rendering the mesh both ways.

    Args:
        render: Draws the mesh's mask into a camera.
        views: Cameras with their captured masks. Cameras without distortion are left out.

    Returns:
        Candidates "raw" and "undistorted", scored by the share of the rendered outline that lies on the captured one,
        averaged over the tolerances, of what the better rendering brings within the coarsest one: hair that the mesh
        lacks counts in neither. Views in which the two renderings are the same say nothing and are left out.
    """
    columns = []
    for camera, captured in views:
        if camera.distortion.model == "none":
            continue
        raw, undistorted = render(camera), render(camera.undistorted())
        if np.array_equal(raw.words, undistorted.words):
            continue
        agreement = np.array([_agreement(each, captured) for each in (raw, undistorted)])
        within_reach = agreement.max()
        columns.append(agreement.mean(axis=1) / within_reach if within_reach > 0.0 else np.zeros(2))
    table = np.array(columns, dtype=np.float64).reshape(-1, 2).T
    return choose_by_views((RAW, UNDISTORTED), table, min_share=MIN_SHARE)


def _agreement(rendered: MaskBits, captured: MaskBits) -> list[float]:
    """Return the share of the rendered outline that lies on the captured one, for each tolerance."""
    outlines = outlines_in(cut_bits(rendered, captured))
    return [count_matches(outlines, tolerance).precision for tolerance in TOLERANCES_PX]
