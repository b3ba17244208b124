"""What a run measures on request: what views share is read once per frame, the rest is scored view by view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from renderkit.arrays import ColorImage, FloatArray, MaskImage
from renderkit.capture import Capture, Frame
from renderkit.errors import MissingExtraError, RenderkitError
from renderkit.formats.renderme360 import RenderMe360Capture
from renderkit.formats.supplement import SupplementedCapture
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.surface_color import surface_colors
from renderkit.metrics.contour_score import ContourScore
from renderkit.metrics.depth import depth_difference, score_depth
from renderkit.metrics.depth_histogram import DepthHistogram
from renderkit.metrics.multiview import score_held_out
from renderkit.metrics.region import Region
from renderkit.metrics.reprojection import ReprojectionScore
from renderkit.metrics.silhouette import score_silhouette
from renderkit.metrics.texture import TextureScore, score_texture
from renderkit.pipeline.options import PREFERRED_MESHES, ValidationOptions
from renderkit.render.base import Renderer, Rendering, RenderPass

_MIN_CAMERAS = 4
"""A view and the three others that must agree about a landmark."""


@dataclass(frozen=True, eq=False)
class RequestedContent:
    """What all views of a frame and mesh need for what was asked for.

    Attributes:
        held_out: By camera, its landmarks against the other views.
        other: The frame's other mesh, for depth; or None.
        textured: The mesh with its texture; or None.
        to_metres: What world units are multiplied by; 1 where the unit is unknown.
        why: By score kind, why it cannot be measured in this frame.
    """

    held_out: Mapping[str, ReprojectionScore] = field(default_factory=dict)
    other: Mesh | None = None
    textured: Mesh | None = None
    to_metres: float = 1.0
    why: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the mappings."""
        for name in ("held_out", "why"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))


def read_requested(
    capture: Capture, frame: Frame, mesh_name: str, mesh: Mesh | None, options: ValidationOptions
) -> RequestedContent:
    """Read what a frame's views share for the metrics that were asked for.

    What is damaged is a reason why a score cannot be computed: it never costs the standard scores.
    """
    why: dict[str, str] = {}
    held_out: Mapping[str, ReprojectionScore] = {}
    other = textured = None
    if "multiview" in options.metrics:
        held_out, why["multiview"] = _held_out(capture, frame.id)
    if "depth" in options.metrics:
        other, why["depth"] = _other_mesh(frame, mesh_name)
    if "texture" in options.metrics:
        textured, why["texture"] = _textured(capture, frame.id, mesh_name, mesh)
    to_metres = 1e-3 if capture.unit == "mm" else 1.0
    return RequestedContent(
        held_out, other, textured, to_metres, {kind: reason for kind, reason in why.items() if reason}
    )


def _held_out(capture: Capture, frame_id: str) -> tuple[Mapping[str, ReprojectionScore], str]:
    """Predict every camera's landmarks from the others': all cameras of the capture, whichever are validated."""
    cameras: list[Camera] = []
    pixels: list[FloatArray] = []
    for name in capture.camera_names:
        try:
            view = capture.view(frame_id, name)
            found = view.read_landmarks()
        except RenderkitError:
            continue  # this view's own row says what is wrong with it
        if found is not None and found.valid.any() and (not pixels or len(found.points) == len(pixels[0])):
            cameras.append(view.camera)
            pixels.append(np.where(found.valid[:, None], found.points, np.nan))
    if len(cameras) < _MIN_CAMERAS:
        return {}, f"{len(cameras)} views of the frame have 2D landmarks, {_MIN_CAMERAS} are needed"
    score = score_held_out(cameras, np.stack(pixels))
    return {camera.name: score.of_camera(index) for index, camera in enumerate(cameras)}, ""


def _other_mesh(frame: Frame, mesh_name: str) -> tuple[Mesh | None, str]:
    for name in (*PREFERRED_MESHES, *frame.mesh_names):
        if name == mesh_name or name not in frame.mesh_names:
            continue
        try:
            mesh = frame.read_mesh(name)
        except RenderkitError as error:
            return None, str(error)
        return (mesh, "") if len(mesh.faces) else (None, f"the mesh {name!r} has no faces: give them with --flame FILE")
    return None, "the frame has no second mesh to compare depth with"


def _textured(capture: Capture, frame_id: str, mesh_name: str, mesh: Mesh | None) -> tuple[Mesh | None, str]:
    if mesh is not None and mesh.has_color:
        return mesh, ""
    while isinstance(capture, SupplementedCapture):
        capture = capture.supplemented
    if mesh_name != "flame" or not isinstance(capture, RenderMe360Capture):
        return None, "the mesh has neither texture nor vertex colours"
    try:
        found = capture.textured_flame_mesh(frame_id)
    except RenderkitError as error:
        return None, str(error)
    return found, "" if found else "the frame has no UV texture, or --flame FILE has no texture coordinates"


def score_contour(
    rendered: MaskImage | None, captured: MaskImage | None, region: Region | None, missing: dict[str, str]
) -> ContourScore | None:
    """Compare two contours in detail, where they are compared at all; the reason why not goes into `missing`."""
    if rendered is None or captured is None or "boundary" in missing:
        missing["contour"] = missing.get("boundary", "there are no two contours")
        return None
    return ContourScore.of(score_silhouette(rendered, captured, region))


def score_multiview(camera: str, content: RequestedContent, missing: dict[str, str]) -> ReprojectionScore | None:
    """Return a view's held-out residuals; the reason why there are none goes into `missing`."""
    score = content.held_out.get(camera)
    if score is None:
        missing["multiview"] = content.why.get("multiview", "no 2D landmarks were detected in this view")
    return score


def score_other_depth(
    rendering: Rendering | None, camera: Camera, content: RequestedContent, renderer: Renderer, missing: dict[str, str]
) -> tuple[DepthHistogram | None, FloatArray | None]:
    """Compare depth with the frame's other mesh; also return the differences in metres, (height, width)."""
    if rendering is None or content.other is None:
        missing["depth"] = content.why.get("depth", "the mesh was not rendered")
        return None, None
    other = renderer.render(content.other, camera)
    score = DepthHistogram.of(score_depth(rendering.depth, other.depth), content.to_metres)
    return score, depth_difference(rendering.depth, other.depth) * content.to_metres


def score_photo(
    photo: ColorImage | None,
    captured: MaskImage | None,
    camera: Camera,
    content: RequestedContent,
    renderer: Renderer,
    missing: dict[str, str],
) -> TextureScore | None:
    """Compare the textured mesh with the photograph inside both masks."""
    if photo is None or content.textured is None:
        missing["texture"] = content.why.get("texture", "the view has no photograph")
        return None
    rendering = renderer.render(content.textured, camera, RenderPass.BARYCENTRIC)
    mask = rendering.mask if captured is None else rendering.mask & captured
    try:
        return score_texture(base_color(content.textured, rendering), photo, mask)
    except MissingExtraError as error:
        missing["texture"] = str(error)
        return None


def base_color(mesh: Mesh, rendering: Rendering) -> ColorImage:
    """Return the unlit colour of a rendering, as `surface_colors` says.

    Args:
        mesh: With a texture or vertex colours.
        rendering: With barycentric weights.

    Returns:
        (height, width, 3) RGB; zeros on the background.

    Raises:
        ValueError: If the mesh has neither, or the rendering has no weights.
    """
    if rendering.barycentric is None or not mesh.has_color:
        raise ValueError("expected barycentric weights, and a mesh with a texture or vertex colours")
    mask = rendering.mask
    weights = rendering.barycentric[mask].astype(np.float64)
    picture = np.zeros((*mask.shape, 3), np.uint8)
    picture[mask] = np.rint(255.0 * surface_colors(mesh, rendering.face_index[mask], weights))
    return picture
