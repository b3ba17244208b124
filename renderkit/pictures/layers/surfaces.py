"""Layers that fill the mesh: shaded, textured, normals, depth, and a tint of the masks."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from renderkit.arrays import ColorImage
from renderkit.pictures.canvas import Canvas
from renderkit.pictures.layers.layer import Drawing, Layer, LegendEntry, Ramp, Swatch
from renderkit.renderers.base import RenderPass

DEPTH_COLORS: Final = cv2.COLORMAP_TURBO


def _paint_surface(canvas: Canvas, drawing: Drawing, image: ColorImage | None) -> None:
    evidence = drawing.evidence
    if evidence.rendering is not None and image is not None:
        canvas.paint_surface(image, evidence.rendering.mask, evidence.outline, drawing.style.opacity)


def _shaded(canvas: Canvas, drawing: Drawing) -> None:
    rendering = drawing.evidence.rendering
    _paint_surface(canvas, drawing, None if rendering is None else rendering.color)


def _textured(canvas: Canvas, drawing: Drawing) -> None:
    _paint_surface(canvas, drawing, drawing.evidence.base_color)


def _textured_legend(drawing: Drawing) -> tuple[LegendEntry, ...]:
    return () if drawing.evidence.base_color is not None else (Swatch("no texture or colours", (90, 90, 90)),)


def _normals(canvas: Canvas, drawing: Drawing) -> None:
    rendering = drawing.evidence.rendering
    if rendering is None or rendering.normal is None:
        return
    # x to the right is red, y up green, towards the camera blue, as normal maps have it.
    turned = rendering.normal * np.array([0.5, -0.5, -0.5], np.float32) + np.float32(0.5)
    _paint_surface(canvas, drawing, np.rint(turned * 255.0).astype(np.uint8))


def _normals_legend(drawing: Drawing) -> tuple[LegendEntry, ...]:
    if drawing.evidence.rendering is None:
        return ()
    return Swatch("right", (255, 128, 128)), Swatch("up", (128, 255, 128)), Swatch("to the camera", (128, 128, 255))


def _depth_range(drawing: Drawing) -> tuple[float, float] | None:
    """Return the nearest and the farthest depth in the picture, world units; None where nothing is seen."""
    rendering = drawing.evidence.rendering
    if rendering is None or not rendering.mask.any():
        return None
    seen = rendering.depth[rendering.mask]
    return float(seen.min()), float(seen.max())


def _depth(canvas: Canvas, drawing: Drawing) -> None:
    limits, rendering = _depth_range(drawing), drawing.evidence.rendering
    if limits is None or rendering is None:
        return
    span = max(limits[1] - limits[0], 1e-12)
    share = np.where(rendering.mask, (rendering.depth - limits[0]) / span, 0.0)
    levels = np.clip(np.rint(share * 255.0), 0, 255).astype(np.uint8)
    _paint_surface(canvas, drawing, np.asarray(cv2.applyColorMap(levels, DEPTH_COLORS), np.uint8)[:, :, ::-1])


def _depth_legend(drawing: Drawing) -> tuple[LegendEntry, ...]:
    limits = _depth_range(drawing)
    if limits is None:
        return ()
    unit = f" {drawing.evidence.unit}" if drawing.evidence.unit not in {"", "unknown"} else ""
    return (Ramp("depth", f"{limits[0]:.4g}", f"{limits[1]:.4g}{unit}", DEPTH_COLORS),)


def _tint(canvas: Canvas, drawing: Drawing) -> None:
    """Colour what only one of the two masks covers, and faintly what both do."""
    evidence, style = drawing.evidence, drawing.style
    if evidence.rendering is None:
        if evidence.matte is not None:
            canvas.fill(style.color("captured"), evidence.matte, style.opacity)
        return
    rendered, captured = evidence.rendering.mask, evidence.captured_mask
    if captured is None:
        canvas.fill(style.color("rendered"), rendered, style.opacity)
        return
    canvas.fill((255, 255, 255), rendered & captured, 0.3 * style.opacity)
    canvas.fill(style.color("rendered"), rendered & ~captured, min(1.0, 1.6 * style.opacity))
    canvas.fill(style.color("captured"), captured & ~rendered, min(1.0, 1.6 * style.opacity))


def _tint_legend(drawing: Drawing) -> tuple[LegendEntry, ...]:
    evidence, style = drawing.evidence, drawing.style
    entries: list[LegendEntry] = []
    if evidence.rendering is not None:
        entries.append(Swatch("only rendered", style.color("rendered")))
    if evidence.matte is not None:
        entries.append(Swatch("only captured", style.color("captured")))
    return tuple(entries)


SHADED: Final = Layer("shaded", "the mesh under a soft light", _shaded, passes=RenderPass.COLOR)
TEXTURED: Final = Layer(
    "textured", "the mesh's own texture or colours, unlit", _textured, _textured_legend,
    RenderPass.BARYCENTRIC, unlit=True,
)  # fmt: skip
NORMALS: Final = Layer("normals", "where the surface faces, as colours", _normals, _normals_legend, RenderPass.NORMAL)
DEPTH: Final = Layer("depth", "the depth of the surface, as colours with a scale", _depth, _depth_legend)
TINT: Final = Layer("tint", "where the rendered and the captured mask differ", _tint, _tint_legend)
