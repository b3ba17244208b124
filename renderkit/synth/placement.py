"""Where the synthetic head stands in a dataset's world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderkit.arrays import FloatArray, Points3
from renderkit.geometry.pose import Pose


@dataclass(frozen=True)
class Placement:
    """Similarity from the head's frame (mm, x to the subject's left, y up, z forward) to a world.

    Attributes:
        units_per_mm: World units in a millimetre.
        world_from_head: Rotation, and translation in world units, applied after scaling.
    """

    units_per_mm: float
    world_from_head: Pose

    def apply(self, points_mm: Points3) -> Points3:
        """Move (N, 3) points of the head's frame, mm, into the world; rounded to what float32 files can hold."""
        world = self.world_from_head.apply(self.units_per_mm * np.asarray(points_mm, dtype=np.float64))
        return world.astype(np.float32).astype(np.float64)

    @property
    def forward(self) -> FloatArray:
        """(3,) unit direction in which the subject faces, in the world."""
        direction: FloatArray = self.world_from_head.R[:, 2]
        return direction

    @property
    def up(self) -> FloatArray:
        """(3,) unit direction of the subject's up, in the world."""
        direction: FloatArray = self.world_from_head.R[:, 1]
        return direction


RENDERME360_PLACEMENT = Placement(1e-3, Pose(np.diag([1.0, -1.0, -1.0]), np.array([0.0, -0.5, 0.0])))
"""RenderMe-360's world: metres, up is -Y, the subject faces -Z."""


def facescape_placement(seed: int, tuple_index: int) -> tuple[Placement, float, Pose]:
    """Return an arbitrary world for one FaceScape tuple, with its scale s and pose [R | t].

    They satisfy X_TU = R (s X_mv) + t, with the head's frame in the place of the TU frame (mm, face +Z, up +Y).
    """
    rng = np.random.default_rng([seed, tuple_index, 7])
    scale = float(rng.uniform(60.0, 130.0))
    tu_from_scaled = Pose.from_rotation_vector(rng.normal(0.0, 0.7, 3), rng.normal(0.0, 40.0, 3))
    inverse = tu_from_scaled.inverse()
    return Placement(1.0 / scale, Pose(inverse.R, inverse.t / scale)), scale, tu_from_scaled
