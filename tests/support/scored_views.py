"""Views to be scored, made of arrays by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from renderkit.arrays import ColorImage, DepthImage, MaskImage
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.images.mask_bits import MaskBits
from renderkit.metrics.mask_window import MaskWindow
from renderkit.metrics.scored_view import Missing, PairedLandmarks, Regions, ScoredView, TexturedPicture

ABSENT = Missing("not in this view")


@dataclass
class ArrayParts:
    """Parts that are there already; `asked` names those that a score asked for."""

    rendered: MaskImage | Missing = ABSENT
    depth: DepthImage | Missing = ABSENT
    other: DepthImage | Missing = ABSENT
    texture: TexturedPicture | Missing = ABSENT
    pairs: PairedLandmarks | Missing = ABSENT
    asked: list[str] = field(default_factory=list)

    def rendered_bits(self) -> MaskBits | Missing:
        """The mask."""
        self.asked.append("rendered_bits")
        return self.rendered if isinstance(self.rendered, Missing) else MaskBits.pack(self.rendered)

    def rendered_depth(self) -> DepthImage | Missing:
        """The depth."""
        self.asked.append("rendered_depth")
        return self.depth

    def other_depth(self) -> DepthImage | Missing:
        """The other depth."""
        self.asked.append("other_depth")
        return self.other

    def textured(self) -> TexturedPicture | Missing:
        """The textured mesh."""
        self.asked.append("textured")
        return self.texture

    def landmarks(self) -> PairedLandmarks | Missing:
        """The landmarks."""
        self.asked.append("landmarks")
        return self.pairs

    def regions(self, window: MaskWindow) -> Regions | Missing:
        """Everywhere."""
        self.asked.append("regions")
        return Regions(None, None)


def scored_view(
    parts: ArrayParts | None = None,
    *,
    mesh: Mesh | Missing = ABSENT,
    captured: MaskImage | Missing = ABSENT,
    detected: Landmarks | None = None,
    photo: ColorImage | None = None,
    camera: Camera | None = None,
    to_metres: float = 1.0,
) -> ScoredView:
    """A view of 160 x 120 px with the given parts."""
    K = np.array([[100.0, 0.0, 80.0], [0.0, 100.0, 60.0], [0.0, 0.0, 1.0]])
    stand_in: Any = parts or ArrayParts()
    return ScoredView(
        camera=camera or Camera(K, 160, 120),
        mesh=mesh,
        captured_bits=captured if isinstance(captured, Missing) else MaskBits.pack(captured),
        detected=detected,
        photo=photo,
        to_metres=to_metres,
        parts=stand_in,
    )
