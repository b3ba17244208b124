"""Meshes on the device: uploaded once, kept across views, released when the mesh is gone or memory runs short."""

from __future__ import annotations

import weakref
from collections import OrderedDict, deque
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import ColorImage, FloatArray
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.surface_defaults import NEUTRAL_ALBEDO, Wrap
from renderkit.renderers.egl.gl import Buffer, Gl, GlOwner, Program, Texture, VertexArray, integer_limit
from renderkit.renderers.view_plan import ViewPlan

FACE_TABLE_WIDTH = 4096
"""Faces in a row of the table that tells each face's colour and texture; surface.frag knows it too."""

OFFSET, NORMAL, COLOR, UV, PIECE_FACE = range(5)
"""Attribute locations of mesh.vert."""

Inputs: TypeAlias = dict[int, tuple[Buffer, NDArray[Any]]]
"""By attribute location: a buffer, and an empty array with its columns and element type."""

_VIEWS_BEFORE_TOPOLOGY = 3
_CHEAP_TOPOLOGY_FACES = 50_000
_SAMPLED_VERTICES = 4096


class DeviceMesh(GlOwner):
    """One mesh's buffers. Vertices are kept relative to a point amid them, so that float32 holds them exactly enough.

    Attributes:
        center: (3,) world point that the offsets are relative to: where most vertices are, whatever strays.
        bounds: (2, 3) smallest and largest coordinates of the vertices that faces use.
        num_faces: Number of faces.
        plans: How to draw it, by camera.
        shown_texture: The texture whose faces are drawn, of a mesh that has several.
    """

    def __init__(self, gl: Gl, mesh: Mesh) -> None:
        super().__init__(gl)
        used = np.zeros(len(mesh.vertices), dtype=np.bool_)
        used[mesh.faces.ravel()] = True
        vertices = mesh.vertices if used.all() else mesh.vertices[used]
        self.bounds: FloatArray = np.stack([vertices.min(axis=0), vertices.max(axis=0)])
        self.center: FloatArray = np.median(vertices[:: -(-len(vertices) // _SAMPLED_VERTICES)], axis=0)
        self.num_faces = len(mesh.faces)
        self._views = 0
        self._closed: bool | None = None
        self._longest_edges: FloatArray | None = None
        self.plans: weakref.WeakKeyDictionary[Camera, ViewPlan] = weakref.WeakKeyDictionary()
        moved = mesh.vertices - self.center
        # A vertex that no face uses may be anywhere, even beyond where float32 ends.
        moved[~used] = 0.0
        offsets = moved.astype(np.float32)
        self._offsets = Buffer(gl, offsets)
        self._indices = Buffer(gl, mesh.faces.astype(np.uint32), target=gl.GL_ELEMENT_ARRAY_BUFFER)
        self._inputs: Inputs = {OFFSET: (self._offsets, offsets[:0])}
        self._surface_inputs: Inputs = {}
        self._arrays: dict[bool, VertexArray] = {}
        self._textures: list[Texture] = []
        self._face_table: Texture | None = None
        self.shown_texture = 0

    @property
    def corners(self) -> FloatArray:
        """(8, 3) corners of the bounding box of the vertices that faces use, in world units."""
        low, high = self.bounds
        choose = np.array([[(corner >> axis) & 1 for axis in range(3)] for corner in range(8)], dtype=np.bool_)
        result: FloatArray = np.where(choose, high, low)
        return result

    @property
    def num_bytes(self) -> int:
        """Device memory held."""
        buffers = [buffer for buffer, _ in (self._inputs | self._surface_inputs).values()]
        textures = sum(texture.num_bytes for texture in self._own_textures)
        return sum(buffer.num_bytes for buffer in (*buffers, self._indices)) + textures

    @property
    def _own_textures(self) -> tuple[Texture, ...]:
        return (*self._textures, *(() if self._face_table is None else (self._face_table,)))

    def bind_textures(self, program: Program) -> None:
        """Make the shown texture and the table of faces those of the program, which must be in use."""
        if self._textures:
            self._textures[self.shown_texture].bind(0)
        if self._face_table is not None:
            self._face_table.bind(1)
            program.set_integer("face_table", 1)
            program.set_integer("shown_texture", self.shown_texture + 1)

    def is_closed(self, mesh: Mesh) -> bool:
        """Whether the mesh is closed; False while it is not worth finding out (large mesh, few views so far)."""
        self._views += 1
        if self._closed is None and (
            self.num_faces <= _CHEAP_TOPOLOGY_FACES or self._views > _VIEWS_BEFORE_TOPOLOGY or "is_closed" in vars(mesh)
        ):
            self._closed = mesh.is_closed
        return bool(self._closed)

    def longest_edges(self, mesh: Mesh) -> FloatArray:
        """Return the (F,) length of each face's longest edge in world units."""
        if self._longest_edges is None:
            squared = np.zeros(len(mesh.faces))
            for start, end in ((0, 1), (1, 2), (2, 0)):
                edge = mesh.vertices[mesh.faces[:, end]] - mesh.vertices[mesh.faces[:, start]]
                squared = np.maximum(squared, np.einsum("ij,ij->i", edge, edge))
            self._longest_edges = np.sqrt(squared)
        return self._longest_edges

    def vertex_array(self, mesh: Mesh, *, shaded: bool) -> VertexArray:
        """Return the inputs of all faces; what shading needs is uploaded when first asked for."""
        array = self._arrays.get(shaded)
        if array is None:
            array = self.vertex_array_of(mesh, self._indices, shaded=shaded)
            self._arrays[shaded] = array
        return array

    def vertex_array_of(self, mesh: Mesh, indices: Buffer, *, shaded: bool) -> VertexArray:
        """Return new inputs that take the vertices in another order; the caller releases them."""
        if shaded and not self._surface_inputs:
            for location, content in surface_attributes(mesh).items():
                self._surface_inputs[location] = Buffer(self._gl, content), content[:0]
            self._textures = [_upload_texture(self._gl, pixels, wrap) for pixels, wrap in mesh.all_textures]
            if needs_face_table(mesh):
                self._face_table = Texture(self._gl, face_table(mesh), smooth=False)
        return VertexArray(self._gl, self._inputs | (self._surface_inputs if shaded else {}), indices)

    def close(self) -> None:
        """Release the buffers."""
        for array in self._arrays.values():
            array.close()
        for buffer, _ in (self._inputs | self._surface_inputs).values():
            buffer.close()
        self._indices.close()
        for texture in self._own_textures:
            texture.close()


class DeviceMeshes(GlOwner):
    """The meshes on one device, by identity; the least recently drawn go first.

    Attributes:
        max_bytes: Device memory above which meshes are released.
    """

    def __init__(self, gl: Gl, max_bytes: int = 1 << 30) -> None:
        super().__init__(gl)
        self.max_bytes = max_bytes
        self._meshes: OrderedDict[int, tuple[weakref.ref[Mesh], DeviceMesh]] = OrderedDict()
        # Filled by the garbage collector, on whatever thread it runs; emptied on the context's own.
        self._gone: deque[int] = deque()

    def __len__(self) -> int:
        """Return the number of meshes held."""
        return len(self._meshes)

    def get(self, mesh: Mesh) -> DeviceMesh:
        """Return the mesh's buffers, uploading it if need be."""
        self._release_gone()
        key = id(mesh)
        found = self._meshes.get(key)
        if found is not None and found[0]() is mesh:
            self._meshes.move_to_end(key)
            return found[1]
        gone = self._gone
        reference = weakref.ref(mesh, lambda _: gone.append(key))
        uploaded = DeviceMesh(self._gl, mesh)
        self._meshes[key] = reference, uploaded
        self._release_oldest()
        return uploaded

    def close(self) -> None:
        """Release every mesh."""
        for _, uploaded in self._meshes.values():
            uploaded.close()
        self._meshes.clear()

    def _release_gone(self) -> None:
        while self._gone:
            key = self._gone.popleft()
            found = self._meshes.get(key)
            if found is not None and found[0]() is None:
                del self._meshes[key]
                found[1].close()

    def _release_oldest(self) -> None:
        total = sum(uploaded.num_bytes for _, uploaded in self._meshes.values())
        while total > self.max_bytes and len(self._meshes) > 1:
            _, (_, oldest) = self._meshes.popitem(last=False)
            total -= oldest.num_bytes
            oldest.close()


def surface_attributes(mesh: Mesh) -> dict[int, NDArray[Any]]:
    """Return what shading needs of each vertex, by attribute location."""
    content: dict[int, NDArray[Any]] = {NORMAL: mesh.vertex_normals.astype(np.float32)}
    if mesh.all_textures and mesh.uv is not None:
        content[UV] = mesh.uv.astype(np.float32)
    if mesh.vertex_colors is not None and (not mesh.all_textures or mesh.face_textures is not None):
        content[COLOR] = mesh.vertex_colors
    return content


def needs_face_table(mesh: Mesh) -> bool:
    """Whether the colour of a pixel depends on its face."""
    return mesh.face_textures is not None or (
        mesh.face_colors is not None and mesh.vertex_colors is None and not mesh.all_textures
    )


def face_table(mesh: Mesh) -> NDArray[np.uint8]:
    """Return a (rows, FACE_TABLE_WIDTH, 4) table: for each face its own colour, and its texture counted from 1."""
    rows = max(1, -(-len(mesh.faces) // FACE_TABLE_WIDTH))
    table = np.zeros((rows * FACE_TABLE_WIDTH, 4), np.uint8)
    own = table[: len(mesh.faces)]
    own[:, :3] = round(255 * NEUTRAL_ALBEDO) if mesh.face_colors is None else mesh.face_colors
    if mesh.face_textures is not None:
        own[:, 3] = mesh.face_textures + 1
    return table.reshape(rows, FACE_TABLE_WIDTH, 4)


def _upload_texture(gl: Gl, pixels: ColorImage, wrap: tuple[Wrap, Wrap]) -> Texture:
    """Upload a texture, made smaller where the device takes none so large."""
    limit = integer_limit(gl, gl.GL_MAX_TEXTURE_SIZE)
    longest = max(pixels.shape[:2])
    if longest > limit:
        size = tuple(max(1, length * limit // longest) for length in pixels.shape[1::-1])
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return Texture(gl, np.flipud(pixels), wrap)
