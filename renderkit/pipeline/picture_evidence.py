"""Gathers what a picture of a view is drawn from, everything at the size in which it is shown."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from renderkit.arrays import AlphaImage, ColorImage, FloatArray
from renderkit.capture import View
from renderkit.geometry.camera import Camera
from renderkit.geometry.undistort import undistort_image
from renderkit.images.mask_bits import MaskBits
from renderkit.images.matte import inside_matte
from renderkit.images.outlines import Segments, trace_level
from renderkit.images.reduced import Window, resample
from renderkit.metrics.depth import depth_difference
from renderkit.metrics.scored_view import Missing, PairedLandmarks
from renderkit.pictures.framing import choose_window, picture_camera, picture_size
from renderkit.pictures.layers.registry import find_layers, passes_of
from renderkit.pictures.style import OverlayStyle
from renderkit.pipeline.frame_content import FrameContent
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.picture_size import check_matte_size, check_picture_size
from renderkit.pipeline.view_parts import base_color
from renderkit.renderers.base import Renderer, Rendering
from renderkit.renderers.cpu import CpuRenderer
from renderkit.results.picture_evidence import PictureEvidence
from renderkit.results.rows import ViewResult


@dataclass(frozen=True, eq=False)
class PictureJob:
    """One picture to draw.

    Attributes:
        row: The view's scores.
        view: What was captured, with its bytes in memory.
        content: The frame's mesh.
        style: How the picture should look.
        photo: (height, width, 3) the whole photograph, where it is in memory; the view's own file otherwise.
        matte: (height, width) the whole matte, likewise.
        with_masks: Whether the masks at full size are wanted as well.
        unit: World unit.
    """

    row: ViewResult
    view: View
    content: FrameContent
    style: OverlayStyle
    photo: ColorImage | None = None
    matte: AlphaImage | None = None
    with_masks: bool = False
    unit: str = ""


@dataclass(frozen=True, eq=False)
class RenderedPicture:
    """A job whose mesh is rendered: that is done in the thread that the renderer belongs to.

    Attributes:
        job: What is drawn.
        whole: The camera of the whole photograph.
        window: The part of it that is shown, px.
        camera: The picture's camera.
        landmarks: Of the whole photograph, px.
        rendering: The mesh in the picture.
        outline: Its outline, where the renderer traces it with the rendering.
        other: The frame's other mesh.
    """

    job: PictureJob
    whole: Camera
    window: Window
    camera: Camera
    landmarks: PairedLandmarks | None
    rendering: Rendering | None
    outline: Segments | None
    other: Rendering | None


def render_picture(job: PictureJob, renderer: Renderer, options: ValidationOptions) -> RenderedPicture:
    """Choose a picture's camera and render the mesh into it.

    Raises:
        ArgumentError: If the style's window lies outside of the photograph.
    """
    raw, style = job.view.camera, job.style
    whole = raw.undistorted() if options.undistort else raw
    landmarks = landmarks_of(job.row)
    mesh = None if isinstance(job.content.mesh, Missing) else job.content.mesh
    window = choose_window(whole, style, mesh, landmarks)
    camera = picture_camera(whole, window, picture_size(window, style))
    renderable, other = job.content.renderable, job.content.other
    rendering, outline, behind = None, None, None
    if not isinstance(renderable, Missing):
        passes = passes_of(find_layers(style.layers))
        if isinstance(renderer, CpuRenderer):
            rendering, outline = renderer.render_traced(renderable, camera, passes)
        else:
            rendering = renderer.render(renderable, camera, passes)
        if not isinstance(other, Missing):
            behind = renderer.render(other, camera)
    return RenderedPicture(job, whole, window, camera, landmarks, rendering, outline, behind)


def gather_picture(found: RenderedPicture, tracer: CpuRenderer, options: ValidationOptions) -> PictureEvidence:
    """Decode the photograph and the matte at the picture's size, and trace the outlines.

    Args:
        found: From `render_picture`.
        tracer: Traces the outline of the mesh.
        options: How mattes are meant, and whether pictures are undistorted.

    Raises:
        DatasetError: If a picture is corrupt, or does not have the calibration's size.
    """
    job, camera, window = found.job, found.camera, found.window
    x0, y0 = window[:2]
    mesh, rendering = job.content.mesh, found.rendering
    matte = _read_matte(job, options)
    small, captured_outline = _shown_matte(matte, window, camera.size, _level(options))
    bare = not isinstance(mesh, Missing) and not len(mesh.faces)
    landmarks = found.landmarks
    return PictureEvidence(
        row=job.row,
        camera=camera,
        window=window,
        photo=_read_photo(found, options),
        matte=small,
        matte_level=_level(options),
        mesh=None if isinstance(mesh, Missing) else mesh,
        rendering=rendering,
        outline=_outline(found, tracer),
        captured_outline=captured_outline,
        landmarks=None
        if landmarks is None
        else landmarks.moved(np.array([x0, y0], np.float64), np.array(camera.size) / window[2:]),
        vertices=camera.project(mesh.vertices) if bare and not isinstance(mesh, Missing) else None,
        base_color=_unlit(job, rendering),
        depth_difference=_difference(found),
        whole_masks=_whole_masks(found, matte, tracer, options),
        unit=job.unit,
    )


def landmarks_of(row: ViewResult) -> PairedLandmarks | None:
    """Return a row's landmarks as they were scored, px of the whole photograph; None where it has none."""
    score, captured = row.scores.reprojection, row.landmark_pixels
    if score is None or captured is None or len(captured) != len(score.residuals):
        return None
    hidden = np.zeros(len(captured), np.bool_) if score.hidden is None else score.hidden
    return PairedLandmarks(captured, captured + score.residuals, np.full(len(captured), np.nan), hidden)


def _outline(found: RenderedPicture, tracer: CpuRenderer) -> Segments | None:
    mesh = found.job.content.mesh
    if found.outline is not None or found.rendering is None or isinstance(mesh, Missing):
        return found.outline
    return tracer.trace_outline(mesh, found.camera)


def _level(options: ValidationOptions) -> int:
    return math.ceil(options.matte_threshold * 255.0)


def _read_photo(found: RenderedPicture, options: ValidationOptions) -> ColorImage | None:
    image, raw = found.job.view.image, found.job.view.camera
    if found.job.photo is not None:
        return np.asarray(resample(found.job.photo, 1, found.window, found.camera.size), np.uint8)
    if image is None:
        return None
    check_picture_size(image, image.read_header(), raw)
    if not options.undistort:
        return image.decode_color_at(found.camera.size, found.window)
    # All of it at the picture's scale: what a window of it shows may lie elsewhere in the raw photograph.
    ratio = found.camera.width / found.window[2]
    size = max(1, round(raw.width * ratio)), max(1, round(raw.height * ratio))
    return undistort_image(image.decode_color_at(size), raw.scaled(size), into=found.camera)


def _read_matte(job: PictureJob, options: ValidationOptions) -> AlphaImage | None:
    mask, raw = job.view.mask, job.view.camera
    if job.matte is not None:
        return job.matte
    if mask is None:
        return None
    image = job.view.image
    check_matte_size(mask, mask.read_header(), raw, None if image is None else image.read_header())
    alpha = mask.decode_matte(job.content.buffers).alpha
    return undistort_image(alpha, raw) if options.undistort and not options.undistorted_mattes else alpha


def _shown_matte(
    matte: AlphaImage | None, window: Window, size: tuple[int, int], level: int
) -> tuple[AlphaImage | None, Segments | None]:
    """Return the matte and its outline in the picture; an enlarged one is traced as it was captured."""
    if matte is None:
        return None, None
    shown = np.ascontiguousarray(resample(matte, 1, window, size))
    if size[0] <= window[2]:
        return shown, trace_level(shown, level)
    x0, y0, width, height = window
    ratio = np.array([size[0] / width, size[1] / height] * 2, np.float32)
    segments = trace_level(np.ascontiguousarray(matte[y0 : y0 + height, x0 : x0 + width]), level)
    return shown, (segments + np.float32(0.5)) * ratio - np.float32(0.5)


def _unlit(job: PictureJob, rendering: Rendering | None) -> ColorImage | None:
    mesh = job.content.textured
    if rendering is None or rendering.barycentric is None or isinstance(mesh, Missing):
        return None
    return base_color(mesh, rendering)


def _difference(found: RenderedPicture) -> FloatArray | None:
    if found.rendering is None or found.other is None:
        return None
    return depth_difference(found.rendering.depth, found.other.depth) * found.job.content.to_metres


def _whole_masks(
    found: RenderedPicture, matte: AlphaImage | None, tracer: CpuRenderer, options: ValidationOptions
) -> tuple[MaskBits, MaskBits] | None:
    mesh = found.job.content.renderable
    if not found.job.with_masks or matte is None or isinstance(mesh, Missing):
        return None
    captured = MaskBits.pack(inside_matte(matte, options.matte_threshold, found.job.content.buffers))
    return tracer.render_bits(mesh, found.whole), captured
