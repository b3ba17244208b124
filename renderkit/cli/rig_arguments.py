"""Arguments that the commands about camera files share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from renderkit.formats import RawRig

from_option = click.option("--from", "from_", metavar="FORMAT", help="Format to read; detected by default.")


def check_format(name: str | None, option: str, *, written: bool = False) -> None:
    """Refuse a format that does not exist, or that is only read.

    Raises:
        click.BadParameter: If it is; the message lists the formats.
    """
    from renderkit.formats import formats

    known = [one.name for one in formats().values() if one.write is not None or not written]
    if name is not None and name not in known:
        raise click.BadParameter(f"unknown format {name!r}; expected one of {', '.join(known)}", param_hint=option)


def read_cameras(path: Path, source: str | None, size: tuple[int, int] | None) -> RawRig:
    """Read cameras as their file states them, with the options of the command line."""
    from renderkit.formats import read_raw_rig

    check_format(source, "--from")
    return read_raw_rig(path, source, size=size)
