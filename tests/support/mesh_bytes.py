"""Mesh files of every dialect, as bytes, written by hand: a roof of two squares and a triangle."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np

VERTICES = np.array([[0.0, 0, 0], [1, 0, 0.5], [2, 0, 0], [0, 1, 0], [1, 1, 0.5], [2, 1, 0], [0.25, 3, 0]])
POLYGONS = [[0, 1, 4, 3], [1, 2, 5, 4], [3, 4, 6]]
TRIANGLES = [[0, 1, 4], [0, 4, 3], [1, 2, 5], [1, 5, 4], [3, 4, 6]]
COLORS = np.array([[i * 30, 255 - i * 30, 7 * i] for i in range(7)], np.uint8)
CODES = {
    "char": "b", "uchar": "B", "short": "h", "ushort": "H", "int": "i", "uint": "I", "float": "f", "double": "d",
    "int8": "b", "uint8": "B", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "float32": "f", "float64": "d",
}  # fmt: skip


def ply(
    elements: list[tuple[str, list[str], list[list[Any]]]], form: str = "ascii", *, newline: str = "\n",
    comments: tuple[str, ...] = (),
) -> bytes:  # fmt: skip
    """Write a PLY file; each element is (name, properties, rows), list values are lists."""
    head = ["ply", f"format {form} 1.0", *comments]
    for name, properties, rows in elements:
        head += [f"element {name} {len(rows)}", *(f"property {text}" for text in properties)]
    text = newline.join([*head, "end_header", ""]).encode()
    if form == "ascii":
        lines = []
        for _, _, rows in elements:
            for row in rows:
                words = [f"{len(v)} {' '.join(map(str, v))}".rstrip() if isinstance(v, list) else str(v) for v in row]
                lines.append(" ".join(words) + newline)
        return text + "".join(lines).encode()
    order = "<" if form == "binary_little_endian" else ">"
    body = b""
    for _, properties, rows in elements:
        for row in rows:
            for kind, value in zip(properties, row, strict=True):
                words = kind.split()
                if words[0] == "list":
                    body += struct.pack(order + CODES[words[1]], len(value))
                    body += struct.pack(f"{order}{len(value)}{CODES[words[2]]}", *value)
                else:
                    body += struct.pack(order + CODES[words[0]], value)
    return text + body


def vertex_element(kind: str = "float", extra: tuple[str, ...] = (), values: Any = None) -> tuple[str, list[str], Any]:
    """Return the vertices as a PLY element, with further properties."""
    rows = [list(map(float, row)) for row in VERTICES]
    if values is not None:
        rows = [row + list(more) for row, more in zip(rows, values, strict=True)]
    return "vertex", [f"{kind} {axis}" for axis in "xyz"] + list(extra), rows


def face_element(name: str = "vertex_indices", count: str = "uchar", index: str = "int") -> tuple[str, list[str], Any]:
    """Return the polygons as a PLY element."""
    return "face", [f"list {count} {index} {name}"], [[polygon] for polygon in POLYGONS]


def obj(faces: str = "", head: str = "") -> bytes:
    """Write an OBJ file with the roof's vertices."""
    lines = [" ".join(["v", *(f"{x:g}" for x in row)]) for row in VERTICES]
    faces = faces or "".join(f"f {' '.join(str(i + 1) for i in polygon)}\n" for polygon in POLYGONS)
    return (head + "\n".join(lines) + "\n" + faces).encode()


def off(kind: str = "OFF", vertex_extra: str = "", face_extra: str = "", comment: str = "") -> bytes:
    """Write an OFF file of the roof."""
    rows = [f"{' '.join(map(str, row))}{vertex_extra}" for row in VERTICES]
    faces = [f"{len(polygon)} {' '.join(map(str, polygon))}{face_extra}" for polygon in POLYGONS]
    return "\n".join([kind, comment, f"7 3 0{comment}", *rows, "", *faces, ""]).encode()


def binary_stl(head: bytes = b"made by hand", attribute: int = 0) -> bytes:
    """Write the roof's triangles as binary STL."""
    facets = b"".join(
        struct.pack("<12fH", 0, 0, 0, *VERTICES[triangle].ravel(), attribute) for triangle in np.array(TRIANGLES)
    )
    return head.ljust(80, b" ") + struct.pack("<I", len(TRIANGLES)) + facets


def text_stl(newline: str = "\n") -> bytes:
    """Write the roof's triangles as text STL."""
    lines = ["solid a name with vertex in it"]
    for triangle in TRIANGLES:
        lines += ["facet normal 0 0 1", "  outer loop"]
        lines += ["    vertex " + " ".join(f"{x:e}" for x in VERTICES[i]) for i in triangle]
        lines += ["  endloop", "endfacet"]
    return newline.join([*lines, "endsolid a name", ""]).encode()


class GltfBuilder:
    """Collects accessors in one buffer."""

    def __init__(self) -> None:
        self.buffer = b""
        self.root: dict[str, Any] = {
            "asset": {"version": "2.0"}, "buffers": [{}], "bufferViews": [], "accessors": [],
            "meshes": [], "nodes": [], "scenes": [{"nodes": [0]}], "scene": 0,
        }  # fmt: skip

    def view(self, data: bytes, **more: Any) -> int:
        """Add a buffer view."""
        self.buffer += b"\0" * (-len(self.buffer) % 4)
        self.root["bufferViews"].append({"buffer": 0, "byteOffset": len(self.buffer), "byteLength": len(data), **more})
        self.buffer += data
        return len(self.root["bufferViews"]) - 1

    def accessor(self, values: Any, kind: str = "<f4", **more: Any) -> int:
        """Add an accessor of values stored as `kind`."""
        array = np.asarray(values, kind)
        component = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}[kind.strip("<|")]
        shape = "SCALAR" if array.ndim == 1 else f"VEC{array.shape[1]}"
        entry = {
            "componentType": component,
            "type": shape,
            "count": len(array),
            "bufferView": self.view(array.tobytes()),
        }
        self.root["accessors"].append(entry | more)
        return len(self.root["accessors"]) - 1

    def mesh(self, *primitives: dict[str, Any], **node: Any) -> int:
        """Add a mesh and a node that holds it."""
        self.root["meshes"].append({"primitives": list(primitives)})
        self.root["nodes"].append({"mesh": len(self.root["meshes"]) - 1, **node})
        return len(self.root["nodes"]) - 1

    def glb(self) -> bytes:
        """Return the binary form."""
        self.root["buffers"][0]["byteLength"] = len(self.buffer)
        text = json.dumps(self.root).encode()
        text += b" " * (-len(text) % 4)
        body = self.buffer + b"\0" * (-len(self.buffer) % 4)
        chunks = struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(body), 0x004E4942) + body
        return struct.pack("<III", 0x46546C67, 2, 12 + len(chunks)) + chunks


def roof_glb() -> bytes:
    """Write the roof as a GLB."""
    builder = GltfBuilder()
    position, index = builder.accessor(VERTICES), builder.accessor(np.ravel(TRIANGLES), "<u2")
    builder.mesh({"attributes": {"POSITION": position}, "indices": index})
    return builder.glb()


def picture(path: Path, rgb: tuple[int, int, int], size: tuple[int, int] = (6, 4)) -> Path:
    """Write a picture of one colour."""
    cv2.imwrite(str(path), np.full((size[1], size[0], 3), rgb[::-1], np.uint8))
    return path
