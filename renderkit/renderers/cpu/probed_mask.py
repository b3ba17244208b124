"""A mesh's mask and its depth at a few pixels in one native call, for what a single thread draws.

Between two calls Python needs about as long as a coarse mesh takes to project, and every call gives up the GIL and
waits for it again: threads that validate views of their own would wait for each other most of the time.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import Faces, FloatArray
from renderkit.compiled import kernel
from renderkit.geometry.camera import Camera
from renderkit.images.mask_bits import MaskBits, Words, words_for
from renderkit.renderers.cpu.camera_numbers import STRAIGHT_LENGTH
from renderkit.renderers.cpu.chunks import CHUNK
from renderkit.renderers.cpu.contour import OutlineScratch, draw_outline
from renderkit.renderers.cpu.lens import OK
from renderkit.renderers.cpu.pack_camera import pack_for_both
from renderkit.renderers.cpu.prepare import face_signs, keep_pending, prepare_faces
from renderkit.renderers.cpu.probe import ProbeScratch, are_grouped, probe_depths, probe_scratch
from renderkit.renderers.cpu.projection import (
    ProjectedVertices,
    VertexArrays,
    edges_are_straight,
    face_scratch,
    reach_of,
    refine_scratch,
    separate_triangles,
    vertex_scratch,
)
from renderkit.renderers.cpu.refine import refine_faces
from renderkit.renderers.cpu.scratch import Scratch
from renderkit.renderers.cpu.silhouette import outline_scratch
from renderkit.renderers.cpu.topology import PreparedMesh

MeshArrays: TypeAlias = tuple[FloatArray, Faces, NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]
"""(3, V) points, (F, 3) faces and (E, 2) edges of a prepared mesh; `vertices` and `start` of its chunks."""

FaceArrays: TypeAlias = tuple[NDArray[np.int8], NDArray[np.int32], NDArray[np.int8], NDArray[np.int32]]
"""(F,) signs and (F + 1,) pending faces for depth, and the same for the outline."""

Triangles: TypeAlias = tuple[Faces, NDArray[np.int32], NDArray[np.int32]]
"""(M, 3) faces that share no corner, their (3 M, 2) edges, and (3 M,) the faces as one row of corners."""

PieceRoom: TypeAlias = tuple[
    NDArray[np.int32], NDArray[np.float32], FloatArray, NDArray[np.int32], NDArray[np.int8], NDArray[np.int32]
]
"""Room for M pieces: (3 M, 2) snapped, (3 M, 3) exact, (3 M, 2) rays, (M,) sources, (M,) signs, and where their chunks
begin."""

_LEAST_PIECES = 1 << 11


def draw_probed(
    mesh: PreparedMesh, camera: Camera, pixels: NDArray[np.int64], scratch: Scratch
) -> tuple[MaskBits, NDArray[np.float32]] | ProjectedVertices:
    """Draw the mask of a mesh and find its depth at (N, 2) pixels inside the picture.

    Returns:
        The mask and (N,) camera z; or, where one call cannot do that, the mesh projected for depth.
    """
    topology, width, height = mesh.topology, camera.width, camera.height
    center_depth, farthest = reach_of(mesh, camera)
    numbers, outline_numbers = cameras = pack_for_both(camera, farthest)
    straight = edges_are_straight(mesh, numbers, center_depth), edges_are_straight(mesh, outline_numbers, center_depth)
    vertices, (signs, pending) = vertex_scratch(scratch, mesh, with_exact=True), face_scratch(scratch, mesh)
    outline_signs = scratch.get("signs in silhouette", signs.shape, np.int8)
    outline_pending = scratch.get("pending in silhouette", pending.shape, np.int32)
    picture, depths = np.empty((height, words_for(width)), np.uint64), np.empty(len(pixels), np.float32)
    most = _LEAST_PIECES
    while True:
        rooms = _piece_room(scratch, most, "depth"), _piece_room(scratch, most, "silhouette")
        most, outline = len(rooms[0][3]), outline_scratch(scratch, height, width)
        faces, edges, starts = separate_triangles(most)
        num_chunks = max(len(topology.chunks), len(starts))
        drawn, worst, count, num_pieces, num_edges = _draw(
            cameras, straight,
            (mesh.points, topology.faces, topology.edges, topology.chunks.vertices, topology.chunks.start),
            vertices, (signs, pending, outline_signs, outline_pending),
            (faces, edges, faces.reshape(-1)), rooms, refine_scratch(scratch),
            pixels, probe_scratch(scratch, num_chunks, len(pixels)), depths, outline, picture, width,
        )  # fmt: skip
        if drawn:
            return MaskBits(picture, width), depths
        if num_pieces <= most and num_edges <= len(outline[0]):
            break
        scratch.rows("contour 0", num_edges, 5, np.int32)
        most = 1 << max(num_pieces - 1, most - 1).bit_length()
    snapped, exact, state, _ = vertices
    return ProjectedVertices(
        mesh=mesh, camera=camera, numbers=numbers, farthest=farthest, center_depth=center_depth,
        snapped=snapped, exact=exact, state=state, all_ok=worst == OK, signs=signs, pending=pending[:count],
    )  # fmt: skip


def _piece_room(scratch: Scratch, least: int, what: str) -> PieceRoom:
    """Return room for at least so many pieces; what was made once is kept."""
    sources = scratch.rows(f"sources of {what}", least, 1, np.int32)[:, 0]
    most = len(sources)
    return (
        scratch.get(f"snapped pieces of {what}", (3 * most, 2), np.int32),
        scratch.get(f"exact pieces of {what}", (3 * most, 3), np.float32),
        scratch.get(f"rays of {what}", (3 * most, 2), np.float64),
        sources,
        scratch.get(f"signs of pieces of {what}", (most,), np.int8),
        scratch.get(f"chunks of pieces of {what}", (-(-most // CHUNK) + 1,), np.int32),
    )


@kernel
def _draw(
    cameras: tuple[FloatArray, FloatArray], straight: tuple[bool, bool], mesh: MeshArrays, vertices: VertexArrays,
    of_faces: FaceArrays, triangles: Triangles, rooms: tuple[PieceRoom, PieceRoom],
    refining: tuple[FloatArray, FloatArray], pixels: NDArray[np.int64], probing: ProbeScratch,
    depths: NDArray[np.float32], outline: OutlineScratch, words: Words, width: int,
) -> tuple[bool, int, int, int, int]:  # fmt: skip
    """Project a mesh, find its depth at some pixels and draw its mask.

    Args:
        cameras: The packed camera for depth and for the outline.
        straight: Whether no edge of the mesh is too long, for each.
        mesh: The prepared mesh.
        vertices: Receive the projected vertices.
        of_faces: Receive the signs and the pending faces.
        triangles: M separate triangles, or more.
        rooms: Room for M pieces, for depth and for the outline.
        refining: Scratch, as for `refine_faces`.
        pixels: (N, 2) x, y in px inside the picture.
        probing: Scratch, as for `probe_depths`.
        depths: (N,) receives camera z, +inf on the background.
        outline: Scratch, as for `draw_outline`.
        words: (height, words) receives the mask.
        width: Of the picture, px.

    Returns:
        Whether everything is drawn; the worst state of a vertex, and the number of pending faces; how many pieces there
        are at most in a room, and how many edges of the contour. Where there is more than room for, the call must be
        repeated with more. What is not drawn leaves vertices, signs and pending faces as `prepare_faces` does.
    """
    points, faces, edges, chunk_vertices, chunk_start = mesh
    snapped, exact, state, block = vertices
    signs, pending, outline_signs, outline_pending = of_faces
    camera, outline_camera = cameras
    # A literal would have Numba compile one more version, for it alone.
    kept, num_edges = int(np.int64(0)), int(np.int64(0))
    worst, count = prepare_faces(camera, points, faces, snapped, exact, state, signs, block, pending, straight[0])
    for face in range(faces.shape[0]):
        outline_signs[face] = signs[face]
    if count > 0 and (worst != OK or not straight[1]):
        # Its limits are wider: it looks at some of the same faces.
        limit = float(outline_camera[STRAIGHT_LENGTH])
        kept = keep_pending(faces, snapped, state, limit, pending[:count], outline_pending)
    num_outline = _cut(
        outline_camera, mesh, state, outline_pending[:kept], outline_signs, triangles, rooms[1], refining
    )
    num_depth = _cut(camera, mesh, state, pending[:count], signs, triangles, rooms[0], refining)
    most = triangles[0].shape[0]
    drawn = are_grouped(pixels) and num_outline >= 0 and num_depth >= 0 and max(num_outline, num_depth) <= most
    if drawn:
        known = state if worst != OK else state[:0]
        piece_snapped, piece_exact, rays, sources, piece_signs, start = rooms[0]
        pieces = (
            triangles[0][:num_depth], piece_snapped[: 3 * num_depth], piece_exact[: 3 * num_depth],
            piece_signs[:num_depth], triangles[2][: 3 * num_depth], start[: (num_depth + CHUNK - 1) // CHUNK + 1],
        )  # fmt: skip
        # Depths first: the mask drives the vertices out of the processor's caches.
        probe_depths(
            (faces, snapped, exact, signs, chunk_vertices, chunk_start), pieces, known, camera, points,
            rays[: 3 * num_depth], sources[:num_depth], width, pixels, probing, depths,
        )  # fmt: skip
        num_edges = draw_outline(
            faces, snapped, outline_signs, edges, triangles[0][:num_outline], rooms[1][0][: 3 * num_outline],
            rooms[1][4][:num_outline], triangles[1][: 3 * num_outline], outline, words, width,
        )[0]  # fmt: skip
        drawn = num_edges <= outline[0].shape[0]
    if not drawn:
        face_signs(faces, snapped, signs)
    return drawn, worst, count, max(num_outline, num_depth), num_edges


@kernel
def _cut(
    camera: FloatArray, mesh: MeshArrays, state: NDArray[np.uint8], pending: NDArray[np.int32],
    signs: NDArray[np.int8], triangles: Triangles, room: PieceRoom, refining: tuple[FloatArray, FloatArray],
) -> int:  # fmt: skip
    """Write the pieces of the pending faces; returns how many there are, as `refine_faces` does."""
    snapped, exact, rays, sources, piece_signs, start = room
    count = refine_faces(
        camera, mesh[0], mesh[1], state, pending, signs, snapped, exact, rays, sources, refining[0], refining[1]
    )
    if count < 0 or count > sources.shape[0]:
        return count
    face_signs(triangles[0][:count], snapped, piece_signs)
    for chunk in range((count + CHUNK - 1) // CHUNK + 1):
        start[chunk] = min(3 * CHUNK * chunk, 3 * count)
    return count
