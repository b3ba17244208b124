"""The evidence on one grid of cameras, frames and landmarks or samples of outlines, linearised as written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from renderkit.arrays import BoolArray, FloatArray

NUM_BIAS = 2


@dataclass(frozen=True, eq=False)
class Observations:
    """Landmarks of C cameras x F frames x L landmarks, and outlines of C x F x N samples.

    P numbers belong to each camera: `parameters.PARAMETERS`, then `EVIDENCE_PARAMETERS`.

    Attributes:
        names: The cameras' names.
        frames: The frames' ids.
        groups: (C,) the kind of evidence of each camera, an index.
        group_names: The kinds' names.
        errors: (C, F, L, 2) detected minus projected, px; 0 where `known` is False.
        known: (C, F, L).
        by_camera: (C, F, L, 2, P) derivatives by the camera's numbers, each in its unit of 1 px.
        by_pose: (C, F, L, 2, 6) derivatives by a turn (rad) about the subject's middle and a step (world units).
        by_point: (C, F, L, 2, 3) derivatives by the landmark, world units.
        bias: (C, F, 2) sine of the view's yaw and its square: what detectors' biases go by.
        units: (C, P) amount of each number for 1 px.
        extent: Radius of the subject, world units.
        center: (3,) the subject's middle.
        arms: (L, 3) where the landmarks lie relative to it, the mean over frames, world units.
        displacements: For each camera (n, 2, P) displacements of what it sees by its numbers, px units.
        offsets: (C, F, N) matte's outline minus drawn one along the normal, px; 0 where not known.
        offset_known: (C, F, N).
        offset_by_camera: (C, F, N, P) derivatives.
        offset_by_mesh: (C, F, N, 7) by a turn, a step and a relative growth of the mesh.
        offset_by_shape: (C, F, N, S) by smooth displacements along the mesh's normals, world units; the first is even.
        curves: (C, F, N) the closed curve of each sample; samples are in order.
        missing: (C, F) share of the drawn inside that the matte lacks.
        mesh_motion: (F, 7) what was applied to the mesh before.
    """

    names: tuple[str, ...]
    frames: tuple[str, ...]
    groups: tuple[int, ...]
    group_names: tuple[str, ...]
    errors: FloatArray
    known: BoolArray
    by_camera: FloatArray
    by_pose: FloatArray
    by_point: FloatArray
    bias: FloatArray
    units: FloatArray
    extent: float
    center: FloatArray
    arms: FloatArray
    displacements: tuple[FloatArray, ...]
    offsets: FloatArray
    offset_known: BoolArray
    offset_by_camera: FloatArray
    offset_by_mesh: FloatArray
    offset_by_shape: FloatArray
    curves: FloatArray
    missing: FloatArray
    mesh_motion: FloatArray

    @property
    def num_frames(self) -> int:
        """Number of frames."""
        return len(self.frames)

    @property
    def num_landmarks(self) -> int:
        """Number of landmarks."""
        return int(self.known.shape[2])

    @property
    def num_local(self) -> int:
        """Number of unknowns of each camera, P."""
        return int(self.by_camera.shape[-1])

    @property
    def num_shapes(self) -> int:
        """Number of smooth displacements of the mesh."""
        return int(self.offset_by_shape.shape[3])

    @cached_property
    def outline_rows(self) -> FloatArray:
        """(C, F, N, P + 7 + S + 1) derivatives of the offsets by camera, mesh and its shape; then the offsets."""
        parts = self.offset_by_camera, self.offset_by_mesh, self.offset_by_shape, self.offsets[..., None]
        return np.concatenate(parts, axis=3)

    @cached_property
    def has_outlines(self) -> BoolArray:
        """(C,) whether a camera has outlines."""
        return np.asarray(self.offset_known.any(axis=(1, 2)))

    @cached_property
    def has_landmarks(self) -> BoolArray:
        """(C,) whether a camera has landmarks."""
        return np.asarray(self.known.any(axis=(1, 2)))
