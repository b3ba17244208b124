"""A stranger's XML: no DTD, no entities, every failure a DatasetError."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from renderkit.errors import DatasetError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def parse_xml(path: Path, data: bytes) -> Element:
    """Return the root element.

    Args:
        path: Where the bytes come from, for errors.
        data: The document.

    Raises:
        DatasetError: If it is not XML, or has a DTD or entities.
    """
    # The standard library's parser expands entities; defusedxml refuses every DTD, and so entity bombs.
    from defusedxml.common import DefusedXmlException  # noqa: PLC0415 - only XML formats need it
    from defusedxml.ElementTree import ParseError, fromstring  # noqa: PLC0415

    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise DatasetError(path, None, f"XML with a DTD or entities is refused: {error}") from error
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        raise DatasetError(path, None, f"is not valid XML: {error}") from error
    return root
