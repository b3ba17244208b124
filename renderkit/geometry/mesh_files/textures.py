"""Textures that mesh files name: PNG and JPEG by their content, bounded before they are decoded."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath

from renderkit.arrays import ColorImage
from renderkit.errors import DatasetError
from renderkit.geometry.surface_defaults import REPEATED, Wrap
from renderkit.images.encoded import MAX_ENCODED_BYTES, EncodedImage
from renderkit.images.header import encoded_size, is_png_or_jpeg
from renderkit.untrusted.files import read_bytes

MAX_MESH_TEXELS = 1 << 28
"""Texels that all textures of one mesh may have together (268 million: four of 8192 x 8192)."""


@dataclass(frozen=True, eq=False)
class MeshTexture:
    """A decoded texture.

    Attributes:
        pixels: (h, w, 3) RGB.
        wrap: How it is continued along u and v.
    """

    pixels: ColorImage
    wrap: tuple[Wrap, Wrap] = REPEATED


class TextureReader:
    """Reads the textures of one mesh file; remembers what is wrong with those it cannot read.

    Attributes:
        notes: One sentence per texture that could not be read.
    """

    def __init__(self, mesh_file: Path) -> None:
        self._mesh_file = mesh_file
        self._texels_left = MAX_MESH_TEXELS
        self._known: dict[str, MeshTexture | None] = {}
        self.notes: list[str] = []

    def from_file(
        self, reference: str, wrap: tuple[Wrap, Wrap] = REPEATED, *, subfolder: str = ""
    ) -> MeshTexture | None:
        """Return the texture of a file inside the mesh's folder, or None with a note; see `inside_folder`."""
        file = inside_folder(self._mesh_file.parent, reference, subfolder)
        if file is None:
            self._note(reference, "no such file in the mesh's folder")
            return None
        return self._read(str(file), reference, EncodedImage(lambda: read_bytes(file, MAX_ENCODED_BYTES), file), wrap)

    def from_bytes(
        self, name: str, read_bytes: Callable[[], bytes], wrap: tuple[Wrap, Wrap] = REPEATED
    ) -> MeshTexture | None:
        """Return the texture whose encoded bytes the mesh file holds, or None with a note."""
        return self._read(name, name, EncodedImage(read_bytes, self._mesh_file, name), wrap)

    def _read(self, key: str, name: str, image: EncodedImage, wrap: tuple[Wrap, Wrap]) -> MeshTexture | None:
        if key not in self._known:
            self._known[key] = None
            try:
                self._known[key] = MeshTexture(self._decode(image))
            except DatasetError as error:
                self._note(name, error.why)
        found = self._known[key]
        return None if found is None else replace(found, wrap=wrap)

    def _decode(self, image: EncodedImage) -> ColorImage:
        data = image.read_bytes()
        size = encoded_size(data) if is_png_or_jpeg(data) else None
        if size is None:
            raise DatasetError(image.path, image.key, f"expected a PNG or JPEG picture, found {data[:8]!r}")
        texels = size[0] * size[1]
        if not 0 < texels <= self._texels_left:
            raise DatasetError(image.path, image.key, f"{size[0]} x {size[1]} texels are over {self._texels_left}")
        self._texels_left -= texels
        return replace(image, read_bytes=lambda: data).decode_color()

    def _note(self, name: str, why: str) -> None:
        note = f"texture {name[:200]!r} is left out: {why}"
        if note not in self.notes:
            self.notes.append(note)


def inside_folder(folder: Path, reference: str, subfolder: str = "") -> Path | None:
    """Return the file that a reference means, or None where there is none inside `folder`.

    Exporters write absolute paths of their own machine: of those, and of paths or links that lead out of the folder,
    the bare file name is looked for. Capitals count only where names differ in nothing else, as programs on Windows
    and macOS write them in any way.

    Args:
        folder: The mesh's folder, which nothing may lead out of.
        reference: What the file says.
        subfolder: The folder within it that holds the file which says so, and is looked at first.
    """
    if "\0" in reference or len(reference) > 4096:
        return None
    root = folder.resolve()
    names = (reference, reference.replace("\\", "/"), _bare_name(reference))
    inner = [PurePosixPath(name) for name in names if name and not PurePosixPath(name).is_absolute()]
    candidates = [root / place / name for place in dict.fromkeys((subfolder, "")) for name in inner]
    for find in (Path, _in_any_case):
        for candidate in candidates:
            try:
                file = find(candidate).resolve()
                if file.is_relative_to(root) and file.exists() and not file.is_dir():
                    return file
            except (OSError, RuntimeError, ValueError):
                continue
    return None


def _in_any_case(file: Path) -> Path:
    """Return the one file of the same folder whose name differs in capitals alone; the file itself where none does."""
    wanted = file.name.lower()
    found = [name for name in os.listdir(file.parent) if name.lower() == wanted]  # noqa: PTH208 - names are enough
    return file.parent / found[0] if len(found) == 1 else file


def _bare_name(reference: str) -> str:
    return PureWindowsPath(reference.strip()).name
