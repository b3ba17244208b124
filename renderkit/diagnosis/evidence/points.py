"""Points alone: landmarks with ids in at least three views judge a rig without any mesh or 3D annotation.

Every landmark of every frame is triangulated from the views that agree about it; the joint estimate over all cameras,
with the landmarks' places as unknowns, says which camera is off. Held-out residuals are measured last, from points that
no suspect has a part in: one bad camera does not pull its neighbours.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from renderkit.arrays import BoolArray, FloatArray
from renderkit.capture import View
from renderkit.diagnosis.evidence.kind import (
    EvidenceKind,
    EvidenceOptions,
    MeasuredEvidence,
    ViewMarks,
    off_sentence,
    verdict_of,
)
from renderkit.diagnosis.joint import fit_joint
from renderkit.diagnosis.joint.free_points import estimate_free_points
from renderkit.diagnosis.joint.result import CameraFinding, JointDiagnosis
from renderkit.diagnosis.readings.absolute import MAX_RELATIVE
from renderkit.diagnosis.readings.noise import DETECTOR_PX
from renderkit.diagnosis.view_evidence import MIN_LANDMARKS, RigEvidence, ViewEvidence
from renderkit.errors import RenderkitError
from renderkit.formats.as_stated import raw_from_rig
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.rig import Rig
from renderkit.metrics.held_out import KIND, HeldOutScore, score_held_out
from renderkit.metrics.reprojection import ReprojectionScore
from renderkit.results.findings import JudgedCamera, RigFindings, RigVerdict
from renderkit.wording import counted, lies_text

NAME: Final = "points"

MIN_CAMERAS: Final = 3
"""A view and two others, whose rays meet in a point."""

MIN_JUDGED: Final = 4
"""From so many cameras on, an error can be assigned to one camera."""

MAX_OBSERVATIONS: Final = 20_000
"""Detections that the joint estimate looks at, evenly thinned; the residuals are of all."""

MAX_DRAWN: Final = 6
ARROW_PX: Final = 15.0
"""Length of a usual error as it is drawn."""


@dataclass(frozen=True, eq=False)
class _Points:
    """Landmarks on a grid: every landmark of every frame is a point of its own.

    Attributes:
        cameras: C cameras with enough landmarks.
        frames: Frame ids.
        pixels: (C, F L, 2) px; NaN where not detected.
        length: L, landmarks of a frame.
    """

    cameras: tuple[Camera, ...]
    frames: tuple[str, ...]
    pixels: FloatArray
    length: int

    @property
    def known(self) -> BoolArray:
        """(C, F L) where a landmark was detected."""
        return np.asarray(np.isfinite(self.pixels).all(axis=2))

    def of_frame(self, values: FloatArray, frame: str) -> FloatArray:
        """Return the part of (C, F L, ...) values that belongs to one frame."""
        start = self.frames.index(frame) * self.length
        return values[:, start : start + self.length]


def measure_points(views: Sequence[View], options: EvidenceOptions) -> MeasuredEvidence:
    """Judge a rig by its landmarks; see `EvidenceKind.measure`."""
    points = _gathered(views)
    why = _refused(points)
    if points is None or why:
        return MeasuredEvidence(RigFindings(NAME, "cannot tell", why))
    min_views = 3 if len(points.cameras) >= MIN_JUDGED else 2
    first = score_held_out(points.cameras, points.pixels, min_views=min_views)
    misfit = _misfit(points, first)
    if len(points.cameras) < MIN_JUDGED:
        words = misfit or (
            f"{counted(len(points.cameras), 'camera')} see the same landmarks, held-out median "
            f"{_median(first.residuals):.2f} px; at least {MIN_JUDGED} are needed to say which of them is off"
        )
        return _unjudged(points, first, "does not fit" if misfit else "cannot tell", words)
    joint = fit_joint(_evidence(points, first.points), alpha=options.false_alarms, estimator=estimate_free_points)
    suspects = np.array([camera.name in {one.camera for one in joint.findings} for camera in points.cameras])
    final = first
    if suspects.any():
        # With few cameras left, two that agree about a point are all that there are.
        least = min(min_views, int(np.count_nonzero(~suspects)) - 1)
        final = score_held_out(points.cameras, points.pixels, suspects=suspects, min_views=max(least, 2))
    # One camera of a few that is far off takes the agreement of all with it: without it the others must agree.
    if misfit and (not suspects.any() or _misfit(points, final, ~suspects)):
        return _unjudged(points, first, "does not fit", misfit)
    findings = _findings(points, final, joint)
    return MeasuredEvidence(findings, _scores(points, final), _marks(points, final, findings))


def _unjudged(points: _Points, score: HeldOutScore, verdict: RigVerdict, words: str) -> MeasuredEvidence:
    """Return what is said where no camera is judged."""
    findings = RigFindings(NAME, verdict, words, _judged(points, score, ()), num_views=_num_views(points))
    return MeasuredEvidence(findings, _scores(points, score))


def _gathered(views: Sequence[View]) -> _Points | None:
    """Put the landmarks of all views on a grid; of several schemes the most common one."""
    found: list[tuple[View, Landmarks]] = []
    for view in views:
        try:
            landmarks = view.read_landmarks()
        except RenderkitError:
            continue  # this view's own row says what is wrong with it
        if landmarks is not None and landmarks.valid.any():
            found.append((view, landmarks))
    schemes = Counter((one.scheme, len(one.points)) for _, one in found)
    if not schemes:
        return None
    scheme, length = schemes.most_common(1)[0][0]
    alike = [(view, one) for view, one in found if (one.scheme, len(one.points)) == (scheme, length)]
    cameras = {view.camera.name: view.camera for view, _ in alike}
    frames = tuple(dict.fromkeys(view.frame for view, _ in alike))
    names = list(cameras)
    pixels = np.full((len(names), len(frames), length, 2), np.nan)
    for view, one in alike:
        place = names.index(view.camera.name), frames.index(view.frame)
        pixels[place] = np.where(one.valid[:, None], one.points, np.nan)
    flat = pixels.reshape(len(names), -1, 2)
    # A point that fewer than three views see says nothing, and a camera needs a few.
    seen = np.isfinite(flat).all(axis=2)
    flat[:, seen.sum(axis=0) < MIN_CAMERAS] = np.nan
    enough = np.isfinite(flat).all(axis=2).sum(axis=1) >= MIN_LANDMARKS
    kept = tuple(camera for camera, good in zip(cameras.values(), enough, strict=True) if good)
    return _Points(kept, frames, flat[enough], length)


def _refused(points: _Points | None) -> str:
    if points is None:
        return "no view has 2D landmarks; give them with --landmarks FILE"
    if len(points.cameras) < MIN_CAMERAS:
        return (
            f"{counted(len(points.cameras), 'camera')} see at least {MIN_LANDMARKS} "
            f"landmarks that two others see as well; "
            f"{MIN_CAMERAS} are needed, {MIN_JUDGED} to say which of them is off"
        )
    return ""


def _misfit(points: _Points, score: HeldOutScore, among: BoolArray | slice = slice(None)) -> str:
    """Return why the cameras contradict their landmarks, by the absolute test of the diagnosis; "" if not.

    Args:
        points: The landmarks.
        score: Their residuals.
        among: (C,) whose residuals count.
    """
    residuals = score.residuals[among]
    compared = int(np.isfinite(residuals).all(axis=2).sum())
    total = int(points.known[among].sum())
    median = _median(residuals)
    spread = float(np.nanmedian([_spread(view) for view in points.pixels.reshape(-1, points.length, 2)]))
    agree = np.hypot(residuals[..., 0], residuals[..., 1]) <= max(MAX_RELATIVE * spread, DETECTOR_PX)
    share = float(agree.sum()) / max(total, 1)
    if share >= 0.5:
        return ""
    words = (
        f"the cameras do not agree about the landmarks: {100 * share:.0f} % of "
        f"{counted(total, 'detection')} lie where the other "
        f"views put them ({compared} can be compared, median {median:.1f} px)"
    )
    if len(points.cameras) < MIN_JUDGED:
        return f"{words}; one of them or all may be off: at least {MIN_JUDGED} cameras are needed to say which"
    return f"{words}; is every file read as it was meant?"


def _spread(pixels: FloatArray) -> float:
    """Return the RMS distance of a view's landmarks from their middle, px."""
    known = pixels[np.isfinite(pixels).all(axis=1)]
    if len(known) < 2:
        return math.nan
    return float(np.sqrt(((known - known.mean(axis=0)) ** 2).sum(axis=1).mean()))


def _evidence(points: _Points, places: FloatArray) -> RigEvidence:
    """Return one view per camera with the triangulated places as its 3D landmarks, evenly thinned."""
    useful = np.flatnonzero(np.isfinite(places).all(axis=1))
    most = max(MAX_OBSERVATIONS // len(points.cameras), 2 * MIN_LANDMARKS)
    chosen = useful[np.linspace(0, len(useful) - 1, min(most, len(useful))).round().astype(int)]
    raw = raw_from_rig(Rig({camera.name: camera for camera in points.cameras})).cameras
    views = (
        ViewEvidence(camera=camera, points_world=places[chosen], pixels=points.pixels[index][chosen])
        for index, camera in enumerate(raw)
    )
    return RigEvidence(tuple(views))


def _findings(points: _Points, score: HeldOutScore, joint: JointDiagnosis) -> RigFindings:
    cameras = _judged(points, score, joint.findings)
    count = len(points.cameras)
    words = (
        f"{counted(count, 'camera')}, {counted(_num_views(points), 'view')}, held-out "
        f"median {_median(score.residuals):.2f} px"
    )
    words = f"{joint.unnamed or off_sentence(cameras, count)} ({words})"
    verdict: RigVerdict = "cannot tell" if joint.unnamed else verdict_of(cameras)
    noise = next(iter(joint.noise_px.values()), math.nan)
    numbers = {"noise_px": noise, "healthy_scatter_px": joint.tau_px, "median_px": _median(score.residuals)}
    return RigFindings(
        NAME, verdict, words, cameras, numbers=numbers, num_views=_num_views(points), false_alarm_rate=joint.alpha
    )


def _judged(points: _Points, score: HeldOutScore, found: Sequence[CameraFinding]) -> tuple[JudgedCamera, ...]:
    by_name = {one.camera: one for one in found}
    return tuple(
        _judged_camera(camera.name, score.residuals[index], int(points.known[index].sum()), by_name.get(camera.name))
        for index, camera in enumerate(points.cameras)
    )


def _judged_camera(name: str, residuals: FloatArray, num: int, found: CameraFinding | None) -> JudgedCamera:
    """Say what one camera's held-out residuals are, seen minus predicted, and what the joint estimate made of them."""
    seen = -residuals[np.isfinite(residuals).all(axis=1)]
    count = len(seen)
    shift = np.median(seen, axis=0) if count else np.full(2, math.nan)
    # 1.2533 is the standard error of a median against that of a mean, 1.4826 makes the MAD a standard deviation.
    spread = 1.4826 * np.median(np.abs(seen - shift), axis=0) if count else shift
    error = 1.2533 * spread / math.sqrt(max(count, 1))
    where = lies_text((-float(shift[0]), -float(shift[1])), (float(error[0]), float(error[1])))
    own = JudgedCamera(
        camera=name,
        off=False,
        size_px=float(np.hypot(*shift)),
        size_error_px=float(np.hypot(*error)) / math.sqrt(2.0),
        shift_px=(float(shift[0]), float(shift[1])),
        shift_error_px=(float(error[0]), float(error[1])),
        num_points=count,
        informative=count / max(num, 1),
        sentence=f"camera {name}: its projections {where} by {counted(count, 'point')}",
    )
    if found is None:
        return own
    return replace(
        own,
        off=True,
        size_px=found.size_px,
        size_error_px=found.size_error_px,
        shift_px=found.shift_px,
        shift_error_px=found.shift_error_px,
        sentence=found.sentence,
        cause=found.cause,
        cannot_tell=found.cannot_tell,
    )


def _scores(points: _Points, score: HeldOutScore) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    scores = {}
    for frame in points.frames:
        residuals = points.of_frame(score.residuals, frame)
        detected = points.of_frame(points.pixels, frame)
        for index, camera in enumerate(points.cameras):
            if np.isfinite(detected[index]).all(axis=1).any():
                missing = int(np.count_nonzero(np.isnan(residuals[index]).any(axis=1)))
                scores[frame, camera.name] = {KIND.name: ReprojectionScore(residuals[index], 0, missing)}
    return scores


def _marks(points: _Points, score: HeldOutScore, findings: RigFindings) -> tuple[ViewMarks, ...]:
    """Draw the first frame of the cameras that are off: where landmarks were seen, and where they should be."""
    marks = []
    names = [camera.name for camera in points.cameras]
    for one in findings.off[:MAX_DRAWN]:
        index = names.index(one.camera)
        for frame in points.frames:
            seen, residuals = (
                points.of_frame(points.pixels, frame)[index],
                points.of_frame(score.residuals, frame)[index],
            )
            known = np.isfinite(residuals).all(axis=1)
            if known.any():
                longer = max(1, round(ARROW_PX / max(_median(residuals), 1e-3)))
                ends = np.concatenate([seen[known], seen[known] + longer * residuals[known]], axis=1)
                caption = f"camera {one.camera}, frame {frame}: landmarks, and where the other views put them, "
                caption += f"{longer} times as far"
                marks.append(ViewMarks(frame, one.camera, caption, good=seen[known], arrows=ends))
                break
    return tuple(marks)


def _median(residuals: FloatArray) -> float:
    distances = np.hypot(residuals[..., 0], residuals[..., 1])
    return float(np.nanmedian(distances)) if np.isfinite(distances).any() else math.nan


def _num_views(points: _Points) -> int:
    return int(points.known.reshape(len(points.cameras), len(points.frames), -1).any(axis=2).sum())


EVIDENCE: Final = EvidenceKind(
    name=NAME,
    title="2D landmarks with ids in at least three views",
    needs="landmarks",
    by_itself=True,
    measure=measure_points,
)
