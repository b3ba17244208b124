"""Cameras of nobody's format: JSON or YAML lists or objects of {K, R, t, dist} and .npz arrays, under any usual key.

Intrinsics are a matrix or fx, fy, cx, cy; a lens is a list in OpenCV's order or k1, k2, p1 ..., of the model that
`distortion_model`, `model` or `fisheye` says. Known spellings among others: HuMMan ({name: {K, R, T}}), MultiHuman ({K
(9), RT (12), distCoeff, imgSize}), [{K, R, t, dist}]. A key such as w2c, cam2world or T_world_cam says which way a pose
maps; R and t, RT or extrinsic, and R and a centre, do not: they are read as OpenCV has them, world-to-camera, unless
the optical axes clearly meet the other way, and a note says so. OpenCV axes;
pixel (0, 0) is taken as the CENTRE of the top-left pixel; the unit is not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from renderkit.errors import DatasetError
from renderkit.formats.as_stated import PoseDirection, RawCamera, RawRig, read_each
from renderkit.formats.format import Format
from renderkit.formats.lens_words import LENS_KEYS, is_lens_word
from renderkit.formats.no_pose import NO_POSE, no_pose_note, require_no_pose
from renderkit.formats.plain_keys import (
    C2W_KEYS,
    CAMERA_LISTS,
    K_KEYS,
    NAME_KEYS,
    POSE_KEYS,
    R_KEYS,
    RADIAL_AND_TANGENTIAL,
    SIZE_KEYS,
    W2C_KEYS,
    Entry,
    below_lists,
    names_of,
)
from renderkit.formats.plain_pose import has_center, has_halves, is_posed, pose_of, stated_direction
from renderkit.formats.plain_values import (
    has_camera_keys,
    intrinsics_of,
    is_camera,
    lens_of,
    opened,
    size_of,
    used_keys,
)
from renderkit.formats.pose_direction import with_center_by_evidence, with_direction_by_evidence
from renderkit.formats.unread import unread_notes
from renderkit.untrusted.content import Content, Untrusted, mapping_at
from renderkit.untrusted.npz import npz_names, read_npz

_DICTIONARY = {"K", "D", "RT", "width", "height", "W", "H", "w", "h"}
"""Entries with these keys alone are the dictionary format of RenderMe-360's benchmark, whose RT has a direction."""

_ZIP = b"PK\x03\x04"
_SINGLE = "0"


def matches(content: Content) -> bool:
    """Return True for JSON or YAML whose entries hold intrinsics and a pose, or an .npz file with arrays of them."""
    if content.head.startswith(_ZIP):
        return is_camera(dict.fromkeys(npz_names(content.path), ""))
    entries = _entries(_parsed_or_none(content))
    stated = [one if isinstance(one, Mapping) else {} for one in entries.values()]
    # A damaged camera beside good ones is for `read` to name.
    posed = any(is_camera(one) and is_posed(one) for one in stated)
    known = all(has_camera_keys(one) if posed else is_camera(one) for one in stated)
    return bool(stated) and known and not all(one.keys() <= _DICTIONARY for one in stated)


def _is_yaml(content: Content) -> bool:
    return content.path.suffix.lower() in {".yaml", ".yml"}


def _parsed_or_none(content: Content) -> Untrusted:
    if not _is_yaml(content):
        return content.json_or_none
    try:
        return content.yaml
    except DatasetError:
        return None


def _entries(value: Untrusted) -> dict[str, Untrusted]:
    """Return the cameras, `opened`, by their key or place: the top level, or what stands under "cameras" or "frames".

    At the top level a file may state one camera, or lists with an entry for each. What is no camera beside cameras
    with poses, such as a version or a date, is left out.
    """
    if isinstance(value, Mapping) and is_camera(opened(value)):
        return {key: opened(one) for key, one in _columns(value).items()}
    value = below_lists(value)
    pairs = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, Mapping) else ()
    entries = {str(key): opened(one) if isinstance(one, Mapping) else one for key, one in pairs}
    stated = {key: one for key, one in entries.items() if isinstance(one, Mapping)}
    if isinstance(value, list) or not any(is_camera(one) and is_posed(one) for one in stated.values()):
        return entries
    return {key: one for key, one in stated.items() if has_camera_keys(one)}


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


def read(content: Content) -> RawRig:
    """Read the cameras."""
    path = content.path
    is_npz = content.head.startswith(_ZIP)
    top = None if is_npz else content.yaml if _is_yaml(content) else content.json
    found = {key: opened(one) for key, one in _npz_entries(path).items()} if is_npz else _entries(top)
    entries = {key: mapping_at(entry, path, key) for key, entry in found.items()}
    names = names_of(entries)
    keys = dict(zip(names, entries, strict=True))

    is_posed_rig = any(map(is_posed, entries.values()))

    def read_camera(name: str) -> RawCamera:
        where, entry = f"{keys[name]}.", entries[keys[name]]
        camera = _read_camera(name, entry, path, where)
        if camera.pose is NO_POSE and is_posed_rig:
            raise DatasetError(path, f"{where}R", "the pose is missing, which other cameras of the file have")
        if camera.pose is NO_POSE:
            require_no_pose(_without(entry, used_keys(entry)), path, where)
        return camera

    cameras, failed = read_each(names, read_camera)
    is_human36m = any("T" in entry and RADIAL_AND_TANGENTIAL in entry for entry in entries.values())
    directed, notes = _directed(cameras, [entries[keys[camera.name]] for camera in cameras], path, is_human36m)
    left = [_without(entry, used_keys(entry)) for entry in entries.values()]
    notes = (*notes, *unread_notes(left, {*NAME_KEYS, *_named_lens(entries)}, {"rectifyAlpha"}))
    if isinstance(top, Mapping):
        whole = is_camera(opened(top))
        others = {} if whole else {key: top[key] for key in top if key not in CAMERA_LISTS and key not in found}
        notes += unread_notes([others], (), per=None)
    return RawRig(directed, path, "unknown", notes=notes, failed=failed, order=tuple(names))


def _without(entry: Entry, used: set[str]) -> Entry:
    return {key: value for key, value in entry.items() if key not in used}


def _named_lens(entries: Mapping[str, Entry]) -> set[str]:
    """Return the keys that name a lens model in every camera that has them; elsewhere they hold a make, or anything."""
    return {
        key
        for key in LENS_KEYS
        if all(is_lens_word(entry[key]) for entry in entries.values() if entry.get(key) is not None)
    }


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


def _directed(
    cameras: Sequence[RawCamera], entries: Sequence[Entry], path: Path, is_human36m: bool
) -> tuple[tuple[RawCamera, ...], tuple[str, ...]]:
    """Return the cameras with the direction that their keys state, or that their optical axes support."""
    if all(camera.pose is NO_POSE for camera in cameras):
        return tuple(cameras), (no_pose_note(len(cameras)),) if cameras else ()
    stated: list[PoseDirection | None] = [stated_direction(entry) for entry in entries]
    centered = [has_center(entry) for entry in entries]
    if len({*centered}) > 1 or len({direction is None for direction in stated}) > 1:
        raise DatasetError(path, None, "some cameras say which way their pose maps, or their centre, and some do not")
    if all(centered):
        directed, note = with_center_by_evidence(cameras)
        return directed, (note,)
    ways = [direction for direction in stated if direction is not None]
    if ways:
        return tuple(replace(one, direction=way) for one, way in zip(cameras, ways, strict=True)), ()
    # Human3.6M's T, beside k and p, is the camera's centre: x = R (X - T).
    halves = all(map(has_halves, entries))
    directed, note = with_direction_by_evidence(cameras, or_center=halves, is_usually_center=is_human36m)
    return directed, (note,)


def _read_camera(name: str, entry: Entry, path: Path, where: str) -> RawCamera:
    K, (model, lens) = intrinsics_of(entry, path, where), lens_of(entry, path, where)
    pose, size = pose_of(entry, K, path, where), size_of(entry, path, where)
    return RawCamera(name, K, pose, coefficients=lens, model=model, size=size)


FORMAT = Format(
    name="plain",
    title="plain cameras {K, R, t, dist} (JSON, YAML, .npz)",
    matches=matches,
    read_cameras=read,
)
