"""All formats: which one is it, read its cameras, open its capture.

A format of another package is added by an entry point of the group `renderkit.formats` that names a `Format`.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib import import_module
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from renderkit.arguments import as_path, as_size
from renderkit.errors import DatasetError
from renderkit.formats import capture_toml
from renderkit.formats.as_stated import RawRig
from renderkit.formats.format import Format
from renderkit.formats.sizes import with_sizes
from renderkit.formats.unknown_file import what_it_is
from renderkit.formats.wide_lens import with_wide_lens_note
from renderkit.geometry.rig import Rig
from renderkit.untrusted.content import Content

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENTRY_POINTS = "renderkit.formats"
"""The entry point group of formats in other packages."""

CAMERA_SUFFIXES: Final = (
    ".json", ".xml", ".yml", ".yaml", ".toml", ".csv", ".txt", ".bin", ".npy", ".npz", ".smc", ".krt", "",
)  # fmt: skip
"""Suffixes of files in which cameras are looked for."""

_MAX_TRIED, _MAX_NAMED = 50, 3
"""Files of a folder that no format knows: how many are looked into, how many are named."""

# The order is that of detection: formats with a mark of their own come before those known by their shape.
_BUILT_IN: Final = (
    "rig_json:FORMAT",
    "dna_rendering:FORMAT",
    "renderme360:FORMAT",
    "colmap:BINARY",
    "colmap:TEXT",
    "opencv_yaml:FORMAT",
    "kalibr:FORMAT",
    "mc_calib:FORMAT",
    "opencv_storage:FORMAT",
    "motion_toml:FORMAT",
    "mrcal:FORMAT",
    "qualisys:FORMAT",
    "vicon:FORMAT",
    "panoptic:FORMAT",
    "transforms_json:NERFSTUDIO",
    "transforms_json:INSTANT_NGP",
    "krt_json:FORMAT",
    "nersemble:FORMAT",
    "facescape:FORMAT",
    "bop:FORMAT",
    "opensfm:FORMAT",
    "odm:FORMAT",
    "hot3d:FORMAT",
    "meshroom:FORMAT",
    "openmvg:FORMAT",
    "open3d:FORMAT",
    "nerfies:FORMAT",
    "gaussian_splatting:FORMAT",
    "sdfstudio:FORMAT",
    "llff:FORMAT",
    "neus:FORMAT",
    "interhand:FORMAT",
    "mvhumannet:FORMAT",
    "plain_cameras:FORMAT",
    "dictionary:FORMAT",
    "metashape:FORMAT",
    "actorshq:FORMAT",
    "middlebury:FORMAT",
    "krt_text:FORMAT",
    "ros:FORMAT",
    "colmap_database:FORMAT",
    "bundler:FORMAT",
    "nvm:FORMAT",
    "mvsnet:FORMAT",
    "skeletool:FORMAT",
    "realitycapture:XMP",
    "realitycapture:CSV",
    "projection_matrices:FORMAT",
)
"""MODULE:NAME of each format in this package. A new one is a module and a line here."""


@cache
def formats() -> Mapping[str, Format]:
    """Return every format by name, in the order of detection: the built-in ones, then those of other packages.

    Warns:
        UserWarning: For an entry point that cannot be loaded, is no `Format`, or takes a name that is in use; it is
            left out, and the other formats work.
    """
    known = {one.name: one for one in _own()}
    for found in _added():
        known.setdefault(found.name, found)
    return MappingProxyType(known)


def _in_order() -> Iterator[Format]:
    """Yield `formats()` one by one; modules are loaded only as far as somebody asks."""
    names = set()
    for one in _own():
        names.add(one.name)
        yield one
    yield from (one for name, one in formats().items() if name not in names)


def _own() -> Iterator[Format]:
    yield capture_toml.make_format(locate_format, read_stated_rig)
    yield from _built_in()


def _built_in() -> Iterator[Format]:
    for path in _BUILT_IN:
        module, _, name = path.partition(":")
        found: Format = getattr(import_module(f"{__package__}.{module}"), name)
        yield found


def find_format(name: str) -> Format:
    """Return the format called `name`.

    Raises:
        ValueError: If there is none, naming those there are.
    """
    found = next((one for one in _in_order() if one.name == name), None)
    if found is None:
        raise ValueError(f"unknown camera format {name!r}; expected one of {', '.join(formats())}")
    return found


def detect_format(path: str | Path) -> str:
    """Return the name of the format that a file or folder is in, from its content.

    Raises:
        DatasetError: If it is none of `formats()`.
    """
    return locate_format(Path(path))[0].name


def read_raw_rig(path: str | Path, format: str | None = None, *, size: tuple[int, int] | None = None) -> RawRig:  # noqa: A002 - the word users know
    """Read cameras as their file states them, unchecked; see `read_rig`."""
    size = None if size is None else as_size("size", size)
    rig = read_stated_rig(path, format)
    rig.raise_failed()
    return with_wide_lens_note(with_sizes(rig.with_left_out(), size))


def read_stated_rig(path: str | Path, format: str | None = None) -> RawRig:  # noqa: A002
    """Read cameras as their file states them, without sizes that it does not state; some may have failed."""
    chosen, content = locate_format(as_path("path", path), format)
    return replace(chosen.read_cameras(content), format=chosen.name)


def read_rig(path: str | Path, format: str | None = None, *, size: tuple[int, int] | None = None) -> Rig:  # noqa: A002
    """Read the cameras of a file or folder.

    Args:
        path: The file or folder.
        format: The name of one of `formats()`; None detects it from the content.
        size: (width, height) for formats that state no image size and have no pictures beside them.

    Raises:
        DatasetError: If the file cannot be read as what it is.
        CalibrationError: If a camera in it is invalid; `read_raw_rig` and `lint` look into it nevertheless.
        ValueError: If `format` is unknown.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import renderkit as rk
        >>> rig = rk.Rig({"25": rk.Camera.look_at((0, 0, 3), (0, 0, 0), size=(640, 480), name="25")}, unit="m")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = rk.write_rig(rig, Path(folder, "rig.json"), format="rig")
        ...     rk.read_rig(Path(folder, "rig.json"))["25"] == rig["25"]
        True
    """
    return read_raw_rig(path, format, size=size).to_rig()


def locate_format(path: Path, name: str | None = None, *, but: str = "") -> tuple[Format, Content]:
    """Return the format of a file or folder, and where its cameras are: a folder may hold a file of a usual name.

    Args:
        path: The file or folder.
        name: The format; None detects it.
        but: A format that it is not.

    Raises:
        DatasetError: If there is nothing at `path`, or no format knows it.
        ValueError: If the format is unknown.
    """
    content = Content(path)
    _check_exists(path)
    if name is None:
        return _detect(content, but)
    chosen = find_format(name)
    if content.is_folder and not chosen.matches(content):
        inside = (Content(path / file) for file in chosen.layout.cameras if (path / file).is_file())
        content = next(inside, content)
    return chosen, content


def _check_exists(path: Path) -> None:
    try:
        there = path.exists()
    except OSError as error:
        raise DatasetError(path, None, f"cannot be opened: {error.strerror}") from error
    if not there:
        raise DatasetError(path, None, "no such file or folder")


def _detect(content: Content, but: str) -> tuple[Format, Content]:
    _check_exists(content.path)
    damage: DatasetError | None = None
    for one, candidate in _candidates(content):
        try:
            if one.name != but and one.matches(candidate):
                return one, candidate
        except DatasetError as error:
            # Another format may know the file; if none does, this says more than that nobody does.
            damage = damage or error
    if damage is not None:
        raise damage
    inside = tuple(islice(_camera_files(content.path, but), _MAX_NAMED)) if content.is_folder else ()
    if inside:
        names = ", ".join(f"{file.name} ({one.title})" for one, file in inside)
        why = (
            f"neither a capture nor a camera format that renderkit knows, but cameras are in it: {names}. Name that "
            f"file ({inside[0][1]}), or write a capture.toml (`renderkit init {content.path}`)"
        )
        raise DatasetError(content.path, None, why)
    why = (
        f"neither a capture nor a camera format that renderkit knows: {what_it_is(content)}. Camera files: "
        f"{', '.join(formats())}; captures: {_capture_titles()}. Name the camera file with --rig FILE and the pictures "
        "with --images PATTERN, or write a capture.toml (`renderkit init`)"
    )
    raise DatasetError(content.path, None, why)


def _candidates(content: Content) -> Iterator[tuple[Format, Content]]:
    """Yield what may be in which format: the path itself, then the files of a folder that have a usual name."""
    for one in _in_order():
        yield one, content
    if content.is_folder:
        for one in formats().values():
            for file in one.layout.cameras:
                if (content.path / file).is_file():
                    yield one, Content(content.path / file)


def _camera_files(folder: Path, but: str) -> Iterator[tuple[Format, Path]]:
    """Yield the camera files that lie in a folder under other names than their formats' usual ones."""
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if Path(entry.name).suffix.lower() in CAMERA_SUFFIXES)
    for file in (folder / name for name in names[:_MAX_TRIED]):
        content = Content(file)
        for one in formats().values():
            try:
                if one.name != but and file.is_file() and one.matches(content):
                    yield one, file
                    break
            except DatasetError:
                continue  # damaged: `inspect` on it says what


def _capture_titles() -> str:
    return ", ".join(one.title for one in formats().values() if one.open_capture is not None)


def _added() -> Iterator[Format]:
    """Yield the formats of other packages; a broken or clashing one is warned of and left out."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - it reads every installed package's data

    names = {one.name: "renderkit" for one in _built_in()} | {capture_toml.NAME: "renderkit"}
    for entry in entry_points(group=ENTRY_POINTS):
        package = entry.dist.name if entry.dist is not None else entry.value
        found = _load(entry, package)
        if found is None:
            continue
        if found.name in names:
            _warn(entry, package, f"the format name {found.name!r} is taken by {names[found.name]}")
            continue
        names[found.name] = package
        yield found


def _load(entry: EntryPoint, package: str) -> Format | None:
    try:
        found = entry.load()
    except Exception as error:  # noqa: BLE001 - another package's import may raise anything; it is warned of
        _warn(entry, package, f"it cannot be loaded: {type(error).__name__}: {error}")
        return None
    if not isinstance(found, Format):
        _warn(entry, package, f"expected a renderkit.formats.Format, found {type(found).__name__}")
        return None
    return found


def _warn(entry: EntryPoint, package: str, why: str) -> None:
    text = f"the camera format {entry.name!r} of package {package} ({entry.value}) is left out: {why}"
    warnings.warn(text, UserWarning, stacklevel=2)
