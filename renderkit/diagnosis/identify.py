"""What is no small error of a camera: another camera's calibration, pictures of another frame, another convention.

The joint estimate is linear about the calibration as written. Here the faults that have no amount are undone one after
the other, in the views of a camera that is off; and cameras are found that are too far off for any small error.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray, Pixels
from renderkit.diagnosis.hypotheses.case import Case, UsualError, median_length
from renderkit.diagnosis.readings.stated import StatedRig
from renderkit.diagnosis.row_quantiles import median_of
from renderkit.diagnosis.view_evidence import ViewEvidence
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmark_pairs import LandmarkPairs
from renderkit.results.diagnosis import NOT_THE_CAMERA, OTHER_MATTES, CameraFault
from renderkit.results.explanation import CameraExplanation, Measure

FAR_SPREADS: Final = 5.0
"""A camera is far off where its landmarks lie so many times their own spread from where they are detected ..."""

UNLIKE: Final = 0.5
"""... or where, a shift aside, by so many times their spread: by a roll of half a radian, or half the size."""

MISSES: Final = 0.2
"""A camera without landmarks is far off where drawing and matte overlap by less than this ..."""

MEETS: Final = 0.7
"""... and those of the rig's median view by more than this."""

_IN_PLACE = 0.15
_MAX_VIEWS = 4
_MANY = "several parameters"
_LENS = "lens"
_MATTE = "matte"


def far_cameras(stated: StatedRig) -> dict[str, float]:
    """Return the cameras that are too far off for a small error, in most of their views.

    A camera whose landmarks are far off while its outline is in its place is not among them: see `far_landmarks`.

    Returns:
        By name, how far its landmarks lie from where they are detected: median, px. Infinite where it does not see
        them, NaN without landmarks.
    """
    return _far(stated, in_place=False)


def far_landmarks(stated: StatedRig) -> dict[str, float]:
    """Return the cameras whose landmarks are far off while their outlines are in their place: these are wrong.

    Returns:
        By name, how far they lie off: median, px.
    """
    return _far(stated, in_place=True)


def _far(stated: StatedRig, *, in_place: bool) -> dict[str, float]:
    overlaps = stated.agreement.iou
    usual = float(np.nanmedian(overlaps)) if np.isfinite(overlaps).any() else math.nan
    found: dict[str, list[tuple[bool, float]]] = {}
    for (view, _), overlap in zip(stated.pairs, overlaps, strict=True):
        case = _case(view) if view.has_landmarks else None
        if case is not None and case.landmarks is not None:
            is_far = _is_far(case, case.landmarks) and bool(overlap >= usual - _IN_PLACE) == in_place
            found.setdefault(view.camera.name, []).append((is_far, case.error(case.camera)))
        elif np.isfinite(overlap) and not in_place:
            found.setdefault(view.camera.name, []).append((bool(overlap < MISSES and usual > MEETS), math.nan))
    return {
        name: float(np.median([error for _, error in seen]))
        for name, seen in found.items()
        if 2 * sum(is_far for is_far, _ in seen) > len(seen)
    }


def landmark_words(far: Mapping[str, float], views: Sequence[ViewEvidence]) -> tuple[str, ...]:
    """Return one sentence for each camera whose landmarks are wrong, with the slip that explains it if there is one.

    Args:
        far: The cameras, and how far their landmarks lie off, px.
        views: The evidence.
    """
    if not far:
        return ()
    from renderkit.diagnosis.explain_camera import UNEXPLAINED, explain_camera  # noqa: PLC0415 - loads every known fault
    from renderkit.diagnosis.hypotheses.registry import LANDMARK_SLIPS  # noqa: PLC0415 - likewise

    source = _Source(views, frozenset(far))
    found = []
    for name, error_px in far.items():
        told = [explain_camera(case, "", LANDMARK_SLIPS) for case in list(source.cases(name))[:_MAX_VIEWS]]
        named = next((one.sentence for one in told if one.cause != UNEXPLAINED), "no usual slip explains it")
        found.append(
            f"the landmarks of camera {name} are wrong, and not the camera: they lie {error_px:.0f} px from where they "
            f"are projected, while the outline is in its place: {named}"
        )
    return tuple(found)


def _is_far(case: Case, pairs: LandmarkPairs) -> bool:
    """Whether landmarks are so far off, or lie to each other so differently, that nothing small explains it."""
    seen = case.camera.project(pairs.points)
    if median_length(seen - pairs.captured) == math.inf:
        return True
    spread = _spread(pairs.captured)
    residuals = seen - pairs.captured
    if median_length(residuals) > FAR_SPREADS * min(spread, _spread(seen)):
        return True
    return median_length(residuals - _middle(residuals)) > UNLIKE * spread


def far_fault(name: str, error_px: float) -> CameraFault:
    """Return the finding of a camera that is far off, with no cause yet."""
    causes: tuple[str, ...] = ("far off",)
    if math.isnan(error_px):
        words = "the drawn mesh does not meet its mattes: the camera is far off, or they show something else"
        causes = (*causes, OTHER_MATTES)
    elif math.isinf(error_px):
        words = "it does not see the landmarks that are detected in its pictures, which is no small error"
    else:
        words = f"its landmarks lie {error_px:.0f} px from where they are detected, which is no small error"
    size = error_px if math.isfinite(error_px) else math.nan
    sentence = f"camera {name}: {words}"
    return CameraFault(name, causes[0], causes, "several", size, math.nan, explained=False, sentence=sentence)


def with_identity(faults: Sequence[CameraFault], views: Sequence[ViewEvidence]) -> tuple[CameraFault, ...]:
    """Name faults that have no amount where they make a camera like the others.

    A cause of few numbers that explains the camera as well stays the first.

    Args:
        faults: Cameras that are off.
        views: The evidence, with the landmarks of all frames that were read.
    """
    source = _Source(views, frozenset(one.camera for one in faults))
    return tuple(_identified(one, source) for one in faults)


def _identified(fault: CameraFault, source: _Source) -> CameraFault:
    # A small error that is explained stays what it is: nothing is asked about it.
    unclear = _MANY in fault.cannot_tell or not fault.explained or fault.family in NOT_THE_CAMERA
    if fault.family == _MATTE or not (unclear or fault.family == _LENS):
        return fault
    from renderkit.diagnosis.explain_camera import UNEXPLAINED, explain_camera  # noqa: PLC0415 - loads every known fault
    from renderkit.diagnosis.hypotheses.registry import CONVENTIONS  # noqa: PLC0415 - likewise

    cases = [case for case in source.cases(fault.camera) if _shows(case)][:_MAX_VIEWS]
    told = [explain_camera(case, "", CONVENTIONS) for case in cases]
    causes = Counter(one.cause for one in told if one.cause != UNEXPLAINED)
    if not causes:
        return fault
    cause, count = causes.most_common(1)[0]
    if 2 * count < len(cases):
        return fault
    likeliest = next(one for one in told if one.cause == cause)
    if unclear:
        return replace(
            fault,
            cause=cause,
            cannot_tell=(cause,),
            family="several",
            explained=True,
            sentence=_sentence(fault, likeliest),
        )
    if cause in fault.cannot_tell:
        return fault
    words = f"{fault.sentence}; or {likeliest.sentence}"
    return replace(fault, cannot_tell=(*fault.cannot_tell, cause), sentence=words)


def _shows(case: Case) -> bool:
    """Whether a view's landmarks lie farther off than those of the other cameras: else any cause leaves them so."""
    return case.error(case.camera) > case.usual[case.measure].limit


def _sentence(fault: CameraFault, told: CameraExplanation) -> str:
    before = f"from {told.before:.2f} px" if math.isfinite(told.before) else "of landmarks that it did not see"
    return f"camera {fault.camera}: {told.sentence}; that leaves {told.after:.2f} px {before}"


@dataclass(frozen=True, eq=False)
class _Source:
    """Where cases come from: all views, and the cameras that are off."""

    views: Sequence[ViewEvidence]
    off: frozenset[str]

    def cases(self, name: str) -> Iterator[Case]:
        """Yield the views of a camera that have landmarks."""
        for view in self.views:
            if view.camera.name == name and (case := self._full(view)) is not None:
                yield case

    def _full(self, view: ViewEvidence) -> Case | None:
        case = _case(view)
        if case is None or case.landmarks is None:
            return None
        beside = {one.camera.name: one for one in self.views if one.frame == view.frame and one is not view}
        cases = {name: found for name, one in beside.items() if (found := _case(one)) is not None}
        sound = [one.error(one.camera) for name, one in cases.items() if name not in self.off]
        usual = _usual(sound)

        def partner(name: str) -> Case | None:
            one = cases.get(name)
            return None if one is None or one.landmarks is None else replace(one, usual=usual)

        return replace(
            case,
            others={name: one.camera for name, one in cases.items()},
            usual=usual,
            frames_around=self._frames_around(view),
            partner=partner,
        )

    def _frames_around(self, view: ViewEvidence) -> Callable[[], Iterator[tuple[int, str, LandmarkPairs]]]:
        order = list(dict.fromkeys(one.frame for one in self.views))
        points = {one.frame: one.points_world for one in self.views if one.camera.name == view.camera.name}

        def around() -> Iterator[tuple[int, str, LandmarkPairs]]:
            for frame in sorted(points, key=lambda name: abs(_steps(order, view.frame, name))):
                pairs = None if frame == view.frame else replace(view, points_world=points[frame]).known_landmarks
                if pairs is not None:
                    yield _steps(order, view.frame, frame), frame, pairs

        return around


def _steps(order: Sequence[str], here: str, there: str) -> int:
    """Return how many frames lie between two, by their numbers where they have any."""
    if here.isdecimal() and there.isdecimal():
        return int(there) - int(here)
    return order.index(there) - order.index(here)


def _case(view: ViewEvidence) -> Case | None:
    """Return a view's case, without what needs the other views; None where its camera cannot be read."""
    try:
        camera: Camera = view.camera.to_camera()
    except ValueError:
        return None
    return Case(camera, {}, _usual(()), landmarks=view.known_landmarks, frame=view.frame)


def _usual(errors_px: Sequence[float]) -> Mapping[Measure, UsualError]:
    return {"px": UsualError.of(errors_px, "px"), "1 - IoU": UsualError.of((), "1 - IoU")}


def _spread(pixels: Pixels) -> float:
    known = pixels[np.isfinite(pixels).all(axis=1)]
    return max(median_of(np.linalg.norm(known - _middle(known), axis=1)), 1.0)


def _middle(pixels: Pixels) -> FloatArray:
    """Return the (2,) median of the known ones of (N, 2) pixels."""
    known = pixels[np.isfinite(pixels).all(axis=1)]
    return np.array([median_of(column) for column in known.T])
