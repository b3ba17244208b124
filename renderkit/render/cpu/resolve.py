"""From keys to depth and face index, exact also where a lens bends the faces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import DepthImage, FaceIndexImage, Faces, FloatArray
from renderkit.compiled import kernel
from renderkit.render.cpu.weights import hit_face, piece_slopes, ray_in_piece, ray_on_slopes
from renderkit.render.cpu.zbuffer import LAST_NUMBER

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
    depth: DepthImage,
    face_index: FaceIndexImage,
) -> None:
    """Write a band's rows into the images and clear the scratch.

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
        depth: (height, width), receives camera z, +inf on the background.
        face_index: (height, width), receives the original face index, -1 on the background.
    """
    left, right = window[0], window[2]
    last_face = face_order.shape[0] - 1
    for row in range(window[1], window[3]):
        start = (row - window[1]) * (right - left)
        line = keys[start : start + right - left]
        depths, indices = depth[row, left:right], face_index[row, left:right]
        depth[row, :left] = np.inf
        depth[row, right:] = np.inf
        face_index[row, :left] = -1
        face_index[row, right:] = -1
        for i in range(line.shape[0]):
            # The empty key 0 is an inverse depth of 0: infinitely far.
            depths[i] = np.float32(1.0) / np.float32(np.int32(line[i] >> 32).view(np.float32))
        for i in range(line.shape[0]):
            number = np.uint64(min(LAST_NUMBER - (line[i] & LAST_NUMBER), last_face))
            indices[i] = face_order[number] if line[i] != 0 else -1
        if sources.shape[0]:
            _resolve_pieces(
                line, left, row, face_order, camera, points, faces, piece_exact, piece_rays, sources, depths, indices
            )
        line[:] = 0


@kernel
def _resolve_pieces(
    line: NDArray[np.int64], left: int, row: int,
    face_order: NDArray[np.int32], camera: FloatArray, points: FloatArray, faces: Faces,
    piece_exact: NDArray[np.float32], piece_rays: FloatArray, sources: NDArray[np.int32],
    depths: NDArray[np.float32], indices: NDArray[np.int32],
) -> None:  # fmt: skip
    """Put right the pixels of one row that see pieces; what neighbours share is worked out once."""
    last, usable = -1, False
    for i in range(line.shape[0]):
        piece = LAST_NUMBER - (line[i] & LAST_NUMBER) - face_order.shape[0]
        if line[i] == 0 or piece < 0:
            continue
        if piece != last:
            last = piece
            usable, ax, ay, x0, xu, xv, y0, yu, yv, z0, zu, zv = piece_slopes(piece_exact, piece_rays, 3 * piece)
        indices[i] = face_order[sources[piece]]
        if usable:
            _, _, near = ray_on_slopes(camera, ax, ay, x0, xu, xv, y0, yu, yv, z0, zu, zv, left + i, row)
            if near > 0.0:
                depths[i] = 1.0 / near
                continue
        depths[i] = _depth_in_piece(
            piece, left + i, row, float(depths[i]), camera, points, faces, piece_exact, piece_rays, sources
        )


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
        depths: (N,) receives camera z, +inf on the background.
    """
    for i in range(keys.shape[0]):
        depths[i] = np.float32(1.0) / np.float32(np.int32(keys[i] >> 32).view(np.float32))
        piece = LAST_NUMBER - (keys[i] & LAST_NUMBER) - faces.shape[0]
        if keys[i] != 0 and piece >= 0:
            column, row = pixels[i, 0], pixels[i, 1]
            depths[i] = _depth_in_piece(
                piece, column, row, float(depths[i]), camera, points, faces, piece_exact, piece_rays, sources
            )


@kernel
def _depth_in_piece(
    piece: int, column: int, row: int, drawn: float,
    camera: FloatArray, points: FloatArray, faces: Faces,
    piece_exact: NDArray[np.float32], piece_rays: FloatArray, sources: NDArray[np.int32],
) -> float:  # fmt: skip
    """Depth where a pixel's ray meets the piece's face."""
    x, y, near = ray_in_piece(camera, piece_exact, piece_rays, 3 * piece, column, row)
    if near > 0.0:
        return float(1.0 / near)
    face = sources[piece]
    return _depth_or(drawn, hit_face(camera, points, faces[face, 0], faces[face, 1], faces[face, 2], x, y)[0])
