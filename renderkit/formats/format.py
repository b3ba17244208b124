"""What every format provides: its cameras, and its capture where it has pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from renderkit.capture import Capture
from renderkit.formats.as_stated import RawRig
from renderkit.formats.format_capability import Expressible
from renderkit.formats.picture_layout import USUAL, PictureLayout
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.rig import Rig, Unit
from renderkit.untrusted.content import Content

DEFAULT_MIN_CONFIDENCE: Final = 0.0
"""Landmarks must have more confidence than this: by default all count that were detected at all."""


@dataclass(frozen=True)
class WriteOptions:
    """Choices that some formats need on writing.

    Attributes:
        picture_suffix: Suffix of the picture files, for formats that name cameras by picture.
    """

    picture_suffix: str = ".png"


@dataclass(frozen=True)
class CaptureOptions:
    """Files beside a capture that some formats need; the others pass them over.

    Attributes:
        flame: A file with FLAME's faces, for captures that store FLAME vertices.
        mesh_root: Folder of the dataset's released models, where they do not lie beside the pictures.
        min_confidence: Landmarks whose confidence is not above this count as not detected; None takes what the capture
            itself says.
    """

    flame: Path | None = None
    mesh_root: Path | None = None
    min_confidence: float | None = None


@dataclass(frozen=True, kw_only=True)
class Format:
    """One format.

    To add one, write a module with such a value and name it in `registry`, or in the entry point group
    `renderkit.formats` of another package.

    Attributes:
        name: What --from and --to call it.
        title: What people call it.
        matches: Whether a file or folder looks like this format, from its content.
        read_cameras: Reads the cameras as they are stated; raises DatasetError. A camera that cannot be read may be
            left to `RawRig.failed`, so that it does not make the others unusable.
        open_capture: Opens the whole capture, with the cameras of `read_cameras`; None where the format has cameras
            only.
        write: Writes cameras that `limits` admits and returns notes for the user; None where it is only read.
        limits: What it can state; None where it is only read.
        names_pictures: Whether what is written names cameras by picture files: `WriteOptions.picture_suffix` counts.
        unit: The unit that readers of the format take for granted.
        layout: Where pictures, mattes and meshes lie beside the cameras, for formats without `open_capture`.
        read_mesh: Reads the mesh that the format itself names, in the world of its cameras; None where it names none.
    """

    name: str
    title: str
    matches: Callable[[Content], bool]
    read_cameras: Callable[[Content], RawRig]
    open_capture: Callable[[Content, CaptureOptions], Capture] | None = None
    write: Callable[[Rig, Path, WriteOptions], tuple[str, ...]] | None = None
    limits: Expressible | None = None
    names_pictures: bool = False
    unit: Unit = "unknown"
    layout: PictureLayout = USUAL
    read_mesh: Callable[[Content], Mesh | None] | None = None
