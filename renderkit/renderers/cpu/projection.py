"""One mesh projected into one camera: everything that is the same for all passes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import Faces, FloatArray, frozen
from renderkit.errors import RenderkitError
from renderkit.geometry.camera import Camera
from renderkit.renderers.cpu.camera_numbers import SAFE_RADIUS, STRAIGHT_LENGTH, STRAIGHT_UNDISTORTED
from renderkit.renderers.cpu.chunks import CHUNK, Chunks
from renderkit.renderers.cpu.lens import BLOCK, OK, project_vertices
from renderkit.renderers.cpu.pack_camera import pack_camera
from renderkit.renderers.cpu.prepare import face_signs, find_pending, keep_pending, prepare_faces
from renderkit.renderers.cpu.refine import POLYGON, STACK, TOO_MANY, refine_faces
from renderkit.renderers.cpu.scratch import Scratch
from renderkit.renderers.cpu.team import Team
from renderkit.renderers.cpu.topology import PreparedMesh, Topology

_SHARED_FACES = 100_000
"""Meshes with fewer faces are projected in less time than it takes to wake a thread."""

VertexArrays: TypeAlias = tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.uint8], FloatArray]
"""`snapped`, `exact`, `state` and `block`, as for `project_vertices`."""

_NO_EXACT = np.empty((0, 3), np.float32)
_NO_STATE = np.empty(0, np.uint8)


@dataclass(frozen=True, eq=False)
class Pieces:
    """What is drawn instead of faces that are cut or bent: separate triangles.

    Attributes:
        faces: (M, 3) rows of `snapped` and `exact`.
        snapped: (3 M, 2) corners in 1/256 px.
        exact: (3 M, 3) u, v in px and 1 / z.
        rays: (3 M, 2) the corners' undistorted normalised coordinates.
        sources: (M,) source face.
        signs: (M,) sign of the projected area.
        edges: (3 M, 2) all their edges, each on its own: neighbours cancel on the scanlines.
        chunks: The corners that each chunk of pieces uses.
    """

    faces: Faces
    snapped: NDArray[np.int32]
    exact: NDArray[np.float32]
    rays: FloatArray
    sources: NDArray[np.int32]
    signs: NDArray[np.int8]
    edges: NDArray[np.int32]
    chunks: Chunks


@dataclass(frozen=True, eq=False)
class Projection:
    """A projected mesh; the arrays live in the thread's scratch and are good until its next projection.

    Attributes:
        mesh: What was projected.
        numbers: The packed camera.
        snapped: (V, 2) in 1/256 px.
        exact: (V, 3) u, v in px and 1 / z; no rows for silhouettes.
        state: (V,) state of each vertex; no rows when all are OK.
        signs: (F,) sign of the projected area; 0 for faces that are not drawn.
        pieces: What is drawn instead of some faces.
    """

    mesh: PreparedMesh
    numbers: FloatArray
    snapped: NDArray[np.int32]
    exact: NDArray[np.float32]
    state: NDArray[np.uint8]
    signs: NDArray[np.int8]
    pieces: Pieces


@dataclass(frozen=True, eq=False)
class ProjectedVertices:
    """Projected vertices, and the faces that need a closer look; in the thread's scratch until its next projection.

    Attributes:
        mesh: What was projected.
        camera: The view.
        numbers: The packed camera.
        farthest: Largest distance of a vertex from the camera's centre, world units.
        center_depth: Camera z of the mesh's middle, world units.
        snapped: (V, 2) in 1/256 px.
        exact: (V, 3) u, v in px and 1 / z; no rows for silhouettes.
        state: (V,) state of each vertex.
        all_ok: Whether all states are OK.
        signs: (F,) sign of the projected area.
        pending: (N,) faces to be looked at.
    """

    mesh: PreparedMesh
    camera: Camera
    numbers: FloatArray
    farthest: float
    center_depth: float
    snapped: NDArray[np.int32]
    exact: NDArray[np.float32]
    state: NDArray[np.uint8]
    all_ok: bool
    signs: NDArray[np.int8]
    pending: NDArray[np.int32]

    def settled(self, scratch: Scratch) -> Projection:
        """Settle which faces are drawn as they are, which as pieces, and which not at all; changes `signs`."""
        pieces = _refine(self, scratch) if len(self.pending) else NO_PIECES
        state = _NO_STATE if self.all_ok else self.state
        return Projection(self.mesh, self.numbers, self.snapped, self.exact, state, self.signs, pieces)

    def as_silhouette(self, scratch: Scratch) -> Projection:
        """Return what `project_mesh` does for silhouettes, of vertices projected for depth; leaves `signs` alone."""
        numbers = pack_camera(self.camera, self.farthest, silhouette=True)
        if not len(self.pending):
            return replace(self, numbers=numbers).settled(scratch)
        pending = self.pending[:0]
        if not (self.all_ok and edges_are_straight(self.mesh, numbers, self.center_depth)):
            # Its limits are wider: it looks at some of the same faces.
            kept = scratch.get("pending in silhouette", (len(self.pending) + 1,), np.int32)
            limit = float(numbers[STRAIGHT_LENGTH])
            count = keep_pending(self.mesh.topology.faces, self.snapped, self.state, limit, self.pending, kept)
            pending = kept[:count]
        return replace(self, numbers=numbers, pending=pending, signs=self.signs.copy()).settled(scratch)


def project_mesh(mesh: PreparedMesh, camera: Camera, scratch: Scratch, team: Team, *, silhouette: bool) -> Projection:
    """Project a mesh and settle which faces are drawn as they are, which as pieces, and which not at all."""
    return project_vertices_of(mesh, camera, scratch, team, silhouette=silhouette).settled(scratch)


def project_vertices_of(
    mesh: PreparedMesh, camera: Camera, scratch: Scratch, team: Team, *, silhouette: bool
) -> ProjectedVertices:
    """Project a mesh's vertices and find the faces that need a closer look."""
    center_depth, farthest = reach_of(mesh, camera)
    numbers = pack_camera(camera, farthest, silhouette=silhouette)
    faces = mesh.topology.faces
    snapped, exact, state, block = vertex_scratch(scratch, mesh, with_exact=not silhouette)
    signs, pending = face_scratch(scratch, mesh)
    threads = threads_for(mesh.topology, team)
    straight = edges_are_straight(mesh, numbers, center_depth)
    arrays = (snapped, exact, state)
    if threads == 1:
        worst, count = prepare_faces(numbers, mesh.points, faces, *arrays, signs, block, pending, straight)
    else:
        worst = _project_in_parts(numbers, mesh, arrays, scratch, team, threads)
        team.map_ranges(lambda a, b: face_signs(faces[a:b], snapped, signs[a:b]), len(faces), threads)
        count = 0
        if worst != OK or not straight:
            count = find_pending(faces, snapped, state, float(numbers[STRAIGHT_LENGTH]), pending)
    return ProjectedVertices(
        mesh=mesh, camera=camera, numbers=numbers, farthest=farthest, center_depth=center_depth,
        snapped=snapped, exact=exact, state=state, all_ok=worst == OK, signs=signs, pending=pending[:count],
    )  # fmt: skip


def reach_of(mesh: PreparedMesh, camera: Camera) -> tuple[float, float]:
    """Return the camera z of a mesh's middle, and how far from the camera's centre its vertices can be; world units."""
    center_cam = camera.cam_from_world.R @ mesh.center + camera.cam_from_world.t
    # As np.linalg.norm, which takes ten times as long for three numbers.
    return float(center_cam[2]), math.sqrt(center_cam.dot(center_cam)) + mesh.radius


def vertex_scratch(scratch: Scratch, mesh: PreparedMesh, *, with_exact: bool) -> VertexArrays:
    """Return the memory of projected vertices."""
    count = mesh.points.shape[1]
    return (
        scratch.get("snapped", (count, 2), np.int32),
        scratch.get("exact", (count, 3), np.float32) if with_exact else _NO_EXACT,
        scratch.get("state", (count,), np.uint8),
        scratch.get("block", (4, BLOCK), np.float64),
    )


def face_scratch(scratch: Scratch, mesh: PreparedMesh) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
    """Return the memory of the faces' signs, and of the pending faces."""
    count = len(mesh.topology.faces)
    return scratch.get("signs", (count,), np.int8), scratch.get("pending", (count + 1,), np.int32)


def refine_scratch(scratch: Scratch) -> tuple[FloatArray, FloatArray]:
    """Return the working memory of `refine_faces`."""
    return scratch.get("stack", (STACK + 1, 3, 3), np.float64), scratch.get("polygon", (2 * POLYGON, 3), np.float64)


def _project_in_parts(
    numbers: FloatArray,
    mesh: PreparedMesh,
    arrays: tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.uint8]],
    scratch: Scratch,
    team: Team,
    threads: int,
) -> int:
    states = [OK]

    def project(first: int, last: int) -> None:
        block = scratch.get("block", (4, BLOCK), np.float64)
        states.append(project_vertices(numbers, mesh.points, *arrays, block, first, last))

    team.map_ranges(project, mesh.points.shape[1], threads, grain=BLOCK)
    return max(states)


def threads_for(topology: Topology, team: Team) -> int:
    """Return how many threads a mesh is worth."""
    return team.share() if len(topology.faces) >= _SHARED_FACES else 1


def edges_are_straight(mesh: PreparedMesh, numbers: FloatArray, center_depth: float) -> bool:
    """Whether even the longest edge, seen from as near as the mesh can be, is too short to bend visibly."""
    nearest = center_depth - mesh.radius
    if np.isinf(numbers[STRAIGHT_LENGTH]):
        return True
    return bool(
        nearest > 0.0 and mesh.longest_edge * (1.0 + numbers[SAFE_RADIUS]) <= numbers[STRAIGHT_UNDISTORTED] * nearest
    )


def _refine(vertices: ProjectedVertices, scratch: Scratch) -> Pieces:
    mesh, pending = vertices.mesh, vertices.pending
    stack, polygon = refine_scratch(scratch)
    room = 2 * len(pending) + 256
    while True:
        snapped, exact = np.empty((3 * room, 2), np.int32), np.empty((3 * room, 3), np.float32)
        rays, sources = np.empty((3 * room, 2)), np.empty(room, np.int32)
        kept = (snapped, exact, rays, sources)
        count = refine_faces(
            vertices.numbers, mesh.points, mesh.topology.faces, vertices.state, pending, vertices.signs,
            *kept, stack, polygon,
        )  # fmt: skip
        if count == TOO_MANY:
            raise RenderkitError(
                "the camera cannot be drawn: its faces would be cut into millions of pieces; its focal length or lens "
                "coefficients are not those of a camera: `renderkit inspect` says what is wrong with them"
            )
        if count <= room:
            break
        room = count
    if not count:
        return NO_PIECES
    used = slice(3 * count)
    return _pieces(snapped[used], exact[used], rays[used], sources[:count])


def _pieces(
    snapped: NDArray[np.int32],
    exact: NDArray[np.float32],
    rays: FloatArray,
    sources: NDArray[np.int32],
) -> Pieces:
    count = len(sources)
    faces, edges, starts = separate_triangles(1 << max(count - 1, 0).bit_length())
    faces, edges = faces[:count], edges[: 3 * count]
    signs = np.empty(count, np.int8)
    if count:
        face_signs(faces, snapped, signs)
    chunks = Chunks(faces.reshape(-1), frozen(np.minimum(starts[: -(-count // CHUNK) + 1], 3 * count)))
    return Pieces(faces, snapped, exact, rays, sources, signs, edges, chunks)


@lru_cache(maxsize=4)
def separate_triangles(count: int) -> tuple[Faces, NDArray[np.int32], NDArray[np.int32]]:
    """Return faces that share no corner, their edges, each on its own, and where each chunk of corners begins.

    Read-only as a topology's are: the kernels are compiled for one kind of array.
    """
    faces = np.arange(3 * count, dtype=np.int32).reshape(-1, 3)
    corners = 4 * np.arange(count, dtype=np.int32)[:, None] + np.arange(3, dtype=np.int32)
    edges = np.column_stack([corners.ravel(), np.full(corners.size, -1, np.int32)])
    return frozen(faces), frozen(edges), frozen(np.arange(0, 3 * (count + CHUNK), 3 * CHUNK, dtype=np.int32))


NO_PIECES = _pieces(np.empty((0, 2), np.int32), _NO_EXACT, np.empty((0, 2)), np.empty(0, np.int32))
