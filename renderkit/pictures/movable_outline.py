"""The outline of a rendered mesh lifted into space, for a page that moves it: rings of points in the camera's frame.

Each point lies on the ray through its pixel, at the depth of the nearest pixel that the mesh covers.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from renderkit.arrays import DepthImage, FloatArray, MaskImage
from renderkit.geometry.camera import Camera
from renderkit.images.outlines import Segments, trace_level
from renderkit.images.rings import chain_segments, depths_near
from renderkit.results.page_pictures import MovableOutline
from renderkit.results.picture_evidence import PictureEvidence

MAX_POINTS = 1500
"""Points that the outline of one view may have; one with more is simplified further."""

_TOLERANCE_PX = 0.1
_LEAST_AREA_PX = 4.0


def movable_outline(evidence: PictureEvidence) -> MovableOutline | None:
    """Return a view's rendered outline in space; None where no mesh was rendered or none of it is seen."""
    rendering = evidence.rendering
    mask = None if rendering is None else rendering.mask
    if rendering is None or mask is None or not mask.any():
        return None
    rings, tolerance = _rings(evidence.outline, mask), _TOLERANCE_PX
    simple = _simplified(rings, tolerance)
    while sum(map(len, simple)) > MAX_POINTS:
        tolerance *= 2.0
        simple = _simplified(rings, tolerance)
    kept = tuple(ring for ring in _lifted(simple, evidence.camera, rendering.depth, mask) if len(ring) > 2)
    _, _, width, height = evidence.window or (0, 0, *evidence.camera.size)
    return MovableOutline(evidence.camera.scaled((width, height)), kept) if kept else None


def _rings(outline: Segments | None, mask: MaskImage) -> list[FloatArray]:
    """Return the outline as rings; a mesh that leaves the picture is closed along the picture's border."""
    # The outline does not run along the border: where the mask reaches it, rings are open.
    leaves = mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
    if outline is not None and len(outline) and not leaves:
        rings, closed = chain_segments(outline)
        if closed:
            return rings
    padded = np.pad(mask.astype(np.uint8) * np.uint8(255), 1)
    return [ring - 1.0 for ring in chain_segments(trace_level(padded, 128.0))[0]]


def _area(ring: FloatArray) -> float:
    x, y = ring[:, 0], ring[:, 1]
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))


def _simplified(rings: list[FloatArray], tolerance: float) -> list[FloatArray]:
    """Return rings with fewer points; those that are too small to be seen at this tolerance are left out."""
    least = max(_LEAST_AREA_PX, tolerance * tolerance)
    return [
        np.asarray(cv2.approxPolyDP(ring.astype(np.float32)[:, None], tolerance, True)[:, 0], np.float64)
        for ring in rings
        if _area(ring) >= least
    ]


def _lifted(rings: list[FloatArray], camera: Camera, depth: DepthImage, mask: MaskImage) -> Iterator[FloatArray]:
    """Yield rings as (N, 3) points in the camera's frame; those without a depth nearby are left out."""
    points = np.concatenate([*rings, np.empty((0, 2))])
    lifted = camera.unproject(points) * depths_near(points, depth, mask)[:, None]
    ends = np.cumsum([len(ring) for ring in rings])
    for ring, end in zip(rings, ends, strict=True):
        part = lifted[end - len(ring) : end]
        yield part[np.isfinite(part).all(axis=1)]
