"""Gathers what the diagnosis of a rig needs from a capture: a bounded number of views, read once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Final

import numpy as np

from renderkit.arrays import AlphaImage, FloatArray
from renderkit.buffer_pool import BufferPool
from renderkit.capture import Capture, Frame, View
from renderkit.diagnosis.evidence.registry import MESH
from renderkit.diagnosis.mesh_alignment import FrameOutlines, MatteView, is_settled
from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import raw_from_rig
from renderkit.geometry.landmark_pairs import paired_or_none
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.rig import Rig
from renderkit.images.encoded import InsideMatte
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


@dataclass(frozen=True, eq=False)
class ViewPlan:
    """Which views of a capture the diagnosis looks at.

    Attributes:
        cameras: Their names; of more than there may be, evenly spread ones.
        frames: All cameras of a frame come before the next frame.
        of_scan: Which frames are the scan's; None if that is not known.
    """

    cameras: Sequence[str]
    frames: Sequence[str]
    of_scan: Sequence[str] | None

    def has_outlines(self, frame_id: str, mesh: Mesh) -> bool:
        """Whether outlines of a mesh say something about cameras in a frame.

        A scan of another moment has another outline, which would be taken for errors of cameras.
        """
        return bool(len(mesh.faces)) and (mesh.name != SCAN or self.of_scan is None or frame_id in self.of_scan)


def plan_views(capture: Capture, options: ValidationOptions, max_views: int = MAX_VIEWS) -> ViewPlan:
    """Choose at most `max_views` views of a capture, the scan's frame among them."""
    cameras = spread(capture.camera_names if options.cameras is None else options.cameras, max_views)
    every = capture.frame_ids if options.frames is None else options.frames
    frames = spread(every, max(1, max_views // max(len(cameras), 1)))
    of_scan = None
    if MESH in options.evidence and SCAN in (options.meshes or PREFERRED_MESHES):
        of_scan = frames_of_scan(capture, frames, options.matte_threshold)
    if of_scan is not None and of_scan[0] in every and not set(of_scan) & set(frames):
        frames[-1] = of_scan[0]
    return ViewPlan(cameras, frames, of_scan)


def gather_evidence(
    capture: Capture,
    options: ValidationOptions | None = None,
    *,
    renderer: Renderer | None = None,
    max_views: int = MAX_VIEWS,
    seen: SeenViews | None = None,
) -> RigEvidence:
    """Read landmarks, mattes and a mesh of at most `max_views` views, all cameras of a frame before the next frame.

    A part that cannot be read is left out: the rows of the report say why.

    Args:
        capture: An open capture.
        options: Which frames, cameras and mesh to look at, and how mattes are meant.
        renderer: Draws the mesh, to measure outlines; None measures none.
        max_views: How many views to read. Of more cameras than that, evenly spread ones are read.
        seen: The plan and views that were measured already.
    """
    chosen = options or ValidationOptions()
    plan = plan_views(capture, chosen, max_views) if seen is None else seen.plan
    views: list[ViewEvidence] = []
    buffers = BufferPool()
    for frame_id in plan.frames:
        try:
            frame = capture.frame(frame_id)
        except DatasetError:
            continue
        source = _FrameSource(frame, plan, chosen, renderer, buffers)
        known = {} if seen is None else seen.parts
        parts = [known.get((frame_id, name)) or source.part(capture, name) for name in plan.cameras]
        views += source.settled([part for part in parts if part is not None])
    return RigEvidence(tuple(views))


@dataclass(frozen=True, eq=False)
class ViewPart:
    """The evidence of a view, with its outline as the mesh stands, and its matte; None without one."""

    evidence: ViewEvidence
    matte: MatteView | None


@dataclass(frozen=True, eq=False)
class SeenViews:
    """Views that were measured while they were scored, by frame and camera."""

    plan: ViewPlan
    parts: Mapping[tuple[str, str], ViewPart]


@dataclass(frozen=True, eq=False)
class FrameEvidence:
    """What the views of a frame share.

    Attributes:
        points: 3D landmarks.
        vertices: (V, 3) of the mesh.
        outlines: Measures outlines of the mesh; None where they say nothing about cameras.
        options: How mattes are meant.
    """

    points: Landmarks | None
    vertices: FloatArray | None
    outlines: FrameOutlines | None
    options: ValidationOptions

    @classmethod
    def of(
        cls, points: Landmarks | None, mesh: Mesh | None, outlines: FrameOutlines | None, options: ValidationOptions
    ) -> FrameEvidence:
        """Thin the mesh."""
        vertices = None if mesh is None else mesh.vertices[:: max(1, len(mesh.vertices) // MAX_VERTICES)]
        return cls(points, None if vertices is None else np.ascontiguousarray(vertices), outlines, options)

    def part(
        self,
        view: View,
        pixels: Landmarks | None,
        matte: InsideMatte | None,
        read: Callable[[], AlphaImage | None],
        *,
        refusal: str = "",
    ) -> ViewPart:
        """Return the evidence of a view, its outline measured against the mesh as it stands.

        Args:
            view: Whose camera it is.
            pixels: Its detected landmarks.
            matte: Its matte, reduced as well.
            read: Reads the reduced matte again, where the mesh has to be moved.
            refusal: Why the matte is not of the view's picture; its outline is not measured then.
        """
        camera = raw_from_rig(Rig({view.camera.name: view.camera})).cameras[0]
        paired = paired_or_none(self.points, pixels)
        inside, fine, outline = None, None, None
        if matte is not None and matte.reduced is not None and self.vertices is not None:
            inside = matte.bits.every(max(1, max(matte.bits.shape) // MAX_MATTE_SIDE))
            bent = view.camera.undistorted() if self.options.undistorted_mattes else view.camera
            fine = MatteView(bent, read, self.options.matte_threshold)
            if self.outlines is not None and not refusal:
                outline = self.outlines.as_it_stands(fine, matte.reduced)
        evidence = ViewEvidence(
            camera=camera,
            frame=view.frame,
            points_world=None if paired is None else paired.points,
            pixels=None if paired is None else paired.captured,
            landmark_ids=None if paired is None else paired.ids,
            vertices=self.vertices,
            matte=inside,
            matte_is_bent=not self.options.undistorted_mattes,
            matte_refusal=refusal,
            outline=outline,
        )
        return ViewPart(evidence, None if refusal else fine)


@dataclass(frozen=True, eq=False)
class _FrameSource:
    """Reads a frame's views; what they share is read only where a view has to be measured."""

    frame: Frame
    plan: ViewPlan
    options: ValidationOptions
    renderer: Renderer | None
    buffers: BufferPool

    @cached_property
    def shared(self) -> FrameEvidence:
        """What they share."""
        mesh = _mesh(self.frame, self.options.meshes) if MESH in self.options.evidence else None
        outlines = None
        if mesh is not None and self.renderer is not None and self.plan.has_outlines(self.frame.id, mesh):
            outlines = FrameOutlines.of(mesh, self.renderer.render_mask)
        return FrameEvidence.of(_points(self.frame), mesh, outlines, self.options)

    def part(self, capture: Capture, camera: str) -> ViewPart | None:
        """Measure a view; None where it cannot be read."""
        view = _view(capture, self.frame.id, camera)
        if view is None:
            return None
        matte, refusal = None, ""
        if self.shared.vertices is not None and view.mask is not None:
            matte = read_matte(view, self.options, self.buffers)
            refusal = "unreadable" if matte is None else _refusal(view)
        again = partial(read_reduced, capture, view.frame, camera, options=self.options)
        return self.shared.part(view, _pixels(view), matte, again, refusal=refusal)

    def settled(self, parts: Sequence[ViewPart]) -> list[ViewEvidence]:
        """Return the evidence of all views with the outlines of the mesh where most of them agree."""
        mattes = [(part.evidence.outline, part.matte) for part in parts if part.matte is not None]
        first, views = [outline for outline, _ in mattes], [view for _, view in mattes]
        if is_settled(first, views) or self.shared.outlines is None:
            return [part.evidence for part in parts]
        found = iter(self.shared.outlines.settled(first, views))
        return [part.evidence if part.matte is None else replace(part.evidence, outline=next(found)) for part in parts]


def read_matte(view: View, options: ValidationOptions, buffers: BufferPool) -> InsideMatte | None:
    """Return a view's matte, reduced as well; None without one that can be read."""
    try:
        return (
            None
            if view.mask is None
            else view.mask.decode_inside(options.matte_threshold, buffers, reduced_to=MAX_FINE_SIDE)
        )
    except DatasetError:
        return None


def _refusal(view: View) -> str:
    """Return why a matte that can be read is not of its view's picture, a key of `UNUSABLE`; "" where it is."""
    is_of_size = view.mask is None or view.mask.read_header().size == view.camera.size
    return "" if is_of_size else "of another size"


def read_reduced(capture: Capture, frame_id: str, camera: str, *, options: ValidationOptions) -> AlphaImage | None:
    """Return the (h, w) reduced matte of a view; None without one that can be read."""
    view = _view(capture, frame_id, camera)
    matte = None if view is None else read_matte(view, options, BufferPool())
    return None if matte is None else matte.reduced


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


def _pixels(view: View) -> Landmarks | None:
    try:
        return view.read_landmarks()
    except DatasetError:
        return None
