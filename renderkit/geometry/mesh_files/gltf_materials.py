"""Base colours of glTF materials: texture, factor, texture coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.geometry.mesh_files.gltf_document import GltfDocument
from renderkit.geometry.mesh_files.textures import MeshTexture, TextureReader
from renderkit.geometry.surface_defaults import Wrap

_OLDER_MODEL = "KHR_materials_pbrSpecularGlossiness"
"""The model of materials before metallic-roughness: its diffuse colour is what is read as base colour."""

_WRAPS: dict[int, Wrap] = {10497: "repeat", 33071: "clamp", 33648: "mirror"}


@dataclass(frozen=True, eq=False)
class BaseColor:
    """What a material paints with.

    Attributes:
        texture: Index into `GltfMaterials.textures`; -1 for none.
        factor: (3,) RGB, 0 to 1, as stored; None when it is white.
        uv_set: Which TEXCOORD the texture takes.
        transform: (3, 3) of KHR_texture_transform on (u, v, 1), v running down.
    """

    texture: int = -1
    factor: NDArray[np.float64] | None = None
    uv_set: int = 0
    transform: FloatArray | None = None


class GltfMaterials:
    """The materials of an asset, each read once.

    Attributes:
        textures: Those that were asked for so far; None for those that cannot be read.
        notes: What was left out.
    """

    def __init__(self, document: GltfDocument) -> None:
        self._document = document
        self._reader = TextureReader(document.path)
        self._known: dict[int, BaseColor] = {}
        self._places: dict[int, int] = {}
        self.textures: list[MeshTexture | None] = []
        self._notes: dict[str, None] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out."""
        return (*self._notes, *self._reader.notes)

    def base_color(self, index: Any) -> BaseColor:  # noqa: ANN401 - JSON
        """Return a primitive's base colour; None as index means the default material, white."""
        if index is None:
            return BaseColor()
        entry = self._document.item("materials", index)
        if index not in self._known:
            self._known[index] = self._read(entry)
        return self._known[index]

    def _read(self, entry: dict[str, Any]) -> BaseColor:
        document = self._document
        surface, name = document.member(entry, "pbrMetallicRoughness", dict, {}), "baseColor"
        older = document.member(entry, "extensions", dict, {}).get(_OLDER_MODEL)
        if isinstance(older, dict) and not surface.keys() & {"baseColorFactor", "baseColorTexture"}:
            surface, name = older, "diffuse"
        factor = document.floats(surface, f"{name}Factor", [1.0, 1.0, 1.0, 1.0])[:3]
        colored = None if bool((factor == 1.0).all()) else factor
        if f"{name}Texture" not in surface:
            return BaseColor(factor=colored)
        info = document.member(surface, f"{name}Texture", dict)
        number = self._texture(info.get("index"))
        if colored is not None:
            self._notes["a base colour factor beside a texture is ignored"] = None
        uv_set, transform = document.whole(info, "texCoord", 0), None
        extension = document.member(info, "extensions", dict, {}).get("KHR_texture_transform")
        if isinstance(extension, dict):
            uv_set = document.whole(extension, "texCoord", uv_set)
            transform = self._transform(extension)
        return BaseColor(number, colored, uv_set, transform)

    def _transform(self, extension: dict[str, Any]) -> FloatArray:
        """Return translation * rotation * scale, as KHR_texture_transform defines it."""
        offset = self._document.floats(extension, "offset", [0.0, 0.0])
        scale = self._document.floats(extension, "scale", [1.0, 1.0])
        rotation = self._document.floats({"rotation": [extension.get("rotation", 0.0)]}, "rotation", [0.0])[0]
        sine, cosine = np.sin(rotation), np.cos(rotation)
        turn = np.array([[cosine, sine, offset[0]], [-sine, cosine, offset[1]], [0.0, 0.0, 1.0]])
        result: FloatArray = turn @ np.diag([scale[0], scale[1], 1.0])
        return result

    def _texture(self, index: Any) -> int:  # noqa: ANN401 - JSON
        """Return the place of a texture among those that were asked for."""
        entry = self._document.item("textures", index)
        if index not in self._places:
            self._places[index] = len(self.textures)
            self.textures.append(self._load(entry, index))
        return self._places[index]

    def _load(self, entry: dict[str, Any], index: int) -> MeshTexture | None:
        document = self._document
        if "source" not in entry:
            others = ", ".join(map(str, document.member(entry, "extensions", dict, {})))[:80]
            self._notes[f"texture {index} is left out: no PNG or JPEG source{f', only {others}' * bool(others)}"] = None
            return None
        sampler = document.item("samplers", entry["sampler"]) if "sampler" in entry else {}
        wrap = self._wrap(sampler, "wrapS"), self._wrap(sampler, "wrapT")
        image = document.item("images", entry["source"])
        uri = image.get("uri")
        if isinstance(uri, str) and not uri.startswith("data:"):
            file = document.external(uri)
            return self._reader.from_file(uri if file is None else str(file.relative_to(self._root())), wrap)
        name = f"images[{entry['source']}]"
        if "bufferView" in image:
            return self._reader.from_bytes(name, lambda: document.view_bytes(image["bufferView"]), wrap)
        return self._reader.from_bytes(name, lambda: document.read_uri(uri, name), wrap)

    def _root(self) -> Path:
        return self._document.path.parent.resolve()

    def _wrap(self, sampler: dict[str, Any], name: str) -> Wrap:
        value = self._document.whole(sampler, name, 10497)
        if value not in _WRAPS:
            raise DatasetError(
                self._document.path, name, f"expected one of {', '.join(map(str, _WRAPS))}, found {value}"
            )
        return _WRAPS[value]
