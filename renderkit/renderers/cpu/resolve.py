"""From keys to depth and face index, exact also where a lens bends the faces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import DepthImage, FaceIndexImage, Faces, FloatArray
from renderkit.compiled import inlined_kernel, kernel
from renderkit.renderers.cpu.weights import depth_of_plane, trace_run
from renderkit.renderers.cpu.zbuffer import LAST_NUMBER

_REFINEMENT = 0.05


@kernel
def resolve_band(
    keys: NDArray[np.int64],
    window: NDArray[np.int64],
    face_order: NDArray[np.int32],
    camera: FloatArray,
    points: FloatArray,
    faces: Faces,
    piece_exact: NDArray[np.float32],
    piece_rays: FloatArray,
    sources: NDArray[np.int32],
    traced: FloatArray,
    depth: DepthImage,
    face_index: FaceIndexImage,
) -> None:
    """Write a band into the images and clear the scratch.

    Args:
        keys: (rows * columns,) the band's scratch; zeros afterwards.
        window: (4,) x0, y0, x1, y1 of the band in px.
        face_order: (F,) original index of each face.
        camera: The packed camera.
        points: (3, V) world coordinates.
        faces: (F, 3).
        piece_exact: (3 M, 3) u, v in px and 1 / z of the pieces' corners.
        piece_rays: (3 M, 2) their undistorted normalised coordinates.
        sources: (M,) face of each piece; pieces are numbered from F on.
        traced: (3, columns) scratch.
        depth: (height, width), receives camera z, +inf on the background.
        face_index: (height, width), receives the original face index, -1 on the background.
    """
    left, right = window[0], window[2]
    last_face = face_order.shape[0] - 1
    for row in range(window[1], window[3]):
        start = (row - window[1]) * (right - left)
        line = keys[start : start + right - left]
        depths, indices = depth[row, left:right], face_index[row, left:right]
        for i in range(line.shape[0]):
            # The empty key 0 is an inverse depth of 0: infinitely far.
            depths[i] = np.float32(1.0) / np.float32(np.int32(line[i] >> 32).view(np.float32))
        num_pieces = 0
        for i in range(line.shape[0]):
            number = LAST_NUMBER - (line[i] & LAST_NUMBER)
            num_pieces += 1 if line[i] != 0 and number > last_face else 0
            indices[i] = face_order[np.uint64(min(number, last_face))] if line[i] != 0 else -1
        if num_pieces:
            _resolve_pieces(
                line, left, row, face_order, camera, points, faces, piece_exact, piece_rays, sources, traced,
                depths, indices,
            )  # fmt: skip
        line[:] = 0


@kernel
def _resolve_pieces(
    line: NDArray[np.int64], left: int, row: int,
    face_order: NDArray[np.int32], camera: FloatArray, points: FloatArray, faces: Faces,
    piece_exact: NDArray[np.float32], piece_rays: FloatArray, sources: NDArray[np.int32], traced: FloatArray,
    depths: NDArray[np.float32], indices: NDArray[np.int32],
) -> None:  # fmt: skip
    """Put right the pixels of one row that see pieces."""
    i = 0
    while i < line.shape[0]:
        piece = LAST_NUMBER - (line[i] & LAST_NUMBER) - face_order.shape[0]
        if line[i] == 0 or piece < 0:
            i += 1
            continue
        end = run_end(line, i)
        indices[i:end] = face_order[sources[piece]]
        _depths_in_piece(
            piece, left + i, row, camera, points, faces, piece_exact, piece_rays, sources, traced, depths[i:end]
        )
        i = end


@inlined_kernel
def run_end(line: NDArray[np.int64], start: int) -> int:
    """The first column after `start` that sees another face or piece, or nothing."""
    number = line[start] & LAST_NUMBER
    end = start + 1
    while end < line.shape[0] and line[end] & LAST_NUMBER == number:
        end += 1
    return end


@kernel
def _depths_in_piece(
    piece: int, column: int, row: int,
    camera: FloatArray, points: FloatArray, faces: Faces,
    piece_exact: NDArray[np.float32], piece_rays: FloatArray, sources: NDArray[np.int32], traced: FloatArray,
    depths: NDArray[np.float32],
) -> None:  # fmt: skip
    """Put right the depths of a run of pixels that see one piece: where their rays meet the piece's face."""
    count = depths.shape[0]
    xs, ys, nears = traced[0, :count], traced[1, :count], traced[2, :count]
    trace_run(camera, piece_exact, piece_rays, 3 * piece, column, row, xs, ys, nears)
    unknown = 0
    for i in range(count):
        unknown += 0 if nears[i] > 0.0 else 1
        depths[i] = np.float32(1.0 / nears[i]) if nears[i] > 0.0 else depths[i]
    if unknown:
        face = sources[piece]
        for i in range(count):
            if not nears[i] > 0.0:
                hit = depth_of_plane(camera, points, faces[face, 0], faces[face, 1], faces[face, 2], xs[i], ys[i])
                depths[i] = _depth_or(float(depths[i]), hit)


@kernel
def _depth_or(drawn: float, hit: float) -> float:
    """The depth of a face's plane where it is a refinement of what was drawn; faces seen edge-on have none."""
    return hit if abs(hit - drawn) <= _REFINEMENT * drawn else drawn


@kernel
def resolve_pixels(
    keys: NDArray[np.int64],
    pixels: NDArray[np.int64],
    camera: FloatArray,
    points: FloatArray,
    faces: Faces,
    piece_exact: NDArray[np.float32],
    piece_rays: FloatArray,
    sources: NDArray[np.int32],
    traced: FloatArray,
    depths: NDArray[np.float32],
) -> None:
    """Write the depth of single pixels, the same to the last bit as in `resolve_band`.

    Args:
        keys: (N,) their keys.
        pixels: (N, 2) x, y in px.
        camera: The packed camera.
        points: (3, V) world coordinates.
        faces: (F, 3).
        piece_exact: (3 M, 3) u, v in px and 1 / z of the pieces' corners.
        piece_rays: (3 M, 2) their undistorted normalised coordinates.
        sources: (M,) face of each piece.
        traced: (3, columns) scratch.
        depths: (N,) receives camera z, +inf on the background.
    """
    for i in range(keys.shape[0]):
        depths[i] = np.float32(1.0) / np.float32(np.int32(keys[i] >> 32).view(np.float32))
        piece = LAST_NUMBER - (keys[i] & LAST_NUMBER) - faces.shape[0]
        if keys[i] != 0 and piece >= 0:
            _depths_in_piece(
                piece, pixels[i, 0], pixels[i, 1],
                camera, points, faces, piece_exact, piece_rays, sources, traced, depths[i : i + 1],
            )  # fmt: skip
