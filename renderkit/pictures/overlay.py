"""One view's picture: rendering over photo, both outlines, landmarks with their errors, numbers, a legend."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from renderkit.arrays import ColorImage, MaskImage, Pixels
from renderkit.images.palette import BACKDROP, CAPTURED, ERROR, FAINT, PANEL, PREDICTED, TEXT, Rgb
from renderkit.metrics.score_kind import Metric
from renderkit.metrics.scored_view import PairedLandmarks
from renderkit.pictures.contour import outline_coverage
from renderkit.pictures.drawing import blend, draw_texts, fitted, resized, text_width
from renderkit.results.evidence import ViewEvidence
from renderkit.results.kinds import METRICS
from renderkit.results.rows import ViewResult

_FACTORS = (1, 5, 10, 20, 50, 100)
_SUBPIXEL_BITS = 4
_SMALLEST = 900


@dataclass(frozen=True)
class OverlayStyle:
    """What to draw and how large.

    Attributes:
        max_size: Longest side of the written picture in px, without its caption. Pictures are drawn at full
            resolution and scaled down; small ones are enlarged by a whole factor.
        rendering: Opacity of the shaded rendering, 0 to 1.
        outlines: Whether to draw the two outlines.
        landmarks: Whether to draw landmarks and error vectors.
        line_px: Width of lines in the written picture.
        mark_px: Radius of landmarks in the written picture.

    Example:
        >>> import renderkit as rk
        >>> rk.OverlayStyle(max_size=800, rendering=0.3).max_size
        800
    """

    max_size: int = 1600
    rendering: float = 0.45
    outlines: bool = True
    landmarks: bool = True
    line_px: float = 2.0
    mark_px: float = 3.0


def draw_overlay(evidence: ViewEvidence, style: OverlayStyle | None = None) -> ColorImage:
    """Return a view's overlay with caption and legend: (height, width, 3) RGB."""
    style = style or OverlayStyle()
    factor = vector_factor(evidence, style)
    picture = draw_picture(evidence, style)
    return np.concatenate([picture, _caption(evidence, picture.shape[1], factor, style)])


def draw_picture(evidence: ViewEvidence, style: OverlayStyle | None = None) -> ColorImage:
    """Return a view's overlay without caption: (height, width, 3) RGB, its longer side at most `style.max_size`."""
    style = style or OverlayStyle()
    width, height = evidence.camera.size
    enlarge = _enlargement(evidence, style)
    size = fitted((width * enlarge, height * enlarge), style.max_size)
    # One px of the written picture in px of the canvas.
    unit = width * enlarge / size[0]
    canvas = _backdrop(evidence, enlarge)
    if evidence.rendering is not None and evidence.rendering.color is not None and style.rendering > 0.0:
        opacity = (_enlarged(evidence.rendering.mask, enlarge) * np.float32(style.rendering)).astype(np.float32)
        blend(canvas, resized(evidence.rendering.color, (width * enlarge, height * enlarge)), opacity)
    if style.outlines:
        for mask, color in ((evidence.captured_mask, CAPTURED), (evidence.rendered_mask, PREDICTED)):
            if mask is not None:
                _draw_outline(canvas, _enlarged(mask, enlarge), color, style.line_px * unit)
    if evidence.vertices is not None:
        _draw_dots(canvas, _moved(evidence.vertices, enlarge), PREDICTED, 0.7 * unit)
    if style.landmarks and evidence.landmarks is not None:
        factor = vector_factor(evidence, style)
        _draw_landmarks(canvas, evidence.landmarks, enlarge, style.mark_px * unit, factor)
    return resized(canvas, size)


def vector_factor(evidence: ViewEvidence, style: OverlayStyle) -> int:
    """Return by how much error vectors are drawn longer than they are, so that small errors can be seen."""
    row = evidence.row.scores.reprojection
    if row is None or not row.num_used:
        return 1
    width, height = evidence.camera.size
    scale = fitted((width, height), style.max_size)[0] / width * _enlargement(evidence, style)
    typical, longest = row.median_px * scale, style.max_size / 64.0
    return max((factor for factor in _FACTORS if factor * typical <= longest), default=1)


def _enlargement(evidence: ViewEvidence, style: OverlayStyle) -> int:
    return max(1, math.ceil(min(_SMALLEST, style.max_size) / max(evidence.camera.size)))


def _backdrop(evidence: ViewEvidence, enlarge: int) -> ColorImage:
    width, height = evidence.camera.size
    if evidence.photo is None:
        return np.full((height * enlarge, width * enlarge, 3), BACKDROP, dtype=np.uint8)
    return np.array(resized(evidence.photo, (width * enlarge, height * enlarge)))


def _enlarged(mask: MaskImage, enlarge: int) -> MaskImage:
    return mask if enlarge == 1 else mask.repeat(enlarge, axis=0).repeat(enlarge, axis=1)


def _moved(pixels: Pixels, enlarge: int) -> Pixels:
    """Return pixel coordinates in a picture enlarged by a whole factor."""
    return enlarge * (pixels + 0.5) - 0.5


def _draw_outline(canvas: ColorImage, mask: MaskImage, color: Rgb, width_px: float) -> None:
    # A dark casing keeps the line visible on light and dark pictures alike.
    blend(canvas, (0, 0, 0), 0.55 * outline_coverage(mask, 2.0 * width_px))
    blend(canvas, color, outline_coverage(mask, width_px))


def _draw_landmarks(
    canvas: ColorImage, landmarks: PairedLandmarks, enlarge: int, radius_px: float, factor: int
) -> None:
    captured, predicted = _moved(landmarks.captured, enlarge), _moved(landmarks.predicted, enlarge)
    both = np.isfinite(captured).all(axis=1) & np.isfinite(predicted).all(axis=1)
    seen = both & ~landmarks.hidden
    _draw_dots(canvas, captured[seen], CAPTURED, radius_px)
    for start, error in zip(captured[seen], (predicted - captured)[seen], strict=True):
        _line(canvas, start, start + factor * error, ERROR, 0.5 * radius_px)
    # The smaller one on top: where they agree both are seen.
    _draw_dots(canvas, predicted[seen], PREDICTED, 0.55 * radius_px)
    _draw_dots(canvas, captured[both & landmarks.hidden], FAINT, 0.8 * radius_px)


def _draw_dots(canvas: ColorImage, pixels: Pixels, color: Rgb, radius_px: float) -> None:
    height, width = canvas.shape[:2]
    limit = np.array([width, height]) + 2.0 * radius_px
    one = 1 << _SUBPIXEL_BITS
    for x, y in pixels[((pixels > -2.0 * radius_px) & (pixels < limit)).all(axis=1)]:
        center = (round(x * one), round(y * one))
        if radius_px >= 2.0:
            cv2.circle(canvas, center, round(1.45 * radius_px * one), (20, 20, 20), -1, cv2.LINE_AA, _SUBPIXEL_BITS)
        cv2.circle(canvas, center, round(radius_px * one), color, -1, cv2.LINE_AA, _SUBPIXEL_BITS)


def _line(canvas: ColorImage, start: Pixels, end: Pixels, color: Rgb, width_px: float) -> None:
    # Far beyond any picture, and OpenCV's fixed-point numbers still hold it.
    first, last = (np.rint(np.clip(point, -1e5, 1e5) * (1 << _SUBPIXEL_BITS)).astype(int) for point in (start, end))
    ends = (int(first[0]), int(first[1])), (int(last[0]), int(last[1]))
    thickness = max(1, round(width_px))
    cv2.line(canvas, *ends, (20, 20, 20), thickness + max(2, thickness), cv2.LINE_AA, _SUBPIXEL_BITS)
    cv2.line(canvas, *ends, color, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)


def _caption(evidence: ViewEvidence, width: int, factor: int, style: OverlayStyle) -> ColorImage:
    """Return the panel below the picture: name, numbers, legend; (height, width, 3)."""
    size = max(14, min(30, width // 52))
    gap = size
    key = evidence.row.key
    pieces: list[list[tuple[str, Rgb, Rgb | None]]] = [
        [(f"camera {key.camera}", TEXT, None), (f"frame {key.frame}   {key.mesh}   {key.capture}", FAINT, None)],
        [(text, TEXT, None) for text in _numbers(evidence.row)],
        [(text, FAINT, color) for text, color in _legend(evidence, factor, style)],
    ]
    lines: list[list[tuple[str, int, Rgb, Rgb | None]]] = []
    for group in pieces:
        x = gap
        lines.append([])
        for text, color, swatch in group:
            length = text_width(text, size) + (2 * size if swatch else 0)
            if lines[-1] and x + length > width - gap:
                x = gap
                lines.append([])
            lines[-1].append((text, x, color, swatch))
            x += length + 2 * gap
    step = round(1.7 * size)
    panel = np.full((step * len(lines) + gap, width, 3), PANEL, dtype=np.uint8)
    texts: list[tuple[str, tuple[int, int], int, Rgb]] = []
    for index, line in enumerate(lines):
        y = gap // 2 + step * index + step // 2
        for text, x, color, swatch in line:
            if swatch is not None:
                panel[y - size // 6 : y + size // 6 + 1, x : x + round(1.5 * size)] = swatch
            texts.append((text, (x + (2 * size if swatch else 0), y), size, color))
    return draw_texts(panel, texts)


def _numbers(row: ViewResult) -> list[str]:
    columns = [metric for metric in METRICS.values() if metric.column and not metric.on_request]
    known = [_with_unit(m, value) for m in columns if not math.isnan(value := m.value(row.scores))]
    return known or ["nothing could be computed"]


def _with_unit(metric: Metric, value: float) -> str:
    if metric.unit == "px":
        return f"{metric.title.removesuffix(' px')} {metric.text(value)} px"
    return f"{metric.title} {metric.text(value)}"


def _legend(evidence: ViewEvidence, factor: int, style: OverlayStyle) -> list[tuple[str, Rgb]]:
    entries: list[tuple[str, Rgb]] = []
    has_landmarks = style.landmarks and evidence.landmarks is not None
    if has_landmarks or evidence.captured_mask is not None:
        entries.append(("captured", CAPTURED))
    if has_landmarks or evidence.rendered_mask is not None or evidence.vertices is not None:
        entries.append(("rendered / projected", PREDICTED))
    if has_landmarks:
        entries.append((f"landmark error, drawn x{factor}" if factor > 1 else "landmark error", ERROR))
        if evidence.landmarks is not None and evidence.landmarks.hidden.any():
            entries.append(("hidden landmark, not scored", FAINT))
    return entries
