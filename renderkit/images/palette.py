"""The colours of overlays, plots and exports."""

from __future__ import annotations

from typing import TypeAlias

Rgb: TypeAlias = tuple[int, int, int]

# Told apart with every common colour blindness, on skin as on backdrops (after Okabe and Ito, and IBM's palette).
CAPTURED: Rgb = (86, 190, 255)
PREDICTED: Rgb = (255, 208, 0)
ERROR: Rgb = (236, 40, 130)
PANEL: Rgb = (24, 26, 30)
TEXT: Rgb = (238, 240, 242)
FAINT: Rgb = (160, 166, 174)
BACKDROP: Rgb = (52, 55, 60)
