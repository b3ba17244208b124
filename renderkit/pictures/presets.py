"""Named looks of pictures: those that come with renderkit, and those of a project's renderkit.toml."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from renderkit.errors import ArgumentError
from renderkit.wording import did_you_mean

Preset = Mapping[str, Any]
"""Attributes of `OverlayStyle`, and "format" and "name" of the files."""

PRESETS: Final[Mapping[str, Preset]] = MappingProxyType(
    {
        "outline": {"layers": "outline", "line_px": 1.5},
        "face": {"layers": "outline,landmarks", "crop": "face"},
        "compare": {"layers": "shaded,outline", "opacity": 0.6, "side_by_side": True},
        "wire": {"layers": "wireframe,outline", "crop": "mesh"},
        "errors": {"layers": "heat,outline", "line_px": 1.0},
        "depth": {"layers": "depth,outline", "opacity": 0.9, "line_px": 1.0},
        "model": {"layers": "shaded", "opacity": 1.0, "background": "transparent", "caption": False, "format": "png"},
    }
)
"""Those that come with renderkit."""


def find_preset(name: str, own: Mapping[str, Preset]) -> Preset:
    """Return a preset by its name; a project's own comes first.

    Args:
        name: Its name.
        own: The presets of the project.

    Raises:
        ArgumentError: If there is none; the message has the nearest.
    """
    known = {**PRESETS, **own}
    if name not in known:
        hint = did_you_mean(name, known)
        raise ArgumentError(f"preset: there is no {name!r}; {hint}There are: {', '.join(known)}")
    return known[name]
