"""Gathers what the diagnosis of a rig needs from a capture: a bounded number of views, read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from renderkit.arrays import AlphaImage, FloatArray
from renderkit.capture import Capture, Frame, View
from renderkit.diagnosis.evidence.registry import MESH
from renderkit.diagnosis.mesh_alignment import MatteView, frame_outlines
from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import raw_from_rig
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmark_schemes import common_landmarks
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.rig import Rig
from renderkit.pipeline.observation import inside_matte
from renderkit.pipeline.options import PREFERRED_MESHES, ValidationOptions
from renderkit.pipeline.scan_frame import frames_of_scan
from renderkit.pipeline.spread import spread
from renderkit.renderers.base import Renderer

SCAN: Final = "scan"
"""The mesh whose frame a capture need not state."""

MAX_VIEWS: Final = 64
MAX_VIEWS_THOROUGH: Final = 240
MAX_VERTICES: Final = 4000
MAX_MATTE_SIDE: Final = 512
MAX_FINE_SIDE: Final = 1400
"""Outlines are measured in mattes of at most this many px: to a few hundredths of a pixel of such a picture."""


def gather_evidence(
    capture: Capture,
    options: ValidationOptions | None = None,
    *,
    renderer: Renderer | None = None,
    max_views: int = MAX_VIEWS,
) -> RigEvidence:
    """Read landmarks, mattes and a mesh of at most `max_views` views, all cameras of a frame before the next frame.

    A part that cannot be read is left out: the rows of the report say why.

    Args:
        capture: An open capture.
        options: Which frames, cameras and mesh to look at, and how mattes are meant.
        renderer: Draws the mesh, to measure outlines; None measures none.
        max_views: How many views to read. Of more cameras than that, evenly spread ones are read.
    """
    chosen = options or ValidationOptions()
    cameras = spread(capture.camera_names if chosen.cameras is None else chosen.cameras, max_views)
    num_frames = max(1, max_views // max(len(cameras), 1))
    views: list[ViewEvidence] = []
    frames, of_scan = _chosen_frames(capture, chosen, num_frames)
    for frame_id in frames:
        try:
            frame = capture.frame(frame_id)
        except DatasetError:
            continue
        points = _points(frame)
        mesh = _mesh(frame, chosen.meshes) if MESH in chosen.evidence else None
        vertices = None if mesh is None else mesh.vertices[:: max(1, len(mesh.vertices) // MAX_VERTICES)]
        seen = [view for name in cameras if (view := _view(capture, frame_id, name)) is not None]
        parts = [_evidence(view, points, vertices, chosen) for view in seen]
        # A scan of another moment has another outline, which would be taken for errors of cameras.
        fits = mesh is not None and (mesh.name != SCAN or of_scan is None or frame_id in of_scan)
        if mesh is not None and fits and renderer is not None and len(mesh.faces):
            views += _with_outlines(parts, mesh, renderer, chosen)
        else:
            views += [part.evidence for part in parts]
    return RigEvidence(tuple(views))


def _chosen_frames(
    capture: Capture, options: ValidationOptions, most: int
) -> tuple[Sequence[str], Sequence[str] | None]:
    """Return the frames to read, the scan's among them, and which frames are the scan's; None if that is not known."""
    every = capture.frame_ids if options.frames is None else options.frames
    frames = spread(every, most)
    of_scan = None
    if MESH in options.evidence and SCAN in (options.meshes or PREFERRED_MESHES):
        of_scan = frames_of_scan(capture, frames, options.matte_threshold)
    if of_scan is not None and of_scan[0] in every and not set(of_scan) & set(frames):
        frames[-1] = of_scan[0]
    return frames, of_scan


@dataclass(frozen=True, eq=False)
class _Part:
    """The evidence of a view, and its matte at the size in which its outline is measured."""

    evidence: ViewEvidence
    camera: Camera
    alpha: AlphaImage | None


def _with_outlines(
    parts: Sequence[_Part], mesh: Mesh, renderer: Renderer, options: ValidationOptions
) -> list[ViewEvidence]:
    """Return the views of one frame with their outlines measured."""
    bent = not options.undistorted_mattes
    mattes = [
        MatteView(part.camera if bent else part.camera.undistorted(), part.alpha, options.matte_threshold)
        for part in parts
        if part.alpha is not None
    ]
    outlines = iter(frame_outlines(mesh, mattes, renderer.render_mask))
    return [part.evidence if part.alpha is None else replace(part.evidence, outline=next(outlines)) for part in parts]


def _view(capture: Capture, frame_id: str, name: str) -> View | None:
    try:
        return capture.view(frame_id, name)
    except DatasetError:
        return None


def _points(frame: Frame) -> Landmarks | None:
    try:
        return frame.read_landmarks()
    except DatasetError:
        return None


def _mesh(frame: Frame, meshes: Sequence[str]) -> Mesh | None:
    """Return the first mesh that is validated and can be read."""
    names = meshes or (*PREFERRED_MESHES, *frame.mesh_names)
    for name in dict.fromkeys(name for name in names if name in frame.mesh_names):
        try:
            return frame.read_mesh(name)
        except DatasetError:
            continue
    return None


def _evidence(view: View, points: Landmarks | None, vertices: FloatArray | None, options: ValidationOptions) -> _Part:
    camera = raw_from_rig(Rig({view.camera.name: view.camera})).cameras[0]
    known, detected = _paired(points, _pixels(view))
    matte, fine = None, None
    if view.mask is not None and vertices is not None:
        try:
            alpha = view.mask.decode_matte().alpha
        except DatasetError:
            alpha = None
        if alpha is not None:
            step = max(1, max(alpha.shape) // MAX_MATTE_SIDE)
            matte = inside_matte(alpha[::step, ::step], options.matte_threshold)
            fine = reduced(alpha)
    evidence = ViewEvidence(
        camera=camera,
        frame=view.frame,
        points_world=known,
        pixels=detected,
        vertices=vertices,
        matte=matte,
        matte_is_bent=not options.undistorted_mattes,
    )
    return _Part(evidence, view.camera, fine)


def reduced(alpha: AlphaImage) -> AlphaImage:
    """Return a matte at no more than `MAX_FINE_SIDE`, each pixel the mean of a square of whole pixels.

    Borders that do not fill a square are left out, by which the picture is smaller in less than one pixel.
    """
    step = -(-max(alpha.shape) // MAX_FINE_SIDE)
    if step == 1:
        return alpha
    height, width = (step * max(1, side // step) for side in alpha.shape)
    small = cv2.resize(alpha[:height, :width], (width // step, height // step), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def _pixels(view: View) -> Landmarks | None:
    try:
        return view.read_landmarks()
    except DatasetError:
        return None


def _paired(points: Landmarks | None, pixels: Landmarks | None) -> tuple[FloatArray | None, FloatArray | None]:
    """Return the landmarks that both sets have, NaN where not valid; None where no map between them is known."""
    if points is None or pixels is None:
        return None, None
    try:
        pairs = common_landmarks(points, pixels)
    except ValueError:
        return None, None
    return _known(points)[pairs.first], _known(pixels)[pairs.second]


def _known(landmarks: Landmarks) -> FloatArray:
    known: FloatArray = np.where(landmarks.valid[:, None], landmarks.points, np.nan)
    return known
