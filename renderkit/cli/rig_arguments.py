"""Arguments that the commands about camera files share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from renderkit.formats import RawRig

_SIZE = re.compile(r"^(\d{1,6})[xX](\d{1,6})$")

SizeOption = Annotated[
    str | None,
    typer.Option(
        "--size",
        metavar="WIDTHxHEIGHT",
        help="Image size for formats that state none and have no pictures beside them.",
        show_default=False,
    ),
]
FromOption = Annotated[
    str | None,
    typer.Option("--from", metavar="FORMAT", help="Format to read; detected by default.", show_default=False),
]


def parse_size(text: str | None) -> tuple[int, int] | None:
    """Return (width, height) of a text such as 2448x2048.

    Raises:
        typer.BadParameter: If it has another form.
    """
    if text is None:
        return None
    found = _SIZE.match(text)
    if found is None or 0 in (int(found[1]), int(found[2])):
        raise typer.BadParameter(f"expected WIDTHxHEIGHT such as 2448x2048, got {text!r}", param_hint="--size")
    return int(found[1]), int(found[2])


def check_format(name: str | None, option: str, *, written: bool = False) -> None:
    """Refuse a format that does not exist, or that is only read.

    Raises:
        typer.BadParameter: If it is; the message lists the formats.
    """
    from renderkit.formats import formats

    known = [one.name for one in formats().values() if one.write is not None or not written]
    if name is not None and name not in known:
        raise typer.BadParameter(f"unknown format {name!r}; expected one of {', '.join(known)}", param_hint=option)


def read_cameras(path: Path, source: str | None, size: str | None) -> RawRig:
    """Read cameras as their file states them, with the options of the command line."""
    from renderkit.formats import read_raw_rig

    check_format(source, "--from")
    return read_raw_rig(path, source, size=parse_size(size))
