"""From a projected mesh to its mask."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import MaskImage
from renderkit.buffer_pool import BufferPool, Window
from renderkit.images.mask_bits import WORD, MaskBits, Words, words_for
from renderkit.renderers.cpu.contour import OutlineScratch, covered_pixels, draw_outline, fill_rows, find_outline
from renderkit.renderers.cpu.projection import NO_PIECES, Projection, threads_for
from renderkit.renderers.cpu.scratch import Scratch
from renderkit.renderers.cpu.team import Team

_CROSSINGS = 1 << 18
"""Crossings of edges and rows that are held at a time at least: 2 MiB, of which a coarse mesh touches little."""

_LEAST_EDGES = 1 << 14
"""Edges of a contour that there is room for at first."""

_SHARED_EDGES = 20_000
"""Contours with fewer edges are drawn in less time than it takes to wake a thread."""


def draw_mask(
    projection: Projection, size: tuple[int, int], scratch: Scratch, team: Team, *, buffers: BufferPool
) -> MaskImage:
    """Return the (height, width) mask, read-only; `size` is (width, height)."""
    width, height = size
    bits, window = draw_bits(projection, size, scratch, team)
    pixels, mask = buffers.canvas((height, width), np.bool_, False, window)
    bits.unpack_into(pixels, window)
    return mask


def draw_bits(projection: Projection, size: tuple[int, int], scratch: Scratch, team: Team) -> tuple[MaskBits, Window]:
    """Return the mask, and the part of the picture (x0, y0, x1, y1) that it can cover; `size` is (width, height)."""
    width, height = size
    picture = np.empty((height, words_for(width)), np.uint64)
    if threads_for(projection.mesh.topology, team) == 1:
        return MaskBits(picture, width), _draw_alone(projection, width, picture, scratch)
    return MaskBits(picture, width), _draw_shared(projection, width, picture, scratch, team)


def _draw_alone(projection: Projection, width: int, picture: Words, scratch: Scratch) -> Window:
    """Draw the mask into `picture` in this thread; returns the part that it can cover."""
    topology, pieces = projection.mesh.topology, projection.pieces
    height, _ = picture.shape
    while True:
        memory = outline_scratch(scratch, height, width)
        count, *window = draw_outline(
            topology.faces, projection.snapped, projection.signs, topology.edges,
            pieces.faces, pieces.snapped, pieces.signs, pieces.edges, memory, picture, width,
        )  # fmt: skip
        if count <= len(memory[0]):
            left, top, right, bottom = window
            return left, top, right, bottom
        scratch.rows("contour 0", count, 5, np.int32)


def outline_scratch(scratch: Scratch, height: int, width: int) -> OutlineScratch:
    """Return the working memory of `draw_outline`."""
    words = words_for(width)
    contour = scratch.rows("contour 0", _LEAST_EDGES, 5, np.int32)
    return (
        contour, scratch.get("bounds", (4,), np.int64), scratch.get("rows", (height, 2), np.int64),
        scratch.rows("crossings", max(len(contour), _CROSSINGS), 2, np.int32),
        scratch.get("deposits", (words * WORD,), np.int32), scratch.get("marks", (words,), np.uint64),
        scratch.get("spans", (width + 1, 2), np.int32),
    )  # fmt: skip


def _draw_shared(projection: Projection, width: int, picture: Words, scratch: Scratch, team: Team) -> Window:
    """Do so with several threads, a band of the picture for each."""
    contours, window = _outline(projection, width, len(picture), scratch, team)
    left, top, right, bottom = window
    picture[:top] = picture[bottom:] = 0
    words = words_for(right - left)
    threads = team.share() if sum(map(len, contours)) >= _SHARED_EDGES else 1
    contour = contours[0] if len(contours) == 1 else np.concatenate(contours)
    rows = max(1, -(-(bottom - top) // threads))

    def draw_band(first: int) -> None:
        band = picture[first : min(first + rows, bottom)]
        places = scratch.get("rows", (len(band), 2), np.int64)
        crossings = scratch.rows("crossings", max(len(contour), _CROSSINGS), 2, np.int32)
        deposits = scratch.get("deposits", (words * WORD,), np.int32)
        marks = scratch.get("marks", (words,), np.uint64)
        spans = scratch.get("spans", (width + 1, 2), np.int32)
        fill_rows(contour, first, places, crossings, deposits, marks, spans, band, left, right)

    team.map(draw_band, range(top, bottom, rows), threads)
    return window


def _outline(
    projection: Projection, width: int, height: int, scratch: Scratch, team: Team
) -> tuple[list[NDArray[np.int32]], Window]:
    """Return the edges that change the cover count, some lists of (N, 5), and the part of the picture they reach."""
    topology = projection.mesh.topology
    threads = threads_for(topology, team)
    step = -(-len(topology.edges) // threads)
    # This thread's memory, whoever works: it must last until the edges are drawn.
    rooms = [scratch.rows(f"contour {part}", _LEAST_EDGES, 5, np.int32) for part in range(threads)]
    counts = [0] * threads
    bounds = np.empty((threads, 4), np.int64)

    def find(part: int) -> None:
        pieces = projection.pieces if part == 0 else NO_PIECES
        counts[part] = find_outline(
            topology.faces, projection.snapped, projection.signs, topology.edges[part * step : (part + 1) * step],
            pieces.faces, pieces.snapped, pieces.signs, pieces.edges, rooms[part], bounds[part],
        )  # fmt: skip

    waiting: Sequence[int] = range(threads)
    while waiting:
        team.map(find, waiting, threads)
        waiting = [part for part in range(threads) if counts[part] > len(rooms[part])]
        for part in waiting:
            rooms[part] = scratch.rows(f"contour {part}", counts[part], 5, np.int32)
    contours = [rows[:count] for rows, count in zip(rooms, counts, strict=True)]
    (x0, y0), (x1, y1) = bounds[:, :2].min(axis=0).tolist(), bounds[:, 2:].max(axis=0).tolist()
    return contours, covered_pixels(x0, y0, x1, y1, (width, height))
