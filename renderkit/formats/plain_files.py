"""Where the cameras of nobody's format stand in a file or a folder: by name, in lists, by column, one in each file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from renderkit.errors import DatasetError
from renderkit.formats.plain_keys import (
    C2W_KEYS,
    D_KEYS,
    K_KEYS,
    POSE_KEYS,
    R_KEYS,
    SIZE_KEYS,
    T_KEYS,
    W2C_KEYS,
    Entry,
    below_lists,
)
from renderkit.formats.plain_pose import WHOLE_KEYS, is_posed
from renderkit.formats.plain_values import has_camera_keys, is_camera, opened
from renderkit.selection import natural_key
from renderkit.untrusted.content import Content, Untrusted
from renderkit.untrusted.npz import npz_names, read_npz

ZIP = b"PK\x03\x04"
_SINGLE = "0"
_YAML, _SUFFIXES = {".yaml", ".yml"}, (".json", ".yaml", ".yml", ".npz")
_COLUMNS = (*K_KEYS, *WHOLE_KEYS, *R_KEYS, *T_KEYS, *D_KEYS, *SIZE_KEYS)
_MAX_FILES = 10_000


def stated_cameras(content: Content) -> tuple[dict[str, Untrusted], Untrusted]:
    """Return the cameras of a file or folder, `opened`, by name or place, and the file's top level (None of others).

    Raises:
        DatasetError: If a file cannot be parsed.
    """
    if content.is_folder:
        return {one.path.stem: _only(one) for one in camera_files(content.path)}, None
    if content.head.startswith(ZIP):
        return {key: opened(one) for key, one in _npz_entries(content.path).items()}, None
    top = _parsed(content)
    return entries_of(top), top


def camera_files(folder: Path) -> list[Content]:
    """Return the files of a folder that holds one posed camera in each of its files of one kind, and two at least."""
    for suffix in _SUFFIXES:
        files = sorted(folder.glob(f"*{suffix}"), key=lambda file: natural_key(file.name))[:_MAX_FILES]
        if len(files) > 1 and all(_is_one_camera(Content(file)) for file in files):
            return [Content(file) for file in files]
    return []


def _is_one_camera(content: Content) -> bool:
    if not content.path.is_file():
        return False
    if content.head.startswith(ZIP):
        names = dict.fromkeys(npz_names(content.path), "")
        return is_camera(names) and is_posed(names)
    value = parsed_or_none(content)
    entry = opened(value) if isinstance(value, Mapping) else {}
    return is_camera(entry) and is_posed(entry)


def _only(content: Content) -> Untrusted:
    """Return the one camera of a file."""
    found, _ = stated_cameras(content)
    if len(found) != 1:
        raise DatasetError(content.path, None, f"expected one camera in each file of the folder, found {len(found)}")
    return next(iter(found.values()))


def _parsed(content: Content) -> Untrusted:
    suffix = content.path.suffix.lower()
    return content.yaml if suffix in _YAML else content.toml if suffix == ".toml" else content.json


def parsed_or_none(content: Content) -> Untrusted:
    """Return what a JSON, YAML or TOML file holds; None where it is none."""
    if content.path.suffix.lower() not in {*_YAML, ".toml"}:
        return content.json_or_none
    try:
        return _parsed(content)
    except DatasetError:
        return None


def entries_of(value: Untrusted) -> dict[str, Untrusted]:
    """Return the cameras, `opened`, by their key or place: the top level, or what stands under "cameras" or "frames".

    At the top level a file may state one camera, or lists with an entry for each. What is no camera beside cameras
    with poses, such as a version or a date, is left out.
    """
    if isinstance(value, Mapping) and is_camera(opened(value)):
        return {key: opened(one) for key, one in _columns(value).items()}
    value = _turned(below_lists(value))
    pairs = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, Mapping) else ()
    entries = {str(key): opened(one) if isinstance(one, Mapping) else one for key, one in pairs}
    stated = {key: one for key, one in entries.items() if isinstance(one, Mapping)}
    if isinstance(value, list) or not any(is_camera(one) and is_posed(one) for one in stated.values()):
        return entries
    return {key: one for key, one in stated.items() if has_camera_keys(one)}


def _turned(value: Untrusted) -> Untrusted:
    """Return {"intrinsics": {camera: ..}, "extrinsics": {camera: ..}} as {camera: ..}; anything else as it is."""
    if not isinstance(value, Mapping):
        return value
    columns = {key: one for key, one in value.items() if key in _COLUMNS and isinstance(one, Mapping)}
    if not (any(key in columns for key in K_KEYS) and is_posed(columns)):
        return value
    entries: dict[str, dict[str, Untrusted]] = {}
    for key, column in columns.items():
        for name, stated in column.items():
            entries.setdefault(str(name), {}).update(stated if isinstance(stated, Mapping) else {key: stated})
    return entries


def _columns(value: Entry) -> dict[str, Untrusted]:
    """Return the cameras of {"K": [...], "R": [...]}: lists as long as that of the matrices K are taken apart."""
    matrices = next((value[key] for key in K_KEYS if key in value), None)
    if not isinstance(matrices, list) or not _is_list_of_lists(matrices[:1] and matrices[0]):
        return {_SINGLE: value}
    count = len(matrices)
    apart = {
        key
        for key, one in value.items()
        if isinstance(one, list) and len(one) == count and (key not in SIZE_KEYS or isinstance(one[0], list))
    }
    return {
        str(index): {key: one[index] if key in apart else one for key, one in value.items()} for index in range(count)
    }


def _is_list_of_lists(value: Untrusted) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], list)


def _npz_entries(path: Path) -> dict[str, Untrusted]:
    """Return one entry per camera: arrays whose first side is the number of cameras are taken apart."""
    arrays = {key: value for key, value in read_npz(path).items() if value.dtype.kind in "fiuU"}
    # A pose is each camera's own; one K may be that of all.
    stacks = [arrays[key].shape for key in (*W2C_KEYS, *C2W_KEYS, *POSE_KEYS, *R_KEYS, *K_KEYS) if key in arrays]
    counts = {shape[0] for shape in stacks if len(shape) == 3}
    if not counts:
        return {"0": arrays}
    if len(counts) > 1:
        raise DatasetError(path, "K", f"expected as many matrices K as poses, (N, 3, 3), found shapes {stacks}")
    count = counts.pop()
    shared = {key: value for key, value in arrays.items() if not (value.ndim and len(value) == count)}
    # Three by three may be three cameras' vectors, or one matrix: intrinsics and rotations are matrices.
    matrices = [key for key in (*K_KEYS, *R_KEYS) if key in arrays and "vec" not in key]
    shared |= {key: arrays[key] for key in matrices if arrays[key].shape == (3, 3)}
    apart = {key: value for key, value in arrays.items() if key not in shared}
    return {str(index): {**shared, **{key: value[index] for key, value in apart.items()}} for index in range(count)}
