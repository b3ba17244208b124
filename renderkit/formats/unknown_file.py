"""What a file is that no format reads, as far as it shows, and how its cameras are brought in: for the refusal.

A layout that is known, and not read, is one line of `unread_layouts`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from renderkit.errors import DatasetError
from renderkit.formats.names import PICTURE_SUFFIXES
from renderkit.formats.unread_layouts import (
    BINARY_MARKS,
    FOLDERS,
    KEY_MARKS,
    MODEL_PLACES,
    SUFFIXES,
    TEXT_MARKS,
    XML_ROOTS,
)
from renderkit.formats.unread_scenes import what_scene_it_is
from renderkit.untrusted.content import Content, Untrusted
from renderkit.untrusted.npz import npz_names
from renderkit.wording import counted

PLAIN_FORM: Final = (
    'Any rig can be given as JSON {"CAMERA": {"K": 3x3, "R": 3x3, "t": 3, "dist": [...], "width": w, "height": h}}, '
    "R and t world-to-camera with OpenCV axes"
)
_PARTS: Final = (
    ("cameras.txt", "images.txt"), ("cameras.bin", "images.bin"), ("intri.yml", "extri.yml"),
)  # fmt: skip
_MODEL = ("cameras.bin", "cameras.txt")
_ROOT = re.compile(r"<([A-Za-z_][\w.:-]{0,60})")
_EASYMOCAP = ("K_", "T_")
_SHOWN, _DEPTH, _LEAST_COLUMNS = 8, 3, 5


def what_it_is(content: Content) -> str:
    """Return a sentence on what is at a path that no format knows, and on the way in."""
    found = _folder(content) if content.is_folder else _file(content)
    return f"{found}. {PLAIN_FORM}"


def _folder(content: Content) -> str:
    names = sorted(one.name for one in content.path.iterdir())[:10_000]
    half = _half(names)
    if half is not None:
        return half
    place = next((one for one in MODEL_PLACES if any((content.path / one / name).is_file() for name in _MODEL)), None)
    if place is not None:
        return f"a COLMAP model is in {place} below it; name that folder"
    for inside, what in FOLDERS:
        if set(inside) <= set(names):
            return f"it holds {' and '.join(inside)}; {what}, which are not read"
    if not names:
        return "the folder is empty"
    pictures = [name for name in names if name.lower().endswith(PICTURE_SUFFIXES)]
    if len(pictures) == len(names):
        return f"the folder holds {counted(len(pictures), 'picture')} and no camera file"
    return f"the folder holds {_listed(names)}"


def _known(content: Content) -> str | None:
    """Return what a file is by its name, its suffix or its first bytes, if they tell."""
    suffix = content.path.suffix.lower()
    if content.head.startswith(b"PK\x03\x04") and suffix == ".npz":
        names = _listed(list(npz_names(content.path)))
        return f"it is an .npz with the arrays {names}, none of them intrinsics with poses"
    mark = next((what for start, what in BINARY_MARKS if content.head.startswith(start)), None)
    what = SUFFIXES.get(suffix, mark)
    return _half([content.path.name]) or (f"it is {what}" if what else None)


def _half(names: Collection[str]) -> str | None:
    """Return what to say where one of two files that belong together is there without the other."""
    for parts in _PARTS:
        there = [name for name in parts if name in names]
        if len(there) == 1:
            other = next(name for name in parts if name not in there)
            return f"{there[0]} is there without {other}, which belongs to it"
    return None


def _file(content: Content) -> str:
    head, scene = content.head, what_scene_it_is(content.path.suffix.lower())
    if scene is not None:
        return scene
    if not head.strip():
        return "the file is empty"
    known = _known(content)
    if known is not None:
        return known
    try:
        text = head.decode("utf-16" if head[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8", errors="strict")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return "it is a binary file of no known kind"
        text = head.decode("utf-8", errors="ignore")
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "it is UTF-16 text; save it as UTF-8"
    return _text(content, text.strip())


def _text(content: Content, text: str) -> str:
    mark = next((what for start, what in TEXT_MARKS if text.startswith(start)), None)
    if mark is not None:
        return f"it is {mark}"
    if text.startswith("<"):
        return _xml(text)
    suffix = content.path.suffix.lower()
    is_json = text[:1] in {"{", "["}
    if is_json or suffix in {".yaml", ".yml"}:
        try:
            return _values(content.json, "JSON") if is_json else _values(content.yaml, "YAML")
        except DatasetError as error:
            return error.why
    return f"not a JSON file: it begins with {text[:20]!r}" if suffix == ".json" else _numbers(text)


def _xml(text: str) -> str:
    if text[:200].lower().startswith(("<!doctype html", "<html")):
        return "it is a web page (HTML): the download failed, or asked for a login"
    roots = [root for root in _ROOT.findall(text) if not root.lower().startswith("xml")]
    known = next((what for root, what in XML_ROOTS.items() if root in roots[:2]), None)
    return f"it is {known}" if known else f"it is XML with the root <{roots[0] if roots else '?'}>"


def _numbers(text: str) -> str:
    lines = [line.split() for line in text.splitlines()[:-1] or text.splitlines()]
    rows = [words for words in lines if words and not words[0].startswith("#")]
    first = next(iter(text.splitlines()), "")
    if not rows:
        return f"it is text with nothing but comments, which begins with {first[:40]!r}"
    if first.count(";") >= _LEAST_COLUMNS:
        return "it is a table with semicolons between the columns; save it with commas"
    try:
        [float(word) for words in rows for word in words]
    except ValueError:
        return f"it is text that begins with {first[:40]!r}"
    return _rows([len(words) for words in rows])


def _rows(lengths: list[int]) -> str:
    """Return what text of nothing but numbers is, by how many are in its lines."""
    counts = set(lengths)
    if counts in ({12}, {16}):
        return "it is a list of poses (12 or 16 numbers a line) without intrinsics; a rig needs both"
    if counts == {8}:
        return "it is a trajectory (time, position, quaternion) without intrinsics; a rig needs both"
    if lengths[:5] == [3, 4, 4, 4, 4]:
        return "it is a trajectory as of Tanks and Temples or Open3D (.log): poses without intrinsics; a rig needs both"
    return f"it is text with {', '.join(map(str, sorted(counts)[:4]))} numbers a line"


def _values(value: Untrusted, kind: str) -> str:
    for inside in _levels(value):
        keys = inside.keys() if isinstance(inside, Mapping) else ()
        if "names" in keys and any(str(key).startswith(_EASYMOCAP) for key in keys):
            return "it looks like half of EasyMocap's cameras; name the files intri.yml and extri.yml, in one folder"
        mark = next((what for marks, what in KEY_MARKS if marks <= set(keys)), None)
        if mark is not None:
            return f"it looks like {mark}"
    if isinstance(value, Mapping) and value:
        first = next((one for one in value.values() if isinstance(one, Mapping) and one), None)
        inner = f", of which the first object has {_listed(list(first))}" if first else ""
        return f"it is {kind} with the keys {_listed(list(value))}{inner}"
    if isinstance(value, list) and value:
        inner = f" with the keys {_listed(list(value[0]))}" if isinstance(value[0], Mapping) else ""
        return f"it is {kind}, a list of {counted(len(value), 'entry', 'entries')}{inner}"
    return f"it is {kind} that holds nothing" if not value else f"it is {kind} with a single value"


def _levels(value: Untrusted) -> list[Untrusted]:
    """Return a value, its first entry, and the first entry of that."""
    found = [value]
    for _ in range(_DEPTH - 1):
        inside = found[-1]
        values = list(inside.values()) if isinstance(inside, Mapping) else inside
        found.append(next(iter(values), None) if isinstance(values, list) else None)
    return found


def _listed(names: list[str]) -> str:
    shown = ", ".join(repr(str(name)[:40])[1:-1] for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
