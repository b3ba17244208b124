"""XML from a stranger."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderkit.errors import DatasetError
from renderkit.untrusted.xml_text import parse_xml


def test_elements_are_read() -> None:
    root = parse_xml(Path("x"), b"<document><chunk label='a'/></document>")
    assert (root.tag, root[0].get("label")) == ("document", "a")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "DTD or entities is refused"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "DTD or entities is refused"),
        (b"<a><b></a>", "not valid XML"),
        (b"", "not valid XML"),
        (b'<?xml version="1.0" encoding="no-such"?><a/>', "not valid XML"),
    ],
)
def test_hostile_and_damaged_documents_are_refused(text: bytes, why: str) -> None:
    with pytest.raises(DatasetError, match=why):
        parse_xml(Path("x"), text)
