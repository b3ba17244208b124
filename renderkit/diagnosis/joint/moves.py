"""Moves of cameras between two runs of one rig, in the joint model: both runs are one set of frames.

Each camera has two sets of numbers: those that both runs share, and its move, which counts in the later run's frames
alone. What is wrong with the calibration, with the mesh and with the detector in both runs goes into what they share
and cancels; what is left of a healthy camera's move is noise. Each camera's move is then tested as its error is in a
diagnosis.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from renderkit.arrays import BoolArray
from renderkit.diagnosis.joint.estimate import MIN_TAU_PX, CameraPriors, Estimate, Priors, estimate, posterior_of
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.parameters import MATTE, NUM_LOCAL

COMMON_PX: Final = 5.0
"""Prior of what is wrong with the calibration, which both runs share."""

COMMON_MATTE_PX: Final = 1.0


def pair_of(seen: Observations, later: BoolArray, *, one_subject: bool) -> Observations:
    """Return observations of two runs in which every camera has a move as well, its last numbers.

    Args:
        seen: Frames of both runs.
        later: (F,) which frames are of the later run.
        one_subject: Whether errors of the 3D landmarks and of the mesh's shape are the same in both runs.
    """
    marks, outlines = later[None, :, None, None, None], later[None, :, None, None]
    pair = replace(
        seen,
        by_camera=np.concatenate([seen.by_camera, seen.by_camera * marks], axis=4),
        offset_by_camera=np.concatenate([seen.offset_by_camera, seen.offset_by_camera * outlines], axis=3),
    )
    return pair if one_subject else _with_two_subjects(pair, later)


def estimate_moves(
    pair: Observations, cameras: CameraPriors, priors: Priors, start: Estimate | None = None
) -> Estimate:
    """Estimate the moves; see `joint.estimate.estimate`.

    Args:
        pair: From `pair_of`.
        cameras: What is assumed about the moves.
        priors: Of what is not a camera's fault.
        start: An estimate with nearly the same priors.

    Returns:
        Posteriors of the moves, all else integrated out.
    """
    common = np.full(NUM_LOCAL, COMMON_PX)
    common[MATTE] = COMMON_MATTE_PX
    every = np.column_stack([np.tile(common, (len(pair.names), 1)), cameras.scales_px])
    found = estimate(pair, CameraPriors(every, cameras.inflation), priors, start)
    moves = []
    for camera, scales in zip(found.cameras, cameras.scales_px, strict=True):
        precision = 1.0 / np.maximum(scales, MIN_TAU_PX) ** 2
        moves.append(posterior_of(camera.theta[NUM_LOCAL:], camera.covariance[NUM_LOCAL:, NUM_LOCAL:], precision))
    return replace(found, cameras=tuple(moves))


def _with_two_subjects(pair: Observations, later: BoolArray) -> Observations:
    """Return the observations with landmarks and mesh of the later run by themselves."""
    marks = [run[None, :, None] for run in (~later, later)]
    outlines = [run[..., None] for run in marks]
    known = np.concatenate([pair.known & run for run in marks], axis=2)
    return replace(
        pair,
        errors=np.tile(pair.errors, (1, 1, 2, 1)) * known[..., None],
        known=known,
        by_camera=np.tile(pair.by_camera, (1, 1, 2, 1, 1)) * known[..., None, None],
        by_pose=np.tile(pair.by_pose, (1, 1, 2, 1, 1)) * known[..., None, None],
        by_point=np.tile(pair.by_point, (1, 1, 2, 1, 1)) * known[..., None, None],
        arms=np.tile(pair.arms, (2, 1)),
        offset_by_shape=np.concatenate([pair.offset_by_shape * run for run in outlines], axis=3),
    )
