"""Checks of a capture before its views are scored: which conventions does it follow where its dataset does not say?

Bounded: a few views of one frame are rendered or read, whatever the size of the capture. What cannot be read is left
out here; its own row says why.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import ParamSpec, TypeVar

import numpy as np

from renderkit.arrays import Points3
from renderkit.capture import Capture
from renderkit.diagnosis.input_slips import covers_border
from renderkit.diagnosis.landmark_map import check_landmark_map
from renderkit.diagnosis.mask_space import RAW, UNDISTORTED, detect_mask_space_by_rendering
from renderkit.diagnosis.view_choice import CLEAR_STANDARD_ERRORS, MIN_VIEWS
from renderkit.errors import ContextError, RenderkitError
from renderkit.flame.translation import TranslationChoice
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.images.mask_bits import MaskBits
from renderkit.pipeline.options import PREFERRED_MESHES, ValidationOptions
from renderkit.pipeline.scan_frame import choose_scan_frame
from renderkit.pipeline.spread import spread
from renderkit.pipeline.view_parts import draw_bits
from renderkit.renderers.base import Renderer
from renderkit.results.capture_check import CaptureCheck, CheckVerdict
from renderkit.wording import counted

FLAME_TRANSLATION, LANDMARK_MAP, MASK_SPACE, SCAN_FRAME = (
    "flame translation",
    "landmark map",
    "mask space",
    "scan frame",
)
_CLEAR_FACTOR = 2.0
"""A translation is decided when the next candidate lies at least this many times as far from the evidence."""
_MASK_SPACE_REMEDY = {
    RAW: "leave out --undistorted-mattes",
    UNDISTORTED: "add --undistorted-mattes, which undistorts the photographs alone and renders without distortion",
}
_SCHEMES = ("renderme106", "renderme73")

Value = TypeVar("Value")
Arguments = ParamSpec("Arguments")


@dataclass(frozen=True)
class CheckBudget:
    """How much is read.

    Attributes:
        num_views: Views of one frame that are read or rendered.
        num_frames: Frames that are tried for FLAME's translation and the scan.
        num_scan_views: Cameras in which the scan's frame is looked for.
    """

    num_views: int = 6
    num_frames: int = 6
    num_scan_views: int = 3


def check_capture(
    capture: Capture,
    renderer: Renderer,
    options: ValidationOptions | None = None,
    budget: CheckBudget | None = None,
) -> tuple[CaptureCheck, ...]:
    """Check what a capture's dataset leaves undocumented.

    Args:
        capture: The subject.
        renderer: Draws the mesh for the check of the masks.
        options: What is going to be validated; decides which frames, cameras and mesh are looked at.
        budget: How much is read.

    Returns:
        One check each for FLAME's translation, the landmark map, the masks' space and the scan's frame.

    Raises:
        ContextError: If the renderer loses its device.
    """
    subject = _Subject(capture, options or ValidationOptions(), budget or CheckBudget())
    return (
        _made(FLAME_TRANSLATION, _check_translation, subject),
        _made(LANDMARK_MAP, _check_landmark_map, subject),
        _made(MASK_SPACE, _check_mask_space, subject, renderer),
        _made(SCAN_FRAME, _check_scan_frame, subject),
    )


def _made(
    name: str, check: Callable[Arguments, CaptureCheck], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> CaptureCheck:
    try:
        return check(*args, **kwargs)
    except ContextError:
        raise
    except Exception as error:  # noqa: BLE001 - a check that cannot be made never costs the scores
        return CaptureCheck.skipped(name, f"{type(error).__name__}: {error}")


@dataclass(frozen=True, eq=False)
class _Subject:
    capture: Capture
    options: ValidationOptions
    budget: CheckBudget

    @property
    def frames(self) -> Sequence[str]:
        return self.capture.frame_ids if self.options.frames is None else self.options.frames

    @property
    def cameras(self) -> Sequence[str]:
        return self.capture.camera_names if self.options.cameras is None else self.options.cameras

    def scored_mesh(self) -> Mesh | None:
        """The first mesh with faces that is going to be validated."""
        for frame_id in self.frames[:1]:
            frame = self.capture.frame(frame_id)
            names = self.options.meshes or (*PREFERRED_MESHES, *frame.mesh_names)
            for name in dict.fromkeys(name for name in names if name in frame.mesh_names):
                mesh = frame.read_mesh(name)
                if len(mesh.faces):
                    return mesh
        return None


def _check_translation(subject: _Subject) -> CaptureCheck:
    choose = subject.capture.choose_flame_translation
    if choose is None:
        return CaptureCheck.skipped(FLAME_TRANSLATION, "the dataset has no FLAME fits")
    described = [found for name in subject.frames if (found := _read(subject.capture.frame, name)) is not None]
    with_fit = [frame.id for frame in described if "flame" in frame.mesh_names]
    frames = spread(with_fit, subject.budget.num_frames)
    choices = [choice for frame in frames if (choice := _read(choose, frame)) is not None]
    if not choices:
        return CaptureCheck.skipped(FLAME_TRANSLATION, "no frame has FLAME vertices that can be read")
    first = choices[0]
    if first.evidence == "none":
        return CaptureCheck.skipped(
            FLAME_TRANSLATION, "neither 3D landmarks nor cameras say where the head is; stored vertices are used"
        )
    others = {choice.choice for choice in choices} - {first.choice}
    margin, error = _mean_and_error([choice.margin for choice in choices])
    decided = not others and all(map(_is_clear, choices))
    sentence = f"{_translation_words(first)}, the same in {len(choices)} of {counted(len(frames), 'frame')} looked at"
    if others:
        sentence = f"{first} in frame {frames[0]}, but {', '.join(sorted(others))} in other frames"
    return CaptureCheck(
        FLAME_TRANSLATION,
        "ok" if decided else "undecided",
        first.choice,
        margin,
        error,
        subject.capture.unit,
        decided,
        sentence,
    )


def _is_clear(choice: TranslationChoice) -> bool:
    best = min(choice.scores.values())
    return len(choice.scores) == 1 or choice.margin >= (_CLEAR_FACTOR - 1.0) * best


def _translation_words(choice: TranslationChoice) -> str:
    what = {"none": "nothing is added to the stored vertices", "trans": "trans is added", "cam": "cam[1:4] is added"}
    ranked = sorted(choice.scores.items(), key=lambda item: item[1])
    evidence = {"landmarks3d": "3D landmarks", "optical axes": "point where the optical axes meet"}[choice.evidence]
    distances = ", ".join(f"{name} {1e3 * score:.1f} mm" for name, score in ranked)
    margin = "" if math.isnan(choice.margin) else f" (margin {1e3 * choice.margin:.1f} mm)"
    return f"{what.get(choice.choice, choice.choice)}; distance to the {evidence}: {distances}{margin}"


def _check_landmark_map(subject: _Subject) -> CaptureCheck:
    pairs = list(_landmark_views(subject))
    if not pairs:
        return CaptureCheck.skipped(LANDMARK_MAP, "no view has both 2D and 3D landmarks")
    schemes = (pairs[0][1].scheme, pairs[0][2].scheme)
    if schemes != _SCHEMES:
        return CaptureCheck.skipped(LANDMARK_MAP, f"the map from {schemes[1]} to {schemes[0]} is documented")
    whole = check_landmark_map([v[0] for v in pairs], [v[1] for v in pairs], [v[2] for v in pairs])
    error = _jackknife_error(whole.margins_without_px)
    sentence = str(whole).removeprefix("landmark map: ")
    if not whole.holds:
        sentence += (
            "; reprojection errors below mean nothing until it does: is the calibration right, are the pictures of "
            "this frame, or do the landmarks follow another order (give them with --landmarks FILE)?"
        )
    return CaptureCheck(
        LANDMARK_MAP,
        "ok" if whole.holds else "warning",
        f"3D j = 2D j + {whole.best}",
        whole.margin_px,
        error,
        "px",
        decided=whole.margin_px > 0.0 and not whole.margin_px < CLEAR_STANDARD_ERRORS * error,
        sentence=sentence,
    )


def _landmark_views(subject: _Subject) -> Iterator[tuple[Camera, Landmarks, Landmarks]]:
    """Yield views of one frame that have both kinds of landmarks, of one scheme each."""
    for frame_id in spread(subject.frames, subject.budget.num_frames):
        frame = _read(subject.capture.frame, frame_id)
        points = None if frame is None else _read(frame.read_landmarks)
        if points is None:
            continue
        found: list[tuple[Camera, Landmarks, Landmarks]] = []
        for name in subject.cameras:
            view = _read(subject.capture.view, frame_id, name)
            detected = None if view is None else _read(view.read_landmarks)
            if view is not None and detected is not None and (not found or found[0][1].scheme == detected.scheme):
                found.append((view.camera, detected, points))
        if found:
            yield from spread(found, subject.budget.num_views)
            return


def _check_mask_space(subject: _Subject, renderer: Renderer) -> CaptureCheck:
    mesh = _read(subject.scored_mesh)
    if mesh is None:
        return CaptureCheck.skipped(MASK_SPACE, "no mesh with faces can be rendered")
    cameras = [c for name in subject.cameras if (c := _read(subject.capture.camera, name)) is not None]
    bent = [camera for camera in cameras if np.any(camera.distortion.coefficients)]
    if not bent:
        return CaptureCheck.skipped(MASK_SPACE, "no lens has distortion, so raw and undistorted pictures are the same")
    # Those that bend most tell the two apart best.
    points = mesh.vertices[:: max(1, len(mesh.vertices) // 256)]
    bent.sort(key=lambda camera: -_bend_px(camera, points))
    masks = ((camera, _inside_of(subject, camera)) for camera in bent)
    with_mask = ((camera, mask) for camera, mask in masks if mask is not None and not covers_border(mask))
    views = list(islice(with_mask, subject.budget.num_views))
    choice = detect_mask_space_by_rendering(lambda camera: draw_bits(renderer, mesh, camera), views)
    if choice.best is None:
        no_matte = "no view with lens distortion has a matte of an object"
        why = "the lens distortion does not move the mesh's outline" if views else no_matte
        return CaptureCheck.skipped(MASK_SPACE, why)
    sentence = f"the mattes fit {choice.best} pictures: {choice}"
    if not choice.decided:
        sentence = f"mattes of raw and of undistorted pictures cannot be told apart here: {choice}"
    assumed = UNDISTORTED if subject.options.undistorted_mattes else RAW
    verdict: CheckVerdict = "ok" if choice.decided else "undecided"
    if choice.decided and choice.best != assumed:
        verdict = "warning"
        sentence += f"; they are scored as mattes of {assumed} pictures: {_MASK_SPACE_REMEDY[choice.best]}"
    return CaptureCheck(
        MASK_SPACE,
        verdict,
        choice.best,
        choice.margin,
        choice.margin_standard_error,
        "share of the outline",
        choice.decided,
        sentence,
    )


def _bend_px(camera: Camera, points: Points3) -> float:
    """Return how far the lens moves (N, 3) points, px; 0 where it maps none of them."""
    seen = camera.cam_from_world.apply(points)
    seen = seen[seen[:, 2] > 0.0]
    xy = seen[:, :2] / seen[:, 2:]
    xy = xy[camera.distortion.is_valid(xy)]
    moved = (camera.distortion.distort(xy) - xy) @ camera.K[:2, :2].T
    return float(np.sqrt((moved**2).sum(axis=1).max(initial=0.0)))


def _inside_of(subject: _Subject, camera: Camera) -> MaskBits | None:
    view = _read(subject.capture.view, subject.frames[0], camera.name)
    mask = None if view is None or view.mask is None else view.mask
    found = None if mask is None else _read(mask.decode_inside, subject.options.matte_threshold)
    return found.bits if found is not None and found.bits.shape == (camera.height, camera.width) else None


def _check_scan_frame(subject: _Subject) -> CaptureCheck:
    scan = _read(subject.capture.unframed_scan)
    if scan is None:
        return CaptureCheck.skipped(SCAN_FRAME, "the capture has no scan without a frame of its own")
    if not scan.masks:
        return CaptureCheck.skipped(SCAN_FRAME, "the scan has no mattes to compare with")
    frames = spread(subject.capture.frame_ids, subject.budget.num_frames)
    if len(frames) == 1:
        return CaptureCheck.skipped(SCAN_FRAME, f"there is only frame {frames[0]}")
    choice = choose_scan_frame(scan, frames, subject.options.matte_threshold, subject.budget.num_scan_views)
    if choice.best is None:
        return CaptureCheck.skipped(SCAN_FRAME, "no frame has mattes in the cameras of the scan's mattes")
    tried = f"of {counted(len(frames), 'frame')} tried among {len(subject.capture.frame_ids)}"
    sentence = f"the scan fits frame {choice.best}, {tried}: {choice}"
    validated = subject.options.meshes or PREFERRED_MESHES[:1]
    others = [frame for frame in subject.frames if frame != choice.best]
    wrong = choice.decided and "scan" in validated and bool(others)
    if wrong:
        sentence += (
            f"; {len(others)} of the frames to validate are others, which the scan need not fit: "
            f"--frames {choice.best}, or --mesh flame"
        )
    verdict: CheckVerdict = "warning" if wrong else "ok" if choice.decided else "undecided"
    return CaptureCheck(
        SCAN_FRAME,
        verdict,
        choice.best,
        choice.margin,
        choice.margin_standard_error,
        "IoU",
        choice.decided,
        sentence,
    )


def _read(reader: Callable[Arguments, Value], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Value | None:
    """Return what can be read; damage is an error of the rows that need it, and no evidence here."""
    try:
        return reader(*args, **kwargs)
    except RenderkitError:
        return None


def _mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) >= MIN_VIEWS else float("nan")
    return float(np.mean(values)), error


def _jackknife_error(leave_one_out: Sequence[float]) -> float:
    """Return the jackknife's standard error (Efron and Tibshirani 1993, chapter 11); NaN with too few views."""
    count = len(leave_one_out)
    if count < MIN_VIEWS:
        return float("nan")
    values = np.asarray(leave_one_out)
    return float(np.sqrt((count - 1) / count * ((values - values.mean()) ** 2).sum()))
