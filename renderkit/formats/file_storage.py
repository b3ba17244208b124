"""The values of OpenCV's FileStorage in its three forms, XML, YAML and JSON: matrices as rows, cols, data.

Everything is read without OpenCV, so that a file cannot reach more than this code.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.untrusted.content import Content, Untrusted, field, numbers, shaped
from renderkit.untrusted.xml_text import parse_xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MATRIX_TYPES = {"opencv-matrix", "opencv-nd-matrix"}
_MAX_NODES, _MAX_LEVELS = 100_000, 2


def parse_storage(content: Content) -> Untrusted:
    """Return what a file of FileStorage holds, in any of its three forms.

    Raises:
        DatasetError: If it is none of them.
    """
    head = content.head.lstrip()
    if head.startswith(b"<"):
        return _from_xml(parse_xml(content.path, content.data), content.path)
    return content.json if head.startswith(b"{") else content.yaml


def _from_xml(root: Element, path: Path) -> dict[str, Untrusted]:
    if sum(1 for _ in root.iter()) > _MAX_NODES:
        raise DatasetError(path, None, f"over {_MAX_NODES} XML elements are not a camera calibration")
    return {node.tag: _value_of(node, _MAX_LEVELS) for node in root}


def _value_of(node: Element, levels: int) -> Untrusted:
    """Return what an element holds: a matrix, its words, or its children's values down to so many levels."""
    if node.get("type_id") in MATRIX_TYPES:
        sides = (node.findtext("sizes") or f"{node.findtext('rows')} {node.findtext('cols')}").split()
        return {"sizes": sides, "data": (node.findtext("data") or "").split()}
    if len(node) and levels:
        return {child.tag: _value_of(child, levels - 1) for child in node}
    words = (node.text or "").split()
    return words if len(words) > 1 else "".join(words)


def stored_matrix(value: Untrusted, shapes: list[tuple[int | None, ...]], path: Path, key: str) -> FloatArray:
    """Return a matrix given as rows, cols, data, or as nested lists.

    Raises:
        DatasetError: If it is no matrix of one of these shapes.
    """
    if not isinstance(value, Mapping):
        return numbers(value, shapes, path, key)
    given = field(value, "data", path, f"{key}.")
    plain = not isinstance(given, list) or set(map(type, given)) <= {int, float}
    data = numbers(given if plain else [_plain(one) for one in given], [(None,)], path, key)
    sides = value.get("sizes")
    if sides is None:
        sides = rows, columns = [field(value, side, path, f"{key}.") for side in ("rows", "cols")]
        if type(rows) is int and type(columns) is int and rows > 0 and data.size == rows * columns:  # the usual case
            return shaped(data.reshape(rows, columns), shapes, path, key)
    shape = tuple(numbers(sides, [(1,), (2,)], path, f"{key}.sizes").tolist())
    # Sides of NaN and of infinity fail the first comparison, before they become integers.
    if any(not 0 <= side <= data.size or side != int(side) for side in shape) or data.size != int(np.prod(shape)):
        expected = " x ".join(f"{side:g}" for side in shape)
        raise DatasetError(path, key, f"expected {expected} numbers, found {data.size}")
    return numbers(data.reshape([int(side) for side in shape]), shapes, path, key)


def _plain(word: Untrusted) -> Untrusted:
    """Return a number's text as Python spells it: FileStorage writes .Nan and .Inf."""
    return word.lower().replace(".nan", "nan").replace(".inf", "inf") if isinstance(word, str) else word
