"""glTF 2.0 scenes (Khronos Group, "glTF 2.0 Specification") as one mesh in world space."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import ColorImage, Faces, FloatArray, Points3
from renderkit.errors import DatasetError
from renderkit.geometry.mesh_files.file_mesh import FileMesh, colors_of, unit_or_none
from renderkit.geometry.mesh_files.gltf_deform import Skins, morphed
from renderkit.geometry.mesh_files.gltf_document import GltfDocument
from renderkit.geometry.mesh_files.gltf_materials import BaseColor, GltfMaterials
from renderkit.geometry.mesh_files.polygons import check_indices
from renderkit.geometry.surface_defaults import NEUTRAL_ALBEDO
from renderkit.wording import counted

MAX_DEPTH = 256
"""Nodes below one another; more are refused."""

MAX_INSTANCES = 5_000
"""Nodes of a scene, counted with repetition; more are refused."""

_NEUTRAL = round(255 * NEUTRAL_ALBEDO)
_POINTS, _TRIANGLES, _STRIP, _FAN = 0, 4, 5, 6
_DRACO, _INSTANCES = "KHR_draco_mesh_compression", "EXT_mesh_gpu_instancing"


@dataclass(eq=False)
class _Block:
    """Vertices in world space that one or more primitives of a node share.

    Attributes:
        start: Number of their first vertex in the scene.
        vertices: (V, 3).
        colors: (V, 3), or None.
        normals: (V, 3), or None.
        is_mirrored: Whether faces are turned inside out.
        uv_starts: Number of the first texture coordinate, by what they are read with.
    """

    start: int
    vertices: Points3
    colors: ColorImage | None
    normals: Points3 | None
    is_mirrored: bool
    factor: ColorImage | None = None
    uv_starts: dict[str, int] = field(default_factory=dict)


def read_gltf(path: Path, data: bytes) -> FileMesh:
    """Read a .gltf or .glb: every node of its scene, placed in the world, in the order of the file.

    Primitives of one node that share their attributes share their vertices. Skins and morph targets are applied as the
    file's nodes and weights stand, without animations; lines are left out with a note.

    Raises:
        DatasetError: If it is malformed, cut off, too deep or too large, or needs what lies outside its folder.
    """
    scene = _Scene(GltfDocument(path, data))
    placed = list(scene.nodes())
    skins = Skins(scene.document, {index: world for index, _, world in reversed(placed)})
    for _, node, world in placed:
        scene.add(node, world, skins)
    return scene.mesh()


class _Scene:
    """Collects the primitives of a scene."""

    def __init__(self, document: GltfDocument) -> None:
        self.document = document
        self._materials = GltfMaterials(document)
        self._blocks: list[_Block] = []
        self._faces: list[Faces] = []
        self._uv: list[FloatArray] = []
        self._uv_faces: list[Faces] = []
        self._textures: list[NDArray[np.int32]] = []
        self._factors: list[ColorImage | None] = []
        self._num_vertices = self._num_uv = 0
        self._notes: dict[str, None] = {}

    def nodes(self) -> Iterator[tuple[int, dict[str, Any], FloatArray]]:
        """Yield the number of each node, the node, and its (4, 4) world_from_node, parents before children.

        Raises:
            DatasetError: If there are too many, or too many below one another.
        """
        document = self.document
        pending = [(index, np.eye(4), 1) for index in reversed(self._roots())]
        seen = 0
        while pending:
            index, parent, depth = pending.pop()
            seen += 1
            if depth > MAX_DEPTH or seen > MAX_INSTANCES:
                what = (
                    f"more than {MAX_DEPTH} nodes below one another" if depth > MAX_DEPTH else f"over {MAX_INSTANCES}"
                )
                raise DatasetError(document.path, "nodes", f"too many nodes, or a cycle: {what}")
            node = document.item("nodes", index)
            world = parent @ _local(document, node)
            yield index, node, world
            children = document.member(node, "children", list, [])
            if len(children) + len(pending) > MAX_INSTANCES:
                raise DatasetError(document.path, "nodes", f"too many nodes: over {MAX_INSTANCES}")
            pending += [(child, world, depth + 1) for child in reversed(children)]

    def _roots(self) -> list[Any]:
        document = self.document
        scenes = document.member(document.root, "scenes", list, [])
        if scenes:
            if len(scenes) > 1:
                self._notes[f"{counted(len(scenes), 'scene')}: the default one is read"] = None
            roots: list[Any] = document.member(
                document.item("scenes", document.root.get("scene", 0)), "nodes", list, []
            )
            return roots
        nodes = document.member(document.root, "nodes", list, [])
        children = {
            child for node in nodes if isinstance(node, dict) for child in document.member(node, "children", list, [])
            if isinstance(child, int)
        }  # fmt: skip
        return [index for index in range(len(nodes)) if index not in children]

    def add(self, node: dict[str, Any], world: FloatArray, skins: Skins) -> None:
        """Add the mesh of a node.

        Raises:
            DatasetError: If its data are damaged, or of an extension that is not read.
        """
        if "mesh" not in node:
            return
        document = self.document
        if _INSTANCES in document.member(node, "extensions", dict, {}):
            raise DatasetError(document.path, _INSTANCES, "is not read; export every instance as a node of its own")
        mesh = document.item("meshes", node["mesh"])
        weights = self._weights(node if "weights" in node else mesh)
        known: dict[str, _Block] = {}
        for primitive in document.member(mesh, "primitives", list):
            if not isinstance(primitive, dict):
                raise DatasetError(document.path, "primitives", "expected objects")
            mode = document.whole(primitive, "mode", _TRIANGLES)
            if mode not in {_POINTS, _TRIANGLES, _STRIP, _FAN}:
                self._notes["lines are left out"] = None
                continue
            key = repr((sorted(document.member(primitive, "attributes", dict).items()), primitive.get("targets")))
            if key not in known:
                known[key] = self._block(primitive, weights, node.get("skin"), world, skins)
                self._blocks.append(known[key])
                self._num_vertices += len(known[key].vertices)
            self._add_faces(primitive, mode, known[key])

    def _weights(self, owner: dict[str, Any]) -> list[float]:
        values = self.document.member(owner, "weights", list, [])
        return list(map(float, self.document.floats({"weights": values}, "weights", [0.0] * len(values))))

    def _add_faces(self, primitive: dict[str, Any], mode: int, block: _Block) -> None:
        if mode == _POINTS:
            self._notes["points without faces are vertices only"] = None
            return
        faces = _triangles(self._indices(primitive, len(block.vertices)), mode)
        if block.is_mirrored:
            # A mirroring transform turns faces inside out (glTF 2.0, 3.7.4).
            faces = faces[:, ::-1]
        base = self._materials.base_color(primitive.get("material"))
        uv_start = self._uv_start(primitive, base, block)
        factor = None if base.factor is None else colors_of(base.factor[None] * 255.0, "u1")
        if block.factor is None:
            block.factor = factor
        self._faces.append((faces + block.start).astype(np.int32))
        self._uv_faces.append((faces + uv_start if uv_start >= 0 else np.full_like(faces, -1)).astype(np.int32))
        self._textures.append(np.full(len(faces), base.texture if uv_start >= 0 else -1, np.int32))
        self._factors.append(factor)

    def _uv_start(self, primitive: dict[str, Any], base: BaseColor, block: _Block) -> int:
        """Return the number of the first texture coordinate of a block's vertices; -1 where there is no texture."""
        if base.texture < 0:
            return -1
        name, attributes = f"TEXCOORD_{base.uv_set}", primitive["attributes"]
        if name not in attributes:
            self._notes[f"a texture without its texture coordinates {name} is left out"] = None
            return -1
        key = repr((name, None if base.transform is None else base.transform.tolist()))
        if key not in block.uv_starts:
            uv = _bottom_up(self._attribute(attributes[name], (2,), len(block.vertices)), base)
            block.uv_starts[key] = self._num_uv
            self._uv.append(np.nan_to_num(uv, nan=0.0, posinf=0.0, neginf=0.0))
            self._num_uv += len(uv)
        return block.uv_starts[key]

    def _indices(self, primitive: dict[str, Any], size: int) -> NDArray[np.int32]:
        if "indices" not in primitive:
            return np.arange(size, dtype=np.int32)
        values = self.document.accessor(primitive["indices"], raw=True)
        if values.ndim != 1 or values.dtype.kind != "u":
            raise DatasetError(self.document.path, "indices", f"expected unsigned whole numbers, found {values.dtype}")
        return check_indices(values, size, self.document.path)

    def _block(
        self,
        primitive: dict[str, Any],
        weights: list[float],
        skin: Any,  # noqa: ANN401 - JSON
        world: FloatArray,
        skins: Skins,
    ) -> _Block:
        """Read the vertices of a primitive and place them in the world."""
        document, attributes = self.document, primitive["attributes"]
        if "POSITION" not in attributes:
            raise DatasetError(document.path, "POSITION", "cannot be read as a mesh: a primitive has no positions")
        if _DRACO in document.member(primitive, "extensions", dict, {}) and not self._has_data(attributes["POSITION"]):
            raise DatasetError(document.path, _DRACO, "is not read; export without compression")
        targets = document.member(primitive, "targets", list, [])
        points = self._attribute(attributes["POSITION"], (3,), None)
        count = len(points)
        points = morphed(points, "POSITION", targets, weights, self._attribute)
        colors = None
        if "COLOR_0" in attributes:
            colors = colors_of(self._attribute(attributes["COLOR_0"], (3, 4), count)[:, :3] * 255.0, "u1")
        moved = None
        if skin is not None:
            moved = skins.transforms(skin, attributes, count, self._attribute)
            if moved is None:
                self._notes["a skin is not applied: it has joints outside of the scene, or no weights"] = None
        with np.errstate(invalid="ignore", over="ignore"):
            if moved is not None:
                vertices = np.einsum("vij,vj->vi", moved[:, :3, :3], points) + moved[:, :3, 3]
                is_mirrored = bool(count) and float(np.median(np.linalg.det(moved[:, :3, :3]))) < 0.0
                return _Block(self._num_vertices, vertices, colors, None, is_mirrored)
            vertices = points @ world[:3, :3].T + world[:3, 3]
        normals = None
        if "NORMAL" in attributes:
            normals = self._attribute(attributes["NORMAL"], (3,), count)
            normals = morphed(normals, "NORMAL", targets, weights, self._attribute) @ _inverse(world[:3, :3])
        return _Block(self._num_vertices, vertices, colors, normals, bool(np.linalg.det(world[:3, :3]) < 0.0))

    def _has_data(self, index: Any) -> bool:  # noqa: ANN401 - JSON
        """Whether an accessor has values of its own: those of a compressed primitive may be there twice."""
        return bool(self.document.item("accessors", index).keys() & {"bufferView", "sparse"})

    def _attribute(self, index: Any, widths: tuple[int, ...], count: int | None) -> FloatArray:  # noqa: ANN401 - JSON
        values = self.document.accessor(index)
        if values.ndim != 2 or values.shape[1] not in widths or (count is not None and len(values) != count):
            raise DatasetError(
                self.document.path, f"accessors[{index}]",
                f"expected {'any number of' if count is None else count} vectors of {widths[0]}, found {values.shape}",
            )  # fmt: skip
        return values

    def mesh(self) -> FileMesh:
        """Return everything that was added."""
        blocks = self._blocks
        faces = np.concatenate([np.empty((0, 3), np.int32), *self._faces])
        given = [block.normals for block in blocks if block.normals is not None]
        vertex_colors, face_colors = self._colors()
        return FileMesh(
            np.concatenate([np.empty((0, 3)), *(block.vertices for block in blocks)]),
            faces,
            np.concatenate(self._uv) if self._uv else None,
            np.concatenate(self._uv_faces) if self._uv else None,
            tuple(self._materials.textures),
            np.concatenate([np.empty(0, np.int32), *self._textures]).astype(np.int32),
            vertex_colors,
            face_colors,
            unit_or_none(np.concatenate(given)) if given and len(given) == len(blocks) else None,
            (*self._notes, *self._materials.notes),
        )

    def _colors(self) -> tuple[ColorImage | None, ColorImage | None]:
        """Return the colours of vertices where any have their own, else those of faces, by their materials' factors."""
        if any(block.colors is not None for block in self._blocks):
            shown = [(block, block.colors if block.colors is not None else block.factor) for block in self._blocks]
            return np.concatenate([_tiled(colors, len(block.vertices)) for block, colors in shown]), None
        if all(factor is None for factor in self._factors):
            return None, None
        pairs = zip(self._factors, self._faces, strict=True)
        return None, np.concatenate([_tiled(factor, len(faces)) for factor, faces in pairs])


def _tiled(colors: ColorImage | None, count: int) -> ColorImage:
    """Return (count, 3) colours of none (grey), one, or as many."""
    if colors is None:
        return np.full((count, 3), _NEUTRAL, np.uint8)
    return colors if len(colors) == count else np.repeat(colors, count, axis=0)


def _local(document: GltfDocument, node: dict[str, Any]) -> FloatArray:
    """Return the (4, 4) parent_from_node: `matrix`, column by column, or translation * rotation * scale."""
    if "matrix" in node:
        return document.floats(node, "matrix", [0.0] * 16).reshape(4, 4).T
    x, y, z, w = document.floats(node, "rotation", [0.0, 0.0, 0.0, 1.0])
    length = np.sqrt(x * x + y * y + z * z + w * w)
    if not length > 0.0:
        raise DatasetError(document.path, "rotation", "expected a unit quaternion, found zeros")
    x, y, z, w = x / length, y / length, z / length, w / length
    rotation = np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip
    result = np.eye(4)
    result[:3, :3] = rotation * document.floats(node, "scale", [1.0, 1.0, 1.0])
    result[:3, 3] = document.floats(node, "translation", [0.0, 0.0, 0.0])
    return result


def _inverse(matrix: FloatArray) -> FloatArray:
    """Return the inverse; zeros for a transform that flattens, whose normals are then computed from the faces."""
    if not abs(np.linalg.det(matrix)) > 0.0:
        return np.zeros((3, 3))
    return np.asarray(np.linalg.inv(matrix), np.float64)


def _bottom_up(uv: FloatArray, base: BaseColor) -> FloatArray:
    """Return texture coordinates from the bottom left; glTF's begin at the top left."""
    if base.transform is not None:
        uv = uv @ base.transform[:2, :2].T + base.transform[:2, 2]
    return np.column_stack([uv[:, 0], 1.0 - uv[:, 1]])


def _triangles(indices: NDArray[np.int32], mode: int) -> Faces:
    """Return the (F, 3) triangles of a list, strip or fan; a rest of one or two indices is left out."""
    if mode == _TRIANGLES:
        return indices[: len(indices) // 3 * 3].reshape(-1, 3)
    count = max(len(indices) - 2, 0)
    steps = np.arange(count)
    if mode == _FAN:
        return indices[np.column_stack([steps + 1, steps + 2, np.zeros_like(steps)])].reshape(-1, 3)
    odd = steps % 2
    return indices[np.column_stack([steps, steps + 1 + odd, steps + 2 - odd])].reshape(-1, 3)
