"""What one view says about its camera: plain arrays that the rig-wide readings and the joint model share."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import BoolArray, Faces, FloatArray, as_array, frozen
from renderkit.formats.as_stated import RawCamera
from renderkit.geometry.landmark_pairs import LandmarkPairs


@dataclass(frozen=True, eq=False)
class OutlineEvidence:
    """How far the matte's outline lies from the drawn one in a view, at samples in order along the drawn outline.

    Attributes:
        points_world: (N, 3) points of the mesh on its drawn outline, world units.
        normals: (N, 2) unit normals of the drawn outline in the picture, pointing out of the mesh.
        offsets_px: (N,) captured minus drawn along the normal, px of the camera; NaN where no edge is within reach.
        curves: (N,) which closed curve a sample belongs to.
        missing: Share of the drawn inside, away from its outline, that the matte lacks.
        mesh_motion: (7,) what was applied to the mesh before it was drawn, about `mesh_center`: a turn (rad), a step
            (world units) and a relative growth. Points are those of the moved mesh.
        mesh_center: (3,) world units.
    """

    points_world: FloatArray
    normals: FloatArray
    offsets_px: FloatArray
    curves: NDArray[np.int64]
    missing: float = 0.0
    mesh_motion: FloatArray = field(default_factory=lambda: np.zeros(7))
    mesh_center: FloatArray = field(default_factory=lambda: np.zeros(3))

    def __post_init__(self) -> None:
        """Check and freeze.

        Raises:
            ValueError: If a shape is wrong.
        """
        count = len(self.offsets_px)
        shapes: tuple[tuple[str, type[np.generic], tuple[int, ...]], ...] = (
            ("points_world", np.float64, (count, 3)),
            ("normals", np.float64, (count, 2)),
            ("offsets_px", np.float64, (count,)),
            ("curves", np.int64, (count,)),
            ("mesh_motion", np.float64, (7,)),
            ("mesh_center", np.float64, (3,)),
        )
        for name, dtype, shape in shapes:
            object.__setattr__(self, name, frozen(as_array(getattr(self, name), dtype, shape, name)))


@dataclass(frozen=True, eq=False)
class ViewEvidence:
    """One frame seen by one camera. Parts that the capture does not have are None.

    Attributes:
        camera: The camera as its file states it.
        frame: The frame's id.
        points_world: (L, 3) landmarks in world units; rows that are not known are NaN.
        pixels: (L, 2) detected landmarks in px, partners of `points_world`; NaN where not detected.
        landmark_ids: (L, 2) numbers of the landmarks among those in space and among the picture's; None where both are
            their places in `points_world`.
        vertices: (V, 3) vertices of the mesh in world units, a few thousand at most.
        faces: (F, 3) indices into `vertices`; None if only a sample of the vertices is given.
        matte: (h, w) bool, True inside; any resolution.
        matte_size: (width, height) in px of the matte as it was captured; None takes the size of `matte`.
        matte_is_bent: Whether the matte is of the picture as taken; False if of the undistorted picture.
        matte_refusal: Why the matte is not of the view's picture, a key of `UNUSABLE`; "" where it may be.
        outline: The measured offsets between the outlines.
        group: Cameras of one group share a noise level (sensor, kind of matte); any name.
    """

    camera: RawCamera
    frame: str = ""
    points_world: FloatArray | None = None
    pixels: FloatArray | None = None
    landmark_ids: NDArray[np.int64] | None = None
    vertices: FloatArray | None = None
    faces: Faces | None = None
    matte: BoolArray | None = None
    matte_size: tuple[int, int] | None = None
    matte_is_bent: bool = True
    matte_refusal: str = ""
    outline: OutlineEvidence | None = None
    group: str = ""

    def __post_init__(self) -> None:
        """Check and freeze.

        Raises:
            ValueError: If a shape is wrong, or `pixels` are not as many as `points_world`.
        """
        count = None if self.points_world is None else len(self.points_world)
        for name, shape in (("points_world", (count, 3)), ("pixels", (count, 2)), ("vertices", (None, 3))):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, frozen(as_array(value, np.float64, shape, name)))
        if self.landmark_ids is not None:
            ids = as_array(self.landmark_ids, np.int64, (count, 2), "landmark_ids")
            object.__setattr__(self, "landmark_ids", frozen(ids))
        if self.matte is not None:
            object.__setattr__(self, "matte", frozen(as_array(self.matte, np.bool_, (None, None), "matte")))
        if self.faces is not None:
            object.__setattr__(self, "faces", frozen(as_array(self.faces, np.int32, (None, 3), "faces")))

    @cached_property
    def known_landmarks(self) -> LandmarkPairs | None:
        """Landmarks that are known both in space and in the picture; None with fewer than 6."""
        if self.points_world is None or self.pixels is None:
            return None
        found = LandmarkPairs(self.points_world, self.pixels, self.landmark_ids).known
        return None if found is None or len(found.points) < MIN_LANDMARKS else found

    @property
    def has_landmarks(self) -> bool:
        """Whether at least 6 landmarks are known both in space and in the picture."""
        return self.known_landmarks is not None

    @cached_property
    def has_matte(self) -> bool:
        """Whether there is a mesh and a matte to compare it with; one that is all inside or outside says nothing."""
        if self.vertices is None or not len(self.vertices) or self.matte is None or not self.matte.size:
            return False
        share = int(np.count_nonzero(self.matte)) / self.matte.size
        return EMPTY_SHARE < share < 1.0 - EMPTY_SHARE


EMPTY_SHARE = 5e-4
"""A matte with less than this share of its pixels on either side is taken for empty."""

MIN_LANDMARKS = 6
"""A view with fewer landmarks is not used."""


@dataclass(frozen=True, eq=False)
class RigEvidence:
    """Views of one rig.

    Attributes:
        views: Any frames of any cameras; every camera should be there, each with a few frames.
    """

    views: tuple[ViewEvidence, ...]

    @property
    def cameras(self) -> dict[str, RawCamera]:
        """The cameras by name, in the order of the views."""
        return {view.camera.name: view.camera for view in self.views}
