"""What the evidence says about errors that all cameras share, with all that is not a camera's fault integrated out.

Model: every camera's numbers scatter about a mean that all cameras share, theta_c = T_c g + e_c with e_c ~ N(0, D_c),
and what all cameras see scatters about means of its own, s = W w + s': a motion, a size and a stretch of the subject, a
detector's bias that all landmarks have. The estimate is that for g = 0 and w = 0; the log likelihood of other means is
quadratic, and follows from it (score and information of a normal prior's mean):

    score = H' P z,  information = H' (P - P S P) H

z, S: posterior mean and covariance of all unknowns; P: precision of their priors; H: T and W below each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.estimate import CameraPosterior, Estimate
from renderkit.diagnosis.joint.normal_equations import MARK, POSE, Layout, layout_of
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.shape_modes import shape_of_stretches

FREE: Final = 0.5
"""Prior of a motion (rad, radii of the subject), a size and a stretch of the subject where these are not known."""

BIAS_PX: Final = 3.0
"""Prior of a detector's bias that all landmarks share."""

_BIASES: Final = ((0, 0), (0, 1), (1, 1))
"""Term by yaw and axis of it. A detector does not tell left from right: along x it is as far off to the other side
where the subject looks the other way, so there is no bias with the square of the yaw."""

_STRETCHES: Final = np.array(
    [
        np.diag([1.0, -1.0, 0.0]),
        np.diag([0.5, 0.5, -1.0]),
        [[0, 1, 0], [1, 0, 0], [0, 0, 0]],
        [[0, 0, 1], [0, 0, 0], [1, 0, 0]],
        [[0, 0, 0], [0, 0, 1], [0, 1, 0]],
    ]
)
"""Changes of shape without a change of size, (5, 3, 3)."""


@dataclass(frozen=True, eq=False)
class CommonEvidence:
    """Information and score of what all cameras share: their numbers, then the subject's and the detector's means.

    Attributes:
        information: (P + M, P + M) without priors.
        score: (P + M,).
        priors: (M,) precisions of the last where nothing is known.
        known: (P, P) information about the cameras' numbers if all else were known.
        units: (P,) amounts of the cameras' numbers for 1 px.
        growths: Which of the M are relative growths, of the landmarks' places or of the mesh.
    """

    information: FloatArray
    score: FloatArray
    priors: FloatArray
    known: FloatArray
    units: FloatArray
    growths: tuple[int, ...]

    @property
    def growth(self) -> tuple[float, float]:
        """By how much the subject is larger than stated if no camera is off, and the standard error; the best known."""
        own = len(self.units)
        covariance = np.linalg.inv(self.information[own:, own:] + np.diag(self.priors))
        means = covariance @ self.score[own:]
        best = min(self.growths, key=lambda place: float(covariance[place, place]))
        return float(means[best]), math.sqrt(float(covariance[best, best]))

    def of_cameras(self) -> CameraPosterior:
        """Return what is said about the cameras' numbers, px units, with all other means integrated out."""
        own = len(self.units)
        inside = self.information[own:, own:] + np.diag(self.priors)
        carried = np.linalg.solve(inside, self.information[own:, :]).T
        information = self.information[:own, :own] - carried[:own] @ self.information[own:, :own]
        score = self.score[:own] - carried[:own] @ self.score[own:]
        return CameraPosterior(np.zeros(own), np.zeros((own, own)), 0.5 * (information + information.T), score)

    def share_left(self, indices: Sequence[int], amounts: FloatArray) -> float:
        """Return which share of the displacement by some numbers nothing but the cameras imitates."""
        at = np.ix_(indices, indices)
        whole = float(amounts @ self.known[at] @ amounts)
        left = float(amounts @ self.of_cameras().information[at] @ amounts)
        return math.sqrt(max(left, 0.0) / max(whole, 1e-300))


def common_evidence(seen: Observations, found: Estimate) -> CommonEvidence:
    """Return what the evidence says about what all cameras share.

    Args:
        seen: The evidence.
        found: The estimate from it.

    Raises:
        ValueError: If what all cameras share was not estimated.
    """
    layout, solution = layout_of(seen), found.solution
    if solution is None:
        raise ValueError("expected an estimate of what all cameras share, got one of free points")
    units = np.median(seen.units, axis=0)
    scaled = units / seen.units
    means, priors, growths = _shared_means(seen, layout)
    weighted = solution.precisions.shared[:, None] * means
    own = len(units)
    reach = np.zeros((layout.size, own))
    known, score = np.zeros((own, own)), np.zeros(own)
    for part in solution.parts:
        cameras, at = part.part.cameras, part.part.columns
        pull = part.prior[:, :own] * scaled[cameras]
        score += (pull * solution.thetas[cameras]).sum(axis=0)
        held = (scaled[cameras] * pull)[:, :, None] * np.eye(own)
        known += (held - pull[:, :, None] * part.inverse[:, :own, :own] * pull[:, None, :]).sum(axis=0)
        reach[at] += np.einsum("ca,cak->ka", pull, part.carried[:, :own])
    both = np.concatenate([reach, -weighted], axis=1)
    total = -both.T @ solution.spread @ both
    total[:own, :own] += known
    total[own:, own:] += means.T @ weighted
    return CommonEvidence(
        information=0.5 * (total + total.T),
        score=np.concatenate([score, weighted.T @ solution.shared]),
        priors=priors,
        known=known,
        units=units,
        growths=growths,
    )


def _shared_means(seen: Observations, layout: Layout) -> tuple[FloatArray, FloatArray, tuple[int, ...]]:
    """Return (S, M) what the means move, (M,) their precisions, and which of them are relative growths."""
    poses, marks, meshes, shapes = layout.poses, layout.marks, layout.meshes, layout.shapes
    columns: list[tuple[slice, FloatArray, float]] = []
    growths = []
    motions = np.diag([1.0, 1.0, 1.0, seen.extent, seen.extent, seen.extent, 1.0])
    if seen.known.any():
        columns += [(poses, np.tile(one, seen.num_frames), FREE) for one in motions[:POSE, :POSE]]
        growths.append(len(columns))
        columns += [(marks, _of_marks(seen.arms @ change, 0), FREE) for change in (np.eye(3), *_STRETCHES)]
        steps = np.eye(2)[None].repeat(seen.num_landmarks, axis=0)
        columns += [(marks, _of_marks(steps[:, axis], 3 + 2 * term), BIAS_PX) for term, axis in _BIASES]
    if seen.has_outlines.any():
        columns += [(meshes, np.tile(one, seen.num_frames), FREE) for one in motions]
        growths.append(len(columns) - 1)
        columns += [(shapes, one * seen.extent, FREE) for one in shape_of_stretches(_STRETCHES)]
    means = np.zeros((layout.size, len(columns)))
    for place, (block, values, _) in enumerate(columns):
        means[block, place] = values
    return means, np.array([width for *_, width in columns]) ** -2.0, tuple(growths)


def _of_marks(values: FloatArray, first: int) -> FloatArray:
    """Return the landmarks' unknowns with (L, k) values from the first one on."""
    result = np.zeros((len(values), MARK))
    result[:, first : first + values.shape[1]] = values
    return result.ravel()
