"""From a projected mesh to the images of its visible surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import DepthImage, FaceIndexImage, Faces, FloatArray, frozen
from renderkit.buffer_pool import BufferPool
from renderkit.geometry.mesh import Mesh
from renderkit.renderers.base import Rendering, RenderPass
from renderkit.renderers.cpu.camera_numbers import SUBPIXELS
from renderkit.renderers.cpu.chunks import CHUNK, bound_chunks
from renderkit.renderers.cpu.probe import GROUP, are_grouped, probe_depths, probe_scratch
from renderkit.renderers.cpu.projection import Projection
from renderkit.renderers.cpu.resolve import resolve_band
from renderkit.renderers.cpu.scratch import Scratch
from renderkit.renderers.cpu.surface import SHEET_ROWS, Look, draw_surface, turn_vertices
from renderkit.renderers.cpu.team import Team
from renderkit.renderers.cpu.topology import Topology
from renderkit.renderers.cpu.zbuffer import (
    BLOCK_PX,
    draw_chunks,
    grow_window,
    summarise_blocks,
)

_BAND_PX = 3 << 21
"""Pixels whose keys are held at a time: 48 MiB."""

_LEAST_BAND_PX = 1 << 16
"""Smaller bands take less time to draw than Python to hand them out, one thread at a time."""

_FEW_FACES = 50_000
_BANDS_PER_THREAD = 4

_SURFACES = ((RenderPass.BARYCENTRIC, np.float32), (RenderPass.NORMAL, np.float32), (RenderPass.COLOR, np.uint8))

_WRAPS = {"repeat": 0, "mirror": 1, "clamp": 2}

_FRONT = -1
"""Sign of a projected face that is counter-clockwise seen from the camera, in a picture whose y runs down."""

_Bounds: TypeAlias = tuple[tuple[NDArray[np.int32], NDArray[np.float32]], tuple[NDArray[np.int32], NDArray[np.float32]]]

_NO_BLOCKS = np.empty((0, 0), np.float32)
_NO_STATE = np.empty(0, np.uint8)


@dataclass(frozen=True, eq=False)
class Appearance:
    """A mesh's normals, colours and textures in the topology's order of vertices and faces.

    Attributes:
        normals: (V, 3) unit normals; no rows when nobody asks for them.
        look: Colours and textures.
    """

    normals: NDArray[np.float32]
    look: Look

    @classmethod
    def of(cls, mesh: Mesh, topology: Topology) -> Appearance:
        """Lay out a mesh's appearance."""
        vertices, faces = topology.vertex_order, topology.face_order
        textures = mesh.all_textures
        colors = np.empty((0, 3), np.uint8) if mesh.vertex_colors is None else mesh.vertex_colors[vertices]
        uv = np.empty((0, 2), np.float32) if mesh.uv is None else mesh.uv[vertices].astype(np.float32)
        flat = [pixels.reshape(-1, 3) for pixels, _ in textures]
        texels = flat[0] if len(flat) == 1 else frozen(np.concatenate([np.empty((0, 3), np.uint8), *flat]))
        table = np.empty((len(textures), 5), np.int64)
        first = 0
        for row, (pixels, wrap) in zip(table, textures, strict=True):
            row[:] = first, pixels.shape[1], pixels.shape[0], _WRAPS[wrap[0]], _WRAPS[wrap[1]]
            first += pixels.shape[0] * pixels.shape[1]
        chosen = np.empty(0, np.int32) if mesh.face_textures is None else mesh.face_textures[faces]
        own = np.empty((0, 3), np.uint8) if mesh.face_colors is None else mesh.face_colors[faces]
        normals = frozen(mesh.vertex_normals[vertices].astype(np.float32))
        return cls(normals, (frozen(colors), frozen(uv), texels, frozen(table), frozen(chosen), frozen(own)))

    @classmethod
    def none(cls) -> Appearance:
        """Stand for an appearance nobody asks for."""
        no_color = frozen(np.empty((0, 3), np.uint8))
        look = (
            no_color, frozen(np.empty((0, 2), np.float32)), no_color, frozen(np.empty((0, 5), np.int64)),
            frozen(np.empty(0, np.int32)), no_color,
        )  # fmt: skip
        return cls(frozen(np.empty((0, 3), np.float32)), look)


def draw_visible(
    projection: Projection,
    appearance: Appearance,
    size: tuple[int, int],
    passes: RenderPass,
    scratch: Scratch,
    team: Team,
    *,
    buffers: BufferPool,
) -> Rendering:
    """Return the images of the visible surface; `size` is (width, height)."""
    width, height = size
    window = _window(projection, width, height)
    x0, y0, x1, y1 = (int(bound) for bound in window)
    frame = (x0, y0, x1, y1)
    depth, depth_image = buffers.canvas((height, width), np.float32, np.inf, frame)
    face_index, face_image = buffers.canvas((height, width), np.int32, -1, frame)
    surface: list[NDArray[Any]] = []
    images: list[NDArray[Any] | None] = []
    for kind, dtype in _SURFACES:
        wanted = kind in passes
        pixels, image = buffers.canvas((height, width, 3), dtype, 0, frame) if wanted else (_no_image(dtype), None)
        surface.append(pixels)
        images.append(image)
    threads = team.share()
    bounds = _bound_chunks(projection, scratch, team, threads)
    turned = _turned(projection, appearance, scratch, team, threads)

    def draw(rows: range) -> None:
        part = np.array([x0, rows.start, x1, rows.stop], np.int64)
        keys = _draw_band(projection, bounds, part, scratch)
        if passes:
            for pixels in surface:
                pixels[rows.start : rows.stop, x0:x1] = 0
            _draw_surface(projection, appearance, turned, keys, part, surface, scratch)
        _resolve(projection, keys, part, depth, face_index, scratch)

    team.map(draw, _bands(window, threads), threads)
    return Rendering(face_image, depth_image, *images)


def _no_image(dtype: type[np.generic]) -> NDArray[Any]:
    return np.empty((0, 0, 3), dtype)


def _bands(window: NDArray[np.int64], threads: int) -> list[range]:
    """Cut the window into bands of rows, small enough for the scratch; more than threads: who is done takes another."""
    left, top, right, bottom = (int(bound) for bound in window)
    wanted = -(-(bottom - top) // (threads * _BANDS_PER_THREAD if threads > 1 else 1))
    columns = max(right - left, 1)
    rows = max(BLOCK_PX, min(max(wanted, _LEAST_BAND_PX // columns), _BAND_PX // columns))
    return [range(row, min(row + rows, bottom)) for row in range(top, bottom, rows)]


def depths_at(projection: Projection, pixels: NDArray[np.int64], width: int, scratch: Scratch) -> NDArray[np.float32]:
    """Return (N,) camera z at (N, 2) pixels inside the image, `width` px wide; nothing is drawn."""
    if not are_grouped(pixels):
        # Four pixels that lie far apart have a box that holds much of the mesh.
        return depths_at(projection, np.repeat(pixels, GROUP, axis=0), width, scratch)[::GROUP]
    mesh, pieces = projection.mesh, projection.pieces
    chunks = mesh.topology.chunks
    depths = np.empty(len(pixels), np.float32)
    probe_depths(
        (mesh.topology.faces, projection.snapped, projection.exact, projection.signs, chunks.vertices, chunks.start),
        (pieces.faces, pieces.snapped, pieces.exact, pieces.signs, pieces.chunks.vertices, pieces.chunks.start),
        projection.state, projection.numbers, mesh.points, pieces.rays, pieces.sources, width, pixels,
        probe_scratch(scratch, max(len(chunks), len(pieces.chunks)), len(pixels)), depths,
    )  # fmt: skip
    return depths


def _bound_chunks(projection: Projection, scratch: Scratch, team: Team, threads: int) -> _Bounds:
    """Return the boxes and the nearest 1 / z of each chunk of faces and of each chunk of pieces."""
    chunks, pieces = projection.mesh.topology.chunks, projection.pieces
    boxes = scratch.get("boxes", (len(chunks), 4), np.int32)
    nearest = scratch.get("nearest", (len(chunks),), np.float32)

    def bound(first: int, last: int) -> None:
        bound_chunks(chunks.vertices, chunks.start, first, last, projection.snapped, projection.exact, boxes, nearest)

    team.map_ranges(bound, len(chunks), threads if len(projection.mesh.topology.faces) >= _FEW_FACES else 1)
    own, own_nearest = np.empty((len(pieces.chunks), 4), np.int32), np.empty(len(pieces.chunks), np.float32)
    bound_chunks(
        pieces.chunks.vertices, pieces.chunks.start, 0, len(own), pieces.snapped, pieces.exact, own, own_nearest
    )
    return (boxes, nearest), (own, own_nearest)


def _blocks(window: NDArray[np.int64], scratch: Scratch) -> NDArray[np.float32]:
    columns, rows = int(window[2] - window[0]), int(window[3] - window[1])
    return scratch.get("blocks", (-(-rows // BLOCK_PX), -(-columns // BLOCK_PX)), np.float32)


def _window(projection: Projection, width: int, height: int) -> NDArray[np.int64]:
    """Return (4,) x0, y0, x1, y1 in px, ends excluded: the part of the image that the mesh can cover."""
    window = np.array([2**40, 2**40, -(2**40), -(2**40)], np.int64)
    grow_window(projection.snapped, projection.state, window)
    grow_window(projection.pieces.snapped, _NO_STATE, window)
    left, top, right, bottom = (-(-bound // SUBPIXELS) for bound in window.tolist())
    x0, y0 = min(max(left, 0), width), min(max(top, 0), height)
    x1, y1 = max(min(max(right, 0), width), x0), max(min(max(bottom, 0), height), y0)
    return np.array([x0, y0, x1, y0 if x0 == x1 else y1], np.int64)


def _draw_band(
    projection: Projection, bounds: _Bounds, window: NDArray[np.int64], scratch: Scratch
) -> NDArray[np.int64]:
    """Draw all faces into one band: first those that face the camera, as they hide most of the others.

    `bounds` comes from `_bound_chunks`.
    """
    columns, rows = int(window[2] - window[0]), int(window[3] - window[1])
    keys = scratch.get("keys", (rows * columns,), np.int64)
    faces, pieces = projection.mesh.topology.faces, projection.pieces
    chosen = scratch.get("chosen", (CHUNK + 1,), np.int32)
    main = (*bounds[0], faces, projection.snapped, projection.exact, projection.signs)
    extra = (*bounds[1], pieces.faces, pieces.snapped, pieces.exact, pieces.signs)
    known = _NO_BLOCKS
    for sign in (_FRONT, -_FRONT):
        for first, arrays in ((0, main), (len(faces), extra)):
            draw_chunks(*arrays, sign, first, window, known, chosen, keys)
        if sign == _FRONT:
            known = _blocks(window, scratch)
            summarise_blocks(keys, window, known, scratch.get("lowest", (columns,), np.int64))
    return keys


def _resolve(
    projection: Projection,
    keys: NDArray[np.int64],
    window: NDArray[np.int64],
    depth: DepthImage,
    face_index: FaceIndexImage,
    scratch: Scratch,
) -> None:
    order = projection.mesh.topology.face_order
    resolve_band(keys, window, order, *_pieces_of(projection), _traced(window, scratch), depth, face_index)


def _traced(window: NDArray[np.int64], scratch: Scratch) -> FloatArray:
    return scratch.get("traced", (3, int(window[2] - window[0])), np.float64)


def _turned(
    projection: Projection, appearance: Appearance, scratch: Scratch, team: Team, threads: int
) -> NDArray[np.float32]:
    """Return (V, 6) normals and positions in the camera's frame."""
    normals = appearance.normals
    turned = scratch.get("turned", (len(normals), 6), np.float32)

    def turn(first: int, last: int) -> None:
        turn_vertices(projection.numbers, projection.mesh.points, normals, turned, first, last)

    team.map_ranges(turn, len(normals), threads if len(normals) >= _FEW_FACES else 1)
    return turned


def _pieces_of(
    projection: Projection,
) -> tuple[FloatArray, FloatArray, Faces, NDArray[np.float32], FloatArray, NDArray[np.int32]]:
    """Return what the kernels need to find the depth in a piece."""
    pieces, mesh = projection.pieces, projection.mesh
    return (projection.numbers, mesh.points, mesh.topology.faces, pieces.exact, pieces.rays, pieces.sources)


def _draw_surface(
    projection: Projection,
    appearance: Appearance,
    turned: NDArray[np.float32],
    keys: NDArray[np.int64],
    window: NDArray[np.int64],
    images: list[NDArray[Any]],
    scratch: Scratch,
) -> None:
    mesh, pieces = projection.mesh, projection.pieces
    draw_surface(
        keys,
        window,
        projection.numbers,
        mesh.points,
        mesh.topology.faces,
        projection.exact,
        pieces.exact,
        pieces.rays,
        pieces.sources,
        turned,
        appearance.look,
        scratch.get("sheet", (SHEET_ROWS, int(window[2] - window[0])), np.float64),
        *images,
    )
