"""Cameras in gross conflict with the others: whose matte another one has, or how far a picture is shifted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final, TypeAlias

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.silhouettes.coherence import Frame
from renderkit.diagnosis.silhouettes.named import Named
from renderkit.diagnosis.silhouettes.prepare import Silhouette
from renderkit.diagnosis.silhouettes.rows import rows_of, solve_rows

Remake: TypeAlias = Callable[[int, int, int], Silhouette | None]
"""Given a frame's index, a camera and another one: the camera with the other's matte, None where that cannot be."""

GROSS_PX: Final = 8.0
"""A conflict of so many px counts in full."""

LEAST_CONFLICT: Final = 0.08
CONFLICT_TIMES: Final = 2.5
SUSPECT_TIMES: Final = 1.3
SETTLED_SHARE: Final = 0.6
"""Exchanging mattes must leave a pair with no more than this share of its conflicts."""

VOTE_POINTS: Final = 80
_GROSS_ROUNDS: Final = 8
_GROSS_FLOOR_PX: Final = -60.0
_SETTLED_PX: Final = 2.0
"""A shift explains a camera where three quarters of its contour are left with smaller conflicts."""

_MAX_EXCHANGED: Final = 6
_MAX_PARTNERS: Final = 4


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
        exchanged += [Named(a, "swapped", unknown, unknown, partner=b) for a, b in (pair, pair[::-1])]
    everyone = [*dropped, *gone]
    return [*exchanged, *(_gross_shift(frames, camera, everyone) for camera in dropped)]


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
    return Named(camera, "shift" if settled else "gross", (dx, dy), (float(error[0]), float(error[1])))
