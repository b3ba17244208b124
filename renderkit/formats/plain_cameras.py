"""Cameras of nobody's format: {K, R, t, dist} in JSON, YAML, TOML or .npz, under any usual key, or a folder of those.

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
from renderkit.formats.plain_files import ZIP, camera_files, entries_of, parsed_or_none, stated_cameras
from renderkit.formats.plain_keys import (
    CAMERA_LISTS,
    NAME_KEYS,
    RADIAL_AND_TANGENTIAL,
    Entry,
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
from renderkit.untrusted.npz import npz_names

_DICTIONARY = {"K", "D", "RT", "width", "height", "W", "H", "w", "h"}
"""Entries with these keys alone are the dictionary format of RenderMe-360's benchmark, whose RT has a direction."""


def matches(content: Content) -> bool:
    """Return True for JSON, YAML or TOML of intrinsics and poses, .npz arrays of them, or a folder of such files."""
    if content.is_folder:
        return bool(camera_files(content.path))
    if content.head.startswith(ZIP):
        return is_camera(dict.fromkeys(npz_names(content.path), ""))
    top = parsed_or_none(content)
    entries = entries_of(top)
    stated = [one if isinstance(one, Mapping) else {} for one in entries.values()]
    # A damaged camera beside good ones is for `read` to name.
    posed = any(is_camera(one) and is_posed(one) for one in stated)
    known = all(has_camera_keys(one) if posed else is_camera(one) for one in stated)
    return bool(stated) and known and not _is_dictionary(top)


def _is_dictionary(top: Untrusted) -> bool:
    values = top.values() if isinstance(top, Mapping) else ()
    return bool(values) and all(isinstance(one, Mapping) and one.keys() <= _DICTIONARY for one in values)


def read(content: Content) -> RawRig:
    """Read the cameras."""
    path = content.path
    found, top = stated_cameras(content)
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
    title="plain cameras {K, R, t, dist} (JSON, YAML, TOML, .npz, or a folder with one in each file)",
    matches=matches,
    read_cameras=read,
)
