"""What an element of Metashape's XML states."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from xml.etree.ElementTree import Element

from renderkit.arrays import FloatArray
from renderkit.untrusted.content import numbers


def stated(element: Element) -> Mapping[str, str | None]:
    """Return an element's attributes and children by name; None for a child that says nothing."""
    children = {
        child.tag: (child.text or "").strip() or ("..." if len(child) or child.attrib else None) for child in element
    }
    return {**element.attrib, **children}


def values_of(parent: Element, tag: str, count: int, path: Path, where: str) -> FloatArray:
    """Return the (count,) numbers of a child.

    Raises:
        DatasetError: If there are not as many.
    """
    return numbers((parent.findtext(tag) or "").split(), [(count,)], path, f"{where}, {tag}")
