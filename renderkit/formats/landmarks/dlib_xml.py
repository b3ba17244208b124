"""Landmarks in dlib's XML, as its imglab writes it: `<part name x y>` in the `<box>` of each `<image>`.

Pixels are whole numbers that count from 0: pixel (0, 0) is the CENTRE of the top-left one. Source: dlib,
tools/imglab, dlib/data_io/image_dataset_metadata.cpp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from renderkit.errors import DatasetError
from renderkit.formats.landmarks.keypoint_json import view_of_file
from renderkit.formats.landmarks.table import (
    MAX_LANDMARKS,
    LandmarkLayout,
    LandmarkSource,
    LandmarkTable,
    Points,
    number,
    points_of,
)
from renderkit.untrusted.files import read_bytes
from renderkit.untrusted.xml_text import parse_xml

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

_SEVERAL = "dlib: several boxes in one picture; the first is used"


def _read_dlib(source: LandmarkSource) -> LandmarkTable | None:
    if source.path.suffix.lower() != ".xml":
        return None
    root = parse_xml(source.path, read_bytes(source.path))
    if root.tag != "dataset" or root.find("images") is None:
        raise DatasetError(source.path, root.tag, "expected dlib's XML: <dataset><images><image><box><part>")
    lists: dict[tuple[str, str], object] = {}
    unknown, notes = [], set()
    for image in root.iterfind("images/image"):
        name = image.get("file", "")
        boxes = [box for box in image.iterfind("box") if box.find("part") is not None]
        if not boxes:
            continue
        view = view_of_file(name, source.names)
        if view is None:
            unknown.append(f"picture {name!r}")
            continue
        lists[view] = list(boxes[0].iterfind("part"))
        notes |= {_SEVERAL} if len(boxes) > 1 else set()
    return LandmarkTable("dlib XML", lists, _points, notes=tuple(notes), unknown=tuple(unknown))


def _points(found: object) -> Points:
    parts = cast("Sequence[Element]", found)
    if len(parts) > MAX_LANDMARKS:
        raise ValueError(f"expected at most {MAX_LANDMARKS} points")
    # dlib sorts the names as text, in which "10" stands before "2"; numbers say the order of the landmarks.
    names = [part.get("name", "") for part in parts]
    ordered = sorted(parts, key=lambda part: int(part.get("name", ""))) if all(map(str.isdecimal, names)) else parts
    values = [
        [number(part.get(key) or "", f"part {part.get('name')}: {key}") for key in ("x", "y")] for part in ordered
    ]
    return points_of(np.array(values).reshape(-1, 2))


DLIB = LandmarkLayout("dlib", "dlib's imglab XML: pixels counted from 0", _read_dlib)
