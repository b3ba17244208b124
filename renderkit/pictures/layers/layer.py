"""What a layer is: a name, what it needs, how it is painted, and what it adds to the legend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from renderkit.images.palette import Rgb
from renderkit.pictures.canvas import Canvas
from renderkit.pictures.style import OverlayStyle
from renderkit.renderers.base import RenderPass
from renderkit.results.picture_evidence import PictureEvidence


@dataclass(frozen=True)
class Swatch:
    """A line of the legend: a colour and what it means."""

    text: str
    color: Rgb


@dataclass(frozen=True)
class Ramp:
    """A scale of the legend: colours from a lowest to a highest value.

    Attributes:
        title: What is shown.
        low: The lowest value, as text.
        high: The highest.
        colormap: OpenCV's number of the colours.
    """

    title: str
    low: str
    high: str
    colormap: int


LegendEntry: TypeAlias = Swatch | Ramp


@dataclass(frozen=True)
class Drawing:
    """How one picture is drawn.

    Attributes:
        evidence: What there is.
        style: How it should look.
        vector_factor: By how much error vectors are longer than they are; one for a whole run.
    """

    evidence: PictureEvidence
    style: OverlayStyle
    vector_factor: int = 1


def _no_legend(_drawing: Drawing) -> tuple[LegendEntry, ...]:
    return ()


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes:
        name: What options call it.
        summary: What it shows, for the help and the docs.
        paint: Paints it.
        legend: What it adds to the legend; nothing where the view lacks the data.
        passes: What the rendering must hold.
        unlit: Whether it needs the mesh's own colours, sampled from its texture.
        is_mark: Whether it consists of lines and dots, which are drawn over all surfaces and keep their width.
    """

    name: str
    summary: str
    paint: Callable[[Canvas, Drawing], None]
    legend: Callable[[Drawing], tuple[LegendEntry, ...]] = field(default=_no_legend)
    passes: RenderPass = RenderPass.GEOMETRY
    unlit: bool = False
    is_mark: bool = False
