"""The JSON and the buffers of a glTF 2.0 asset: bounded, and nothing read from outside its folder."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from renderkit.errors import DatasetError
from renderkit.geometry.mesh_files.textures import inside_folder
from renderkit.untrusted.files import read_bytes
from renderkit.untrusted.json_text import parse_json

MAX_JSON_BYTES = 128 << 20
"""JSON of an asset above this size is refused."""

MAX_BUFFER_BYTES = 2 << 30
"""Buffers of one asset above this size together are refused."""

MAX_ACCESSOR_VALUES = 1 << 27
"""Values that all accessors of one mesh may expand to."""

_JSON_CHUNK, _BINARY_CHUNK = 0x4E4F534A, 0x004E4942
_TYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
_KNOWN_EXTENSIONS = frozenset(
    {
        "KHR_mesh_quantization",
        "KHR_texture_transform",
        "KHR_lights_punctual",
        "EXT_lights_image_based",
        "KHR_xmp_json_ld",
    }
)
_MATERIAL_EXTENSIONS = "KHR_materials_"
"""Extensions that change nothing but how light is reflected."""


class GltfDocument:
    """A glTF asset, read part by part; every part is checked when it is asked for.

    Attributes:
        path: The file.
        root: The JSON.
    """

    def __init__(self, path: Path, data: bytes) -> None:
        """Split a .glb into its chunks, or parse a .gltf.

        Raises:
            DatasetError: If it is no glTF 2, is cut off, or needs an extension that is not read.
        """
        self.path = path
        text, self._chunk = _split_glb(path, data) if data[:4] == b"glTF" else (data, None)
        if len(text) > MAX_JSON_BYTES:
            raise DatasetError(path, None, f"JSON of {len(text)} bytes is over {MAX_JSON_BYTES}")
        try:
            self.root = parse_json(path, text.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise DatasetError(path, None, f"cannot be read as a mesh: {error}") from error
        version = str(self.member(self.root, "asset", dict, {}).get("version", ""))
        if not version.startswith("2"):
            raise DatasetError(
                path, "asset.version", f"cannot be read as a mesh: expected glTF 2, found {version[:20]!r}"
            )
        needed = {str(name) for name in self.member(self.root, "extensionsRequired", list, [])} - _KNOWN_EXTENSIONS
        needed = {name for name in needed if not name.startswith(_MATERIAL_EXTENSIONS)}
        if needed:
            raise DatasetError(
                path, "extensionsRequired",
                f"not read: {', '.join(sorted(needed))[:200]}; export without compression and extensions",
            )  # fmt: skip
        self._buffers: dict[int, bytes] = {}
        self._bytes_left = MAX_BUFFER_BYTES
        self._values_left = MAX_ACCESSOR_VALUES

    def member(self, owner: Any, name: str, kind: type, default: Any = None) -> Any:  # noqa: ANN401 - JSON
        """Return `owner[name]` when it is of a type; the default when it is missing.

        Raises:
            DatasetError: If it is of another type, or missing without a default.
        """
        value = owner.get(name, default) if isinstance(owner, dict) else None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise DatasetError(self.path, name, f"expected {kind.__name__}, found {str(value)[:60]!r}")
        return value

    def item(self, name: str, index: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Return an object of one of the lists at the top (nodes, meshes, accessors ...).

        Raises:
            DatasetError: If there is no such object.
        """
        entries = self.member(self.root, name, list, [])
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(entries):
            raise DatasetError(self.path, name, f"expected an index 0..{len(entries) - 1}, found {str(index)[:40]!r}")
        entry = entries[index]
        if not isinstance(entry, dict):
            raise DatasetError(self.path, f"{name}[{index}]", f"expected an object, found {type(entry).__name__}")
        return entry

    def floats(self, owner: dict[str, Any], name: str, default: list[float]) -> NDArray[np.float64]:
        """Return a list of finite numbers as long as the default.

        Raises:
            DatasetError: If it is anything else.
        """
        values = self.member(owner, name, list, default)
        if len(values) != len(default) or not all(isinstance(v, int | float) and abs(v) < 1e300 for v in values):
            raise DatasetError(self.path, name, f"expected {len(default)} finite numbers, found {str(values)[:80]}")
        return np.array(values, np.float64)

    def whole(self, owner: dict[str, Any], name: str, default: int | None = None) -> int:
        """Return a number that counts bytes or elements.

        Raises:
            DatasetError: If it is anything else.
        """
        value = self.member(owner, name, int, default)
        if not 0 <= value < 2**53:
            raise DatasetError(self.path, name, f"expected a count, found {str(value)[:40]}")
        return int(value)

    def accessor(self, index: Any, *, raw: bool = False, matrices: bool = False) -> NDArray[Any]:  # noqa: ANN401 - JSON
        """Return an accessor's values, (count,) or (count, width).

        Args:
            index: Its number.
            raw: Whether numbers stay as stored; else they are float64, normalised where the accessor says so.
            matrices: Whether they are 4x4 matrices, (count, 16) column by column.

        Raises:
            DatasetError: If it is malformed, points outside its buffer, or claims too much.
        """
        entry = self.item("accessors", index)
        key = f"accessors[{index}]"
        widths = {"MAT4": 16} if matrices else _WIDTHS
        dtype, width = _type_of(entry), widths.get(str(entry.get("type")))
        if dtype is None or width is None:
            raise DatasetError(self.path, key, f"component type {entry.get('componentType')} of {entry.get('type')}")
        count = self.whole(entry, "count")
        self._values_left -= count * width
        if self._values_left < 0:
            raise DatasetError(self.path, key, f"the accessors claim more than {MAX_ACCESSOR_VALUES} values")
        if "bufferView" in entry:
            values = self._strided(entry, np.dtype(dtype), (count, width), key)
        else:
            values = np.zeros((count, width), dtype)
        if "sparse" in entry:
            values = self._with_sparse(self.member(entry, "sparse", dict), values, key)
        result = values[:, 0] if width == 1 else values
        if raw:
            return result
        # Signalling NaNs are refused later, in words.
        with np.errstate(invalid="ignore"):
            scaled = result.astype(np.float64)
        if entry.get("normalized") is True and result.dtype.kind != "f":
            scaled = np.maximum(scaled / np.iinfo(result.dtype).max, -1.0)
        return scaled

    def view_bytes(self, index: Any) -> bytes:  # noqa: ANN401 - JSON
        """Return the bytes of a buffer view."""
        data, offset, length, _ = self._view(index)
        return data[offset : offset + length]

    def external(self, uri: str) -> Path | None:
        """Return the file inside the asset's folder that a URI means, or None."""
        return inside_folder(self.path.parent, unquote(uri))

    def _strided(self, entry: dict[str, Any], dtype: np.dtype[Any], shape: tuple[int, int], key: str) -> NDArray[Any]:
        data, start, length, stride = self._view(entry["bufferView"])
        offset = self.whole(entry, "byteOffset", 0)
        count, width = shape
        size = dtype.itemsize * width
        step = stride or size
        if step < size or offset + (step * (count - 1) + size if count else 0) > length:
            raise DatasetError(self.path, key, f"{count} elements of {size} bytes do not fit in {length} bytes")
        if not count:
            return np.zeros(shape, dtype)
        return np.ndarray(shape, dtype, data, start + offset, (step, dtype.itemsize))

    def _with_sparse(self, sparse: dict[str, Any], values: NDArray[Any], key: str) -> NDArray[Any]:
        """Return values with the listed ones replaced."""
        count = self.whole(sparse, "count")
        if count > len(values):
            raise DatasetError(self.path, key, f"{count} sparse values of {len(values)}")
        where, what = self.member(sparse, "indices", dict), self.member(sparse, "values", dict)
        kind = _type_of(where)
        if kind is None or kind == "<f4":
            raise DatasetError(self.path, key, "sparse indices are whole numbers")
        indices = self._strided(where, np.dtype(kind), (count, 1), key)[:, 0].astype(np.int64)
        if indices.size and (indices.min() < 0 or indices.max() >= len(values)):
            raise DatasetError(self.path, key, f"sparse indices up to {indices.max()} of {len(values)}")
        result = np.array(values)
        result[indices] = self._strided(what, values.dtype, (count, values.shape[1]), key)
        return result

    def _view(self, index: Any) -> tuple[bytes, int, int, int]:  # noqa: ANN401 - JSON
        """Return a buffer view's buffer, offset, length and stride (0: none)."""
        view = self.item("bufferViews", index)
        if "extensions" in view and "EXT_meshopt_compression" in str(view["extensions"]):
            raise DatasetError(self.path, f"bufferViews[{index}]", "EXT_meshopt_compression is not read")
        data = self._buffer(view.get("buffer"))
        offset, length = self.whole(view, "byteOffset", 0), self.whole(view, "byteLength")
        if offset + length > len(data):
            raise DatasetError(
                self.path, f"bufferViews[{index}]", f"bytes {offset}..{offset + length} of a buffer of {len(data)}"
            )
        return data, offset, length, self.whole(view, "byteStride", 0)

    def _buffer(self, index: Any) -> bytes:  # noqa: ANN401 - JSON
        entry = self.item("buffers", index)
        if index not in self._buffers:
            length = self.whole(entry, "byteLength")
            if length > self._bytes_left:
                raise DatasetError(self.path, f"buffers[{index}]", f"buffers of more than {MAX_BUFFER_BYTES} bytes")
            data = self.read_uri(entry.get("uri"), f"buffers[{index}]")
            if len(data) < length:
                raise DatasetError(
                    self.path, f"buffers[{index}]", f"cut off: it states {length} bytes and has {len(data)}"
                )
            self._bytes_left -= len(data)
            self._buffers[index] = data
        return self._buffers[index]

    def read_uri(self, uri: Any, key: str) -> bytes:  # noqa: ANN401 - JSON
        """Return what a URI means: the binary chunk (None), data in base64, or a file in the asset's folder.

        Raises:
            DatasetError: If it is none of these, or cannot be read.
        """
        if uri is None:
            if self._chunk is None:
                raise DatasetError(self.path, key, "it has no uri, and the file has no binary chunk")
            return self._chunk
        if not isinstance(uri, str):
            raise DatasetError(self.path, key, f"expected a uri, found {type(uri).__name__}")
        if uri.startswith("data:"):
            head, _, body = uri.partition(",")
            if not head.endswith(";base64"):
                raise DatasetError(self.path, key, "expected data in base64")
            try:
                return base64.b64decode(body, validate=True)
            except (binascii.Error, ValueError) as error:
                raise DatasetError(self.path, key, f"expected data in base64: {error}") from error
        file = self.external(uri)
        if file is None:
            raise DatasetError(self.path, key, f"{uri[:120]!r}: no such file in the asset's folder")
        return read_bytes(file, self._bytes_left)


def _type_of(entry: dict[str, Any]) -> str | None:
    """Return NumPy's name of an accessor's component type, or None where it states none."""
    number = entry.get("componentType")
    return _TYPES.get(number) if isinstance(number, int) else None


def _split_glb(path: Path, data: bytes) -> tuple[bytes, bytes | None]:
    """Return the JSON and the binary chunk of a .glb."""
    version, length = int.from_bytes(data[4:8], "little"), int.from_bytes(data[8:12], "little")
    if len(data) < 20 or version != 2:
        raise DatasetError(path, None, f"cannot be read as a mesh: expected a binary glTF 2, found version {version}")
    if length > len(data):
        raise DatasetError(path, None, f"cut off: it states {length} bytes and has {len(data)}")
    chunks: list[tuple[int, bytes]] = []
    position = 12
    while position + 8 <= length and len(chunks) < 2:
        size = int.from_bytes(data[position : position + 4], "little")
        kind = int.from_bytes(data[position + 4 : position + 8], "little")
        if position + 8 + size > length:
            raise DatasetError(path, None, f"cut off: a chunk of {size} bytes does not fit")
        chunks.append((kind, data[position + 8 : position + 8 + size]))
        position += 8 + size
    if not chunks or chunks[0][0] != _JSON_CHUNK:
        raise DatasetError(path, None, "cannot be read as a mesh: the first chunk is not JSON")
    binary = chunks[1][1] if len(chunks) > 1 and chunks[1][0] == _BINARY_CHUNK else None
    return chunks[0][1], binary
