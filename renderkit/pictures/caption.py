"""The panel below a picture: which view, its numbers, the legend. Its size depends on the picture's width alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from renderkit.arrays import ColorImage
from renderkit.images.palette import FAINT, PANEL, TEXT, Rgb
from renderkit.metrics.score_kind import Metric
from renderkit.pictures.drawing import draw_texts, plain, shortened, text_width
from renderkit.pictures.layers.layer import Drawing, LegendEntry, Ramp
from renderkit.pictures.layers.registry import find_layers
from renderkit.results.kinds import METRICS
from renderkit.results.rows import ViewResult

_SMALLEST_PX, _LARGEST_PX = 11, 30
_NARROW = 320
"""Narrower pictures have room for the view's name only."""

_CHARACTERS = (64, 170, 110)
"""Of the name, the numbers and the legend: room for so many is kept."""

_WIDTH_OF_A_CHARACTER = 0.56


@dataclass(frozen=True)
class _Piece:
    """A text that stays on one line, with a colour or a scale of colours before it."""

    text: str
    color: Rgb
    swatch: Rgb | None = None
    ramp: Ramp | None = None


def draw_caption(drawing: Drawing, width: int) -> ColorImage:
    """Return the panel: (height, width, 3) RGB."""
    size = max(_SMALLEST_PX, min(_LARGEST_PX, width // 52))
    num_lines = _num_lines(width, size)
    groups = _pieces(drawing) if width >= _NARROW else _pieces(drawing)[:1]
    panel = plain((width, round(1.7 * size) * num_lines + size), PANEL)
    step = round(1.7 * size)
    while True:
        lines = _flow(groups, width, size)
        if len(lines) <= num_lines or size <= _SMALLEST_PX:
            break
        size -= 1
    texts: list[tuple[str, tuple[int, int], int, Rgb]] = []
    for index, line in enumerate(lines[:num_lines]):
        y = size // 2 + step * index + step // 2
        for piece, x in line:
            place = x + _mark_width(piece, size)
            texts.append((shortened(piece.text, size, width - place - size), (place, y), size, piece.color))
            _draw_mark(panel, piece, x, y, size)
    return draw_texts(panel, texts)


def legend_of(drawing: Drawing) -> tuple[LegendEntry, ...]:
    """Return the legend of all layers, each entry once."""
    layers = find_layers(drawing.style.layers)
    return tuple(dict.fromkeys(entry for layer in layers for entry in layer.legend(drawing)))


def _num_lines(width: int, size: int) -> int:
    per_line = max(1.0, (width - 2 * size) / (_WIDTH_OF_A_CHARACTER * size))
    if width < _NARROW:
        return 2
    return sum(math.ceil(count / per_line) for count in _CHARACTERS)


def _pieces(drawing: Drawing) -> list[list[_Piece]]:
    key = drawing.evidence.row.key
    rest = "   ".join(part for part in (f"frame {key.frame}" if key.frame else "", key.mesh, key.capture) if part)
    name = [_Piece(f"camera {key.camera}", TEXT), *([_Piece(rest, FAINT)] if rest else [])]
    legend = [
        _Piece(f"{entry.low} to {entry.high}" if isinstance(entry, Ramp) else entry.text, FAINT, *_mark(entry))
        for entry in legend_of(drawing)
    ]
    return [name, [_Piece(text, TEXT) for text in _numbers(drawing.evidence.row)], legend]


def _mark(entry: LegendEntry) -> tuple[Rgb | None, Ramp | None]:
    return (None, entry) if isinstance(entry, Ramp) else (entry.color, None)


def _flow(groups: Sequence[Sequence[_Piece]], width: int, size: int) -> list[list[tuple[_Piece, int]]]:
    """Share the pieces out to lines; each group begins a new one."""
    lines: list[list[tuple[_Piece, int]]] = []
    for group in groups:
        x = size
        lines.append([])
        for piece in group:
            length = text_width(piece.text, size) + _mark_width(piece, size)
            if lines[-1] and x + length > width - size:
                x = size
                lines.append([])
            lines[-1].append((piece, x))
            x += length + 2 * size
    return [line for line in lines if line]


def _mark_width(piece: _Piece, size: int) -> int:
    if piece.ramp is not None:
        return text_width(f"{piece.ramp.title} ", size) + 7 * size
    return 2 * size if piece.swatch else 0


def _draw_mark(panel: ColorImage, piece: _Piece, x: int, y: int, size: int) -> None:
    if piece.swatch is not None:
        panel[y - size // 6 : y + size // 6 + 1, x : x + round(1.5 * size)] = piece.swatch
    if piece.ramp is not None:
        start = x + text_width(f"{piece.ramp.title} ", size)
        colors = np.linspace(0, 255, 6 * size).astype(np.uint8)[None]
        strip = np.asarray(cv2.applyColorMap(colors, piece.ramp.colormap), np.uint8)[:, :, ::-1]
        shown = panel[y - size // 2 : y + size // 2, start : start + 6 * size]
        shown[:] = strip[:, : shown.shape[1]]
        panel[:] = draw_texts(panel, [(piece.ramp.title, (x, y), size, FAINT)])


def _numbers(row: ViewResult) -> list[str]:
    if row.failure is not None:
        return []
    columns = [metric for metric in METRICS.values() if metric.column and not metric.on_request]
    known = [_with_unit(m, value) for m in columns if not math.isnan(value := m.value(row.scores))]
    return known or ["nothing could be computed"]


def _with_unit(metric: Metric, value: float) -> str:
    if metric.unit == "px":
        return f"{metric.title.removesuffix(' px')} {metric.text(value)} px"
    return f"{metric.title} {metric.text(value)}"
