"""What a picture of a view is drawn from, all of it in the image of one camera."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from renderkit.arrays import AlphaImage, ColorImage, FloatArray, MaskImage, Pixels
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.images.mask_bits import MaskBits
from renderkit.images.outlines import Segments
from renderkit.images.reduced import Window
from renderkit.metrics.scored_view import PairedLandmarks
from renderkit.renderers.base import Rendering
from renderkit.results.rows import ViewResult


@dataclass(frozen=True, eq=False)
class PictureEvidence:
    """One view with everything that was compared in it. Parts that the capture does not have are None.

    Pictures are drawn at the size in which they are shown: `camera` is the view's own, cut to a window and scaled, and
    everything is in its image.

    Attributes:
        row: What was scored.
        camera: The picture's camera; without distortion when photographs were undistorted.
        window: The part of the whole photograph that is shown, px of the whole; None is all of it.
        photo: (height, width, 3) photograph.
        matte: (height, width) captured matte, 0 to 255.
        matte_level: Values of the matte from this on are inside.
        mesh: The mesh in world units.
        rendering: The mesh, with the passes that the layers need.
        outline: (N, 4) outline of the rendered mesh, px.
        captured_outline: (N, 4) outline of the matte, px.
        landmarks: Detected and projected landmarks, px.
        vertices: (V, 2) projected vertices of a mesh without faces.
        base_color: (height, width, 3) unlit colours of a mesh with a texture or colours.
        depth_difference: (height, width) m, the mesh's depth minus the frame's other mesh's; NaN where not both cover.
        whole_masks: The rendered and the captured mask of the whole view at full size, where they are measured again.
        unit: World unit.
    """

    row: ViewResult
    camera: Camera
    window: Window | None = None
    photo: ColorImage | None = None
    matte: AlphaImage | None = None
    matte_level: int = 128
    mesh: Mesh | None = None
    rendering: Rendering | None = None
    outline: Segments | None = None
    captured_outline: Segments | None = None
    landmarks: PairedLandmarks | None = None
    vertices: Pixels | None = None
    base_color: ColorImage | None = None
    depth_difference: FloatArray | None = None
    whole_masks: tuple[MaskBits, MaskBits] | None = None
    unit: str = ""

    @cached_property
    def captured_mask(self) -> MaskImage | None:
        """(height, width) True where the matte is inside."""
        return None if self.matte is None else self.matte >= self.matte_level

    @property
    def rendered_mask(self) -> MaskImage | None:
        """(height, width) True where the mesh covers the pixel's centre."""
        return None if self.rendering is None else self.rendering.mask

    @property
    def scale(self) -> float:
        """Pixels of the picture per pixel of the whole photograph."""
        return 1.0 if self.window is None else self.camera.width / self.window[2]

    def resized(self, size: tuple[int, int]) -> PictureEvidence:
        """Return what lines and marks are drawn from in a picture of another size; images are left out."""
        ratio = np.array(size) / self.camera.size
        x0, y0, width, height = self.window or (0, 0, *self.camera.size)
        return replace(
            self,
            camera=self.camera.scaled(size),
            window=(x0, y0, width, height),
            photo=None, matte=None, rendering=None, base_color=None, depth_difference=None,
            outline=_scaled_segments(self.outline, ratio),
            captured_outline=_scaled_segments(self.captured_outline, ratio),
            landmarks=None if self.landmarks is None else self.landmarks.moved(np.zeros(2), ratio),
            vertices=None if self.vertices is None else (self.vertices + 0.5) * ratio - 0.5,
        )  # fmt: skip


def _scaled_segments(segments: Segments | None, ratio: FloatArray) -> Segments | None:
    if segments is None:
        return None
    scaled: Segments = ((segments + 0.5) * np.tile(ratio, 2) - 0.5).astype(np.float32)
    return scaled
