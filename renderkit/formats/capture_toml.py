"""capture.toml: a capture in words, as `renderkit init` writes it. docs/guide/own-capture.md describes each field.

Paths and patterns are relative to the file's folder and stay inside it.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeAlias

from renderkit.capture import Capture
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawRig
from renderkit.formats.format import DEFAULT_MIN_CONFIDENCE, CaptureOptions, Format
from renderkit.untrusted.content import Content, Untrusted, field, mapping_at, size_at
from renderkit.untrusted.files import read_text
from renderkit.writing import write_text

if TYPE_CHECKING:
    from renderkit.formats.folder import FolderParts, ReadCameras

NAME = "capture-toml"
FILE_NAME = "capture.toml"
FORMAT_NAME = "renderkit-capture"
FORMAT_VERSION = 1
MAX_BYTES = 4 << 20
"""capture.toml files above this size are refused."""

Locate: TypeAlias = Callable[[Path, str | None], tuple[Format, Content]]

_PATTERNS = ("images", "masks", "mesh", "landmarks")
_KEYS = ("format", "version", "cameras", "cameras_format", *_PATTERNS, "camera_names", "size", "unit", "min_confidence")
_UNITS = ("m", "mm", "unknown")


def matches(content: Content) -> bool:
    """Return True for a folder with capture.toml, and for that file under any name that ends in .toml."""
    if content.is_folder:
        return content.has(FILE_NAME)
    return content.path.suffix == ".toml" and FORMAT_NAME.encode() in content.head


def make_format(locate: Locate, read: ReadCameras) -> Format:
    """Return the format.

    Args:
        locate: Finds the format of the cameras that a capture.toml names, by path and, where it is stated, name.
        read: Reads those cameras.
    """

    def read_cameras(content: Content) -> RawRig:
        path = _file(content)
        parts = read_parts(path, read)
        with _naming(path):
            chosen, _ = _cameras(locate, parts, path)
            return replace(read(parts.rig, chosen.name), path=content.path)

    def open_capture(content: Content, options: CaptureOptions) -> Capture:
        from renderkit.formats.folder import FolderCapture  # noqa: PLC0415 - as in read_parts

        path = _file(content)
        parts = read_parts(path, read)
        with _naming(path):
            chosen, cameras = _cameras(locate, parts, path)
            if parts.mesh is None and chosen.read_mesh is not None:
                parts = replace(parts, mesh=chosen.read_mesh(cameras))
            if options.min_confidence is not None:
                parts = replace(parts, min_confidence=options.min_confidence)
            return FolderCapture(parts)

    return Format(
        name=NAME,
        title="capture.toml (written by renderkit init)",
        matches=matches,
        read_cameras=read_cameras,
        open_capture=open_capture,
    )


def _cameras(locate: Locate, parts: FolderParts, path: Path) -> tuple[Format, Content]:
    """Return the format of the cameras, which may not be in a capture.toml again: the two could name each other."""
    chosen, cameras = locate(parts.rig, parts.format)
    if chosen.name == NAME:
        why = "expected a camera file; where the cameras lie beside this file, state cameras_format too"
        raise DatasetError(path, "cameras", why)
    return chosen, cameras


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turn what a pattern or a name in the file makes invalid into an error that names the file."""
    try:
        yield
    except ValueError as error:
        raise DatasetError(path, None, str(error)) from error


def read_parts(path: Path, read: ReadCameras) -> FolderParts:
    """Read what a capture.toml states.

    Raises:
        DatasetError: If it is not one, or a path in it would leave its folder.
    """
    # This module is loaded to tell formats apart; what finds pictures, mattes and landmarks is not needed for that.
    from renderkit.formats.folder import FolderParts  # noqa: PLC0415
    from renderkit.untrusted.toml_text import parse_toml  # noqa: PLC0415

    values = parse_toml(path, read_text(path, MAX_BYTES))
    found = (values.get("format"), values.get("version"))
    if found != (FORMAT_NAME, FORMAT_VERSION):
        why = f"expected format = {FORMAT_NAME!r} and version = {FORMAT_VERSION}, found {found[0]!r} and {found[1]!r}"
        raise DatasetError(path, "format", why)
    unknown = [key for key in values if key not in _KEYS]
    if unknown:
        raise DatasetError(path, unknown[0], f"unknown key; expected {', '.join(_KEYS)}")
    patterns = {key: _inside(values[key], path, key) for key in _PATTERNS if key in values}
    cameras = _inside(field(values, "cameras", path), path, "cameras")
    landmarks = patterns.pop("landmarks", None)
    unit = values.get("unit")
    if unit is not None and unit not in _UNITS:
        raise DatasetError(path, "unit", f"expected one of {', '.join(_UNITS)}, found {unit!r}")
    return FolderParts(
        rig=path.parent / cameras,
        root=path.parent,
        read_cameras=read,
        dataset=NAME,
        landmarks=None if landmarks is None else path.parent / landmarks,
        min_confidence=_min_confidence(values, path),
        camera_names=_camera_names(values, path),
        size=_size(values, path),
        format=_cameras_format(values, path),
        unit=unit,
        **patterns,
    )


def write_parts(path: Path, parts: FolderParts) -> str:
    """Return the text of a capture.toml for `parts`, whose paths lie below the folder of `path`.

    Raises:
        DatasetError: If a path does not.
    """
    root = path.parent
    values: dict[str, object] = {
        "format": FORMAT_NAME,
        "version": FORMAT_VERSION,
        "cameras": _relative(parts.rig, root, path, "cameras"),
        "cameras_format": parts.format,
        "images": None if parts.images is None else _relative(parts.root / parts.images, root, path, "images"),
        "masks": None if parts.masks is None else _relative(parts.root / parts.masks, root, path, "masks"),
        "mesh": _relative(parts.root / parts.mesh, root, path, "mesh") if isinstance(parts.mesh, str) else None,
        "landmarks": None if parts.landmarks is None else _relative(parts.landmarks, root, path, "landmarks"),
        "min_confidence": parts.min_confidence if parts.min_confidence != DEFAULT_MIN_CONFIDENCE else None,
        "size": None if parts.size is None else list(parts.size),
        "unit": parts.unit,
    }
    lines = [f"{key} = {_toml(value)}" for key, value in values.items() if value is not None]
    if isinstance(parts.camera_names, Mapping):
        lines += ["", "[camera_names]", *(f"{_toml(k)} = {_toml(v)}" for k, v in parts.camera_names.items())]
    return "\n".join(lines) + "\n"


def write_file(path: Path, text: str) -> None:
    """Write a capture.toml.

    Raises:
        DatasetError: If it cannot be written.
    """
    write_text(path, text)


def _file(content: Content) -> Path:
    return content.path / FILE_NAME if content.is_folder else content.path


def _inside(value: Untrusted, path: Path, key: str) -> str:
    """Return a path or pattern that stays inside the folder.

    Raises:
        DatasetError: If it is no text, is absolute, or goes up.
    """
    if not isinstance(value, str) or not value or "\0" in value:
        raise DatasetError(path, key, f"expected a path as text, found {value!r:.80}")
    given = PurePosixPath(value)
    if given.is_absolute() or ".." in given.parts or "\\" in value or Path(value).is_absolute():
        why = f"expected a path below the folder of this file, with / between names, found {value!r:.200}"
        raise DatasetError(path, key, f"{why}. Move {FILE_NAME} to a folder above, or use --rig and --{key}")
    return value


def _cameras_format(values: Mapping[str, Untrusted], path: Path) -> str | None:
    name = values.get("cameras_format")
    if name is not None and not isinstance(name, str):
        raise DatasetError(path, "cameras_format", f"expected a camera format, found {name!r:.80}")
    return name


def _camera_names(values: Mapping[str, Untrusted], path: Path) -> dict[str, str] | None:
    if "camera_names" not in values:
        return None
    names = mapping_at(values["camera_names"], path, "camera_names")
    wrong = [name for name, label in names.items() if not isinstance(label, str)]
    if wrong:
        raise DatasetError(path, f"camera_names.{wrong[0]}", f"expected text, found {names[wrong[0]]!r:.80}")
    return dict(names)


def _min_confidence(values: Mapping[str, Untrusted], path: Path) -> float:
    value = values.get("min_confidence", DEFAULT_MIN_CONFIDENCE)
    if not isinstance(value, int | float) or not 0.0 <= value < math.inf:
        raise DatasetError(path, "min_confidence", f"expected a number from 0, found {value!r:.80}")
    return float(value)


def _size(values: Mapping[str, Untrusted], path: Path) -> tuple[int, int] | None:
    size = values.get("size")
    if size is None:
        return None
    if not isinstance(size, list) or len(size) != 2:
        raise DatasetError(path, "size", f"expected [width, height] in px, found {size!r:.80}")
    return size_at(size[0], size[1], path, "size")


def _relative(given: Path, root: Path, path: Path, key: str) -> str:
    text = Path(os.path.relpath(given.absolute(), root.absolute())).as_posix()
    return _inside(text, path, key)


def _toml(value: object) -> str:
    # JSON's strings, whole numbers and lists of them are TOML's, but for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
