"""Whose matte lacks a piece: points of other contours lie deep outside of it, and only of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import numpy as np

from renderkit.diagnosis.silhouettes.coherence import Frame
from renderkit.diagnosis.silhouettes.shifts import Fit

DEEP_PX: Final = -4.0
DEEP_SHARE: Final = 0.007
"""A matte lacks a piece if it alone refutes so many points, as a share of a usual contour's points."""

FAR_RATIO: Final = 11.0
"""From so many standard errors on a camera is off so far that its matte is not to blame."""

_DEEP_POINTS: Final = 60


def refuting_matte(frames: Sequence[Frame], fit: Fit, dropped: Collection[int]) -> int | None:
    """Return the camera whose matte alone refutes the most points that lie deep outside of it; None if none does.

    Only one is returned: without it, points that were counted against another matte, at another depth of the same ray,
    are gone as well.
    """
    from renderkit.diagnosis.silhouettes import kernels as k  # noqa: PLC0415 - loads the compiler

    votes = np.zeros(len(fit.shifts))
    for frame, slacks in zip(frames, fit.slacks, strict=True):
        deep = np.flatnonzero(slacks.table[:, k.S] < DEEP_PX)
        for camera in np.unique(slacks.camera[deep]):
            mine = deep[slacks.camera[deep] == camera]
            weight = max(1.0, len(mine) / _DEEP_POINTS)
            mine = mine[np.linspace(0, len(mine) - 1, min(len(mine), _DEEP_POINTS)).astype(int)]
            shares = np.nan_to_num(frame.votes(int(camera), slacks.points[mine], fit.applied, dropped, -DEEP_PX))
            top = shares.argmax(axis=1)
            most = shares[np.arange(len(mine)), top]
            alone = (most > 0.5) & (most > 0.6 * shares.sum(axis=1))
            np.add.at(votes, top[alone], weight)
    # A camera that is off by pixels refutes as well: only a matte whose camera fits is to blame.
    shifted = fit.by_shift.ratios
    usual = np.median([len(frame.one(index).points) for frame in frames for index in frame.present])
    limit = DEEP_SHARE * float(usual) * len(frames)
    enough = [camera for camera in fit.kept if votes[camera] >= limit and shifted[camera] < FAR_RATIO]
    return max(enough, key=lambda camera: votes[camera], default=None)
