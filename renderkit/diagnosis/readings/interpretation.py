"""One view under one way of reading its numbers: what the readings change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from renderkit.arrays import BoolArray, Faces, FloatArray, Pixels, Points3
from renderkit.diagnosis.readings.coarse import DrawnCells, draw_cells
from renderkit.diagnosis.view_evidence import OutlineEvidence, ViewEvidence
from renderkit.formats.as_stated import RawCamera
from renderkit.geometry.lens_model import Distortion, NoDistortion

MAX_VERTICES = 2000
_NO_POINTS = np.zeros((0, 3))
_NO_PIXELS = np.zeros((0, 2))
_NO_MATTE = np.zeros((1, 1), np.bool_)


@dataclass(frozen=True, eq=False)
class Interpretation:
    """The numbers of one view, as some reading understands them. Arrays are never written to.

    Attributes:
        camera: The camera's name.
        R: (3, 3) and
        t: (3,): world to camera, OpenCV axes; not checked, so that a misreading can be undone.
        K: (3, 3) px.
        size: (width, height) px that the calibration is of.
        picture_size: (width, height) px of the pictures as far as it is known without K: of the picture's file, else
            as stated; None where it was assumed from K.
        lens: The lens model.
        times: How often the lens bends a ray.
        points: (L, 3) landmarks, world units.
        pixels: (L, 2) detected landmarks, in pixels of `K`.
        px_per_unit: Pixels of `K` for one unit of the file's landmarks: 1 unless a reading rescales them.
        vertices: (V, 3) of the mesh, world units.
        faces: (F, 3) or None.
        matte: (h, w) bool, or None.
        matte_from_px: (2,) scale from px of `K`, counted from the corner of the picture, to px of `matte`.
        matte_is_bent: Whether the matte is of the picture as taken; False if of the undistorted picture.
        outline: How far the matte's outline lies from the one that is drawn as stated, or None.
    """

    camera: str
    R: FloatArray
    t: FloatArray
    K: FloatArray
    size: tuple[int, int]
    picture_size: tuple[int, int] | None
    lens: Distortion
    times: int
    points: Points3
    pixels: Pixels
    px_per_unit: float
    vertices: Points3
    faces: Faces | None
    matte: BoolArray | None
    matte_from_px: FloatArray
    matte_is_bent: bool = True
    outline: OutlineEvidence | None = None

    def but(self, **changes: object) -> Self:
        """Return the interpretation with some attributes changed."""
        return replace(self, **changes)  # type: ignore[arg-type]

    @cached_property
    def drawn(self) -> Pixels:
        """(n, 2) px of at most `MAX_VERTICES` evenly chosen vertices in the picture that the matte is of."""
        step = max(1, -(-len(self.vertices) // MAX_VERTICES))
        return self.project(self.vertices[::step], bent=self.matte_is_bent)

    @cached_property
    def predicted(self) -> Pixels:
        """(L, 2) px of the landmarks."""
        return self.project(self.points)

    @cached_property
    def cells(self) -> DrawnCells:
        """Where in the matte `drawn` falls, and the mesh on a coarse grid; without a matte of one that is empty."""
        return draw_cells(self.drawn, self.matte_from_px, _NO_MATTE if self.matte is None else self.matte)

    def project(self, points_world: Points3, *, bent: bool = True) -> Pixels:
        """Project (N, 3) world points to (N, 2) px; NaN at or behind the camera plane."""
        from renderkit.renderers.cpu.points import project_unchecked  # noqa: PLC0415 - loads the compiler

        pose = np.column_stack([self.R, self.t])
        return project_unchecked(points_world, pose, self.K, self.lens, self.times if bent else 0)


def size_of(view: ViewEvidence) -> tuple[int, int]:
    """Return the (width, height) that the camera states, else that of its picture, else that of its matte."""
    camera = view.camera
    if camera.size is not None:
        return camera.size
    if camera.picture_size is not None:
        return camera.picture_size
    if view.matte_size is not None:
        return view.matte_size
    return round(2 * float(camera.K[0, 2]) + 1), round(2 * float(camera.K[1, 2]) + 1)


def _known_size(camera: RawCamera) -> tuple[int, int] | None:
    if camera.picture_size is not None:
        return camera.picture_size
    return None if camera.size_source == "assumed" else camera.size


def all_as_stated(views: Iterable[ViewEvidence]) -> tuple[Interpretation, ...]:
    """Return the views with evidence as their files state them, without those of cameras whose lens is none."""
    found = []
    for view in views:
        if view.has_landmarks or view.has_matte:
            try:
                found.append(as_stated(view))
            except ValueError:
                # The lint says what is wrong with the camera; the others still tell about the rig.
                continue
    return tuple(found)


def as_stated(view: ViewEvidence) -> Interpretation:
    """Return a view's numbers as its files state them.

    Raises:
        ValueError: If the lens coefficients are not those of a lens.
    """
    pose, size = view.camera.cam_from_world, size_of(view)
    matte = view.matte if view.has_matte else None
    shape = (1, 1) if matte is None else matte.shape
    lens = view.camera.to_distortion() if len(view.camera.coefficients) else NoDistortion()
    return Interpretation(
        camera=view.camera.name,
        R=pose[:, :3],
        t=pose[:, 3],
        K=view.camera.K,
        size=size,
        picture_size=_known_size(view.camera),
        lens=lens,
        times=1,
        points=_NO_POINTS if not view.has_landmarks or view.points_world is None else view.points_world,
        pixels=_NO_PIXELS if not view.has_landmarks or view.pixels is None else view.pixels,
        px_per_unit=1.0,
        vertices=_NO_POINTS if matte is None or view.vertices is None else view.vertices,
        faces=None if matte is None else view.faces,
        matte=matte,
        matte_from_px=np.array([shape[1] / size[0], shape[0] / size[1]]),
        matte_is_bent=view.matte_is_bent,
        outline=view.outline,
    )
