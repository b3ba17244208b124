"""One view: render the mesh into its camera and score the rendering against what was captured."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np

from renderkit.arrays import FloatArray, MaskImage, Pixels
from renderkit.buffer_pool import BufferPool
from renderkit.capture import View
from renderkit.geometry.landmark_schemes import common_landmarks, outer_eye_corners
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.metrics.boundary import BoundaryScore, count_matches
from renderkit.metrics.containment import ContainmentScore, score_containment
from renderkit.metrics.mask import MaskScore, count_pixels
from renderkit.metrics.mask_window import MaskWindow, cut_window
from renderkit.metrics.normalised_error import NormalisedError
from renderkit.metrics.outline import outlines_in
from renderkit.metrics.region import Region, default_region
from renderkit.metrics.reprojection import ReprojectionScore, interocular_px, score_reprojection
from renderkit.metrics.visibility import depth_tolerance, pixels_around, visible_among, visible_points
from renderkit.pipeline.observation import Observation, read_observation
from renderkit.pipeline.optional_scores import (
    RequestedContent,
    score_contour,
    score_multiview,
    score_other_depth,
    score_photo,
)
from renderkit.pipeline.options import ValidationOptions
from renderkit.render.base import DepthProbe, Renderer, Rendering, RenderPass
from renderkit.results.evidence import LandmarkEvidence, ViewEvidence
from renderkit.results.rows import Scores, ViewKey, ViewResult

BOUNDARY_TOLERANCE_PX = 2.0
"""The tolerance of boundary_f_2px."""

_NO_FACES = (
    "the mesh has vertices but no faces, so it cannot be rendered; give the faces with --flame FILE: the official "
    "FLAME model (flame.is.tue.mpg.de, after registration), a template .obj or .ply, or an .npz with an array 'faces'"
)
_NO_MATTE = "the capture has no matte of this view; give mattes with --masks DIR"
_NO_DETECTION = "no 2D landmarks were detected in this view; give landmarks with --landmarks FILE"
_NO_LANDMARKS_3D = "the frame has no 3D landmarks; give landmarks with --landmarks FILE"
_NOT_IN_PICTURE = (
    "the mesh does not appear in the picture: are the extrinsics read the right way round, in these axes and in the "
    "mesh's unit?"
)


@dataclass(frozen=True, eq=False)
class FrameContent:
    """What all views of a frame share, read once.

    Attributes:
        mesh: The mesh, or None when the frame has none.
        why_no_mesh: The reason for None.
        landmarks: 3D landmarks in world units, or None.
        tolerance: How far a landmark may lie behind the mesh and still count as seen, world units.
        requested: What the metrics on request need.
        buffers: Where the memory of mattes and masks comes from.
    """

    mesh: Mesh | None
    why_no_mesh: str
    landmarks: Landmarks | None
    tolerance: float
    requested: RequestedContent = field(default_factory=RequestedContent)
    buffers: BufferPool = field(default_factory=BufferPool)

    @classmethod
    def of(cls, mesh: Mesh | None, landmarks: Landmarks | None, why_no_mesh: str = "") -> FrameContent:
        """Build from what was read."""
        return cls(mesh, why_no_mesh, landmarks, 0.0 if mesh is None else depth_tolerance(mesh))

    @property
    def why_not_rendered(self) -> str:
        """Why there is nothing to render; "" when there is."""
        if self.mesh is None:
            return self.why_no_mesh
        return "" if len(self.mesh.faces) else _NO_FACES


def needs_photo(options: ValidationOptions, passes: RenderPass) -> bool:
    """Return whether anybody looks at the photograph: a picture, or the comparison of its colours."""
    return bool(passes & RenderPass.COLOR) or "texture" in options.metrics


def examine_view(
    key: ViewKey,
    view: View,
    content: FrameContent,
    renderer: Renderer,
    options: ValidationOptions,
    passes: RenderPass = RenderPass.GEOMETRY,
) -> ViewEvidence:
    """Score one mesh in one view.

    Args:
        key: Whose row it is.
        view: What was captured.
        content: The frame's mesh and landmarks.
        renderer: Draws the mesh.
        options: How to validate.
        passes: What the rendering should hold beside what scoring needs, for pictures.

    Raises:
        DatasetError: If a picture is corrupt, or does not have the calibration's size.
    """
    started = time.perf_counter()
    observation = read_observation(view, options, with_photo=needs_photo(options, passes), buffers=content.buffers)
    missing: dict[str, str] = {}
    landmarks = _pair_landmarks(observation, content, missing)
    probe = renderer if isinstance(renderer, DepthProbe) else None
    with_depth = (landmarks is not None and probe is None) or "depth" in options.metrics
    rendering, mask = _render(content, observation, renderer, passes, with_depth=with_depth)
    reprojection = None
    if landmarks is not None:
        landmarks = _mark_hidden(landmarks, observation, content, rendering, probe)
        used = np.isfinite(landmarks.captured).all(axis=1)
        reprojection = score_reprojection(landmarks.predicted, landmarks.captured, used, landmarks.hidden)
    window = None if mask is None or observation.mask is None else cut_window(mask, observation.mask)
    regions = _regions(content, observation, mask, window, options, missing)
    mask_score, boundary = _score_silhouette(window, regions)
    containment, vertices = _score_vertices(content, observation, missing)
    contour_region = None if regions is None else regions[1]
    requested, difference = _score_requested(
        key, observation, content, mask, contour_region, rendering, renderer, options, missing
    )
    nme = None if reprojection is None else _normalise(reprojection, observation, missing)
    scores = replace(
        requested, mask=mask_score, boundary=boundary, containment=containment, reprojection=reprojection, nme=nme
    )
    row = ViewResult(
        key,
        scores,
        missing,
        _warnings(scores, content, observation),
        image_size=observation.camera.size,
        landmark_pixels=None if landmarks is None else landmarks.captured,
        seconds=time.perf_counter() - started,
    )
    return ViewEvidence(
        row, observation.camera, observation.photo, observation.mask, mask, rendering, landmarks, vertices, difference
    )


def _score_requested(
    key: ViewKey,
    observation: Observation,
    content: FrameContent,
    mask: MaskImage | None,
    region: Region | None,
    rendering: Rendering | None,
    renderer: Renderer,
    options: ValidationOptions,
    missing: dict[str, str],
) -> tuple[Scores, FloatArray | None]:
    """Return the scores that were asked for, and the depth differences for a picture."""
    asked, shared, camera = options.metrics, content.requested, observation.camera
    depth, difference = None, None
    if "depth" in asked:
        depth, difference = score_other_depth(rendering, camera, shared, renderer, missing)
    texture = None
    if "texture" in asked:
        texture = score_photo(observation.photo, observation.mask, camera, shared, renderer, missing)
    scores = Scores(
        contour=score_contour(mask, observation.mask, region, missing) if "contour" in asked else None,
        multiview=score_multiview(key.camera, shared, missing) if "multiview" in asked else None,
        depth=depth,
        texture=texture,
    )
    return scores, difference


def _pair_landmarks(
    observation: Observation, content: FrameContent, missing: dict[str, str]
) -> LandmarkEvidence | None:
    """Project the 3D landmarks and pair them with the detected ones; none is marked hidden yet."""
    if content.landmarks is None or observation.landmarks is None:
        missing["reprojection"] = _NO_LANDMARKS_3D if content.landmarks is None else _NO_DETECTION
        return None
    try:
        pairs = common_landmarks(content.landmarks, observation.landmarks)
    except ValueError as error:
        missing["reprojection"] = str(error)
        return None
    predicted = observation.camera.project(content.landmarks.points[pairs.first])
    predicted[~content.landmarks.valid[pairs.first]] = np.nan
    captured = observation.landmarks.points[pairs.second].copy()
    captured[~observation.landmarks.valid[pairs.second]] = np.nan
    points = content.landmarks.points[pairs.first]
    return LandmarkEvidence(captured, predicted, observation.camera.depth(points), np.zeros(len(pairs), dtype=np.bool_))


def _mark_hidden(
    landmarks: LandmarkEvidence,
    observation: Observation,
    content: FrameContent,
    rendering: Rendering | None,
    probe: DepthProbe | None,
) -> LandmarkEvidence:
    """Find out which landmarks the mesh hides, from a rendering or from the depth around them alone."""
    if rendering is not None:
        seen = visible_points(landmarks.predicted, landmarks.depths, rendering.depth, content.tolerance)
    elif probe is not None and content.mesh is not None and not content.why_not_rendered:
        around, inside = pixels_around(landmarks.predicted, observation.camera.size)
        depths = probe.depth_at(content.mesh, observation.camera, around.reshape(-1, 2)).reshape(-1, 4)
        seen = visible_among(landmarks.depths, depths, inside, content.tolerance)
    else:
        return landmarks
    # A landmark that misses the picture is not hidden: its error is the very thing to report.
    hidden = observation.camera.in_image(landmarks.predicted) & ~seen
    return LandmarkEvidence(landmarks.captured, landmarks.predicted, landmarks.depths, hidden)


def _render(
    content: FrameContent, observation: Observation, renderer: Renderer, passes: RenderPass, *, with_depth: bool
) -> tuple[Rendering | None, MaskImage | None]:
    if content.mesh is None or not len(content.mesh.faces):
        return None, None
    if with_depth or passes:
        rendering = renderer.render(content.mesh, observation.camera, passes)
        return rendering, rendering.mask
    if observation.mask is None:
        return None, None
    return None, renderer.render_mask(content.mesh, observation.camera)


def _regions(
    content: FrameContent,
    observation: Observation,
    mask: MaskImage | None,
    window: MaskWindow | None,
    options: ValidationOptions,
    missing: dict[str, str],
) -> tuple[Region | None, Region | None] | None:
    """Return where masks and where contours are compared; None, with the reason, when they cannot be."""
    why = content.why_not_rendered or ("" if observation.mask is not None else _NO_MATTE)
    if content.mesh is None or mask is None or observation.mask is None or window is None:
        missing["mask"] = missing["boundary"] = why
        return None
    if options.region is None:
        default = default_region(content.mesh.name, *window.whole)
        return observation.region, _both(default, observation.region)
    try:
        chosen = _both(options.region.of_view(mask, observation.mask, observation.landmarks), observation.region)
    except ValueError as error:
        missing["mask"] = missing["boundary"] = str(error)
        return None
    return chosen, chosen


def _both(first: Region | None, second: Region | None) -> Region | None:
    if first is None or second is None:
        return first or second
    return Region(first.mask & second.mask, first.name, first.why)


def _score_silhouette(
    window: MaskWindow | None, regions: tuple[Region | None, Region | None] | None
) -> tuple[MaskScore | None, BoundaryScore | None]:
    if regions is None or window is None:
        return None, None
    outlines = outlines_in(window.within(regions[1]))
    return count_pixels(window.within(regions[0])), count_matches(outlines, BOUNDARY_TOLERANCE_PX)


def _normalise(score: ReprojectionScore, observation: Observation, missing: dict[str, str]) -> NormalisedError | None:
    corners = None if observation.landmarks is None else outer_eye_corners(observation.landmarks.scheme)
    if corners is None or observation.landmarks is None:
        missing["nme"] = "the landmark scheme has no outer eye corners"
        return None
    detected = np.where(observation.landmarks.valid[:, None], observation.landmarks.points, np.nan)
    distance = interocular_px(detected, corners)
    if not distance > 0.0:
        missing["nme"] = "an outer eye corner was not detected"
        return None
    return NormalisedError.of(score, distance)


def _score_vertices(
    content: FrameContent, observation: Observation, missing: dict[str, str]
) -> tuple[ContainmentScore | None, Pixels | None]:
    if content.mesh is None or len(content.mesh.faces):
        missing["containment"] = content.why_no_mesh or "the mesh has faces: see the containment of its rendering"
        return None, None
    pixels = observation.camera.project(content.mesh.vertices)
    if observation.mask is None:
        missing["containment"] = _NO_MATTE
        return None, pixels
    return score_containment(pixels, observation.mask), pixels


def _warnings(scores: Scores, content: FrameContent, observation: Observation) -> tuple[str, ...]:
    found: list[str] = []
    if scores.mask is not None and not scores.mask.rendered_px:
        found.append(_NOT_IN_PICTURE)
    if scores.mask is not None and not scores.mask.captured_px:
        found.append("the matte is empty at this threshold")
    if scores.reprojection is not None and content.why_not_rendered:
        found.append("without a rendered mesh no landmark is known to be hidden; all detected ones were used")
    radius = observation.camera.distortion.valid_radius
    if content.mesh is not None and np.isfinite(radius):
        points = observation.camera.cam_from_world.apply(content.mesh.vertices)
        front = points[points[:, 2] > 0.0]
        beyond = int(np.count_nonzero(np.hypot(front[:, 0], front[:, 1]) > radius * front[:, 2]))
        if beyond:
            found.append(
                f"{beyond} of {len(points)} vertices lie beyond the radius {radius:.3g} up to which the lens model "
                "is one-to-one, and are not drawn"
            )
    return tuple(found)
