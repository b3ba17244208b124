"""Layers of lines and dots: outlines, landmarks with their errors, the mesh's edges."""

from __future__ import annotations

from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.pictures.canvas import Canvas
from renderkit.pictures.layers.layer import Drawing, Layer, LegendEntry, Swatch

_DEPTH_SHARE = 2e-3
"""An edge so far behind what is seen, as a share of its depth, is hidden."""


def _outline(canvas: Canvas, drawing: Drawing) -> None:
    evidence, style = drawing.evidence, drawing.style
    for segments, name in ((evidence.captured_outline, "captured"), (evidence.outline, "rendered")):
        if segments is not None:
            canvas.lines(segments, style.color(name), style.line_px)
    if evidence.vertices is not None:
        canvas.dots(evidence.vertices, style.color("rendered"), 0.35 * style.line_px)


def _outline_legend(drawing: Drawing) -> tuple[LegendEntry, ...]:
    evidence, style = drawing.evidence, drawing.style
    entries: list[LegendEntry] = []
    if evidence.captured_outline is not None:
        entries.append(Swatch("captured", style.color("captured")))
    if evidence.outline is not None or evidence.vertices is not None:
        entries.append(Swatch("rendered / projected", style.color("rendered")))
    return tuple(entries)


def _landmarks(canvas: Canvas, drawing: Drawing) -> None:
    landmarks, style = drawing.evidence.landmarks, drawing.style
    if landmarks is None:
        return
    captured, predicted = landmarks.captured, landmarks.predicted
    seen = np.isfinite(captured).all(axis=1) & np.isfinite(predicted).all(axis=1) & ~landmarks.hidden
    canvas.dots(captured[seen], style.color("captured"), style.mark_px)
    ends = captured[seen] + drawing.vector_factor * (predicted - captured)[seen]
    canvas.lines(np.hstack([captured[seen], ends]), style.color("error"), 0.5 * style.mark_px)
    # The smaller one on top: where they agree both are seen.
    canvas.dots(predicted[seen], style.color("rendered"), 0.55 * style.mark_px)
    hidden = np.isfinite(captured).all(axis=1) & landmarks.hidden
    canvas.dots(captured[hidden], style.color("hidden"), 0.8 * style.mark_px)


def _landmarks_legend(drawing: Drawing) -> tuple[LegendEntry, ...]:
    landmarks, style, factor = drawing.evidence.landmarks, drawing.style, drawing.vector_factor
    if landmarks is None:
        return ()
    entries: list[LegendEntry] = [
        Swatch("captured", style.color("captured")),
        Swatch("rendered / projected", style.color("rendered")),
        Swatch(f"landmark error, drawn x{factor}" if factor > 1 else "landmark error", style.color("error")),
    ]
    if landmarks.hidden.any():
        entries.append(Swatch("hidden landmark, not scored", style.color("hidden")))
    return tuple(entries)


def _wireframe(canvas: Canvas, drawing: Drawing) -> None:
    style = drawing.style
    width = min(1.0, 0.5 * style.line_px)
    canvas.lines(_visible_edges(drawing), style.color("wireframe"), width, opacity=0.7, casing=False)


def _visible_edges(drawing: Drawing) -> FloatArray:
    """Return (N, 4) edges whose middle is seen in the picture, px."""
    mesh, rendering, camera = drawing.evidence.mesh, drawing.evidence.rendering, drawing.evidence.camera
    if mesh is None or rendering is None:
        return np.empty((0, 4))
    pairs = np.sort(mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    edges = np.unique(pairs, axis=0)
    middles = mesh.vertices[edges].mean(axis=1)
    places, depths = camera.project(middles), camera.depth(middles)
    near = np.flatnonzero(camera.in_image(places))
    columns, rows = np.rint(places[near]).astype(np.int64).T
    columns, rows = columns.clip(0, camera.width - 1), rows.clip(0, camera.height - 1)
    seen = near[depths[near] <= rendering.depth[rows, columns] * (1.0 + _DEPTH_SHARE)]
    ends: FloatArray = camera.project(mesh.vertices[edges[seen]]).reshape(-1, 4)
    return ends


OUTLINE: Final = Layer(
    "outline", "outlines of the rendered mesh and of the captured matte", _outline, _outline_legend, is_mark=True
)
LANDMARKS: Final = Layer(
    "landmarks", "detected and projected landmarks, joined by their error", _landmarks, _landmarks_legend, is_mark=True
)
WIREFRAME: Final = Layer("wireframe", "the edges of the mesh that are seen", _wireframe, is_mark=False)
