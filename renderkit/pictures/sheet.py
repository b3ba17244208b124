"""A contact sheet: the whole rig at a glance, one labelled tile per view."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from renderkit.arrays import ColorImage
from renderkit.images.palette import ERROR, FAINT, PANEL, TEXT, Rgb
from renderkit.pictures.drawing import draw_texts, plain, resized, shortened, text_width
from renderkit.wording import counted

_GAP = 8
_SWATCH = 32
_FRAME = 4
_LABEL_SIZE = 15
_TITLE_SIZE = 20
MAX_TILES = 400
"""Larger rigs are shown as far as this, and the title says so."""


@dataclass(frozen=True, eq=False)
class Tile:
    """One view of a sheet.

    Attributes:
        name: The camera.
        picture: (height, width, 3) RGB, or None for a view that failed.
        text: A short number or reason.
        framed: Whether the tile is singled out.
    """

    name: str
    picture: ColorImage | None
    text: str
    framed: bool = False


def draw_sheet(
    tiles: Sequence[Tile], title: str, tile_width: int = 300, legend: Sequence[tuple[str, Rgb]] = ()
) -> ColorImage:
    """Return a contact sheet as (height, width, 3) RGB.

    Args:
        tiles: In the order to show.
        title: The first line.
        tile_width: Width of a tile in px.
        legend: What the colours mean.

    Raises:
        ValueError: If there is no tile.
    """
    if not tiles:
        raise ValueError("a contact sheet needs at least one view")
    shown = tiles[:MAX_TILES]
    if len(shown) < len(tiles):
        title = f"{title} (the first {len(shown)} of {counted(len(tiles), 'view')})"
    tile_height = _tile_height(shown, tile_width)
    columns = _columns(len(shown), tile_width, tile_height)
    cell = (tile_width + _GAP, tile_height + 2 * _LABEL_SIZE + _GAP)
    width = columns * cell[0] + _GAP
    places, header = _place_legend(title, legend, width)
    rows = math.ceil(len(shown) / columns)
    canvas = plain((width, header + rows * cell[1] + _GAP), PANEL)
    texts = _title_texts(canvas, title, legend, places)
    for index, tile in enumerate(shown):
        x, y = _GAP + index % columns * cell[0], header + index // columns * cell[1]
        texts += _place(canvas, tile, x, y, (tile_width, tile_height))
    return draw_texts(canvas, texts)


def _tile_height(tiles: Sequence[Tile], tile_width: int) -> int:
    ratios = [tile.picture.shape[0] / tile.picture.shape[1] for tile in tiles if tile.picture is not None]
    # Pictures of mixed shapes are fitted into the middle shape.
    return round(tile_width * min(1.6, float(np.median(ratios)))) if ratios else round(0.75 * tile_width)


def _columns(count: int, tile_width: int, tile_height: int) -> int:
    """Return how many columns make a sheet about 16:10."""
    return max(1, min(count, round(math.sqrt(1.6 * count * (tile_height + 2 * _LABEL_SIZE) / tile_width))))


def _place_legend(title: str, legend: Sequence[tuple[str, Rgb]], width: int) -> tuple[list[tuple[int, int]], int]:
    """Return where each entry begins, beside the title or in lines below it, and the height of all of it."""
    x, y = _GAP + text_width(title, _TITLE_SIZE) + 2 * _TITLE_SIZE, round(1.5 * _TITLE_SIZE)
    places = []
    for text, _ in legend:
        length = _SWATCH + text_width(text, _LABEL_SIZE)
        if x + length > width:
            x, y = _GAP, y + 2 * _LABEL_SIZE
        places.append((x, y))
        x += length + _TITLE_SIZE
    return places, y + round(1.5 * _TITLE_SIZE)


def _title_texts(
    canvas: ColorImage, title: str, legend: Sequence[tuple[str, Rgb]], places: Sequence[tuple[int, int]]
) -> list[tuple[str, tuple[int, int], int, Rgb]]:
    texts: list[tuple[str, tuple[int, int], int, Rgb]] = [(title, (_GAP, round(1.5 * _TITLE_SIZE)), _TITLE_SIZE, TEXT)]
    for (text, color), (x, y) in zip(legend, places, strict=True):
        canvas[y - 2 : y + 3, x : x + 24] = color
        texts.append((text, (x + _SWATCH, y), _LABEL_SIZE, FAINT))
    return texts


def _place(
    canvas: ColorImage, tile: Tile, x: int, y: int, size: tuple[int, int]
) -> list[tuple[str, tuple[int, int], int, Rgb]]:
    width, height = size
    canvas[y : y + height, x : x + width] = 38
    if tile.picture is not None:
        own = (tile.picture.shape[1], tile.picture.shape[0])
        ratio = min(width / own[0], height / own[1])
        fit = max(1, round(own[0] * ratio)), max(1, round(own[1] * ratio))
        left, top = x + (width - fit[0]) // 2, y + (height - fit[1]) // 2
        canvas[top : top + fit[1], left : left + fit[0]] = resized(tile.picture, fit)
    if tile.framed:
        for edge in (
            np.s_[y : y + _FRAME, x : x + width],
            np.s_[y + height - _FRAME : y + height, x : x + width],
            np.s_[y : y + height, x : x + _FRAME],
            np.s_[y : y + height, x + width - _FRAME : x + width],
        ):
            canvas[edge] = ERROR
    color = ERROR if tile.framed else TEXT
    baseline = y + height + _LABEL_SIZE
    name, room = shortened(tile.name, _LABEL_SIZE, width // 2), width
    after = x + text_width(name, _LABEL_SIZE) + _LABEL_SIZE // 2
    text = shortened(tile.text, _LABEL_SIZE, x + room - after)
    return [
        (name, (x, baseline), _LABEL_SIZE, color),
        (text, (after, baseline), _LABEL_SIZE, color if tile.framed else FAINT),
    ]
