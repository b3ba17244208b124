"""From a projected mesh to its mask, or to the counts of its mask against a captured one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import MaskImage
from renderkit.recycling import PICTURES
from renderkit.render.cpu.contour import RUN, collect_contour, count_at_least, count_rows, deposit, fill_rows
from renderkit.render.cpu.projection import Pieces, Projection
from renderkit.render.cpu.scratch import Scratch

_BAND_PX = 1 << 23
"""Pixels whose deposits are held at a time: 32 MiB."""


def draw_mask(projection: Projection, width: int, height: int, scratch: Scratch) -> MaskImage:
    """Return the (height, width) mask."""
    mask = PICTURES.empty((height, width), np.bool_)
    mask.fill(False)
    contour = _contour(projection, scratch)
    for first, rows, deposits, dirty in _bands(contour, width, height, scratch):
        fill_rows(deposits, dirty, _spans(width, scratch), mask[first : first + rows])
    return mask


def count_mask(
    projection: Projection, captured: NDArray[np.uint8], threshold: int, scratch: Scratch
) -> tuple[int, int, int]:
    """Return the numbers of rendered, captured and common pixels; `captured` is (height, width), contiguous."""
    height, width = captured.shape
    flat = captured.reshape(-1)
    words = flat[: flat.size // 8 * 8].view(np.uint64)
    contour = _contour(projection, scratch)
    rendered = common = 0
    for first, rows, deposits, dirty in _bands(contour, width, height, scratch):
        counts = count_rows(deposits, dirty, _spans(width, scratch), first, rows, width, flat, words, threshold)
        rendered += counts[0]
        common += counts[1]
    return rendered, count_at_least(flat, words, 0, flat.size, threshold), common


def _contour(projection: Projection, scratch: Scratch) -> NDArray[np.int32]:
    """Return (N, 5) edges that change the cover count, of faces and pieces alike."""
    topology, pieces = projection.mesh.topology, projection.pieces
    room = 1 << 14
    while True:
        rows = scratch.get("contour", (room, 5), np.int32)
        count = collect_contour(topology.faces, projection.snapped, projection.signs, topology.edges, rows, 0)
        count = collect_contour(pieces.faces, pieces.snapped, pieces.signs, _single_edges(pieces), rows, count)
        if count <= room:
            return rows[:count]
        room = count


def _single_edges(pieces: Pieces) -> NDArray[np.int32]:
    """Return the pieces' (3 M, 2) edges; neighbours cancel on the scanlines."""
    corners = 4 * np.arange(len(pieces.sources), dtype=np.int32)[:, None] + np.arange(3, dtype=np.int32)
    edges = np.column_stack([corners.ravel(), np.full(corners.size, -1, np.int32)])
    edges.flags.writeable = False
    return edges


def _bands(
    contour: NDArray[np.int32], width: int, height: int, scratch: Scratch
) -> Iterator[tuple[int, int, NDArray[np.int32], NDArray[np.uint8]]]:
    """Deposit band by band; whoever takes a band must clear it."""
    runs = -(-width // RUN)
    band = max(1, min(height, _BAND_PX // (runs * RUN)))
    for first in range(0, height, band):
        rows = min(band, height - first)
        deposits = scratch.get("deposits", (rows, runs * RUN), np.int32)
        dirty = scratch.get("dirty", (rows, runs), np.uint8)
        deposit(contour, first, rows, width, deposits, dirty)
        yield first, rows, deposits, dirty


def _spans(width: int, scratch: Scratch) -> NDArray[np.int32]:
    return scratch.get("spans", (width + 1, 2), np.int32)
