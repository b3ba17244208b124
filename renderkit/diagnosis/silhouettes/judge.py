"""Which camera, or whose matte, contradicts the others: gross conflicts first, then mattes, then small shifts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.silhouettes.causes import edge_or_size
from renderkit.diagnosis.silhouettes.coherence import Frame
from renderkit.diagnosis.silhouettes.outlines import measure_outlines
from renderkit.diagnosis.silhouettes.pieces import refuting_matte
from renderkit.diagnosis.silhouettes.prepare import Silhouette
from renderkit.diagnosis.silhouettes.shifts import (
    CommonShift,
    Fit,
    common_shift,
    fit_shifts,
    rows_of,
    solve_rows,
)
from renderkit.diagnosis.silhouettes.standouts import Standout
from renderkit.diagnosis.silhouettes.turns import SettledTurn, Turns, measure_turns, settled_turn, turned

Cause: TypeAlias = Literal["shift", "roll", "swapped", "gross", "focal length", "matte edge", "matte piece"]
Remake: TypeAlias = Callable[[int, int, int], Silhouette | None]
"""Given a frame's index, a camera and another one: the camera with the other's matte, None where that cannot be."""

GROSS_PX: Final = 8.0
LEAST_CONFLICT: Final = 0.08
CONFLICT_TIMES: Final = 2.5
SUSPECT_TIMES: Final = 1.3
SETTLED_SHARE: Final = 0.6
"""Exchanging mattes must leave a pair with no more than this share of its conflicts."""

VOTE_POINTS: Final = 80
FEW_CAMERAS: Final = (12, 24)
LEAST_SHIFTS_PX: Final = (1.0, 0.3)
TURN_ERRORS: Final = 4.0
"""A turn of a picture by itself is told from so many standard errors on."""

LARGE_TURN_PX: Final = 3.0
"""A turn that moves the contour by more looks like another size as well."""

MOST_SHIFT: Final = 0.75
"""A picture is turned where a shift alone explains less of what a shift and a turn explain together."""

SHIFT_TIMES: Final = 1.1
"""Beyond so many times the threshold a shift stands out: 1.02 times was seen in 2 of 80 sound rigs."""

EDGE_PX: Final = 0.4
EDGE_TIMES: Final = 1.3
"""Beyond so many times the threshold an edge or a size stands out: they have longer tails than the noise's model."""

ALIKE: Final = 0.8
"""An edge and a size that stand out by more than this share of one another are not told apart for sure."""

MATTE_CAUSES: Final = frozenset({"matte edge", "matte piece"})
_GROSS_ROUNDS: Final = 8
_GROSS_FLOOR_PX: Final = -60.0
_SETTLED_PX: Final = 2.0
_MAX_EXCHANGED: Final = 6
_MAX_PARTNERS: Final = 4


@dataclass(frozen=True)
class Named:
    """A camera that stands out.

    Attributes:
        camera: Its index.
        cause: What explains it; "matte ..." means that the calibration is not to blame.
        ratio: How far it stands out, in standard errors; 0 where it was found by its conflicts.
        shift: (dx, dy) px by which its picture lies beside its calibration.
        error: Standard errors of both.
        amount: Edge offset in px, relative error of the focal length, positive where it is too long, or a turn of the
            picture in px RMS along its contour.
        partner: Index of the camera whose matte it has; -1 if none.
        is_unclear: Its matte's edge and its focal length explain it nearly alike; or its turn is not known well.
        as_written: Whether it is off from its calibration as written as well, where all pictures are displaced alike.
        turn: Turn of the picture, clockwise, and its standard error, rad.
    """

    camera: int
    cause: Cause
    ratio: float
    shift: tuple[float, float]
    error: tuple[float, float]
    amount: float = 0.0
    partner: int = -1
    is_unclear: bool = False
    as_written: bool = True
    turn: tuple[float, float] = (0.0, 0.0)


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
        found = _outlier(frames, fit, dropped)
        refuting = refuting_matte(frames, fit, dropped) if cuts < max(1, len(present) // 10) else None
        if refuting is not None and _lacks_piece(frames, fit, dropped, (refuting, found)):
            cuts += 1
            found = Named(refuting, "matte piece", 0.0, (0.0, 0.0), (0.0, 0.0))
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


def least_shift_px(count: int) -> float:
    """Return below which shift no camera is named: few cameras around a subject leave much to its unknown shape."""
    return float(np.interp(count, FEW_CAMERAS, LEAST_SHIFTS_PX))


def gross_cameras(conflicts: FloatArray, present: Sequence[int]) -> list[int]:
    """Drop the camera with the most conflicts while it stands far above the others.

    A bystander may have gone first: whoever is at peace with those kept comes back.
    """
    mutual = np.nan_to_num(conflicts) + np.nan_to_num(conflicts.T)
    kept, dropped = list(present), []
    while len(kept) > 3:
        mean = np.array([mutual[camera, [other for other in kept if other != camera]].mean() for camera in kept])
        worst = int(np.argmax(mean))
        if mean[worst] < max(LEAST_CONFLICT, CONFLICT_TIMES * float(np.median(mean))):
            break
        dropped.append(kept.pop(worst))
    usual = float(np.median([mutual[camera, [other for other in kept if other != camera]].mean() for camera in kept]))
    limit = max(LEAST_CONFLICT, CONFLICT_TIMES * usual)
    return [camera for camera in dropped if mutual[camera, kept].mean() >= limit]


def explain_gross(
    frames: Sequence[Frame], conflicts: FloatArray, present: Sequence[int], remake: Remake
) -> list[Named]:
    """Say of each camera in gross conflict whether it has another one's matte, or by how much it is shifted.

    Two mattes that are exchanged disturb a small rig so much that none stands far above the others: the cameras with
    the most conflicts are tried in pairs before anyone is dropped.
    """
    exchanged: list[Named] = []
    while True:
        gone = {one.camera for one in exchanged}
        rest = [camera for camera in present if camera not in gone]
        dropped = gross_cameras(conflicts, rest)
        pair = _exchanged_pair(frames, conflicts, (rest, dropped), remake)
        if pair is None:
            break
        unknown = (np.nan, np.nan)
        exchanged += [Named(a, "swapped", 0.0, unknown, unknown, partner=b) for a, b in (pair, pair[::-1])]
    everyone = [*dropped, *gone]
    return [*exchanged, *(_gross_shift(frames, camera, everyone) for camera in dropped)]


def _exchanged_pair(
    frames: Sequence[Frame], conflicts: FloatArray, groups: tuple[Sequence[int], Sequence[int]], remake: Remake
) -> tuple[int, int] | None:
    """Return two of the cameras that are left, with those that are dropped, whose mattes are exchanged."""
    rest, dropped = groups
    mutual = np.nan_to_num(conflicts) + np.nan_to_num(conflicts.T)
    mean = {camera: mutual[camera, [other for other in rest if other != camera]].mean() for camera in rest}
    limit = max(LEAST_CONFLICT, SUSPECT_TIMES * float(np.median(list(mean.values()))))
    others = sorted((camera for camera in rest if camera not in dropped), key=lambda camera: -mean[camera])
    suspects = [*dropped[:_MAX_EXCHANGED], *(camera for camera in others[:_MAX_PARTNERS] if mean[camera] >= limit)]
    # The partner of a camera that was dropped may have few conflicts itself.
    partners = [*suspects, *(camera for camera in others[:_MAX_PARTNERS] if dropped and camera not in suspects)]
    pairs = [(a, b) for place, a in enumerate(suspects) for b in partners[place + 1 :]]
    for pair in sorted(pairs, key=lambda pair: -mean[pair[0]] - mean[pair[1]]):
        without = {*range(len(conflicts))} - {*rest} | {*dropped} - {*pair}
        if _are_swapped(frames, pair, without, remake):
            return pair
    return None


def _are_swapped(frames: Sequence[Frame], pair: tuple[int, int], without: Collection[int], remake: Remake) -> bool:
    """Whether two cameras are at peace with the others once their mattes are exchanged, and were not before."""
    before: list[list[FloatArray]] = []
    after: list[list[FloatArray]] = []
    for number, frame in enumerate(frames):
        changed = list(frame.silhouettes)
        for camera, other in (pair, pair[::-1]):
            made = remake(number, camera, other)
            if made is None:
                return False
            changed[camera] = made
        others = [index for index in frame.present if index not in {*without, *pair}]
        for found, silhouettes in ((before, frame.silhouettes), (after, changed)):
            matrix = Frame.of(silhouettes, frame.threads).conflicts(VOTE_POINTS, GROSS_PX, without)
            found.append([matrix[c, others] + matrix[others, c] for c in pair])
    left = float(np.nanmean(after))
    return left < LEAST_CONFLICT and left < SETTLED_SHARE * float(np.nanmean(before))


def _gross_shift(frames: Sequence[Frame], camera: int, dropped: Collection[int]) -> Named:
    """Fit a dropped camera's shift by its own contour against the cameras that are not dropped."""
    count = len(frames[0].silhouettes)
    shifts = np.zeros((count, 2))
    others = [index for index in range(count) if index != camera]
    without, left, error = set(dropped) - {camera}, np.inf, np.full(2, np.nan)
    for _ in range(_GROSS_ROUNDS):
        slacks = [
            frame.slacks(shifts, without, [camera], _GROSS_FLOOR_PX) for frame in frames if camera in frame.present
        ]
        rows = rows_of(slacks, count)
        if len(rows.slack) < 2 * VOTE_POINTS // 4:
            break
        violation = np.maximum(-rows.slack, 0.0)
        left = float(np.percentile(violation, 75.0))
        solution, normal, _ = solve_rows(rows, count, others, huber_px=max(1.0, float(np.median(violation))))
        step = solution[3 * camera : 3 * camera + 2]
        error = np.sqrt(np.diag(np.linalg.inv(normal))[3 * camera : 3 * camera + 2])
        shifts[camera] += step
        if np.hypot(*step) < 0.05:
            break
    dx, dy = shifts[camera].tolist()
    settled = left < _SETTLED_PX
    return Named(camera, "shift" if settled else "gross", 0.0, (dx, dy), (float(error[0]), float(error[1])))


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


def _outlier(frames: Sequence[Frame], fit: Fit, dropped: Collection[int]) -> Named | None:
    """Return the camera that stands out most, by shift, turn, its matte's edge or focal length; None if none does."""
    shifts, outlines, turns = fit.by_shift, measure_outlines(frames, fit), measure_turns(frames, fit)
    found: list[tuple[float, int, Cause, Standout]] = [
        (*most_shifted(shifts), "shift", shifts),
        (*_most(_told(turns.found), least_shift_px(len(fit.shifts))), "roll", shifts),
        (*_most(_cautious(outlines.by_edge, EDGE_TIMES), EDGE_PX), "matte edge", outlines.by_edge),
        (*_most(_cautious(outlines.by_size, EDGE_TIMES), EDGE_PX), "focal length", outlines.by_size),
    ]
    share, camera, cause, standout = max(found, key=lambda one: one[0])
    if share < 1.0:
        return None
    if cause in {"shift", "roll"}:
        told = float(_told(turns.found).ratios[camera])
        if float(shifts.ratios[camera]) ** 2 < MOST_SHIFT * told**2:
            told_by = settled_turn(frames, camera, turns, (dropped, fit.base))
            return _turned(camera, float(turns.found.ratios[camera]), told_by)
        cause = "shift"
    dx, dy = shifts.amounts[camera].tolist()
    ex, ey = shifts.errors[camera].tolist()
    amount, is_unclear = 0.0, False
    if cause != "shift" and _is_large(turns, camera):
        # Neither is true of a picture that is turned by much: its contour lies inside and outside of the others'.
        told_by = settled_turn(frames, camera, turns, (dropped, fit.base))
        if told_by.settled and abs(told_by.turn[0]) >= TURN_ERRORS * told_by.turn[1]:
            return _turned(camera, float(turns.found.ratios[camera]), told_by)
    if cause != "shift":
        # In a nearly round outline the two stand out alike: the camera's own rows tell them apart better.
        frame = next(frame for frame in frames if camera in frame.present)
        cause, amount = edge_or_size(fit, camera, frame.camera(camera).K[:2, 2])
        alike = [one.ratios[camera] / one.threshold for one in (outlines.by_edge, outlines.by_size)]
        is_unclear = min(alike) > ALIKE * max(alike)
    return Named(
        camera, cause, float(standout.ratios[camera]), (dx, dy), (ex, ey), amount=amount, is_unclear=is_unclear
    )


def _told(found: Standout) -> Standout:
    """Return the turns that are some by themselves, and not the shifts beside them: ratios of others are 0."""
    told = np.abs(found.amounts[:, 2]) >= TURN_ERRORS * found.errors[:, 2]
    return replace(found, ratios=np.where(told, found.ratios, 0.0))


def _is_large(turns: Turns, camera: int) -> bool:
    return bool(_told(turns.found).ratios[camera] > 0.0 and abs(turns.found.amounts[camera, 2]) > LARGE_TURN_PX)


def _turned(camera: int, ratio: float, found: SettledTurn) -> Named:
    return Named(
        camera=camera,
        cause="roll",
        ratio=ratio,
        shift=found.shift,
        error=found.error,
        amount=found.amount,
        is_unclear=not found.settled,
        turn=found.turn,
    )


def most_shifted(shifts: Standout) -> tuple[float, int]:
    """Return the largest shift that counts, as a share of what stands out in a rig of so many cameras, and whose."""
    return _most(_cautious(shifts, SHIFT_TIMES), least_shift_px(len(shifts.ratios)))


def _cautious(found: Standout, times: float) -> Standout:
    return replace(found, threshold=times * found.threshold)


def _most(found: Standout, least_px: float) -> tuple[float, int]:
    """Return the largest ratio as a share of the threshold, of amounts that count, and whose it is."""
    large = np.linalg.norm(found.amounts, axis=1) >= least_px
    shares = np.where(large, found.ratios / found.threshold, 0.0)
    camera = int(np.argmax(shares))
    return float(shares[camera]), camera


def _mean(matrices: Sequence[FloatArray]) -> FloatArray:
    stack = np.stack(matrices)
    known = np.isfinite(stack).sum(axis=0)
    mean: FloatArray = np.where(known > 0, np.nan_to_num(stack).sum(axis=0) / np.maximum(known, 1), np.nan)
    return mean
