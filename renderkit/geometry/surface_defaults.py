"""How a texture is continued outside of [0, 1], and the colour of what has none."""

from __future__ import annotations

from typing import Literal, TypeAlias

Wrap: TypeAlias = Literal["repeat", "mirror", "clamp"]
"""What a texture shows outside of [0, 1]: itself again, itself again mirrored, or its border."""

REPEATED: tuple[Wrap, Wrap] = ("repeat", "repeat")
"""How every texture is continued whose file says nothing else."""

NEUTRAL_ALBEDO = 0.72
"""Grey of a surface without a colour of its own."""
