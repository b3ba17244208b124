"""One view: measure every score that was asked for, from what was captured and what is rendered."""

from __future__ import annotations

import time
from typing import TypeVar

import numpy as np

from renderkit.capture import View
from renderkit.diagnosis.input_slips import EXCHANGED, INVERTED, are_exchanged, is_inverted
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.metrics.score_kind import Needs
from renderkit.metrics.scored_view import Missing, PairedLandmarks, ScoredView
from renderkit.pipeline.frame_content import FrameContent
from renderkit.pipeline.observation import Observation, read_observation
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.view_parts import NO_MATTE, RenderedParts
from renderkit.renderers.base import Renderer
from renderkit.results.kinds import asked_kinds, needs_of
from renderkit.results.rows import ViewKey, ViewResult
from renderkit.results.scores import Scores
from renderkit.wording import counted

T = TypeVar("T")

_ROUNDING = 1e-6
_CORNERS = np.array([[i & 1, i >> 1 & 1, i >> 2] for i in range(8)])
"""Which of a box's two ends each of its corners takes along each axis."""

_NOT_IN_PICTURE = (
    "the mesh does not appear in the picture: are the extrinsics read the right way round, in these axes and in the "
    "mesh's unit?"
)


def examine_view(
    key: ViewKey,
    view: View,
    content: FrameContent,
    renderer: Renderer,
    options: ValidationOptions,
) -> ViewResult:
    """Score one mesh in one view.

    Args:
        key: Whose row it is.
        view: What was captured.
        content: The frame's mesh and landmarks.
        renderer: Draws the mesh.
        options: How to validate.

    Raises:
        DatasetError: If a picture is corrupt, or does not have the calibration's size.
    """
    started = time.perf_counter()
    return score_view(key, observe(view, content, options), content, renderer, options=options, started=started)


def observe(
    view: View, content: FrameContent, options: ValidationOptions, *, reduced_to: int | None = None
) -> Observation:
    """Read what was captured of a view, as far as its scores need it; see `read_observation`."""
    with_photo = Needs.PHOTO in needs_of(options.metrics)
    return read_observation(view, options, with_photo=with_photo, buffers=content.buffers, reduced_to=reduced_to)


def score_view(
    key: ViewKey,
    observation: Observation,
    content: FrameContent,
    renderer: Renderer,
    *,
    options: ValidationOptions,
    started: float,
) -> ViewResult:
    """Score one mesh in what was captured; see `examine_view`. The view counts from `started` on."""
    parts = RenderedParts(observation, content, renderer, options)
    scored = ScoredView(
        camera=observation.camera,
        mesh=content.mesh,
        captured_bits=NO_MATTE if observation.mask is None else observation.mask,
        detected=observation.landmarks,
        photo=observation.photo,
        to_metres=content.to_metres,
        parts=parts,
    )
    kinds = asked_kinds(options.metrics)
    measured = {kind.name: kind.measure(scored) for kind in kinds if kind.measure is not None}
    scores = Scores({name: score for name, score in measured.items() if not isinstance(score, Missing)})
    landmarks = _present(scored.landmarks)
    return ViewResult(
        key,
        scores,
        {name: score.reason for name, score in measured.items() if isinstance(score, Missing)},
        _warnings(scores, content, observation, landmarks),
        image_size=observation.camera.size,
        landmark_pixels=None if landmarks is None else landmarks.captured,
        seconds=time.perf_counter() - started,
    )


def _present(value: T | Missing) -> T | None:
    return None if isinstance(value, Missing) else value


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
    if scores.mask is not None and scores.mask.captured_px == observation.camera.width * observation.camera.height:
        found.append("the matte covers the whole picture at this threshold")
    if scores.mask is not None and observation.mask is not None and is_inverted(observation.mask, scores.mask):
        found.append(INVERTED)
    if landmarks is not None and are_exchanged(landmarks.predicted, landmarks.captured, observation.camera.size):
        found.append(EXCHANGED)
    if scores.reprojection is not None and isinstance(content.renderable, Missing):
        found.append("without a rendered mesh no landmark is known to be hidden; all detected ones were used")
    radius = observation.camera.distortion.valid_radius
    beyond = 0 if isinstance(content.mesh, Missing) else _count_beyond_lens(content.mesh, observation.camera)
    if beyond and not isinstance(content.mesh, Missing):
        found.append(
            f"{beyond} of {counted(len(content.mesh.vertices), 'vertex')} lie beyond the radius {radius:.3g} up to "
            "which the lens model is one-to-one, and are not drawn"
        )
    return tuple(found)


def _count_beyond_lens(mesh: Mesh, camera: Camera) -> int:
    """Return how many vertices in front of the camera lie where its lens does not map one to one."""
    lens = camera.distortion
    radius = lens.valid_radius
    if not np.isfinite(radius) or not len(mesh.vertices):
        return 0
    corners = mesh.bounds[_CORNERS, [0, 1, 2]]
    x, y, z = camera.cam_from_world.apply(corners).T
    # A cone is convex: vertices lie in it where the corners of their box do.
    if (np.hypot(x, y) < (1.0 - _ROUNDING) * radius * z).all():
        return 0
    points = camera.cam_from_world.apply(mesh.vertices)
    front = points[points[:, 2] > 0.0]
    return int(np.count_nonzero(~lens.is_valid(front[:, :2] / front[:, 2:])))
