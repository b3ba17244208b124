"""Is the mesh off, rather than the cameras? Its pose, size and even offset with their standard errors."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.chi_square import log_tail
from renderkit.diagnosis.joint.estimate import Estimate, SharedPosterior
from renderkit.diagnosis.joint.observations import Observations
from renderkit.wording import counted

SIGNIFICANT: Final = math.log(1e-4)
"""Logarithm of the probability below which a part of the mesh's motion is named."""

MIN_SHARE: Final = 0.01
"""A motion that moves the subject by less than this share of its radius is within what any mesh may be off."""


MIN_MARKED: Final = 4
"""With landmarks in fewer cameras a mesh that is not exact looks like a lens, a focal length or an fx / fy of all."""

UNTOLD_SIZE: Final = (
    "a size of the mesh is not told from focal lengths of all cameras that are off by as much: landmarks in at least "
    f"{MIN_MARKED} cameras, or the subject's measured size, would tell"
)
"""Outlines tell a focal length from a size by perspective alone, which the errors of a mesh imitate."""


@dataclass(frozen=True)
class MeshFault:
    """How the mesh is off, the median over frames.

    Attributes:
        turn_deg: (3,) about the world's axes, what to apply to the mesh.
        step: (3,) world units.
        growth: Relative growth that the mesh needs.
        log_p: Logarithm of the probability of such a motion of a mesh that is right.
        share: By what share of its radius it moves the subject, the largest of turn, step and growth.
        sentence: In one sentence, with standard errors.
    """

    turn_deg: tuple[float, float, float]
    step: tuple[float, float, float]
    growth: float
    log_p: float
    share: float
    sentence: str


def mesh_fault(seen: Observations, found: Estimate) -> MeshFault | None:
    """Return how the mesh is off, or None where it is not, or where there are no outlines.

    The cameras' own scatter is part of the errors: a rig that is off as a whole moves all its cameras alike, and looks
    like a mesh that is off.

    Args:
        seen: The evidence.
        found: The estimate.
    """
    if found.shared is None or not seen.has_outlines.any():
        return None
    motion, covariance = _motion(seen, found.shared)
    parts = _parts(seen, motion, covariance)
    named = [log_p if log_p < SIGNIFICANT and size > MIN_SHARE else 0.0 for log_p, size in parts]
    if not any(named):
        return None
    share = max(size for (_, size), log_p in zip(parts, named, strict=True) if log_p)
    return replace(_fault(motion, np.sqrt(np.diag(covariance)), named, seen), share=share)


def may_be_off(seen: Observations, found: Estimate) -> bool:
    """Whether the mesh may be off, by an estimate of which logarithms and sizes may be too small by half."""
    if found.shared is None or not seen.has_outlines.any():
        return False
    parts = _parts(seen, *_motion(seen, found.shared))
    return any(2.0 * log_p < SIGNIFICANT and 2.0 * size > MIN_SHARE for log_p, size in parts)


def _motion(seen: Observations, shared: SharedPosterior) -> tuple[FloatArray, FloatArray]:
    """Return the (7,) motion of the mesh, the median over frames, and its (7, 7) covariance."""
    # Frames share the cameras' errors: the median is known no better than one frame.
    return np.median(seen.mesh_motion + shared.mesh, axis=0), np.median(shared.mesh_covariance, axis=0)


def _parts(seen: Observations, motion: FloatArray, covariance: FloatArray) -> list[tuple[float, float]]:
    """Return the log probability of turn, step and growth, and by what share of the subject's radius each moves it."""
    reach = np.array([*[seen.extent] * 3, 1.0, 1.0, 1.0, seen.extent])
    found = []
    for part in (slice(0, 3), slice(3, 6), slice(6, 7)):
        statistic = float(motion[part] @ np.linalg.solve(covariance[part, part], motion[part]))
        size = float(np.abs(motion[part] * reach[part]).max()) / seen.extent
        found.append((log_tail(statistic, part.stop - part.start), size))
    return found


def _fault(motion: FloatArray, errors: FloatArray, named: list[float], seen: Observations) -> MeshFault:
    turn, turn_error = np.rad2deg(motion[:3]), np.rad2deg(errors[:3])
    words = []
    if named[0]:
        words.append(f"turned by {_vector(-turn, turn_error)} deg about x, y, z")
    if named[1]:
        words.append(f"shifted by {_vector(-motion[3:6], errors[3:6])} world units along x, y, z")
    if named[2]:
        words.append(f"{-100 * motion[6]:+.2f} +/- {100 * errors[6]:.2f} % in size")
    frames = f"in all {counted(seen.num_frames, 'frame')}" if seen.num_frames > 1 else f"in frame {seen.frames[0]}"
    sentence = (
        f"the mesh is off {frames}: {', '.join(words)} against what "
        f"{counted(int(seen.has_outlines.sum()), 'camera')} see alike: "
        "not single cameras"
    )
    if named[2] and int(seen.has_landmarks.sum()) < MIN_MARKED:
        sentence += f"; {UNTOLD_SIZE}"
    return MeshFault(
        turn_deg=_three(turn),
        step=_three(motion[3:6]),
        growth=float(motion[6]),
        log_p=min(named),
        share=math.nan,
        sentence=sentence,
    )


def _three(values: FloatArray) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z


def _vector(values: FloatArray, errors: FloatArray) -> str:
    return "(" + ", ".join(f"{v:+.3g} +/- {e:.1g}" for v, e in zip(values, errors, strict=True)) + ")"
