"""glTF 2.0 scenes (Khronos Group, "glTF 2.0 Specification") as one mesh in world space."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import ColorImage, Faces, FloatArray, Points3
from renderkit.errors import DatasetError
from renderkit.geometry.mesh_files.file_mesh import FileMesh, colors_of, unit_or_none
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


@dataclass(frozen=True, eq=False)
class _Block:
    """Vertices of one primitive in world space."""

    vertices: Points3
    uv: FloatArray | None
    colors: ColorImage | None
    normals: Points3 | None


def read_gltf(path: Path, data: bytes) -> FileMesh:
    """Read a .gltf or .glb: every node of its scene, placed in the world, in the order of the file.

    Primitives of one node that share their attributes share their vertices. Skins and morph targets are not applied,
    lines are left out; both are noted.

    Raises:
        DatasetError: If it is malformed, cut off, too deep or too large, or needs what lies outside its folder.
    """
    scene = _Scene(GltfDocument(path, data))
    for node, world in scene.nodes():
        scene.add(node, world)
    return scene.mesh()


class _Scene:
    """Collects the primitives of a scene."""

    def __init__(self, document: GltfDocument) -> None:
        self._document = document
        self._materials = GltfMaterials(document)
        self._blocks: list[_Block] = []
        self._faces: list[Faces] = []
        self._textures: list[NDArray[np.int32]] = []
        self._count = 0
        self._notes: dict[str, None] = {}

    def nodes(self) -> Iterator[tuple[dict[str, Any], FloatArray]]:
        """Yield each node with its (4, 4) world_from_node, parents before children.

        Raises:
            DatasetError: If there are too many, or too many below one another.
        """
        document = self._document
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
            yield node, world
            children = document.member(node, "children", list, [])
            if len(children) + len(pending) > MAX_INSTANCES:
                raise DatasetError(document.path, "nodes", f"too many nodes: over {MAX_INSTANCES}")
            pending += [(child, world, depth + 1) for child in reversed(children)]

    def _roots(self) -> list[Any]:
        document = self._document
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

    def add(self, node: dict[str, Any], world: FloatArray) -> None:
        """Add the mesh of a node.

        Raises:
            DatasetError: If its data are damaged.
        """
        if "mesh" not in node:
            return
        if "skin" in node:
            self._notes["a skin is not applied: the mesh stands in its bind pose"] = None
        known: dict[tuple[Any, ...], tuple[int, _Block]] = {}
        for primitive in self._document.member(self._document.item("meshes", node["mesh"]), "primitives", list):
            if not isinstance(primitive, dict):
                raise DatasetError(self._document.path, "primitives", "expected objects")
            self._add_primitive(primitive, world, known)

    def _add_primitive(
        self, primitive: dict[str, Any], world: FloatArray, known: dict[tuple[Any, ...], tuple[int, _Block]]
    ) -> None:
        document = self._document
        if "KHR_draco_mesh_compression" in document.member(primitive, "extensions", dict, {}):
            raise DatasetError(document.path, "KHR_draco_mesh_compression", "is not read; export without compression")
        if "targets" in primitive:
            self._notes["morph targets are not applied"] = None
        mode = document.whole(primitive, "mode", _TRIANGLES)
        if mode not in {_POINTS, _TRIANGLES, _STRIP, _FAN}:
            self._notes["lines are left out"] = None
            return
        attributes = document.member(primitive, "attributes", dict)
        base = self._materials.base_color(primitive.get("material"))
        key = (*sorted((str(name), str(value)) for name, value in attributes.items()), str(primitive.get("material")))
        if key not in known:
            known[key] = self._count, self._block(attributes, base, world)
            self._blocks.append(known[key][1])
            self._count += len(known[key][1].vertices)
        start, block = known[key]
        if mode == _POINTS:
            self._notes["points without faces are vertices only"] = None
            return
        faces = _triangles(self._indices(primitive, len(block.vertices)), mode)
        if np.linalg.det(world[:3, :3]) < 0.0:
            # A mirroring transform turns faces inside out (glTF 2.0, 3.7.4).
            faces = faces[:, ::-1]
        self._faces.append((faces + start).astype(np.int32))
        self._textures.append(np.full(len(faces), -1 if block.uv is None else base.texture, np.int32))

    def _indices(self, primitive: dict[str, Any], size: int) -> NDArray[np.int32]:
        if "indices" not in primitive:
            return np.arange(size, dtype=np.int32)
        values = self._document.accessor(primitive["indices"], raw=True)
        if values.ndim != 1 or values.dtype.kind != "u":
            raise DatasetError(self._document.path, "indices", f"expected unsigned whole numbers, found {values.dtype}")
        return check_indices(values, size, self._document.path)

    def _block(self, attributes: dict[str, Any], base: BaseColor, world: FloatArray) -> _Block:
        document = self._document
        if "POSITION" not in attributes:
            raise DatasetError(document.path, "POSITION", "cannot be read as a mesh: a primitive has no positions")
        points = self._attribute(attributes["POSITION"], (3,), None)
        with np.errstate(invalid="ignore", over="ignore"):
            vertices = points @ world[:3, :3].T + world[:3, 3]
        count = len(vertices)
        uv = normals = colors = None
        name = f"TEXCOORD_{base.uv_set}"
        if base.texture >= 0 and name in attributes:
            uv = _bottom_up(self._attribute(attributes[name], (2,), count), base)
        elif base.texture >= 0:
            self._notes[f"a texture without its texture coordinates {name} is left out"] = None
        if "NORMAL" in attributes:
            normals = self._attribute(attributes["NORMAL"], (3,), count) @ _inverse(world[:3, :3])
        if "COLOR_0" in attributes:
            values = self._attribute(attributes["COLOR_0"], (3, 4), count)[:, :3]
            colors = colors_of(values * 255.0, "u1")
        elif base.factor is not None:
            colors = np.tile(colors_of(base.factor[None] * 255.0, "u1"), (count, 1))
        return _Block(vertices, uv, colors, normals)

    def _attribute(self, index: Any, widths: tuple[int, ...], count: int | None) -> FloatArray:  # noqa: ANN401 - JSON
        values = self._document.accessor(index)
        if values.ndim != 2 or values.shape[1] not in widths or (count is not None and len(values) != count):
            raise DatasetError(
                self._document.path, f"accessors[{index}]",
                f"expected {'any number of' if count is None else count} vectors of {widths[0]}, found {values.shape}",
            )  # fmt: skip
        return values

    def mesh(self) -> FileMesh:
        """Return everything that was added."""
        blocks = self._blocks
        faces = np.concatenate([np.empty((0, 3), np.int32), *self._faces])
        vertices = np.concatenate([np.empty((0, 3)), *(block.vertices for block in blocks)])
        chosen = np.concatenate([np.empty(0, np.int32), *self._textures]).astype(np.int32)
        uv = None
        if any(block.uv is not None for block in blocks):
            uv = np.concatenate([np.zeros((len(b.vertices), 2)) if b.uv is None else b.uv for b in blocks])
            uv = np.nan_to_num(uv, nan=0.0, posinf=0.0, neginf=0.0)
        colors = None
        if any(block.colors is not None for block in blocks):
            grey = [np.full(block.vertices.shape, _NEUTRAL, np.uint8) for block in blocks]
            colors = np.concatenate([g if b.colors is None else b.colors for g, b in zip(grey, blocks, strict=True)])
        given = [block.normals for block in blocks if block.normals is not None]
        return FileMesh(
            vertices,
            faces,
            uv,
            None if uv is None else faces,
            tuple(self._materials.textures),
            chosen,
            colors,
            normals=unit_or_none(np.concatenate(given)) if given and len(given) == len(blocks) else None,
            notes=(*self._notes, *self._materials.notes),
        )


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
