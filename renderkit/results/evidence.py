"""What a row was measured from: the arrays that pictures of it are drawn with."""

from __future__ import annotations

from dataclasses import dataclass

from renderkit.arrays import ColorImage, FloatArray, MaskImage, Pixels
from renderkit.geometry.camera import Camera
from renderkit.metrics.scored_view import PairedLandmarks
from renderkit.renderers.base import Rendering
from renderkit.results.rows import ViewResult


@dataclass(frozen=True, eq=False)
class ViewEvidence:
    """One view with everything that was compared in it. Parts that the capture does not have are None.

    Attributes:
        row: What was scored.
        camera: The camera it was rendered with; without distortion when pictures were undistorted.
        photo: (height, width, 3) photograph, in that camera's image.
        captured_mask: (height, width) captured mask, in that camera's image.
        rendered_mask: (height, width) rendered mask.
        rendering: With colour, when a picture was asked for.
        landmarks: Detected and projected landmarks.
        vertices: (V, 2) projected vertices of a mesh without faces.
        depth_difference: (height, width) m, the mesh's depth minus the frame's other mesh's; NaN where not both cover.
    """

    row: ViewResult
    camera: Camera
    photo: ColorImage | None = None
    captured_mask: MaskImage | None = None
    rendered_mask: MaskImage | None = None
    rendering: Rendering | None = None
    landmarks: PairedLandmarks | None = None
    vertices: Pixels | None = None
    depth_difference: FloatArray | None = None
