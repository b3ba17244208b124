"""What a mesh's faces alone decide, built once: the edge table of the contour mask and an order with locality."""

from __future__ import annotations

import hashlib
import threading
import weakref
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import Faces, FloatArray, frozen
from renderkit.compiled import kernel
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.ordering import locality_order
from renderkit.renderers.cpu.chunks import Chunks, chunk_faces

_MAX_VALENCE = 64

MAX_TOPOLOGIES = 8
"""Topologies kept for meshes that may come back with other vertices, as in a sequence of fits."""


@dataclass(frozen=True, eq=False)
class Topology:
    """Faces in an order with locality, and the edges that can lie on a contour.

    Attributes:
        faces: (F, 3) vertex indices after reordering.
        face_order: (F,) original index of each face.
        vertex_order: (V,) original index of each vertex.
        edges: (E, 2) int32: 4 * face + corner of the directed edge from that corner to the next, and the face that runs
            the same edge the other way, or -1. An edge that more than two faces share, or two in the same direction,
            appears as often as it takes to list each incidence once.
        chunks: The vertices that each chunk of faces uses.
    """

    faces: Faces
    face_order: NDArray[np.int32]
    vertex_order: NDArray[np.int32]
    edges: NDArray[np.int32]
    chunks: Chunks


@dataclass(frozen=True, eq=False)
class PreparedMesh:
    """One mesh laid out for the kernels.

    Attributes:
        topology: Shared by all meshes with the same faces.
        points: (3, V) world coordinates in the topology's vertex order, one row per axis.
        center: (3,) middle of the bounding box.
        radius: Half the diagonal of the bounding box.
        longest_edge: Length of the longest edge in world units.
    """

    topology: Topology
    points: FloatArray
    center: FloatArray
    radius: float
    longest_edge: float


class PreparedMeshes:
    """Prepares meshes and remembers them: by mesh as long as it lives, by faces within a bound. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._meshes: weakref.WeakKeyDictionary[Mesh, PreparedMesh] = weakref.WeakKeyDictionary()
        self._topologies: OrderedDict[tuple[int, int, bytes], Topology] = OrderedDict()

    def get(self, mesh: Mesh) -> PreparedMesh:
        """Return the prepared form of a mesh.

        Raises:
            ValueError: If the mesh has no faces.
        """
        with self._lock:
            known = self._meshes.get(mesh)
            if known is None:
                known = self._prepare(mesh)
                self._meshes[mesh] = known
            return known

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._meshes.clear()
            self._topologies.clear()

    def _prepare(self, mesh: Mesh) -> PreparedMesh:
        if not len(mesh.faces):
            raise ValueError(f"mesh {mesh.name!r} has no faces: expected at least one to render")
        # The digest, not the array's identity: every frame of a sequence brings its own copy of the same faces.
        key = (len(mesh.vertices), len(mesh.faces), hashlib.sha256(mesh.faces.data).digest())
        topology = self._topologies.pop(key, None)
        if topology is None:
            topology = build_topology(mesh)
        self._topologies[key] = topology
        while len(self._topologies) > MAX_TOPOLOGIES:
            self._topologies.popitem(last=False)
        low, high = mesh.surface_bounds
        points = frozen(mesh.vertices.T[:, topology.vertex_order])
        radius = 0.5 * float(np.linalg.norm(high - low))
        return PreparedMesh(topology, points, 0.5 * (low + high), radius, _longest_edge(points, topology.faces))


def build_topology(mesh: Mesh) -> Topology:
    """Order the faces and vertices by locality and pair the edges."""
    face_order, vertex_order, faces = locality_order(mesh.vertices, mesh.faces)
    start, halves = np.zeros(len(mesh.vertices) + 1, np.int32), np.empty(3 * len(faces), np.int32)
    _group_outgoing(faces, start, np.empty_like(start), halves)
    if int(np.max(np.diff(start))) > _MAX_VALENCE:
        edges = _pair_edges_by_sorting(faces)
    else:
        room = np.empty((3 * len(faces), 2), np.int32)
        edges = room[: _pair_edges(faces, start, halves, np.zeros(faces.shape, np.bool_), room)]
    chunks = chunk_faces(faces, len(mesh.vertices))
    return Topology(frozen(faces), frozen(face_order), frozen(vertex_order), frozen(edges), chunks)


def _pair_edges_by_sorting(faces: Faces) -> NDArray[np.int32]:
    """Pair edges as `_pair_edges` does, in a time that does not grow with the square of a vertex's valence."""
    tails, heads = faces.astype(np.int64), np.roll(faces, -1, axis=1).astype(np.int64)
    halves = 4 * np.arange(len(faces), dtype=np.int64)[:, None] + np.arange(3)
    keep = tails != heads
    tails, heads, halves = tails[keep], heads[keep], halves[keep]
    edge = np.minimum(tails, heads) * (int(np.max(faces)) + 1) + np.maximum(tails, heads)
    order = np.lexsort((tails > heads, edge))
    tails, heads, halves, edge = tails[order], heads[order], halves[order], edge[order]
    # The n-th run of an edge in one direction meets the n-th in the other.
    same = 2 * edge + (tails > heads)
    starts = np.flatnonzero(np.diff(same, prepend=-1))
    rank = np.arange(len(same)) - np.repeat(starts, np.diff(np.r_[starts, len(same)]))
    order = np.lexsort((tails > heads, rank, edge))
    edge, rank, halves = edge[order], rank[order], halves[order]
    paired = (np.diff(edge, append=-1) == 0) & (np.diff(rank, append=-1) == 0)
    twins = np.where(paired, np.roll(halves >> 2, -1), -1)
    first = ~np.roll(paired, 1)
    return np.column_stack([halves[first], twins[first]]).astype(np.int32)


@kernel
def _group_outgoing(faces: Faces, start: NDArray[np.int32], fill: NDArray[np.int32], halves: NDArray[np.int32]) -> None:
    """Group the directed edges by the vertex they start from.

    Args:
        faces: (F, 3).
        start: (V + 1,) zeros; receives each vertex's offset in `halves`.
        fill: (V + 1,) scratch.
        halves: (3 F,) receives 4 * face + corner.
    """
    for face in range(faces.shape[0]):
        for corner in range(3):
            start[faces[face, corner] + 1] += 1
    for vertex in range(start.shape[0] - 1):
        start[vertex + 1] += start[vertex]
        fill[vertex] = start[vertex]
    for face in range(faces.shape[0]):
        for corner in range(3):
            vertex = faces[face, corner]
            halves[fill[vertex]] = 4 * face + corner
            fill[vertex] += 1


@kernel
def _pair_edges(
    faces: Faces,
    start: NDArray[np.int32],
    halves: NDArray[np.int32],
    taken: NDArray[np.bool_],
    edges: NDArray[np.int32],
) -> int:
    """Pair each directed edge with one that runs the other way; the rest stay single. Returns the number of rows.

    `taken` (F, 3) must be False everywhere.

    Any pairing is exact: each incidence is counted once, and the two directions of a pair cancel when signs agree.
    """
    count = 0
    for face in range(faces.shape[0]):
        for corner in range(3):
            a, b = faces[face, corner], faces[face, (corner + 1) % 3]
            if taken[face, corner] or a == b:
                continue
            taken[face, corner] = True
            twin = -1
            for i in range(start[b], start[b + 1]):
                other, where = halves[i] >> 2, halves[i] & 3
                if faces[other, (where + 1) % 3] == a and not taken[other, where]:
                    taken[other, where] = True
                    twin = other
                    break
            edges[count, 0] = 4 * face + corner
            edges[count, 1] = twin
            count += 1
    return count


@kernel
def _longest_edge(points: FloatArray, faces: Faces) -> float:
    longest = 0.0
    for face in range(faces.shape[0]):
        for corner in range(3):
            a, b = faces[face, corner], faces[face, (corner + 1) % 3]
            x, y, z = points[0, a] - points[0, b], points[1, a] - points[1, b], points[2, a] - points[2, b]
            longest = max(longest, x * x + y * y + z * z)
    return float(np.sqrt(longest))
