"""Outlines of one frame in all its views, with the mesh moved to where most of them agree.

The joint estimate is linear about the mesh as it stands. A mesh that is far off is moved first, as a whole; how far is
part of the evidence. A camera that is off alone does not move it: the fit is robust.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np

from renderkit.arrays import AlphaImage, FloatArray, MaskImage
from renderkit.computed_once import computed_once
from renderkit.diagnosis.mesh_rim import EdgedMesh, mesh_edges
from renderkit.diagnosis.outline_offsets import outline_evidence, sample_outline
from renderkit.diagnosis.outline_reach import FAR_PX, found_far, found_near
from renderkit.diagnosis.robust_solution import robust_solution
from renderkit.diagnosis.row_quantiles import median_of
from renderkit.diagnosis.view_evidence import OutlineEvidence
from renderkit.geometry.camera import Camera
from renderkit.geometry.derivatives import cross, pixels_by_world_point
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.rotation import matrix_from_rotation_vector, rotation_vector_from_matrix

Draw: TypeAlias = Callable[[Mesh, Camera], MaskImage]
"""Draws a mesh into a camera of reduced size."""

DRAWN_SIDE: Final = 512
"""Longer side, px, of the drawings that say roughly where outlines are."""

MOVED_PX: Final = 1.5
"""A mesh is moved, and its outlines measured again, while that moves them by more than this."""

_MAX_MOVES = 6
_MIN_OFFSETS = 70
_WORTH = 0.8


@dataclass(frozen=True, eq=False)
class MatteView:
    """One camera's matte of a frame.

    Attributes:
        camera: The camera in whose picture the matte is.
        read: Returns the (h, w) matte, of any size; None if it cannot be read.
        threshold: Share of 255 at which its edge lies.
    """

    camera: Camera
    read: Callable[[], AlphaImage | None]
    threshold: float


@dataclass(frozen=True, eq=False)
class _Placed:
    """A mesh, what was done to it, and its outlines."""

    mesh: Mesh
    edged: EdgedMesh
    rotation: FloatArray
    step: FloatArray
    growth: float
    outlines: tuple[OutlineEvidence | None, ...]

    @property
    def typical_px(self) -> float:
        """Median size of the offsets; those without an edge within reach count as far."""
        return typical_px(self.outlines)

    @computed_once
    def motion(self) -> FloatArray:
        """(7,) turn, step and relative growth that were applied to the mesh."""
        return np.concatenate([rotation_vector_from_matrix(self.rotation), self.step, [self.growth]])


def typical_px(outlines: Sequence[OutlineEvidence | None]) -> float:
    """Return the median size of the offsets of outlines; those without an edge within reach count as far."""
    sizes = [np.nan_to_num(np.abs(one.offsets_px), nan=np.inf) for one in outlines if one is not None]
    return median_of(np.concatenate(sizes)) if any(map(len, sizes)) else float("inf")


def is_settled(outlines: Sequence[OutlineEvidence | None], views: Sequence[MatteView]) -> bool:
    """Whether outlines that were measured with the mesh as it stands need not be measured again."""
    known = [one for one in outlines if one is not None]
    if not known:
        return True
    found = _motion(outlines, known[0].mesh_center, views)
    return (found is None or found[1] < MOVED_PX) and all(typical_px([one]) <= FAR_PX for one in known)


@dataclass(frozen=True, eq=False)
class FrameOutlines:
    """Measures the outlines of one mesh against the mattes of its frame.

    Attributes:
        mesh: As it stands.
        draw: Draws it.
        edged: It with its edges.
        center: (3,) its middle.
    """

    mesh: Mesh
    draw: Draw
    edged: EdgedMesh
    center: FloatArray

    @staticmethod
    def of(mesh: Mesh, draw: Draw) -> FrameOutlines:
        """Prepare a mesh."""
        edged = EdgedMesh(mesh.vertices, mesh_edges(mesh.faces))
        middle = np.array([np.median(column) for column in mesh.vertices.T])
        return FrameOutlines(mesh, draw, edged, middle)

    def as_it_stands(self, view: MatteView, alpha: AlphaImage) -> OutlineEvidence | None:
        """Measure the outline in one view whose (h, w) matte is at hand; None where that says nothing."""
        return self._outline(self._as_it_stands, view, alpha)

    def settled(
        self, first: Sequence[OutlineEvidence | None], views: Sequence[MatteView]
    ) -> tuple[OutlineEvidence | None, ...]:
        """Return the outlines of all views with the mesh where most of them agree.

        Mattes are read again only for a mesh that has to be moved, and where one lies beyond the search's reach.

        Args:
            first: The outlines with the mesh as it stands.
            views: The views.
        """
        best = replace(self._as_it_stands, outlines=tuple(first))
        for _ in range(_MAX_MOVES):
            found = _motion(best.outlines, self.center + best.step, views)
            if found is None or found[1] < MOVED_PX:
                break
            moved = _moved(best, self.center, found[0])
            moved = replace(moved, outlines=tuple(self._read(moved, view) for view in views))
            if moved.typical_px > _WORTH * best.typical_px:
                break
            best = moved
        return tuple(
            one if one is None or typical_px([one]) <= FAR_PX else self._read(best, view, far=True) or one
            for one, view in zip(best.outlines, views, strict=True)
        )

    @computed_once
    def _as_it_stands(self) -> _Placed:
        return _Placed(self.mesh, self.edged, np.eye(3), np.zeros(3), 0.0, ())

    def _read(self, placed: _Placed, view: MatteView, *, far: bool = False) -> OutlineEvidence | None:
        alpha = view.read()
        return None if alpha is None else self._outline(placed, view, alpha, far=far)

    def _outline(
        self, placed: _Placed, view: MatteView, alpha: AlphaImage, *, far: bool = False
    ) -> OutlineEvidence | None:
        ratio = min(1.0, DRAWN_SIDE / max(view.camera.size))
        size = (max(1, round(view.camera.width * ratio)), max(1, round(view.camera.height * ratio)))
        drawn = self.draw(placed.mesh, view.camera.scaled(size))
        outline = sample_outline(placed.edged, view.camera, drawn)
        if outline is None:
            return None
        matte = alpha, view.threshold
        found = found_near(outline, view.camera, matte, drawn)
        if far:
            found = found_far(found, view.camera, matte, drawn)
        return outline_evidence(found.outline, found.offsets_px, found.missing, placed.motion, self.center)


def _moved(placed: _Placed, center: FloatArray, motion: FloatArray) -> _Placed:
    turn, factor = matrix_from_rotation_vector(motion[:3]), 1.0 + motion[6]
    middle = center + placed.step
    vertices = middle + factor * (placed.mesh.vertices - middle) @ turn.T + motion[3:6]
    mesh = Mesh(vertices, placed.mesh.faces, name=placed.mesh.name)
    step, growth = placed.step + motion[3:6], (1.0 + placed.growth) * factor - 1.0
    edged = EdgedMesh(vertices, placed.edged.edges)
    return _Placed(mesh, edged, turn @ placed.rotation, step, growth, ())


def _motion(
    outlines: Sequence[OutlineEvidence | None], center: FloatArray, views: Sequence[MatteView]
) -> tuple[FloatArray, float] | None:
    """Return the (7,) turn, step and growth about the centre that most outlines ask for, and its RMS effect, px."""
    seen = [(one, view.camera) for one, view in zip(outlines, views, strict=True) if one is not None]
    every = np.concatenate([np.zeros(0), *(one.offsets_px for one, _ in seen)])
    known = np.isfinite(every)
    offsets = every[known]
    # A fit moves outlines by no more than they are off.
    if len(offsets) < _MIN_OFFSETS or np.sqrt((offsets**2).mean()) < MOVED_PX:
        return None
    design = np.concatenate([mesh_rows(one, camera, center) for one, camera in seen])[known]
    units = 1.0 / np.maximum(np.sqrt((design**2).mean(axis=0)), 1e-12)
    motion = robust_solution(design * units, offsets) * units
    return motion, float(np.sqrt(((design @ motion) ** 2).mean()))


def mesh_rows(outline: OutlineEvidence, camera: Camera, center: FloatArray) -> FloatArray:
    """Return (N, 7) px of offset by a turn about a centre, a step and a relative growth of the mesh."""
    gradient = np.einsum("nk,nka->na", outline.normals, pixels_by_world_point(camera, outline.points_world))
    arms = outline.points_world - center
    return np.column_stack([cross(arms, gradient), gradient, (arms * gradient).sum(axis=1)])
