"""Landmarks that fit in no camera: two ids exchanged, one id that means another landmark, a wrong point on the mesh.

A landmark that is off in one camera is a bad detection. One that is off in all of them is not their fault: its rays
meet in one point, which is not where the landmark is said to be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.arrays import BoolArray, FloatArray
from renderkit.diagnosis.readings.interpretation import Interpretation
from renderkit.diagnosis.readings.stated import StatedRig
from renderkit.diagnosis.robust_solution import robust_solution
from renderkit.diagnosis.row_quantiles import row_quantiles
from renderkit.diagnosis.view_evidence import ViewEvidence
from renderkit.geometry.camera import Camera
from renderkit.geometry.derivatives import cross
from renderkit.geometry.meeting_points import meeting_points

MIN_CAMERAS: Final = 4
"""A landmark is judged where at least so many cameras of a frame have it."""

STANDS_OUT: Final = 4.0
"""A landmark is looked at closer where it lies off by so many times the usual one of its view, in most views."""

AWAY: Final = 5.0
"""Its rays meet in another place where that is off by so many times the usual landmark's ..."""

AWAY_SHARE: Final = 0.04
"""... and by this share of the subject's radius: landmarks are allowed to be less exact than that."""

MEET: Final = 3.0
"""Its rays meet where they pass by each other within so many times the usual landmark's, and half a pixel."""

AT_ANOTHER: Final = 0.2
"""It is detected at another landmark where that is nearer than this share of the way to its own place."""

_MEET_PX = 0.5
_MOST = 0.25


@dataclass(frozen=True)
class LandmarkFault:
    """Landmarks that fit in no camera.

    Attributes:
        indices: Their places among the landmarks of the evidence.
        count: Of so many.
        sentence: In one sentence.
    """

    indices: tuple[int, ...]
    count: int
    sentence: str


def landmark_faults(stated: StatedRig) -> tuple[LandmarkFault, ...]:
    """Name landmarks that fit in no camera whatever the cameras are.

    Where more than a quarter of the landmarks do not fit, that is no slip of single ones: the readings ask about it.
    """
    pairs = [(view, one) for view, one in stated.pairs if view.has_landmarks]
    counts = Counter(len(one.points) for _, one in pairs).most_common(1)
    pairs = [(view, one) for view, one in pairs if len(one.points) == counts[0][0]]
    if len({view.camera.name for view, _ in pairs}) < MIN_CAMERAS:
        return ()
    suspect = _stands_out([one for _, one in pairs])
    if not suspect.any() or suspect.mean() > _MOST:
        return ()
    frames = dict.fromkeys(view.frame for view, _ in pairs)
    met = [_Met.of([pair for pair in pairs if pair[0].frame == frame]) for frame in frames]
    places = [one for one in met if one is not None]
    if not places:
        return ()
    return _named(places, suspect, pairs[0][0])


def without_landmarks(views: Sequence[ViewEvidence], faults: Sequence[LandmarkFault]) -> tuple[ViewEvidence, ...]:
    """Return the views without the landmarks that fit in no camera."""
    return tuple(_without(view, faults) for view in views)


def _without(view: ViewEvidence, faults: Sequence[LandmarkFault]) -> ViewEvidence:
    if view.points_world is None:
        return view
    wrong = [index for one in faults if one.count == len(view.points_world) for index in one.indices]
    if not wrong:
        return view
    points = view.points_world.copy()
    points[wrong] = np.nan
    return replace(view, points_world=points)


def _stands_out(views: Sequence[Interpretation]) -> BoolArray:
    """Return (L,) which landmarks lie farther off than the usual one in most views."""
    away = np.array([one.project(one.points) - one.pixels for one in views])
    known = np.isfinite(away).all(axis=2)
    sizes = np.full(known.shape, np.nan)
    for index, own in enumerate(known):
        if own.any():
            left = np.linalg.norm(away[index, own] - np.median(away[index, own], axis=0), axis=1)
            sizes[index, own] = left / max(float(np.median(left)), 1e-9)
    far, seen = (sizes > STANDS_OUT).sum(axis=0), known.sum(axis=0)
    result: BoolArray = (2 * far > seen) & (seen >= MIN_CAMERAS)
    return result


@dataclass(frozen=True, eq=False)
class _Met:
    """Where the rays of one frame's landmarks meet.

    Attributes:
        away: (L, 3) from where the landmarks are said to be, the subject's own motion taken out; NaN if not known.
        places: (L, 3) where the landmarks are said to be, moved as the subject is.
        apart_px: (L,) median distance at which the rays pass by the point, px.
        off_px: (L,) median distance of the detected from the predicted landmarks.
        extent: Radius of the subject.
    """

    away: FloatArray
    places: FloatArray
    apart_px: FloatArray
    off_px: FloatArray
    extent: float

    @staticmethod
    def of(pairs: Sequence[tuple[ViewEvidence, Interpretation]]) -> _Met | None:
        cameras = [view.camera.to_camera() for view, _ in pairs]
        pixels, points = np.array([one.pixels for _, one in pairs]), pairs[0][1].points
        places = meeting_points(cameras, pixels)
        known = np.asarray(np.isfinite(places).all(axis=1) & np.isfinite(points).all(axis=1))
        if len(cameras) < MIN_CAMERAS or known.sum() < 2 * MIN_CAMERAS:
            return None
        arms = points - np.median(points[known], axis=0)
        extent = float(np.median(np.linalg.norm(arms[known], axis=1)))
        said: FloatArray = points + extent * _common_motion(arms / extent, (places - points) / extent, known)
        apart, off = (_medians(cameras, one, pixels) for one in (places, points))
        return _Met(places - said, said, apart, off, extent)


def _medians(cameras: Sequence[Camera], points: FloatArray, pixels: FloatArray) -> FloatArray:
    """Return (L,) median distances of (C, L, 2) pixels from the projections of (L, 3) points; NaN where none is."""
    sizes = np.linalg.norm(np.array([camera.project(points) for camera in cameras]) - pixels, axis=2).T
    known = np.isfinite(sizes)
    return np.where(known.any(axis=1), row_quantiles(sizes, known, 0.5), np.nan)


def _common_motion(arms: FloatArray, away: FloatArray, known: BoolArray) -> FloatArray:
    """Return the (L, 3) part of displacements that a turn, a step and a growth of all landmarks explain."""
    turns = cross(np.eye(3)[None], arms[:, None])
    steps = np.broadcast_to(np.eye(3), turns.shape)
    design = np.concatenate([turns, steps, arms[:, None]], axis=1).swapaxes(1, 2)
    motion = robust_solution(design[known].reshape(-1, design.shape[2]), away[known].ravel())
    result: FloatArray = design @ motion
    return result


def _named(frames: Sequence[_Met], suspect: BoolArray, view: ViewEvidence) -> tuple[LandmarkFault, ...]:
    sizes = np.median([np.linalg.norm(one.away, axis=1) for one in frames], axis=0)
    apart, off = (
        np.median(each, axis=0) for each in ([one.apart_px for one in frames], [one.off_px for one in frames])
    )
    extent = float(np.median([one.extent for one in frames]))
    limit = max(AWAY * float(np.nanmedian(sizes)), AWAY_SHARE * extent)
    meets = apart < MEET * float(np.nanmedian(apart)) + _MEET_PX
    wrong = [int(index) for index in np.flatnonzero(suspect & (sizes > limit) & meets)]
    at = {index: _at_another(frames, index, float(sizes[index])) for index in wrong}
    found, told = [], set()
    for index in wrong:
        other = at[index]
        if index in told:
            continue
        if other is not None and at.get(other) == index:
            told.add(other)
            words = f"landmarks {_name(view, index)} and {_name(view, other)} do not fit in any camera: their ids or "
            words += "their points on the mesh are exchanged"
            found.append(LandmarkFault((index, other), len(sizes), words))
            continue
        where = "" if other is None else f"; it is detected where landmark {_name(view, other)} is"
        words = f"landmark {_name(view, index)} does not fit in any camera: its point on the mesh or its id is wrong"
        words += f" (off by {off[index]:.1f} px, {np.nanmedian(off):.1f} px is usual){where}"
        found.append(LandmarkFault((index,), len(sizes), words))
    return tuple(found)


def _at_another(frames: Sequence[_Met], index: int, size: float) -> int | None:
    """Return the landmark at whose place the rays of another one meet; None where there is none."""
    apart = np.median(
        [np.linalg.norm(one.places - one.places[index] - one.away[index], axis=1) for one in frames], axis=0
    )
    apart[index] = np.inf
    nearest = int(np.nanargmin(apart))
    return nearest if apart[nearest] < AT_ANOTHER * size else None


def _name(view: ViewEvidence, index: int) -> str:
    """Return a landmark's number in space, and in the pictures where it is another."""
    if view.landmark_ids is None:
        return str(index)
    in_space, in_pictures = view.landmark_ids[index].tolist()
    return str(in_space) if in_space == in_pictures else f"{in_space} ({in_pictures} in the pictures)"
