"""One view: measure every score that was asked for, from what was captured and what is rendered."""

from __future__ import annotations

import time
from typing import TypeVar

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.capture import View
from renderkit.diagnosis.input_slips import EXCHANGED, INVERTED, are_exchanged, is_inverted
from renderkit.metrics.depth import depth_difference
from renderkit.metrics.score_kind import Needs
from renderkit.metrics.scored_view import Missing, PairedLandmarks, ScoredView
from renderkit.pipeline.frame_content import FrameContent
from renderkit.pipeline.observation import Observation, read_observation
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.view_parts import NO_MATTE, RenderedParts
from renderkit.renderers.base import Renderer, RenderPass
from renderkit.results.evidence import ViewEvidence
from renderkit.results.kinds import asked_kinds, needs_of
from renderkit.results.rows import ViewKey, ViewResult
from renderkit.results.scores import Scores

T = TypeVar("T")

_NOT_IN_PICTURE = (
    "the mesh does not appear in the picture: are the extrinsics read the right way round, in these axes and in the "
    "mesh's unit?"
)


def needs_photo(options: ValidationOptions, passes: RenderPass) -> bool:
    """Return whether anybody looks at the photograph: a picture, or the comparison of its colours."""
    return bool(passes & RenderPass.COLOR) or Needs.PHOTO in needs_of(options.metrics)


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
    parts = RenderedParts(observation, content, renderer, options, passes)
    scored = ScoredView(
        camera=observation.camera,
        mesh=content.mesh,
        captured_mask=NO_MATTE if observation.mask is None else observation.mask,
        detected=observation.landmarks,
        photo=observation.photo,
        to_metres=content.to_metres,
        parts=parts,
    )
    kinds = asked_kinds(options.metrics)
    measured = {kind.name: kind.measure(scored) for kind in kinds if kind.measure is not None}
    scores = Scores({name: score for name, score in measured.items() if not isinstance(score, Missing)})
    landmarks = _present(scored.landmarks)
    row = ViewResult(
        key,
        scores,
        {name: score.reason for name, score in measured.items() if isinstance(score, Missing)},
        _warnings(scores, content, observation, landmarks),
        image_size=observation.camera.size,
        landmark_pixels=None if landmarks is None else landmarks.captured,
        seconds=time.perf_counter() - started,
    )
    return ViewEvidence(
        row,
        observation.camera,
        observation.photo,
        observation.mask,
        _present(scored.rendered_mask),
        _present(parts.rendering) if parts.has_rendering else None,
        landmarks,
        _present(scored.vertices),
        _depth_difference(scored) if passes and Needs.OTHER_MESH in needs_of(options.metrics) else None,
    )


def _present(value: T | Missing) -> T | None:
    return None if isinstance(value, Missing) else value


def _depth_difference(scored: ScoredView) -> FloatArray | None:
    """Return (height, width) m, the mesh's depth minus the other mesh's, for a picture."""
    first, second = scored.rendered_depth, scored.other_depth
    if isinstance(first, Missing) or isinstance(second, Missing):
        return None
    return depth_difference(first, second) * scored.to_metres


def _warnings(
    scores: Scores, content: FrameContent, observation: Observation, landmarks: PairedLandmarks | None
) -> tuple[str, ...]:
    found: list[str] = list(observation.notes)
    if not isinstance(content.mesh, Missing):
        found += [f"mesh {content.mesh.name}: {note}" for note in content.mesh.notes]
    if scores.mask is not None and not scores.mask.rendered_px:
        found.append(_NOT_IN_PICTURE)
    if scores.mask is not None and not scores.mask.captured_px:
        found.append("the matte is empty at this threshold")
    if scores.mask is not None and observation.mask is not None and is_inverted(observation.mask, scores.mask):
        found.append(INVERTED)
    if landmarks is not None and are_exchanged(landmarks.predicted, landmarks.captured, observation.camera.size):
        found.append(EXCHANGED)
    if scores.reprojection is not None and isinstance(content.renderable, Missing):
        found.append("without a rendered mesh no landmark is known to be hidden; all detected ones were used")
    radius = observation.camera.distortion.valid_radius
    if not isinstance(content.mesh, Missing) and np.isfinite(radius):
        points = observation.camera.cam_from_world.apply(content.mesh.vertices)
        front = points[points[:, 2] > 0.0]
        beyond = int(np.count_nonzero(np.hypot(front[:, 0], front[:, 1]) > radius * front[:, 2]))
        if beyond:
            found.append(
                f"{beyond} of {len(points)} vertices lie beyond the radius {radius:.3g} up to which the lens model "
                "is one-to-one, and are not drawn"
            )
    return tuple(found)
