"""What a score is measured from: one mesh in one view, each part computed when the first score asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, TypeVar

import numpy as np

from renderkit.arrays import BoolArray, ColorImage, DepthImage, FloatArray, MaskImage, Pixels, frozen
from renderkit.computed_once import computed_once
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.images.mask_bits import MaskBits
from renderkit.metrics.mask_window import MaskWindow, cut_bits
from renderkit.metrics.outline import OutlineDistances, outlines_in
from renderkit.metrics.region import Region

T = TypeVar("T")


@dataclass(frozen=True)
class Missing:
    """Why something is not there.

    Attributes:
        reason: One sentence without a full stop, with what would help.
    """

    reason: str


INCOMPARABLE: Final = "the landmarks in 2D and in 3D cannot be compared: "
"""Begin of the reason where both were given and contradict each other."""


@dataclass(frozen=True, eq=False)
class PairedLandmarks:
    """Landmarks that both the picture and the 3D annotation have, in px.

    Attributes:
        captured: (L, 2) detected; NaN where not detected.
        predicted: (L, 2) projected; NaN where the camera gives none.
        depths: (L,) camera z of the 3D landmarks, world units.
        hidden: (L,) True where the mesh hides the landmark from the camera.
    """

    captured: Pixels
    predicted: Pixels
    depths: FloatArray
    hidden: BoolArray

    def moved(self, corner: FloatArray, ratio: FloatArray) -> PairedLandmarks:
        """Return the landmarks in a picture that begins at a pixel and is scaled; see `Camera.cropped` and `scaled`."""
        captured, predicted = ((pixels - corner + 0.5) * ratio - 0.5 for pixels in (self.captured, self.predicted))
        return replace(self, captured=captured, predicted=predicted)


@dataclass(frozen=True, eq=False)
class Regions:
    """Where a view's masks and where its outlines are compared; None is everywhere."""

    mask: Region | None
    contour: Region | None


@dataclass(frozen=True, eq=False)
class Silhouettes:
    """A rendered and a captured mask of one picture, with the window that holds both.

    Attributes:
        window: Both masks, cut to their common bounding box.
        regions: Where they are compared.
    """

    window: MaskWindow
    regions: Regions

    @computed_once
    def contour_window(self) -> MaskWindow:
        """The window with the region in which outlines are compared."""
        return self.window.within(self.regions.contour)

    @computed_once
    def outlines(self) -> OutlineDistances:
        """The outlines in their region and the distances between them, measured once for all scores."""
        return outlines_in(self.contour_window)


@dataclass(frozen=True, eq=False)
class TexturedPicture:
    """A textured mesh drawn without light.

    Attributes:
        color: (height, width, 3) RGB; zeros on the background.
        mask: (height, width) True where the mesh covers the pixel.
    """

    color: ColorImage
    mask: MaskImage


class ViewParts(Protocol):
    """What is computed only when a score asks for it; `ScoredView` asks once for each."""

    def rendered_bits(self) -> MaskBits | Missing:
        """Return the rendered mask."""

    def rendered_depth(self) -> DepthImage | Missing:
        """Return the (height, width) camera z of the mesh, world units; +inf on the background."""

    def other_depth(self) -> DepthImage | Missing:
        """Return the same of the frame's other mesh."""

    def textured(self) -> TexturedPicture | Missing:
        """Return the textured mesh, drawn into the view."""

    def landmarks(self) -> PairedLandmarks | Missing:
        """Return projected and detected landmarks, with those marked that the mesh hides."""

    def regions(self, window: MaskWindow) -> Regions | Missing:
        """Return where masks and outlines are compared."""


@dataclass(frozen=True, eq=False)
class ScoredView:
    """One mesh in one view, as `measure` of a `ScoreKind` takes it.

    Attributes:
        camera: The camera, in whose image all pictures and pixels are.
        mesh: The mesh in world units; with vertices alone it cannot be rendered. Or why there is none.
        captured_bits: Captured mask, or why there is none.
        detected: Detected landmarks in px, or None.
        photo: (height, width, 3) RGB, or None when there is none or no score asked for wants it.
        to_metres: What world units are multiplied by; 1 where the unit is unknown.
        parts: What is computed on demand.
    """

    camera: Camera
    mesh: Mesh | Missing
    captured_bits: MaskBits | Missing
    detected: Landmarks | None
    photo: ColorImage | None
    to_metres: float
    parts: ViewParts

    def once(self, measure: Callable[[ScoredView], T]) -> T:
        """Return what a function finds in this view; it is called once for all scores that build on it."""
        known: dict[Callable[[ScoredView], Any], Any] = self._found
        if measure not in known:
            known[measure] = measure(self)
        found: T = known[measure]
        return found

    @computed_once
    def _found(self) -> dict[Callable[[ScoredView], Any], Any]:
        return {}

    @computed_once
    def captured_mask(self) -> MaskImage | Missing:
        """(height, width) True where the matte reaches the threshold; read-only."""
        return _unpacked(self.captured_bits)

    @computed_once
    def rendered_bits(self) -> MaskBits | Missing:
        """Where the rendered mesh covers a pixel."""
        return self.parts.rendered_bits()

    @computed_once
    def rendered_mask(self) -> MaskImage | Missing:
        """(height, width) True where the rendered mesh covers the pixel; read-only."""
        return _unpacked(self.rendered_bits)

    @computed_once
    def rendered_depth(self) -> DepthImage | Missing:
        """(height, width) camera z of the mesh, world units; +inf on the background."""
        return self.parts.rendered_depth()

    @computed_once
    def other_depth(self) -> DepthImage | Missing:
        """(height, width) camera z of the frame's other mesh."""
        return self.parts.other_depth()

    @computed_once
    def textured(self) -> TexturedPicture | Missing:
        """The textured mesh, drawn into the view."""
        return self.parts.textured()

    @computed_once
    def landmarks(self) -> PairedLandmarks | Missing:
        """Projected and detected landmarks."""
        return self.parts.landmarks()

    @computed_once
    def silhouettes(self) -> Silhouettes | Missing:
        """Both masks, ready to be compared."""
        rendered, captured = self.rendered_bits, self.captured_bits
        if isinstance(rendered, Missing):
            return rendered
        if isinstance(captured, Missing):
            return captured
        window = cut_bits(rendered, captured)
        regions = self.parts.regions(window)
        return regions if isinstance(regions, Missing) else Silhouettes(window, regions)

    @computed_once
    def vertices(self) -> Pixels | Missing:
        """(V, 2) projected vertices of a mesh without faces, px; NaN where the camera gives none."""
        if isinstance(self.mesh, Missing):
            return self.mesh
        if len(self.mesh.faces):
            return Missing("the mesh has faces: see the containment of its rendering")
        return np.asarray(self.camera.project(self.mesh.vertices))


def _unpacked(bits: MaskBits | Missing) -> MaskImage | Missing:
    return bits if isinstance(bits, Missing) else frozen(bits.unpack())
