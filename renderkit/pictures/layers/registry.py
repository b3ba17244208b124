"""Every layer, once: options, help and docs are made from this list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from renderkit.errors import ArgumentError
from renderkit.pictures.layers.errors import HEAT
from renderkit.pictures.layers.layer import Layer
from renderkit.pictures.layers.marks import LANDMARKS, OUTLINE, WIREFRAME
from renderkit.pictures.layers.surfaces import DEPTH, NORMALS, SHADED, TEXTURED, TINT
from renderkit.renderers.base import RenderPass
from renderkit.wording import did_you_mean

LAYERS: Final[Mapping[str, Layer]] = MappingProxyType(
    {
        layer.name: layer
        for layer in (SHADED, TEXTURED, NORMALS, DEPTH, TINT, HEAT, WIREFRAME, OUTLINE, LANDMARKS)
    }
)  # fmt: skip
"""Layers by name, in the order of the docs."""


def find_layers(names: Iterable[str]) -> tuple[Layer, ...]:
    """Return layers by their names, those of lines and dots last.

    Raises:
        ArgumentError: If there is no such layer; the message has the nearest.
    """
    found = []
    for name in names:
        if name not in LAYERS:
            hint = did_you_mean(name, LAYERS)
            raise ArgumentError(f"layers: there is no {name!r}; {hint}There are: {', '.join(LAYERS)}")
        found.append(LAYERS[name])
    return tuple(sorted(found, key=lambda layer: layer.is_mark))


def passes_of(layers: Iterable[Layer]) -> RenderPass:
    """Return what a rendering must hold for some layers."""
    passes = RenderPass.GEOMETRY
    for layer in layers:
        passes |= layer.passes
    return passes
