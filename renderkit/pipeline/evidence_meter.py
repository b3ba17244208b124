"""What the diagnosis needs of views, measured while they are scored: their mattes are in memory then."""

from __future__ import annotations

from functools import lru_cache, partial

from renderkit.capture import Capture, View
from renderkit.diagnosis.evidence.registry import MESH
from renderkit.diagnosis.mesh_alignment import FrameOutlines
from renderkit.images.encoded import InsideMatte
from renderkit.metrics.scored_view import Missing
from renderkit.pipeline.evidence import MAX_FINE_SIDE, FrameEvidence, ViewPart, ViewPlan, read_reduced
from renderkit.pipeline.frame_content import FrameContent
from renderkit.pipeline.observation import Observation
from renderkit.pipeline.options import ValidationOptions
from renderkit.renderers.base import Renderer
from renderkit.results.rows import ViewKey

_FRAMES_KEPT = 2
"""Threads work on two frames at once where one ends and the next begins."""


class EvidenceMeter:
    """Measures the evidence of views that are being scored. May be called from several threads.

    Args:
        capture: The capture.
        options: How mattes are meant.
        renderer: Draws the mesh.
        plan: Which views to measure.
    """

    def __init__(self, capture: Capture, options: ValidationOptions, renderer: Renderer, plan: ViewPlan) -> None:
        """Measure nothing yet."""
        self._capture, self._options, self._renderer, self._plan = capture, options, renderer, plan
        self._wanted = frozenset((frame, camera) for frame in plan.frames for camera in plan.cameras)
        self._shared = lru_cache(_FRAMES_KEPT)(self._prepared)

    def reduced_to(self, key: ViewKey, content: FrameContent) -> int | None:
        """Return the longest side, px, of the reduced matte that is needed of a view; None for one that is not."""
        return MAX_FINE_SIDE if self._is_wanted(key, content) else None

    def part(self, key: ViewKey, view: View, content: FrameContent, observation: Observation) -> ViewPart | None:
        """Return the evidence of a view; None where it is not wanted, or has to be read in another way."""
        if not self._is_wanted(key, content):
            return None
        matte = None
        if observation.mask is not None:
            matte = InsideMatte(observation.mask, "", observation.reduced)
        again = partial(read_reduced, self._capture, key.frame, key.camera, options=self._options)
        return self._shared(key.frame, content).part(view, observation.landmarks, matte, again)

    def _is_wanted(self, key: ViewKey, content: FrameContent) -> bool:
        """Whether a row is of a chosen view, its captured side as it is, and of the mesh that the diagnosis takes."""
        if self._options.undistort or (key.frame, key.camera) not in self._wanted:
            return False
        is_first = not self._options.meshes or key.mesh == self._options.meshes[0]
        return MESH in self._options.evidence and is_first and not isinstance(content.mesh, Missing)

    def _prepared(self, frame_id: str, content: FrameContent) -> FrameEvidence:
        mesh = None if isinstance(content.mesh, Missing) else content.mesh
        outlines = None
        if mesh is not None and self._plan.has_outlines(frame_id, mesh):
            outlines = FrameOutlines.of(mesh, self._renderer.render_mask)
        return FrameEvidence.of(content.landmarks, mesh, outlines, self._options)
