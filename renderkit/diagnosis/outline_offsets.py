"""How far a matte's outline lies from a mesh's, in one view, to a fraction of a pixel.

The drawn outline is taken from the mesh itself: where the line along the normal leaves the outermost edge between a
face that looks at the camera and one that does not. The captured one is where the matte falls through 0.5 there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import AlphaImage, BoolArray, Faces, FloatArray, MaskImage, Pixels, Points3
from renderkit.diagnosis.view_evidence import OutlineEvidence
from renderkit.geometry.camera import Camera
from renderkit.metrics.contour import Contour, trace_contour

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
_CHORD = 2


@dataclass(frozen=True, eq=False)
class MeshEdges:
    """Edges of a mesh with the faces on either side.

    Attributes:
        ends: (E, 2) vertices.
        sides: (2, E) faces; the second is -1 at the border of the mesh.
        corners: (3, F) vertices of the faces.
    """

    ends: NDArray[np.int32]
    sides: NDArray[np.int32]
    corners: Faces


def mesh_edges(faces: Faces) -> MeshEdges:
    """Pair the faces of each edge; of an edge that more than two faces share, two are kept."""
    heads = np.roll(faces, -1, axis=1)
    low, high = np.minimum(faces, heads).ravel(), np.maximum(faces, heads).ravel()
    keys = low.astype(np.int64) * (int(faces.max(initial=0)) + 1) + high
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    first = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    following = np.minimum(first + 1, len(keys) - 1)
    has_second = (keys[following] == keys[first]) & (following != first)
    owner = (order // 3).astype(np.int32)
    sides = np.stack([owner[first], np.where(has_second, owner[following], -1)]).astype(np.int32)
    return MeshEdges(np.column_stack([low, high])[order[first]], sides, np.ascontiguousarray(faces.T))


@dataclass(frozen=True, eq=False)
class DrawnOutline:
    """Samples of the drawn outline: (N, 3) world points, (N, 2) px, (N, 2) outward normals, (N,) curves."""

    points_world: Points3
    pixels: Pixels
    normals: FloatArray
    curves: NDArray[np.int64]


def sample_outline(vertices: Points3, edges: MeshEdges, camera: Camera, drawn: MaskImage) -> DrawnOutline | None:
    """Sample the outline of a mesh in a camera.

    Args:
        vertices: (V, 3) world units.
        edges: Of the mesh.
        camera: The camera.
        drawn: (h, w) the mesh drawn into the camera at any size; only says roughly where the outline is.

    Returns:
        The samples, or None where there are too few.
    """
    contour = trace_contour(drawn.view(np.uint8))
    chosen = np.flatnonzero(contour.usable)
    chosen = chosen[:: max(1, -(-len(chosen) // MAX_SAMPLES))]
    if len(chosen) < MIN_SAMPLES:
        return None
    factor = np.array([camera.width / drawn.shape[1], camera.height / drawn.shape[0]])
    pixels, normals = _scaled(contour, chosen, factor)
    seen = camera.cam_from_world.apply(vertices)
    projected = camera.project_cam(seen)
    reach = _SLACK * float(factor.max())
    segments = _rim(projected, edges)
    drawn_ends = projected[segments]
    near = _near(pixels, drawn_ends, reach)
    segments = segments[near]
    place, where = _crossings(pixels, normals, drawn_ends[near], reach)
    found = np.isfinite(place)
    if found.sum() < MIN_SAMPLES:
        return None
    ends, along = segments[where[found, 0].astype(int)], where[found, 1]
    depth = seen[ends, 2]
    # A point at the share t of a drawn segment lies at this share of the segment in space.
    share = along * depth[:, 0] / (along * depth[:, 0] + (1.0 - along) * depth[:, 1])
    points = vertices[ends[:, 0]] * (1.0 - share)[:, None] + vertices[ends[:, 1]] * share[:, None]
    exact = pixels[found] + place[found, None] * normals[found]
    return DrawnOutline(points, exact, normals[found], contour.loops[chosen][found])


def _scaled(contour: Contour, chosen: NDArray[np.int64], factor: FloatArray) -> tuple[Pixels, FloatArray]:
    """Return (N, 2) points and normals in px of the camera.

    A contour's own normals are smoothed over so many pixels that they miss what is small; here each is across the
    chord between neighbours, whose places are exact to a twentieth of a pixel.
    """
    neighbours = []
    for step in (-_CHORD, _CHORD):
        at = np.clip(chosen + step, 0, len(contour.points) - 1)
        at = np.where(contour.loops[at] == contour.loops[chosen], at, chosen)
        neighbours.append(contour.points[at] * factor)
    chord = neighbours[1] - neighbours[0]
    normals = np.column_stack([-chord[:, 1], chord[:, 0]])
    normals *= np.sign((normals * contour.normals[chosen]).sum(axis=1, keepdims=True))
    pixels = (contour.points[chosen] + 0.5) * factor - 0.5
    return pixels, normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)


def _rim(projected: Pixels, edges: MeshEdges) -> NDArray[np.int32]:
    """Return the (K, 2) ends of the edges between faces that turn differently in the picture, or at a border."""
    (ax, bx, cx), (ay, by, cy) = (
        [column.take(corner) for corner in edges.corners] for column in np.ascontiguousarray(projected.T)
    )
    with np.errstate(invalid="ignore"):
        front = (bx - ax) * (cy - ay) > (by - ay) * (cx - ax)
    differs = (edges.sides[1] < 0) | (front.take(edges.sides[0]) != front.take(edges.sides[1]))
    ends = edges.ends[differs]
    known = np.isfinite(projected[:, 0])
    result: NDArray[np.int32] = ends if known.all() else ends[known[ends].all(axis=1)]
    return result


def _near(pixels: Pixels, segments: FloatArray, reach: float) -> BoolArray:
    """Tell which (K, 2, 2) segments may come within reach of any of (N, 2) pixels, by cells of that size."""
    low = pixels.min(axis=0) - 3.0 * reach
    shape = ((pixels.max(axis=0) - low) / reach).astype(np.int64) + 4
    cells = np.zeros(shape, dtype=np.uint8)
    cells[tuple(((pixels - low) / reach).astype(np.int64).T)] = 1
    # What is within reach is at most one cell away, and the first end of a short segment one more.
    cells = cv2.dilate(cells, np.ones((5, 5), np.uint8))
    long = np.abs(segments[:, 1] - segments[:, 0]).max(axis=1) > reach
    at = np.clip((segments[:, 0] - low) / reach, 0.0, shape - 1).astype(np.int64)
    result: BoolArray = long | (cells[at[:, 0], at[:, 1]] > 0)
    return result


def _crossings(
    pixels: Pixels, normals: FloatArray, segments: FloatArray, reach: float
) -> tuple[FloatArray, FloatArray]:
    """Cut the lines along the normals with (K, 2, 2) segments.

    Returns:
        (N,) signed distance to the outermost crossing within reach, NaN without one; (N, 2) its segment and the share
        of the segment there.
    """
    place, where = np.full(len(pixels), np.nan), np.zeros((len(pixels), 2))
    tangents = np.column_stack([-normals[:, 1], normals[:, 0]])
    origins = (pixels * tangents).sum(axis=1)[:, None]
    # A segment is cut where its ends lie on different sides of the line.
    first, second = (tangents @ segments[:, end].T - origins for end in (0, 1))
    lines, cut = np.nonzero((first * second <= 0.0) & (first != second))
    share = first[lines, cut] / (first[lines, cut] - second[lines, cut])
    away = segments[cut, 0] + share[:, None] * (segments[cut, 1] - segments[cut, 0]) - pixels[lines]
    distance = (away * normals[lines]).sum(axis=1)
    near = np.abs(distance) <= reach
    lines, cut, share, distance = lines[near], cut[near], share[near], distance[near]
    order = np.lexsort((distance, lines))
    outermost = order[np.flatnonzero(np.diff(lines[order], append=-1))]
    place[lines[outermost]] = distance[outermost]
    where[lines[outermost]] = np.column_stack([cut[outermost], share[outermost]])
    return place, where


def measure_offsets(outline: DrawnOutline, camera: Camera, alpha: AlphaImage, threshold: float) -> FloatArray:
    """Return (N,) px from the drawn outline to the matte's along the normals; NaN where there is none within reach.

    Args:
        outline: The drawn outline.
        camera: The camera.
        alpha: (h, w) the matte, of any size.
        threshold: Share of 255 at which the matte's edge lies.
    """
    size = float(np.ptp(outline.pixels, axis=0).max())
    reach = max(MIN_REACH_PX, REACH * size)
    factor = np.array([alpha.shape[1] / camera.width, alpha.shape[0] / camera.height])
    unit = float(factor.mean())
    steps = np.arange(-reach, reach + _STEP / unit, _STEP / unit)
    # Places in the matte, one line of samples for each place across: OpenCV samples at 1/32 px.
    tangents = np.column_stack([-outline.normals[:, 1], outline.normals[:, 0]]) / unit
    starts = outline.pixels + np.array(_ACROSS)[:, None, None] * tangents + 0.5
    starts, ways = (starts * factor - 0.5).astype(np.float32), (outline.normals * factor).astype(np.float32)
    along = steps.astype(np.float32)
    lines = [starts[..., axis, None] + along * ways[:, axis, None] for axis in (0, 1)]
    # What lies beyond the picture is like its border. Sums of whole numbers are exact.
    x, y = (one.reshape(-1, len(steps)) for one in lines)
    found = np.asarray(cv2.remap(alpha, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
    across = found.reshape(len(_ACROSS), -1, len(steps)).sum(axis=0, dtype=np.int32)
    # The matte counts as a step that was blurred a little: half a pixel either way along the normal.
    smooth = 4 * across
    smooth[:, 1:-1] = across[:, :-2] + 2 * across[:, 1:-1] + across[:, 2:]
    return _nearest_fall(smooth, 4 * len(_ACROSS) * 255.0 * threshold, steps)


def _nearest_fall(levels: NDArray[np.int32], threshold: float, steps: FloatArray) -> FloatArray:
    """Return (N,) where (N, M) levels fall through a threshold nearest to step 0; NaN where they do not."""
    inside = levels >= threshold
    rows, columns = np.nonzero(inside[:, :-1] & ~inside[:, 1:])
    before, after = levels[rows, columns], levels[rows, columns + 1]
    place = steps[columns] + (steps[columns + 1] - steps[columns]) * (before - threshold) / (before - after)
    nearest = np.lexsort((np.abs(place), rows))
    nearest = nearest[np.flatnonzero(np.diff(rows[nearest], prepend=-1))]
    result = np.full(len(levels), np.nan)
    result[rows[nearest]] = place[nearest]
    return result


def missing_share(drawn: MaskImage, alpha: AlphaImage, threshold: float) -> float:
    """Return the share of the drawn inside, away from its outline, that the matte lacks."""
    inner = cv2.erode(drawn.view(np.uint8), np.ones((2 * _DEEP + 1,) * 2, np.uint8), borderValue=0)
    left, top, width, height = cv2.boundingRect(inner)
    if not width:
        return 0.0
    rows = ((np.arange(top, top + height) + 0.5) * alpha.shape[0] / drawn.shape[0]).astype(int)
    columns = ((np.arange(left, left + width) + 0.5) * alpha.shape[1] / drawn.shape[1]).astype(int)
    inside = inner[top : top + height, left : left + width] > 0
    lacking = alpha.take(rows, 0).take(columns, 1) < 255.0 * threshold
    return np.count_nonzero(lacking & inside) / np.count_nonzero(inside)


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
