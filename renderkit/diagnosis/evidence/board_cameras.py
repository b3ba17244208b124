"""Which cameras are off by a board: all cameras, all poses of the board and its size in one linear estimate.

e[c, f, j] = J theta_c + A q_f + B g + noise (detected minus projected, px), linearised about the calibration and the
poses: theta_c are a camera's parameters, healthy ones ~ N(0, tau^2) px; q_f the pose of the board in a frame, g its
size. A camera's test has all else integrated out; one false alarm rate holds for the whole rig. The board is rigid, so
that, unlike with landmarks of a face, nothing else is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.boards.poses import BoardPoses
from renderkit.diagnosis.evidence.board_system import BoardSystem, board_system
from renderkit.diagnosis.joint.chi_square import log_tail, median
from renderkit.diagnosis.joint.decide import CameraTests, explains, ranked_causes, tests_of
from renderkit.diagnosis.joint.estimate import CameraPosterior, posterior_of
from renderkit.diagnosis.joint.parameters import NUM, NUM_LOCAL, PARAMETERS, SLIPS
from renderkit.diagnosis.joint.result import CameraFinding
from renderkit.diagnosis.joint.sentences import finding_sentence

_TAUS_PX: Final = (0.01, 0.014, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0, 5.0)
"""Healthy scatters that are tried. None is smaller than what the detection of corners alone does to a camera: in 127
photographs by 12 cameras it moved no parameter by more than that and its standard error."""

MIN_VIEWS: Final = 3
"""A camera that was seen in fewer views is not judged: a picture that is off is not yet a camera."""

_FREE_PX: Final = 100.0
_CAUTION: Final = 0.9
_ROUNDS: Final = 3
_SLIPS: Final = tuple(slip for slip in SLIPS if max(slip.indices) < NUM)


@dataclass(frozen=True, eq=False)
class CameraJudgement:
    """The cameras that are off, and how far every camera is from its calibration.

    Attributes:
        findings: Worst first.
        tau_px: The healthy cameras' own scatter, px for each parameter.
        inflation: By how much the variance of a view's mean is larger than independent corners would leave.
    """

    findings: tuple[CameraFinding, ...]
    tau_px: float
    inflation: float


def judge_cameras(found: BoardPoses, alpha: float) -> CameraJudgement:
    """Name the cameras that are off.

    Args:
        found: The board's poses; views that contradict them grossly have no part.
        alpha: Probability that any camera of a rig without fault is named.
    """
    system = board_system(found)
    faulty: list[tuple[int, float]] = []
    tau, marginals = 0.05, _marginals(system, np.full(len(system.names), 0.05))
    most = max(1, (len(system.names) - 1) // 2)
    count = math.log(len(system.names) * len(_SLIPS))
    for _ in range(most + 1):
        free = [index for index, _ in faulty]
        tau, marginals = _estimated(system, free, tau)
        log_p = {
            index: _log_p(tests_of(marginals[index], _scales(tau))) + count
            for index in range(len(system.names))
            if index not in free and system.num_views[index] >= MIN_VIEWS
        }
        if not log_p:
            break
        worst = min(log_p, key=lambda index: log_p[index])
        if log_p[worst] > math.log(alpha) or len(faulty) == most:
            break
        faulty.append((worst, log_p[worst]))
    findings = [_finding(system, index, marginals[index], tau, log_p) for index, log_p in faulty]
    findings.sort(key=lambda one: -one.size_px)
    return CameraJudgement(tuple(findings), tau, system.inflation)


def _marginals(system: BoardSystem, tau: FloatArray) -> list[CameraPosterior]:
    """Solve with every camera eliminated by itself, and return what is known of each."""
    normal, carried, inverses = system.shared.copy(), [], []
    right = system.right.copy()
    for index in range(len(system.names)):
        inverse = np.linalg.inv(system.own[index] + np.eye(NUM) / tau[index] ** 2)
        each = inverse @ system.cross[index]
        normal -= system.cross[index].T @ each
        right -= each.T @ system.target[index]
        carried.append(each)
        inverses.append(inverse)
    scale = 1.0 / np.sqrt(np.maximum(np.diag(system.shared), 1e-300))
    spread = np.linalg.pinv(normal * scale[:, None] * scale, rcond=1e-13, hermitian=True) * scale[:, None] * scale
    common = spread @ right
    result = []
    for index in range(len(system.names)):
        theta = inverses[index] @ system.target[index] - carried[index] @ common
        covariance = inverses[index] + carried[index] @ spread @ carried[index].T
        result.append(_with_evidence(posterior_of(theta, covariance, np.full(NUM, tau[index] ** -2.0))))
    return result


def _with_evidence(camera: CameraPosterior) -> CameraPosterior:
    """Return a camera with the numbers of mattes and detections, of which a board says nothing."""
    more = (0, NUM_LOCAL - NUM)
    return CameraPosterior(
        theta=np.pad(camera.theta, more),
        covariance=np.pad(camera.covariance, (more, more)),
        information=np.pad(camera.information, (more, more)),
        score=np.pad(camera.score, more),
    )


def _scales(tau: float) -> FloatArray:
    return np.full(NUM_LOCAL, tau)


def _log_p(camera: CameraTests) -> float:
    return min(log_tail(one.statistic, len(one.amounts)) for one in camera.tests)


def _estimated(system: BoardSystem, free: Sequence[int], tau: float) -> tuple[float, list[CameraPosterior]]:
    """Return the healthy scatter and the estimate that belong together; suspects get wider priors, as far as they move.

    A narrow prior would press a suspect's error into the poses, and from there into the other cameras.
    """
    widths = np.ones(len(system.names))
    marginals: list[CameraPosterior] = []
    for _ in range(_ROUNDS):
        prior = np.minimum(np.maximum(tau, _TAUS_PX[0]) * widths, _FREE_PX)
        prior[list(free)] = _FREE_PX
        marginals = _marginals(system, prior)
        tau = _healthy([one for index, one in enumerate(marginals) if index not in free])
        tests = [tests_of(one, _scales(max(tau, _TAUS_PX[0]))) for one in marginals]
        widths = np.array([max(1.0, math.sqrt(one.total / max(one.rank, 1))) for one in tests])
    return tau, marginals


def _healthy(cameras: Sequence[CameraPosterior]) -> float:
    """Return the smallest scatter under which the median camera is as expected: right while less than half are off."""
    for tau in _TAUS_PX:
        tests = [tests_of(one, _scales(tau)) for one in cameras]
        ratios = [one.total / median(one.rank) for one in tests if one.rank]
        if not ratios or float(np.median(ratios)) <= _CAUTION:
            return tau
    return _TAUS_PX[-1]


def _finding(system: BoardSystem, index: int, camera: CameraPosterior, tau: float, log_p: float) -> CameraFinding:
    derivatives, units = system.derivatives[index], system.units[index]
    tests = tests_of(camera, _scales(tau))
    causes = ranked_causes(tests, 2 * len(derivatives))
    best = causes[0]
    at = list(best.slip.indices)
    theta, covariance = np.zeros(NUM), np.zeros((NUM, NUM))
    theta[at] = best.amounts
    covariance[np.ix_(at, at)] = best.covariance
    mean = derivatives.mean(axis=0)
    shift, shift_error = mean @ theta, np.sqrt(np.diag(mean @ covariance @ mean.T))
    square = np.einsum("nka,nkb->ab", derivatives, derivatives) / len(derivatives)
    size = math.sqrt(float(theta @ square @ theta))
    slope = square @ theta / max(size, 1e-12)
    return finding_sentence(
        CameraFinding(
            camera=system.names[index],
            cause=best.slip.name,
            cannot_tell=tuple(one.slip.name for one in causes),
            family=best.slip.family,
            log_p=log_p,
            size_px=size,
            size_error_px=math.sqrt(max(float(slope @ covariance @ slope), 0.0)),
            shift_px=(float(shift[0]), float(shift[1])),
            shift_error_px=(float(shift_error[0]), float(shift_error[1])),
            amounts={PARAMETERS[i]: float(theta[i] * units[i]) for i in at},
            amount_errors={PARAMETERS[i]: float(math.sqrt(max(covariance[i, i], 0.0)) * units[i]) for i in at},
            explained=explains(best, tests),
            sentence="",
        ),
        "the board",
    )
