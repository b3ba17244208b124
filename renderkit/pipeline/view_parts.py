"""The parts of a view that scores are measured from: renderings, landmarks and regions, each made on demand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import BoolArray, ColorImage, DepthImage, FloatArray
from renderkit.computed_once import computed_once
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmark_pairs import pair_landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.surface_color import surface_colors
from renderkit.images.mask_bits import MaskBits
from renderkit.metrics.mask_window import MaskWindow
from renderkit.metrics.region import Region, default_region
from renderkit.metrics.score_kind import Needs
from renderkit.metrics.scored_view import INCOMPARABLE, Missing, PairedLandmarks, Regions, TexturedPicture
from renderkit.metrics.visibility import pixels_around, visible_among, visible_points
from renderkit.pipeline.frame_content import FrameContent
from renderkit.pipeline.observation import Observation
from renderkit.pipeline.options import ValidationOptions
from renderkit.renderers.base import DepthProbe, DrawsBits, Renderer, Rendering, RenderPass
from renderkit.renderers.cpu.points import project_points
from renderkit.results.kinds import needs_of

NO_MATTE = Missing("the capture has no matte of this view; give mattes with --masks DIR")
_NO_DETECTION = Missing("no 2D landmarks were detected in this view; give landmarks with --landmarks FILE")
_NO_LANDMARKS_3D = Missing("the frame has no 3D landmarks; give landmarks_3d or vertex_indices with --landmarks FILE")


@dataclass(frozen=True, eq=False)
class RenderedParts:
    """The parts of one mesh in one view; see `metrics.scored_view.ViewParts`.

    Attributes:
        observation: What was captured.
        content: The frame's mesh and landmarks.
        renderer: Draws the mesh.
        options: How to validate.
    """

    observation: Observation
    content: FrameContent
    renderer: Renderer
    options: ValidationOptions

    @computed_once
    def rendering(self) -> Rendering | Missing:
        """The mesh with visibility."""
        mesh = self.content.renderable
        if isinstance(mesh, Missing):
            return mesh
        return self.renderer.render(mesh, self.observation.camera)

    @computed_once
    def has_rendering(self) -> bool:
        """Whether somebody needs more than the silhouette: depth, or landmarks that may be hidden."""
        needed = Needs.DEPTH in needs_of(self.options.metrics)
        return needed or not (_can_probe(self.renderer) or isinstance(self._pairs, Missing))

    def rendered_bits(self) -> MaskBits | Missing:
        """Return the rendered mask; nothing is drawn where there is nothing to compare it with."""
        mesh = self.content.renderable
        if isinstance(mesh, Missing):
            return mesh
        if self.has_rendering:
            return self.rendering if isinstance(self.rendering, Missing) else MaskBits.pack(self.rendering.mask)
        if self.observation.mask is None:
            return NO_MATTE
        if self._drawn is not None:
            return self._drawn[0]
        return draw_bits(self.renderer, mesh, self.observation.camera)

    def rendered_depth(self) -> DepthImage | Missing:
        """Return the mesh's depth."""
        return self.rendering if isinstance(self.rendering, Missing) else self.rendering.depth

    def other_depth(self) -> DepthImage | Missing:
        """Return the depth of the frame's other mesh."""
        other = self.content.other
        return other if isinstance(other, Missing) else self.renderer.render(other, self.observation.camera).depth

    def textured(self) -> TexturedPicture | Missing:
        """Return the textured mesh, drawn without light."""
        mesh = self.content.textured
        if isinstance(mesh, Missing):
            return mesh
        rendering = self.renderer.render(mesh, self.observation.camera, RenderPass.BARYCENTRIC)
        return TexturedPicture(base_color(mesh, rendering), rendering.mask)

    def landmarks(self) -> PairedLandmarks | Missing:
        """Return landmarks with the hidden ones marked, from a rendering or from the depth around them alone."""
        pairs, mesh = self._pairs, self.content.renderable
        if isinstance(pairs, Missing) or isinstance(mesh, Missing):
            return pairs
        camera = self.observation.camera
        if _can_probe(self.renderer) and not self.has_rendering:
            around, inside = self._around
            if self._drawn is None:
                depths = self.renderer.depth_at(mesh, camera, around.reshape(-1, 2))
            else:
                depths = self._drawn[1]
            seen = visible_among(pairs.depths, depths.reshape(-1, 4), inside, self.content.tolerance)
        else:
            depth = self.rendered_depth()
            if isinstance(depth, Missing):
                return pairs
            seen = visible_points(pairs.predicted, pairs.depths, depth, self.content.tolerance)
        # A landmark that misses the picture is not hidden: its error is the very thing to report.
        return replace(pairs, hidden=camera.in_image(pairs.predicted) & ~seen)

    def regions(self, window: MaskWindow) -> Regions | Missing:
        """Return the region that was asked for, else the one that suits the mesh, where the picture has content."""
        everywhere, mesh = self.observation.region, self.content.renderable
        if isinstance(mesh, Missing):
            return mesh
        if self.options.region is None:
            return Regions(everywhere, _both(default_region(mesh.name, *window.whole), everywhere))
        try:
            chosen = self.options.region.of_view(*window.whole, self.observation.landmarks)
        except ValueError as error:
            return Missing(str(error))
        region = _both(chosen, everywhere)
        return Regions(region, region)

    @computed_once
    def _around(self) -> tuple[NDArray[np.int64], BoolArray]:
        """The pixels around the projected landmarks, and which landmarks lie inside the picture."""
        pairs = self._pairs
        predicted = np.empty((0, 2)) if isinstance(pairs, Missing) else pairs.predicted
        return pixels_around(predicted, self.observation.camera.size)

    @computed_once
    def _drawn(self) -> tuple[MaskBits, FloatArray] | None:
        """The rendered mask and the depths around the landmarks, where the renderer makes both from one projection."""
        mesh, missing = self.content.renderable, isinstance(self._pairs, Missing) or self.observation.mask is None
        if isinstance(mesh, Missing) or missing or self.has_rendering or not _draws_bits(self.renderer):
            return None
        return self.renderer.render_bits_and_depths(mesh, self.observation.camera, self._around[0].reshape(-1, 2))

    @computed_once
    def _pairs(self) -> PairedLandmarks | Missing:
        """The 3D landmarks, projected and paired with the detected ones; none is marked hidden yet."""
        known, detected = self.content.landmarks, self.observation.landmarks
        if known is None:
            return _NO_LANDMARKS_3D
        if detected is None:
            return _NO_DETECTION
        try:
            pairs = pair_landmarks(known, detected)
        except ValueError as error:
            return Missing(f"{INCOMPARABLE}{error}")
        camera = self.observation.camera
        points_cam = camera.cam_from_world.apply(pairs.points)
        count = len(pairs.points)
        return PairedLandmarks(
            pairs.captured, project_points(camera, points_cam), points_cam[:, 2], np.zeros(count, dtype=np.bool_)
        )


def draw_bits(renderer: Renderer, mesh: Mesh, camera: Camera) -> MaskBits:
    """Draw a mesh's mask, packed."""
    if _draws_bits(renderer):
        return renderer.render_bits(mesh, camera)
    return MaskBits.pack(renderer.render_mask(mesh, camera))


def _can_probe(renderer: Renderer) -> TypeGuard[DepthProbe]:
    return _have(type(renderer), DepthProbe)


def _draws_bits(renderer: Renderer) -> TypeGuard[DrawsBits]:
    return _have(type(renderer), DrawsBits)


@cache
def _have(kind: type[Renderer], ability: type) -> bool:
    """Whether such renderers follow a protocol; to look takes longer than to project a landmark."""
    return issubclass(kind, ability)


def _both(first: Region | None, second: Region | None) -> Region | None:
    if first is None or second is None:
        return first or second
    return Region(first.mask & second.mask, first.name, first.why)


def base_color(mesh: Mesh, rendering: Rendering) -> ColorImage:
    """Return the unlit colour of a rendering, as `surface_colors` says.

    Args:
        mesh: With a texture or colours.
        rendering: With barycentric weights.

    Returns:
        (height, width, 3) RGB; zeros on the background.

    Raises:
        ValueError: If the mesh has neither, or the rendering has no weights.
    """
    if rendering.barycentric is None or not mesh.has_color:
        raise ValueError("expected barycentric weights, and a mesh with a texture or colours")
    mask = rendering.mask
    weights = rendering.barycentric[mask].astype(np.float64)
    picture = np.zeros((*mask.shape, 3), np.uint8)
    picture[mask] = np.rint(255.0 * surface_colors(mesh, rendering.face_index[mask], weights))
    return picture
