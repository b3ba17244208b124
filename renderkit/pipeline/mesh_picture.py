"""One styled picture of a mesh: over a photograph that is given, or over nothing."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

from renderkit.arrays import AlphaImage, ColorImage
from renderkit.capture import View
from renderkit.geometry.mesh import Mesh
from renderkit.metrics.scored_view import Missing
from renderkit.pictures.layers.layer import Drawing
from renderkit.pictures.overlay import draw_view
from renderkit.pictures.style import OverlayStyle
from renderkit.pipeline.frame_content import FrameContent
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.picture_evidence import PictureJob, gather_picture, render_picture
from renderkit.renderers.base import Renderer
from renderkit.renderers.cpu import CpuRenderer
from renderkit.results.rows import Failure, ViewKey, ViewResult


def draw_mesh(
    key: ViewKey,
    view: View,
    mesh: Mesh,
    style: OverlayStyle,
    *,
    renderer: Renderer,
    photo: ColorImage | None = None,
    matte: AlphaImage | None = None,
) -> ColorImage:
    """Return the picture of a mesh that was not scored: (height, width, 3) RGB, or 4 where it is transparent.

    Args:
        key: What the caption calls it.
        view: The camera, and the photograph unless `photo` has it.
        mesh: With its texture or colours, for the layer that shows them.
        style: How to draw.
        renderer: Renders the mesh.
        photo: (height, width, 3) of the camera's size.
        matte: (height, width) captured matte of the camera's size.

    Raises:
        ValueError: If the mesh has no faces.
        DatasetError: If the photograph cannot be read.
        ArgumentError: If the style's window lies outside of the picture.
    """
    row = ViewResult(key, failure=Failure("NotScored", "drawn without scores"))
    textured = mesh if mesh.has_color else Missing("the mesh has neither texture nor colours")
    content = replace(FrameContent.of(mesh, None), textured=textured)
    job, options = PictureJob(row, view, content, style, photo=photo, matte=matte), ValidationOptions()
    with ExitStack() as stack:
        tracer = renderer if isinstance(renderer, CpuRenderer) else stack.enter_context(CpuRenderer(1))
        evidence = gather_picture(render_picture(job, renderer, options), tracer, options)
    return draw_view(Drawing(evidence, style)).whole()
