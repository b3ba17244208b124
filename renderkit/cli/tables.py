"""Tables and JSON on stdout; the one place that knows how either is printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from rich.table import Table

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

_PIPED_WIDTH = 160
# Between two columns rich leaves so much.
_GAP = 2
_LEAST_NAME = 8


def print_table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[int] = (),
    styles: Sequence[Sequence[str]] = (),
    title: str = "",
) -> None:
    """Print a table on stdout, as wide as the terminal or 160 characters when piped.

    One that is wider becomes several, each with the names of the rows; names are cut, figures are not.

    Args:
        headers: Title of each column.
        rows: One cell per column. Cells are data, never markup.
        right: Indices of the columns that are aligned right.
        styles: By row and column, a style of rich or "".
        title: A line above the table.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH, highlight=False)
    widths = [_width(header, [row[index] for row in rows]) for index, header in enumerate(headers)]
    blocks = fit_columns(widths, right, console.width)
    for number, block in enumerate(blocks):
        if title and number == 0:
            console.print(Text(title, style="italic"))
        console.print(_rich_table(headers, rows, right, styles=styles, widths=block))


def fit_columns(widths: Sequence[int], right: Sequence[int], room: int) -> list[dict[int, int]]:
    """Share the columns of a table out among tables that fit: names are cut, figures never.

    Args:
        widths: Characters that each column needs.
        right: Indices of the columns of figures. The columns before the first of them name the row and are repeated.
        room: Characters in a line.

    Returns:
        Per table, the width of each of its columns by index.
    """
    if sum(widths) + _GAP * len(widths) <= room or not right:
        return [{index: min(width, room) for index, width in enumerate(widths)}]
    keys = {index: min(width, max(_LEAST_NAME, room // 4)) for index, width in enumerate(widths[: min(right)])}
    left = room - sum(keys.values()) - _GAP * len(keys)
    blocks: list[dict[int, int]] = []
    free = 0
    for index in range(min(right), len(widths)):
        width = widths[index] if index in right else min(widths[index], max(_LEAST_NAME, left))
        if not width:
            continue
        if not blocks or width + _GAP > free:
            blocks.append(dict(keys))
            free = left
        blocks[-1][index] = width
        free -= width + _GAP
    return blocks


def _rich_table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[int],
    *,
    styles: Sequence[Sequence[str]],
    widths: Mapping[int, int],
) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from renderkit.results.text import printable

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, width in widths.items():
        justify: Literal["left", "right"] = "right" if index in right else "left"
        table.add_column(Text(headers[index]), justify=justify, no_wrap=True, min_width=width, max_width=width)
    for number, row in enumerate(rows):
        looks = styles[number] if styles else [""] * len(row)
        table.add_row(*(Text(printable(row[index]), style=looks[index]) for index in widths))
    return table


def _width(header: str, cells: Sequence[str]) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, (header, *cells)))


def print_json(document: object) -> None:
    """Print a document of plain values as JSON; a NaN in it is a fault of the caller."""
    typer.echo(json.dumps(document, indent=1, allow_nan=False))
