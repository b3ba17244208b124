"""How far a matte's outline lies from a mesh's, in one view, to a fraction of a pixel.

The drawn outline is taken from the mesh itself: where the line along the normal leaves the outermost edge between a
face that looks at the camera and one that does not. The captured one is where the matte falls through 0.5 there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import AlphaImage, FloatArray, MaskImage, Pixels, Points3
from renderkit.diagnosis.mesh_rim import EdgedMesh
from renderkit.diagnosis.view_evidence import OutlineEvidence
from renderkit.geometry.camera import Camera
from renderkit.images.matte import least_inside
from renderkit.metrics.contour import trace_contour

MAX_SAMPLES: Final = 96
"""Samples along the outline of one view: neighbours err together, so more of them say little more."""

MIN_SAMPLES: Final = 12
REACH: Final = 0.08
"""The captured outline is looked for within this share of the drawn picture's size, either way."""

MIN_REACH_PX: Final = 8.0
_STEP = 0.5
_ACROSS = (-1.0, 0.0, 1.0)
_SLACK = 2.5
_DEEP = 4
_SQUARE: Final = np.ones((2 * _DEEP + 1,) * 2, np.uint8)
_CHORD = 2
"""A contour's own normals are smoothed over so many pixels that they miss what is small; those of samples are across
the chord between neighbours so far away, whose places are exact to a twentieth of a pixel."""


@dataclass(frozen=True, eq=False)
class DrawnOutline:
    """Samples of the drawn outline: (N, 3) world points, (N, 2) px, (N, 2) outward normals, (N,) curves."""

    points_world: Points3
    pixels: Pixels
    normals: FloatArray
    curves: NDArray[np.int64]


def sample_outline(mesh: EdgedMesh, camera: Camera, drawn: MaskImage) -> DrawnOutline | None:
    """Sample the outline of a mesh in a camera.

    Args:
        mesh: The mesh.
        camera: The camera.
        drawn: (h, w) the mesh drawn into the camera at any size; only says roughly where the outline is.

    Returns:
        The samples, or None where there are too few.
    """
    from renderkit.diagnosis.outline_kernels import (  # noqa: PLC0415 - loads the compiler
        NUM_BANDS,
        cut_lines,
        scale_samples,
    )

    contour = trace_contour(drawn.view(np.uint8))
    chosen = np.flatnonzero(contour.usable)
    chosen = np.ascontiguousarray(chosen[:: max(1, -(-len(chosen) // MAX_SAMPLES))])
    if len(chosen) < MIN_SAMPLES:
        return None
    factor = camera.width / drawn.shape[1], camera.height / drawn.shape[0]
    pixels, normals = np.empty((len(chosen), 2)), np.empty((len(chosen), 2))
    scale_samples(contour.points, contour.normals, contour.loops, chosen, (*factor, _CHORD), pixels, normals)
    rim = mesh.rim(camera)
    place, where = np.empty(len(pixels)), np.zeros((len(pixels), 2))
    order = np.empty(len(pixels) + NUM_BANDS + 1, np.int64)
    cut_lines(pixels, normals, rim.pixels, rim.ends, _SLACK * max(factor), order, place, where)
    found = np.isfinite(place)
    if found.sum() < MIN_SAMPLES:
        return None
    ends, along = rim.ends[where[found, 0].astype(int)], where[found, 1]
    depth = rim.seen[ends, 2]
    # A point at the share t of a drawn segment lies at this share of the segment in space.
    share = (along * depth[:, 0] / (along * depth[:, 0] + (1.0 - along) * depth[:, 1]))[:, None]
    first, second = (mesh.vertices[rim.vertices[ends[:, end]]] for end in (0, 1))
    exact = pixels[found] + place[found, None] * normals[found]
    return DrawnOutline(first * (1.0 - share) + second * share, exact, normals[found], contour.loops[chosen][found])


def measure_offsets(outline: DrawnOutline, camera: Camera, alpha: AlphaImage, threshold: float) -> FloatArray:
    """Return (N,) px from the drawn outline to the matte's along the normals; NaN where there is none within reach.

    Args:
        outline: The drawn outline.
        camera: The camera.
        alpha: (h, w) the matte, of any size.
        threshold: Share of 255 at which the matte's edge lies.
    """
    from renderkit.diagnosis.outline_kernels import find_falls  # noqa: PLC0415 - loads the compiler

    size = float(np.ptp(outline.pixels, axis=0).max())
    reach = max(MIN_REACH_PX, REACH * size)
    factor = np.array([alpha.shape[1] / camera.width, alpha.shape[0] / camera.height])
    unit = float(factor.mean())
    steps = np.arange(-reach, reach + _STEP / unit, _STEP / unit)
    # Places in the matte, one line of samples for each place across.
    tangents = np.column_stack([-outline.normals[:, 1], outline.normals[:, 0]]) / unit
    starts = outline.pixels + np.array(_ACROSS)[:, None, None] * tangents + 0.5
    starts, ways = (starts * factor - 0.5).astype(np.float32), (outline.normals * factor).astype(np.float32)
    result = np.empty(len(ways))
    # The matte counts as a step that was blurred a little: half a pixel either way along the normal.
    level, sums = 4 * len(_ACROSS) * 255.0 * threshold, np.empty(len(steps), np.int32)
    find_falls(_read_only(alpha), starts, ways, steps, steps.astype(np.float32), level, sums, result)
    return result


def missing_share(drawn: MaskImage, alpha: AlphaImage, threshold: float) -> float:
    """Return the share of the drawn inside, away from its outline, that the matte lacks."""
    from renderkit.diagnosis.outline_kernels import count_lacking  # noqa: PLC0415 - loads the compiler

    inner = cv2.erode(drawn.view(np.uint8), _SQUARE, borderValue=0)
    rows, columns = (_middles(side, other) for side, other in zip(drawn.shape, alpha.shape, strict=True))
    total, lacking = count_lacking(np.asarray(inner), _read_only(alpha), rows, columns, least_inside(threshold))
    return lacking / total if total else 0.0


@lru_cache(maxsize=16)
def _middles(side: int, other: int) -> NDArray[np.int64]:
    """Return the (side,) pixels of a side of `other` px at the middles of those of a side of `side` px."""
    return ((np.arange(side) + 0.5) * other / side).astype(np.int64)


def _read_only(alpha: AlphaImage) -> AlphaImage:
    """Return the one kind of array that the kernels are compiled for."""
    result = np.ascontiguousarray(alpha).view()
    result.flags.writeable = False
    return result


def outline_evidence(
    outline: DrawnOutline, offsets_px: FloatArray, missing: float, motion: FloatArray, center: FloatArray
) -> OutlineEvidence:
    """Put a view's measurement together."""
    return OutlineEvidence(
        points_world=outline.points_world,
        normals=outline.normals,
        offsets_px=offsets_px,
        curves=outline.curves,
        missing=missing,
        mesh_motion=motion,
        mesh_center=center,
    )
