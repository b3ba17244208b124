"""Tables and JSON on stdout; the one place that knows how either is printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

_PIPED_WIDTH = 160


def print_table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[int] = (),
    styles: Sequence[Sequence[str]] = (),
    title: str = "",
) -> None:
    """Print a table on stdout, as wide as the terminal or 160 characters when piped.

    Args:
        headers: Title of each column.
        rows: One cell per column. Cells are data, never markup.
        right: Indices of the columns that are aligned right.
        styles: By row and column, a style of rich or "".
        title: A line above the table.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from renderkit.results.text import printable

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, title_justify="left")
    table.title = Text(title) if title else None
    for index, header in enumerate(headers):
        table.add_column(Text(header), justify="right" if index in right else "left", no_wrap=bool(header))
    for index, row in enumerate(rows):
        looks = styles[index] if styles else [""] * len(row)
        table.add_row(*(Text(printable(cell), style=look) for cell, look in zip(row, looks, strict=True)))
    Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH, highlight=False).print(table)


def print_json(document: object) -> None:
    """Print a document of plain values as JSON; a NaN in it is a fault of the caller."""
    typer.echo(json.dumps(document, indent=1, allow_nan=False))
