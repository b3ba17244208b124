"""Gathers what the diagnosis of a rig needs from a capture: a bounded number of views, read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from renderkit.arrays import AlphaImage, FloatArray
from renderkit.buffer_pool import BufferPool
from renderkit.capture import Capture, Frame, View
from renderkit.diagnosis.evidence.registry import MESH
from renderkit.diagnosis.mesh_alignment import FrameOutlines, MatteView
from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import raw_from_rig
from renderkit.geometry.landmark_pairs import paired_or_none
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.rig import Rig
from renderkit.images.matte import inside_matte
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
    buffers = BufferPool()
    frames, of_scan = _chosen_frames(capture, chosen, num_frames)
    for frame_id in frames:
        try:
            frame = capture.frame(frame_id)
        except DatasetError:
            continue
        points = _points(frame)
        mesh = _mesh(frame, chosen.meshes) if MESH in chosen.evidence else None
        vertices = None if mesh is None else mesh.vertices[:: max(1, len(mesh.vertices) // MAX_VERTICES)]
        # A scan of another moment has another outline, which would be taken for errors of cameras.
        fits = mesh is not None and (mesh.name != SCAN or of_scan is None or frame_id in of_scan)
        outlines = None
        if mesh is not None and fits and renderer is not None and len(mesh.faces):
            outlines = FrameOutlines.of(mesh, renderer.render_mask)
        of_frame = _OfFrame(points, vertices, outlines, chosen, buffers)
        seen = [view for name in cameras if (view := _view(capture, frame_id, name)) is not None]
        views += of_frame.settled([of_frame.evidence(view) for view in seen])
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
    """The evidence of a view, with its outline as the mesh stands, and its matte; None without one."""

    evidence: ViewEvidence
    matte: MatteView | None


@dataclass(frozen=True, eq=False)
class _OfFrame:
    """What the views of a frame share.

    A matte is read again where it is needed again, which is seldom: fresh memory for all of them takes as long as
    decoding them.

    Attributes:
        points: The 3D landmarks.
        vertices: (V, 3) of the mesh.
        outlines: Measures outlines of the mesh; None where they say nothing about cameras.
        options: How mattes are meant.
        buffers: Where the memory of mattes comes from.
    """

    points: Landmarks | None
    vertices: FloatArray | None
    outlines: FrameOutlines | None
    options: ValidationOptions
    buffers: BufferPool

    def evidence(self, view: View) -> _Part:
        """Return the evidence of a view, its outline measured against the mesh as it stands."""
        camera = raw_from_rig(Rig({view.camera.name: view.camera})).cameras[0]
        paired = paired_or_none(self.points, _pixels(view))
        matte, fine, outline = None, None, None
        alpha = self._alpha(view) if self.vertices is not None else None
        if alpha is not None:
            step = max(1, max(alpha.shape) // MAX_MATTE_SIDE)
            matte = inside_matte(alpha[::step, ::step], self.options.matte_threshold)
            fine = self._matte_view(view)
            outline = None if self.outlines is None else self.outlines.as_it_stands(fine, reduced(alpha))
        evidence = ViewEvidence(
            camera=camera,
            frame=view.frame,
            points_world=None if paired is None else paired.points,
            pixels=None if paired is None else paired.captured,
            landmark_ids=None if paired is None else paired.ids,
            vertices=self.vertices,
            matte=matte,
            matte_is_bent=not self.options.undistorted_mattes,
            outline=outline,
        )
        return _Part(evidence, fine)

    def settled(self, parts: Sequence[_Part]) -> list[ViewEvidence]:
        """Return the evidence of all views with the outlines of the mesh where most of them agree."""
        if self.outlines is None:
            return [part.evidence for part in parts]
        mattes = [(part.evidence.outline, part.matte) for part in parts if part.matte is not None]
        first, views = [outline for outline, _ in mattes], [view for _, view in mattes]
        found = iter(self.outlines.settled(first, views))
        return [part.evidence if part.matte is None else replace(part.evidence, outline=next(found)) for part in parts]

    def _matte_view(self, view: View) -> MatteView:
        camera = view.camera.undistorted() if self.options.undistorted_mattes else view.camera

        def read() -> AlphaImage | None:
            alpha = self._alpha(view)
            return None if alpha is None else reduced(alpha)

        return MatteView(camera, read, self.options.matte_threshold)

    def _alpha(self, view: View) -> AlphaImage | None:
        """Return a view's (h, w) matte; None without one that can be read."""
        try:
            return None if view.mask is None else view.mask.decode_matte(self.buffers).alpha
        except DatasetError:
            return None


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
