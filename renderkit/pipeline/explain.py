"""Why do cameras stand out? Evidence about each is gathered here; `diagnosis.explain_camera` looks for the cause."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from renderkit.arrays import MaskImage
from renderkit.capture import Capture
from renderkit.diagnosis.hypotheses.case import Case, MaskPair, UsualError
from renderkit.errors import CalibrationError, ContextError, RenderkitError
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmark_pairs import LandmarkPairs, paired_or_none
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.metrics.scored_view import Missing
from renderkit.pipeline.frame_content import read_content
from renderkit.pipeline.observation import read_observation
from renderkit.pipeline.options import ValidationOptions
from renderkit.renderers.base import Renderer
from renderkit.results.cameras import CameraSummary
from renderkit.results.explanation import CameraExplanation, Measure
from renderkit.results.kinds import METRICS
from renderkit.results.report import Report
from renderkit.results.rows import ViewResult

MAX_EXPLAINED = 8
"""So many cameras are explained, the worst ones."""

_FRAMES_AROUND = 3


def explain_cameras(
    capture: Capture, renderer: Renderer, options: ValidationOptions, report: Report
) -> tuple[CameraExplanation, ...]:
    """Find the likeliest cause for every camera that stands out, the worst first, at most 8.

    Every known fault is undone and tried; it is named when the camera is then like the others.

    Raises:
        ContextError: If the renderer loses its device.
    """
    summaries = report.summary.cameras
    outliers = report.summary.outliers
    if not outliers:
        return ()
    from renderkit.diagnosis.explain_camera import UNEXPLAINED, explain_camera  # noqa: PLC0415 - loads every known fault

    names = frozenset(each.camera for each in outliers)
    found = []
    for entry in outliers[:MAX_EXPLAINED]:
        summary = next(s for s in summaries if s.camera == entry.camera and _value(s, entry.metric) is not None)
        group = tuple(each for each in summaries if each.mesh == summary.mesh)
        source = _Source(capture, renderer, options, group, names)
        try:
            case = source.case(entry.camera)
            if case is not None:
                found.append(explain_camera(case, summary.mesh))
        except ContextError:
            raise
        except Exception as error:  # noqa: BLE001 - a cause that cannot be looked for never costs the scores
            words = f"no cause could be looked for: {error}"
            found.append(CameraExplanation(entry.camera, summary.mesh, UNEXPLAINED, words, math.inf, math.nan, "px"))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class _Source:
    """Where cases come from: a capture, its cameras' summaries for one mesh, and the names of those that stand out."""

    capture: Capture
    renderer: Renderer
    options: ValidationOptions
    summaries: tuple[CameraSummary, ...]
    outliers: frozenset[str]

    def case(self, name: str) -> Case | None:
        """Read the first view of a camera that was scored; None when there is nothing to compare."""
        summary = next((each for each in self.summaries if each.camera == name), None)
        row = None if summary is None else next((row for row in summary.rows if row.failure is None), None)
        if row is None:
            return None
        try:
            content = read_content(self.capture.frame(row.key.frame), row.key.mesh)
            seen = read_observation(self.capture.view(row.key.frame, row.key.camera), self.options, with_photo=False)
        except RenderkitError:
            return None  # the camera's own rows say what is wrong
        landmarks = _paired(content.landmarks, seen.landmarks)
        masks = self._masks(content.renderable, None if seen.mask is None else seen.mask.unpack())
        if landmarks is None and masks is None:
            return None
        return Case(
            camera=seen.camera,
            others=self._others(name),
            usual=self._usual(name),
            landmarks=landmarks,
            masks=masks,
            frame=row.key.frame,
            frames_around=self._frames_around(row, seen.landmarks),
            partner=self.case,
        )

    def _masks(self, mesh: Mesh | Missing, matte: MaskImage | None) -> MaskPair | None:
        if isinstance(mesh, Missing) or matte is None or not 0 < np.count_nonzero(matte) < matte.size:
            return None
        return MaskPair(mesh, matte, lambda camera: self.renderer.render_mask(mesh, camera))

    def _usual(self, name: str) -> Mapping[Measure, UsualError]:
        others = [each for each in self.summaries if each.camera != name]
        return {
            "px": self._usual_of(others, "px", _median_px),
            "1 - IoU": self._usual_of(others, "1 - IoU", _overlap_error),
        }

    def _usual_of(
        self, others: Sequence[CameraSummary], measure: Measure, error: Callable[[CameraSummary], float]
    ) -> UsualError:
        """Return how far cameras that do not stand out disagree; where all do, the best of them counts."""
        sound = [error(each) for each in others if each.camera not in self.outliers]
        known = [each for each in sound if math.isfinite(each)]
        return UsualError.of(known or sorted(each for each in map(error, others) if math.isfinite(each))[:1], measure)

    def _others(self, name: str) -> Mapping[str, Camera]:
        found = {}
        for other in self.capture.camera_names:
            if other != name:
                try:
                    camera = self.capture.camera(other)
                except CalibrationError:
                    continue
                found[other] = camera.undistorted() if self.options.undistort else camera
        return found

    def _frames_around(
        self, row: ViewResult, detected: Landmarks | None
    ) -> Callable[[], Iterator[tuple[int, str, LandmarkPairs]]]:
        """Return what reads the 3D landmarks of the frames around, the nearest first."""
        frames: Sequence[str] = self.capture.frame_ids
        here = frames.index(row.key.frame)

        def read() -> Iterator[tuple[int, str, LandmarkPairs]]:
            for step in sorted(range(-_FRAMES_AROUND, _FRAMES_AROUND + 1), key=abs):
                if step == 0 or not 0 <= here + step < len(frames):
                    continue
                try:
                    pairs = _paired(self.capture.frame(frames[here + step]).read_landmarks(), detected)
                except RenderkitError:
                    continue
                if pairs is not None:
                    yield step, frames[here + step], pairs

        return read


def _median_px(summary: CameraSummary) -> float:
    score = summary.scores.reprojection
    return math.nan if score is None else score.median_px


def _overlap_error(summary: CameraSummary) -> float:
    score = summary.scores.mask
    return math.nan if score is None else 1.0 - score.iou


def _paired(points: Landmarks | None, detected: Landmarks | None) -> LandmarkPairs | None:
    pairs = paired_or_none(points, detected)  # the rows say where no map is known
    return None if pairs is None else pairs.known


def _value(summary: CameraSummary, name: str) -> float | None:
    value = METRICS[name].value(summary.scores)
    return None if math.isnan(value) else value
