"""What every camera format provides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from renderkit.formats.as_stated import RawRig, Unit
from renderkit.formats.format_capability import Expressible
from renderkit.geometry.rig import Rig
from renderkit.untrusted.content import Content


@dataclass(frozen=True)
class WriteOptions:
    """Choices that some formats need on writing.

    Attributes:
        picture_suffix: Suffix of the picture files, for formats that name cameras by picture.
    """

    picture_suffix: str = ".png"


@dataclass(frozen=True)
class RigFormat:
    """One camera format.

    Attributes:
        name: What --from and --to call it.
        title: What people call it.
        matches: Whether a file or folder looks like this format, from its content.
        read: Reads the cameras as they are stated; raises DatasetError.
        limits: What it can state; None where it is only read.
        write: Writes cameras that `limits` admits and returns notes for the user; None where it is only read.
        unit: The unit that readers of the format take for granted.
    """

    name: str
    title: str
    matches: Callable[[Content], bool]
    read: Callable[[Content], RawRig]
    limits: Expressible | None = None
    write: Callable[[Rig, Path, WriteOptions], tuple[str, ...]] | None = None
    unit: Unit = "unknown"
