"""Outlines of one frame in all its views, with the mesh moved to where most of them agree.

The joint estimate is linear about the mesh as it stands. A mesh that is far off is moved first, as a whole; how far is
part of the evidence. A camera that is off alone does not move it: the fit is robust.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from renderkit.arrays import AlphaImage, FloatArray, MaskImage
from renderkit.diagnosis.joint.parameters import linearise
from renderkit.diagnosis.outline_offsets import (
    MeshEdges,
    mesh_edges,
    outline_evidence,
    sample_outline,
)
from renderkit.diagnosis.outline_reach import FAR_PX, found_far, found_near
from renderkit.diagnosis.readings.estimate import robust_solution
from renderkit.diagnosis.view_evidence import OutlineEvidence
from renderkit.geometry.camera import Camera
from renderkit.geometry.derivatives import cross
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.rotation import matrix_from_rotation_vector, rotation_vector_from_matrix

Draw: TypeAlias = Callable[[Mesh, Camera], MaskImage]
"""Draws a mesh into a camera of reduced size."""

DRAWN_SIDE: Final = 512
"""Longer side, px, of the drawings that say roughly where outlines are."""

MOVED_PX: Final = 1.5
"""A mesh is moved, and its outlines measured again, while that moves them by more than this."""

_MAX_MOVES = 6
_WORTH = 0.8


@dataclass(frozen=True, eq=False)
class MatteView:
    """One camera's matte of a frame.

    Attributes:
        camera: The camera in whose picture the matte is.
        alpha: (h, w) the matte, of any size.
        threshold: Share of 255 at which its edge lies.
    """

    camera: Camera
    alpha: AlphaImage
    threshold: float


@dataclass(frozen=True, eq=False)
class _Placed:
    """A mesh, what was done to it, and its outlines."""

    mesh: Mesh
    rotation: FloatArray
    step: FloatArray
    growth: float
    outlines: tuple[OutlineEvidence | None, ...]

    @property
    def typical_px(self) -> float:
        """Median size of the offsets; those without an edge within reach count as far."""
        return typical_px(self.outlines)


def typical_px(outlines: Sequence[OutlineEvidence | None]) -> float:
    """Return the median size of the offsets of outlines; those without an edge within reach count as far."""
    sizes = [np.nan_to_num(np.abs(one.offsets_px), nan=np.inf) for one in outlines if one is not None]
    return float(np.median(np.concatenate(sizes))) if sizes else float("inf")


def frame_outlines(mesh: Mesh, views: Sequence[MatteView], draw: Draw) -> tuple[OutlineEvidence | None, ...]:
    """Measure the outlines of a mesh against the mattes of one frame; None for a view that says nothing."""
    edges = mesh_edges(mesh.faces)
    center = np.median(mesh.vertices, axis=0)
    best = _Placed(mesh, np.eye(3), np.zeros(3), 0.0, ())
    best = _measured(best, center, edges, views, draw)
    for _ in range(_MAX_MOVES):
        found = _motion(best.outlines, center + best.step, views)
        if found is None or found[1] < MOVED_PX:
            break
        moved = _measured(_moved(best, center, found[0]), center, edges, views, draw)
        if moved.typical_px > _WORTH * best.typical_px:
            break
        best = moved
    return tuple(
        one
        if one is None or typical_px([one]) <= FAR_PX
        else _outline(best.mesh, edges, view, draw, _about(best, center), far=True)
        for one, view in zip(best.outlines, views, strict=True)
    )


def _about(placed: _Placed, center: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return what was done to a mesh, (7,), and the centre."""
    return np.concatenate([rotation_vector_from_matrix(placed.rotation), placed.step, [placed.growth]]), center


def _moved(placed: _Placed, center: FloatArray, motion: FloatArray) -> _Placed:
    turn, factor = matrix_from_rotation_vector(motion[:3]), 1.0 + motion[6]
    middle = center + placed.step
    vertices = middle + factor * (placed.mesh.vertices - middle) @ turn.T + motion[3:6]
    mesh = Mesh(vertices, placed.mesh.faces, name=placed.mesh.name)
    step, growth = placed.step + motion[3:6], (1.0 + placed.growth) * factor - 1.0
    return _Placed(mesh, turn @ placed.rotation, step, growth, ())


def _measured(placed: _Placed, center: FloatArray, edges: MeshEdges, views: Sequence[MatteView], draw: Draw) -> _Placed:
    about = _about(placed, center)
    outlines = tuple(_outline(placed.mesh, edges, view, draw, about) for view in views)
    return _Placed(placed.mesh, placed.rotation, placed.step, placed.growth, outlines)


def _outline(
    mesh: Mesh,
    edges: MeshEdges,
    view: MatteView,
    draw: Draw,
    about: tuple[FloatArray, FloatArray],
    *,
    far: bool = False,
) -> OutlineEvidence | None:
    ratio = min(1.0, DRAWN_SIDE / max(view.camera.size))
    size = (max(1, round(view.camera.width * ratio)), max(1, round(view.camera.height * ratio)))
    drawn = draw(mesh, view.camera.scaled(size))
    outline = sample_outline(mesh.vertices, mesh.faces, edges, view.camera, drawn)
    if outline is None:
        return None
    matte = view.alpha, view.threshold
    found = found_near(outline, view.camera, matte, drawn)
    if far:
        found = found_far(found, view.camera, matte, drawn)
    return outline_evidence(found.outline, found.offsets_px, found.missing, *about)


def _motion(
    outlines: Sequence[OutlineEvidence | None], center: FloatArray, views: Sequence[MatteView]
) -> tuple[FloatArray, float] | None:
    """Return the (7,) turn, step and growth about the centre that most outlines ask for, and its RMS effect, px."""
    parts = [
        (mesh_rows(one, view.camera, center), one.offsets_px)
        for one, view in zip(outlines, views, strict=True)
        if one is not None
    ]
    if not parts:
        return None
    design, offsets = (np.concatenate(column) for column in zip(*parts, strict=True))
    known = np.isfinite(offsets)
    design, offsets = design[known], offsets[known]
    if len(offsets) < 10 * design.shape[1]:
        return None
    units = 1.0 / np.maximum(np.sqrt((design**2).mean(axis=0)), 1e-12)
    motion = robust_solution(design * units, offsets) * units
    return motion, float(np.sqrt(((design @ motion) ** 2).mean()))


def mesh_rows(outline: OutlineEvidence, camera: Camera, center: FloatArray) -> FloatArray:
    """Return (N, 7) px of offset by a turn about a centre, a step and a relative growth of the mesh."""
    gradient = np.einsum("nk,nka->na", outline.normals, linearise(camera, outline.points_world).by_point)
    arms = outline.points_world - center
    return np.column_stack([cross(arms, gradient), gradient, (arms * gradient).sum(axis=1)])
