"""Which camera, or whose matte, contradicts the others: gross conflicts first, then mattes, then small shifts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.silhouettes.coherence import Frame
from renderkit.diagnosis.silhouettes.common_shift import CommonShift, common_shift
from renderkit.diagnosis.silhouettes.gross import GROSS_PX, VOTE_POINTS, Remake, explain_gross
from renderkit.diagnosis.silhouettes.named import Named
from renderkit.diagnosis.silhouettes.outlier import find_outlier
from renderkit.diagnosis.silhouettes.pieces import refuting_matte
from renderkit.diagnosis.silhouettes.shifts import Fit, fit_shifts
from renderkit.diagnosis.silhouettes.standouts import Standout
from renderkit.diagnosis.silhouettes.turns import measure_turns, turned


@dataclass(frozen=True, eq=False)
class Verdict:
    """What silhouettes say about a rig.

    Attributes:
        named: Cameras that stand out, in the order in which they were found.
        fit: The fit without those that were dropped: gross ones and mattes that lack a piece.
        full: The first fit in which each camera that is not dropped took part.
        conflicts: (N, N) how much each column's matte refutes the row's contour, 0 to 1, mean over frames.
        common: By how much all pictures lie beside their calibration.
    """

    named: tuple[Named, ...]
    fit: Fit
    full: Fit
    conflicts: FloatArray
    common: CommonShift


def judge_silhouettes(frames: Sequence[Frame], remake: Remake) -> Verdict:
    """Judge a rig by its mattes.

    Args:
        frames: Silhouettes of one or more frames, the same cameras in each.
        remake: Makes a camera's silhouette with another one's matte.
    """
    conflicts = _mean([frame.conflicts(VOTE_POINTS, GROSS_PX) for frame in frames])
    present = sorted({index for frame in frames for index in frame.present})
    named = explain_gross(frames, conflicts, present, remake)
    dropped = [one.camera for one in named]
    common = common_shift(frames, dropped)
    base = common.applied_px
    fit = fit_shifts(frames, dropped, base)
    full, cuts = None, 0
    tests: dict[int, Standout] = {}
    while len(dropped) < len(present) // 3:
        found = find_outlier(frames, fit, dropped)
        refuting = refuting_matte(frames, fit, dropped) if cuts < max(1, len(present) // 10) else None
        if refuting is not None and _lacks_piece(frames, fit, dropped, (refuting, found)):
            cuts += 1
            found = Named(refuting, "matte piece", (0.0, 0.0), (0.0, 0.0))
        else:
            full = full or fit
        if found is None:
            break
        named.append(found)
        dropped.append(found.camera)
        if found.cause in {"shift", "roll"}:
            tests[found.camera] = measure_turns(frames, fit).found if found.cause == "roll" else fit.by_shift
        fit = fit_shifts(frames, dropped, base)
    if tests and any(common.told):
        # Cameras that are off took part in what is common to all.
        common = common_shift(frames, dropped)
    judged = tuple(replace(one, as_written=_is_off(one, tests.get(one.camera), common)) for one in named)
    return Verdict(judged, fit, full or fit, conflicts, common)


def _is_off(one: Named, test: Standout | None, common: CommonShift) -> bool:
    """Whether a camera that differs from the others differs from its calibration as written as well."""
    if test is None:
        return True
    # What was tested: a turn that was measured again is no longer what these errors belong to.
    amount = test.amounts[one.camera].copy()
    amount[:2] += common.applied_px
    return test.ratio_of(one.camera, amount) >= test.threshold


def _lacks_piece(frames: Sequence[Frame], fit: Fit, dropped: Collection[int], found: tuple[int, Named | None]) -> bool:
    """Whether a matte that refutes others' points lacks a piece, and no camera that stands out explains it.

    A camera that is off, or has another frame's matte, has contour points that a sound matte refutes; and one that is
    turned, or whose pictures are of another size, refutes others' points on several sides itself.
    """
    camera, rival = found
    if rival is None:
        return True
    if rival.camera == camera:
        mended = [_corrected(frame, rival) for frame in frames]
        return refuting_matte(mended, fit_shifts(mended, dropped, fit.base), dropped) == camera
    without = [*dropped, rival.camera]
    return refuting_matte(frames, fit_shifts(frames, without, fit.base), without) == camera


def _corrected(frame: Frame, found: Named) -> Frame:
    """Return a frame in which what was found of a camera's turn, of its focal length or its matte's edge is undone."""
    if found.camera not in frame.present:
        return frame
    one = frame.one(found.camera)
    if found.cause == "roll":
        one = turned(one, found.turn[0])
    elif found.cause == "focal length":
        K = one.camera.K * [[1.0 / (1.0 + found.amount)], [1.0 / (1.0 + found.amount)], [1.0]]
        K[:2, 2] = one.camera.K[:2, 2]
        one = replace(one, camera=replace(one.camera, K=K))
    elif found.cause == "matte edge":
        one = replace(one, distance=one.distance - np.float32(found.amount))
    return frame.with_one(found.camera, one)


def _mean(matrices: Sequence[FloatArray]) -> FloatArray:
    stack = np.stack(matrices)
    known = np.isfinite(stack).sum(axis=0)
    mean: FloatArray = np.where(known > 0, np.nan_to_num(stack).sum(axis=0) / np.maximum(known, 1), np.nan)
    return mean
