"""What a rig's shifts cannot tell: a displacement of the subject, and a shift common to all pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray, Pixels
from renderkit.diagnosis.silhouettes.coherence import Frame
from renderkit.diagnosis.silhouettes.rows import ITERATIONS
from renderkit.geometry.camera import Camera

_LEAST_PX: Final = 0.02
"""Smaller distances weigh no more."""


def gauge_of(frame: Frame, kept: Sequence[int]) -> FloatArray:
    """Return (2 n, 5): what a displacement of the subject (3), and a shift common to all pictures (2), do to each, px.

    The columns of the displacement are per radius of the subject.
    """
    parts = []
    for index in kept:
        silhouette = frame.silhouettes[index]
        if silhouette is None:
            parts.append(np.zeros((2, 3)))
            continue
        camera = silhouette.camera
        middle, depth = projected_middle(camera, frame.ball.middle)
        slope = (camera.K[:2] - np.outer(middle, camera.K[2])) / depth
        parts.append(slope @ camera.cam_from_world.R * frame.ball.radius)
    return np.hstack([np.concatenate(parts), np.tile(np.eye(2), (len(kept), 1))])


def projected_middle(camera: Camera, place: FloatArray) -> tuple[Pixels, float]:
    """Return (2,) px where a camera without distortion sees a (3,) place, and its depth."""
    seen = camera.K @ camera.cam_from_world.apply(place[None])[0]
    return seen[:2] / seen[2], float(seen[2])


def without_gauge(shifts: FloatArray, gauge: FloatArray) -> FloatArray:
    """Take what a displacement of the subject and a common shift explain out of (n, 2) shifts, robustly."""
    flat = shifts.ravel()
    amounts = np.zeros(gauge.shape[1])
    ridge = np.diag(1e-6 * (gauge**2).sum(axis=0))
    for _ in range(ITERATIONS):
        left = (flat - gauge @ amounts).reshape(-1, 2)
        weight = np.repeat(1.0 / np.maximum(np.linalg.norm(left, axis=1), _LEAST_PX), 2)
        amounts = np.linalg.solve((gauge * weight[:, None]).T @ gauge + ridge, (gauge * weight[:, None]).T @ flat)
    return (flat - gauge @ amounts).reshape(-1, 2)
