"""Material libraries of .obj files: diffuse colours and textures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from renderkit.errors import DatasetError
from renderkit.geometry.mesh_files.textures import inside_folder
from renderkit.untrusted.files import read_bytes

MAX_MTL_BYTES = 16 << 20
"""Material libraries above this size are refused."""

_MAX_LIBRARIES = 32
_OTHER_COLORS = frozenset({"map_ka", "map_ke"})
_ONE_WORD = frozenset({"-blendu", "-blendv", "-cc", "-imfchan", "-texres", "-boost", "-bm", "-type", "-colorspace"})


@dataclass(frozen=True)
class Material:
    """What is used of a material.

    Attributes:
        color: Diffuse colour (Kd), 0 to 1; or None.
        texture: File of the diffuse colour (map_Kd); empty for none.
        subfolder: The library's folder, within the mesh's, which texture files are named from.
        scale: Factor of the texture coordinates (-s).
        offset: What is added to them then (-o).
        clamped: Whether the texture does not repeat (-clamp on).
    """

    color: tuple[float, float, float] | None = None
    texture: str = ""
    subfolder: str = ""
    scale: tuple[float, float] = (1.0, 1.0)
    offset: tuple[float, float] = (0.0, 0.0)
    clamped: bool = False

    @property
    def is_placed(self) -> bool:
        """Whether texture coordinates are changed."""
        return self.scale != (1.0, 1.0) or self.offset != (0.0, 0.0)


def read_materials(mesh_file: Path, libraries: tuple[str, ...]) -> tuple[dict[str, Material], list[str]]:
    """Read the libraries that lie in the mesh's folder.

    Returns:
        Materials by name, and a note for each library that cannot be read or line that is passed over.
    """
    found: dict[str, Material] = {}
    notes: list[str] = []
    for reference in dict.fromkeys(libraries[:_MAX_LIBRARIES]):
        files = [inside_folder(mesh_file.parent, reference.strip('"'))]
        if files == [None]:
            files = [inside_folder(mesh_file.parent, word) for word in reference.split()]
        for file in files or [None]:
            if file is None:
                notes.append(f"material library {reference[:200]!r}: no such file in the mesh's folder")
                continue
            try:
                subfolder = file.parent.relative_to(mesh_file.parent.resolve()).as_posix()
                _read_library(file, subfolder, found, notes)
            except DatasetError as error:
                notes.append(f"material library {reference[:200]!r} is left out: {error.why}")
    return found, list(dict.fromkeys(notes))


def _read_library(file: Path, subfolder: str, found: dict[str, Material], notes: list[str]) -> None:
    """Add one library's materials; its notes too."""
    name = ""
    others: dict[str, str] = {}
    for word, rest in _statements(read_bytes(file, MAX_MTL_BYTES)):
        if word == "newmtl":
            name = rest
            found[name] = Material(subfolder=subfolder)
        elif word in {"kd", "map_kd"} and name in found:
            try:
                found[name] = _with_color(found[name], rest) if word == "kd" else _with_texture(found[name], rest)
            except (ValueError, IndexError) as error:
                notes.append(f"material {name[:80]!r}: {word} {rest[:80]!r} is left out: {error}")
        elif word in _OTHER_COLORS:
            others[name] = word
    notes += [
        f"material {name[:80]!r} has no map_Kd, the texture of its colour; its {word} is not read"
        for name, word in others.items()
        if name in found and not found[name].texture
    ]


def _statements(data: bytes) -> Iterator[tuple[str, str]]:
    for line in data.decode("utf-8-sig", errors="replace").replace("\\\r\n", " ").replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().replace("\t", " ").partition(" ")
        if word and not word.startswith("#"):
            yield word.lower(), rest.strip()


def _with_color(material: Material, text: str) -> Material:
    values = [float(word) for word in text.split()]
    color = (values[0], values[0], values[0]) if len(values) == 1 else (values[0], values[1], values[2])
    if not np.isfinite(color).all():
        raise ValueError("expected finite numbers")
    return replace(material, color=color)


def _with_texture(material: Material, text: str) -> Material:
    """Read map_Kd: options, then a file name that may hold spaces."""
    material = replace(material, texture="", scale=(1.0, 1.0), offset=(0.0, 0.0), clamped=False)
    while text.startswith("-"):
        option, _, rest = text.partition(" ")
        rest = rest.lstrip()
        if option in {"-s", "-o", "-t"}:
            values, text = _leading_numbers(rest)
            default = 1.0 if option == "-s" else 0.0
            pair = (values[0], values[1] if len(values) > 1 else default)
            if option == "-s":
                material = replace(material, scale=pair)
            elif option == "-o":
                material = replace(material, offset=pair)
        elif option == "-mm":
            text = rest.split(None, 2)[2]
        elif option == "-clamp":
            value, _, text = rest.partition(" ")
            material = replace(material, clamped=value.lower() == "on")
        elif option in _ONE_WORD:
            text = rest.partition(" ")[2]
        else:
            break
        text = text.lstrip()
    if not text:
        raise ValueError("it names no file")
    return replace(material, texture=text.strip('"'))


def _leading_numbers(text: str) -> tuple[list[float], str]:
    """Return one to three finite numbers and what follows them."""
    values: list[float] = []
    while len(values) < 3:
        word, _, rest = text.partition(" ")
        try:
            value = float(word)
        except ValueError:
            break
        values.append(value)
        text = rest.lstrip()
    if not values or not np.isfinite(values).all():
        raise ValueError("expected numbers")
    return values, text
