"""Why do cameras stand out? Each one's usual slips are undone and tried against its own picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from renderkit.arrays import FloatArray, MaskImage, Pixels, Points3
from renderkit.capture import Capture
from renderkit.diagnose.hypotheses import DISTORTION_DROPPED, convention_hypotheses
from renderkit.diagnose.residual_pattern import corrected_camera, find_pattern
from renderkit.errors import CalibrationError, ContextError, RenderkitError
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmark_schemes import common_landmarks
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.metrics.alignment import align_contours
from renderkit.metrics.mask import score_mask
from renderkit.metrics.region import default_region
from renderkit.metrics.scored_view import Missing
from renderkit.pipeline.frame_content import read_content
from renderkit.pipeline.observation import read_observation
from renderkit.pipeline.options import ValidationOptions
from renderkit.render.base import Renderer
from renderkit.results.cameras import CameraSummary
from renderkit.results.explanation import CameraExplanation, Measure
from renderkit.results.kinds import METRICS
from renderkit.results.report import Report
from renderkit.results.rows import ViewResult
from renderkit.results.scores import Scores

MAX_EXPLAINED = 8
"""So many cameras are explained, the worst ones."""

CLOSES = 0.8
"""Share of a camera's distance from the rig's median that a cause must account for."""

_EQUALLY_WELL = 0.02
"""Share of the disagreement by which two causes may differ and still fit equally well."""

_AS_USUAL = 1.25
"""Up to this many times the rig's median, a camera's landmarks are as good as everyone's."""

_BETTER = 0.9

_MIRRORED_ERROR = 0.05
"""Below this a head in the middle of the picture fits flipped as well, by its symmetry."""

_OUTLINE_NOISE_PX = 0.25
"""What outlines of binary masks are not known better than."""

_FRAMES_AROUND = 3
_SWAPS_RENDERED = 3
_HULL_POINTS = 512


@dataclass(frozen=True, eq=False)
class _Evidence:
    """One view of the camera in question; parts that it does not have are None."""

    camera: Camera
    points: Points3 | None
    captured: Pixels | None
    mesh: Mesh | None
    matte: MaskImage | None
    renderer: Renderer

    @property
    def measure(self) -> Measure:
        return "1 - IoU" if self.captured is None else "px"

    def where_it_shows(self, usual: Mapping[Measure, float]) -> _Evidence:
        """Leave the landmarks out when they are as good as everyone's: then only the masks tell what is wrong."""
        has_masks = self.mesh is not None and self.matte is not None
        if self.captured is None or not has_masks or self.error(self.camera) > _AS_USUAL * usual["px"]:
            return self
        return replace(self, points=None, captured=None)

    def error(self, camera: Camera) -> float:
        """How far the view disagrees: median landmark distance, else 1 - IoU; inf when the camera sees nothing."""
        if self.points is None or self.captured is None:
            if self.mesh is None or self.matte is None:
                return math.inf
            return _overlap_error(self.renderer.render_mask(self.mesh, camera), self.matte)
        return _median_distance(camera.project(self.points), self.captured)


def explain_cameras(
    capture: Capture, renderer: Renderer, options: ValidationOptions, report: Report
) -> tuple[CameraExplanation, ...]:
    """Find the likeliest cause for every camera that stands out, the worst first, at most 8.

    Slips of convention are undone and tried: they are named when they bring the camera back among the others. Else the
    pattern of its landmark residuals, or of its outline's alignment, is named.

    Raises:
        ContextError: If the renderer loses its device.
    """
    if options.undistort:
        return ()
    summaries = report.summary.cameras
    found = []
    for entry in report.summary.outliers[:MAX_EXPLAINED]:
        summary = next(s for s in summaries if s.camera == entry.camera and _has_value(s.scores, entry.metric))
        row = next((row for row in summary.rows if row.failure is None), None)
        evidence = None if row is None else _gather(capture, renderer, options, row)
        if row is None or evidence is None:
            continue
        group = [each for each in summaries if each.mesh == summary.mesh]
        usual = _usual(group)
        try:
            found.append(_explain(capture, row, evidence.where_it_shows(usual), usual))
        except ContextError:
            raise
        except Exception as error:  # noqa: BLE001 - a cause that cannot be looked for never costs the scores
            words = f"no cause could be looked for: {error}"
            found.append(
                CameraExplanation(row.key.camera, row.key.mesh, "unexplained", words, math.inf, math.nan, "px")
            )
    return tuple(found)


def _usual(summaries: Sequence[CameraSummary]) -> dict[Measure, float]:
    """Return the rig's median disagreement; 0 where it has none."""
    scores = [summary.scores for summary in summaries]
    distances = [one.reprojection.median_px for one in scores if one.reprojection is not None]
    overlaps = [1.0 - one.mask.iou for one in scores if one.mask is not None]
    return {"px": _median_or_zero(distances), "1 - IoU": _median_or_zero(overlaps)}


def _median_or_zero(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.median(known)) if known else 0.0


def _has_value(scores: Scores, name: str) -> bool:
    return not math.isnan(METRICS[name].value(scores))


def _gather(capture: Capture, renderer: Renderer, options: ValidationOptions, row: ViewResult) -> _Evidence | None:
    try:
        view = capture.view(row.key.frame, row.key.camera)
        content = read_content(capture.frame(row.key.frame), row.key.mesh)
        observation = read_observation(view, options, with_photo=False)
    except RenderkitError:
        return None  # the camera's own rows say what is wrong
    mesh = None if isinstance(content.renderable, Missing) else content.renderable
    points, captured = _paired(content.landmarks, observation.landmarks)
    if points is None and (mesh is None or observation.mask is None):
        return None
    return _Evidence(view.camera, points, captured, mesh, observation.mask, renderer)


def _paired(points: Landmarks | None, detected: Landmarks | None) -> tuple[Points3 | None, Pixels | None]:
    if points is None or detected is None:
        return None, None
    try:
        pairs = common_landmarks(points, detected)
    except ValueError:
        return None, None  # the rows say that no map is known
    used = points.valid[pairs.first] & detected.valid[pairs.second]
    return (points.points[pairs.first][used], detected.points[pairs.second][used]) if used.any() else (None, None)


@dataclass(frozen=True)
class _Candidate:
    """A cause, and the disagreement with and without it; a slip of convention is `exact`, a pattern fits anything."""

    cause: str
    sentence: str
    before: float
    after: float
    measure: Measure
    exact: bool = True

    @property
    def helps(self) -> bool:
        """Whether undoing the cause makes the camera clearly better."""
        return math.isfinite(self.after) and self.after <= _BETTER * self.before

    def closes(self, usual: Mapping[Measure, float]) -> bool:
        """Whether undoing the cause brings the camera back among the others."""
        if not math.isfinite(self.after) or self.after >= self.before:
            return False
        target = min(usual[self.measure], self.before)
        return not math.isfinite(self.before) or self.before - self.after >= CLOSES * (self.before - target)


def _explain(
    capture: Capture, row: ViewResult, evidence: _Evidence, usual: Mapping[Measure, float]
) -> CameraExplanation:
    candidates = list(_candidates(capture, row, evidence))
    closing = [each for each in candidates if each.closes(usual)]
    # Another camera's lens is not this one's: where nothing else fits, it need only fit better.
    closing = closing or [each for each in candidates if each.cause == DISTORTION_DROPPED and each.helps]
    key = row.key
    if not closing:
        before = evidence.error(evidence.camera)
        words = "none of the usual slips explains it"
        return CameraExplanation(key.camera, key.mesh, "unexplained", words, before, math.nan, evidence.measure)
    # A pattern has free numbers and fits much; a slip of convention that fits has none.
    closing = [each for each in closing if each.exact] or closing
    closing = [each for each in closing if each.measure == closing[0].measure]
    best = min(each.after for each in closing)
    # Among those that fit about equally well, the first is the simplest.
    chosen = next(each for each in closing if each.after <= best + _EQUALLY_WELL * (min(each.before, 1e9) - best))
    return CameraExplanation(
        key.camera, key.mesh, chosen.cause, chosen.sentence, chosen.before, chosen.after, chosen.measure
    )


def _candidates(capture: Capture, row: ViewResult, evidence: _Evidence) -> Iterator[_Candidate]:
    """Yield causes, those judged by landmarks before those judged by masks."""
    yield from _conventions(capture, evidence)
    yield from _other_frames(capture, row, evidence)
    if evidence.captured is not None:
        yield from _landmark_pattern(evidence)
    yield from _mask_causes(evidence)


def _conventions(capture: Capture, evidence: _Evidence) -> Iterator[_Candidate]:
    others = _other_cameras(capture, evidence.camera)
    tried = list(convention_hypotheses(evidence.camera, others))
    if evidence.captured is None:
        # Renderings cost: of the many cameras it could be swapped with, only those that look right are drawn.
        swaps = sorted(
            (h for h in tried if h.cause == "swapped calibration"), key=lambda h: _box_error(evidence, h.camera)
        )
        tried = [h for h in tried if h.cause != "swapped calibration"] + swaps[:_SWAPS_RENDERED]
    before = evidence.error(evidence.camera)
    for one in tried:
        yield _Candidate(one.cause, one.sentence, before, evidence.error(one.camera), evidence.measure)


def _other_cameras(capture: Capture, camera: Camera) -> Mapping[str, Camera]:
    found = {}
    for name in capture.camera_names:
        if name != camera.name:
            try:
                found[name] = capture.camera(name)
            except CalibrationError:
                continue
    return found


def _box_error(evidence: _Evidence, camera: Camera) -> float:
    """Return how far the projected mesh's box in the picture is from the matte's, px; inf when it is not seen."""
    if evidence.mesh is None or evidence.matte is None or not evidence.matte.any():
        return math.inf
    vertices = evidence.mesh.vertices
    pixels = camera.project(vertices[:: max(1, len(vertices) // _HULL_POINTS)])
    if not np.isfinite(pixels).all(axis=1).any():
        return math.inf
    rows, columns = np.flatnonzero(evidence.matte.any(axis=1)), np.flatnonzero(evidence.matte.any(axis=0))
    matte = np.array([columns[0], rows[0], columns[-1], rows[-1]])
    inside = np.clip(pixels, 0.0, np.array(camera.size) - 1.0)
    found = np.concatenate([np.nanmin(inside, axis=0), np.nanmax(inside, axis=0)])
    return float(np.abs(found - matte).max())


def _other_frames(capture: Capture, row: ViewResult, evidence: _Evidence) -> Iterator[_Candidate]:
    """Try the 3D landmarks of the frames around: is the camera out of step?"""
    frames: Sequence[str] = capture.frame_ids
    here = frames.index(row.key.frame)
    if evidence.captured is None:
        return
    detected = capture.view(row.key.frame, row.key.camera).read_landmarks()
    for step in sorted(range(-_FRAMES_AROUND, _FRAMES_AROUND + 1), key=abs):
        if step == 0 or not 0 <= here + step < len(frames):
            continue
        try:
            points, captured = _paired(capture.frame(frames[here + step]).read_landmarks(), detected)
        except RenderkitError:
            continue
        if points is not None and captured is not None:
            after = _median_distance(evidence.camera.project(points), captured)
            sentence = f"its picture of frame {row.key.frame} shows frame {frames[here + step]}: {step:+d} frames"
            yield _Candidate("other frame", sentence, evidence.error(evidence.camera), after, "px")


def _landmark_pattern(evidence: _Evidence) -> Iterator[_Candidate]:
    """Name the pattern of the landmarks' residuals."""
    if evidence.points is None or evidence.captured is None:
        return
    residuals = evidence.camera.project(evidence.points) - evidence.captured
    found = find_pattern(evidence.captured, residuals, evidence.camera)
    before = evidence.error(evidence.camera)
    if found is not None and found.terms and math.isfinite(before):
        if "radial" in found.terms:
            # No camera undoes it. What remains is an RMS; the median is taken to shrink in proportion.
            after = before * found.remaining_px / max(_rms(residuals), 1e-12)
        else:
            after = evidence.error(corrected_camera(evidence.camera, found))
        yield _Candidate(" and ".join(found.terms), found.sentence, before, after, "px", exact=False)


def _mask_causes(evidence: _Evidence) -> Iterator[_Candidate]:
    """Name what the masks say: a flipped picture, or the similarity between the outlines."""
    if evidence.mesh is None or evidence.matte is None:
        return
    rendered = evidence.renderer.render_mask(evidence.mesh, evidence.camera)
    before = _overlap_error(rendered, evidence.matte)
    if before > _MIRRORED_ERROR:
        flipped = _overlap_error(rendered, np.ascontiguousarray(evidence.matte[:, ::-1]))
        yield _Candidate("mirrored picture", "its picture is flipped left to right", before, flipped, "1 - IoU")
    region = default_region(evidence.mesh.name, rendered, evidence.matte)
    aligned = align_contours(rendered, evidence.matte, region)
    if not np.isfinite(aligned.shift_px).all():
        return
    scale = 1.0 if math.isnan(aligned.scale) else aligned.scale
    roll = 0.0 if math.isnan(aligned.roll_deg) else math.radians(aligned.roll_deg)
    turn = scale * np.array([[math.cos(roll), -math.sin(roll)], [math.sin(roll), math.cos(roll)]])
    shift = aligned.center - turn @ aligned.center + aligned.shift_px
    columns, rows = (np.percentile(index, (0, 50, 100)) for index in np.nonzero(rendered)[::-1])
    grid = np.stack(np.meshgrid(columns, rows), axis=2).reshape(-1, 2)
    found = find_pattern(grid, grid - (grid @ turn.T + shift), evidence.camera, _OUTLINE_NOISE_PX)
    if found is not None and found.terms:
        corrected = corrected_camera(evidence.camera, found)
        after = _overlap_error(evidence.renderer.render_mask(evidence.mesh, corrected), evidence.matte)
        yield _Candidate(" and ".join(found.terms), found.sentence, before, after, "1 - IoU", exact=False)


def _overlap_error(rendered: MaskImage, matte: MaskImage) -> float:
    iou = score_mask(rendered, matte).iou
    return 1.0 if math.isnan(iou) else 1.0 - iou


def _median_distance(predicted: Pixels, captured: Pixels) -> float:
    distance = np.linalg.norm(predicted - captured, axis=1)
    # A landmark that the camera does not see at all is infinitely far.
    return float(np.median(np.where(np.isfinite(distance), distance, np.inf)))


def _rms(residuals: FloatArray) -> float:
    known = residuals[np.isfinite(residuals).all(axis=1)]
    return math.sqrt(float((known**2).sum()) / len(known)) if len(known) else 0.0
