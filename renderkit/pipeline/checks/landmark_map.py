"""Whether a frame's 3D landmarks and a picture's are paired as RenderMe-360 is taken to mean them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from renderkit.diagnosis.landmark_map import check_landmark_map
from renderkit.diagnosis.view_choice import CLEAR_STANDARD_ERRORS, MIN_VIEWS
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmarks import Landmarks
from renderkit.pipeline.checks.subject import CheckKind, CheckSubject, read_or_none
from renderkit.pipeline.spread import spread
from renderkit.results.capture_check import CaptureCheck

NAME: Final = "landmark map"

_SCHEMES = ("renderme106", "renderme73")


def _check_landmark_map(subject: CheckSubject) -> CaptureCheck:
    pairs = list(_landmark_views(subject))
    if not pairs:
        return CaptureCheck.skipped(NAME, "no view has both 2D and 3D landmarks")
    schemes = (pairs[0][1].scheme, pairs[0][2].scheme)
    if schemes != _SCHEMES:
        return CaptureCheck.skipped(NAME, f"the map from {schemes[1]} to {schemes[0]} is documented")
    whole = check_landmark_map([v[0] for v in pairs], [v[1] for v in pairs], [v[2] for v in pairs])
    error = _jackknife_error(whole.margins_without_px)
    sentence = str(whole).removeprefix("landmark map: ")
    if not whole.holds:
        sentence += (
            "; reprojection errors below mean nothing until it does: is the calibration right, are the pictures of "
            "this frame, or do the landmarks follow another order (give them with --landmarks FILE)?"
        )
    return CaptureCheck(
        NAME,
        "ok" if whole.holds else "warning",
        f"3D j = 2D j + {whole.best}",
        whole.margin_px,
        error,
        "px",
        decided=whole.margin_px > 0.0 and not whole.margin_px < CLEAR_STANDARD_ERRORS * error,
        sentence=sentence,
    )


def _landmark_views(subject: CheckSubject) -> Iterator[tuple[Camera, Landmarks, Landmarks]]:
    """Yield views of one frame that have both kinds of landmarks, of one scheme each."""
    for frame_id in spread(subject.frames, subject.budget.num_frames):
        frame = read_or_none(subject.capture.frame, frame_id)
        points = None if frame is None else read_or_none(frame.read_landmarks)
        if points is None:
            continue
        found: list[tuple[Camera, Landmarks, Landmarks]] = []
        for name in subject.cameras:
            view = read_or_none(subject.capture.view, frame_id, name)
            detected = None if view is None else read_or_none(view.read_landmarks)
            if view is not None and detected is not None and (not found or found[0][1].scheme == detected.scheme):
                found.append((view.camera, detected, points))
        if found:
            yield from spread(found, subject.budget.num_views)
            return


def _jackknife_error(leave_one_out: Sequence[float]) -> float:
    """Return the jackknife's standard error (Efron and Tibshirani 1993, chapter 11); NaN with too few views."""
    count = len(leave_one_out)
    if count < MIN_VIEWS:
        return float("nan")
    values = np.asarray(leave_one_out)
    return float(np.sqrt((count - 1) / count * ((values - values.mean()) ** 2).sum()))


CHECK: Final = CheckKind(NAME, _check_landmark_map)
