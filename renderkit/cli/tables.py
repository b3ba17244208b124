"""Tables and JSON on stdout; the one place that knows how either is printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from shutil import get_terminal_size
from typing import Final
from unicodedata import combining, east_asian_width

import click

from renderkit.system import environment
from renderkit.wording import printable

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")

_PIPED_WIDTH = 160
_GAP = 3
_RULE: Final = "─", "-"
_CUT: Final = "…", "~"
_LEAST_NAME = 8


def say(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print lines of text, whatever the names in it hold: characters that do not print are replaced.

    Args:
        text: The lines.
        err: Print on stderr.
        nl: End the last line.
    """
    click.echo("\n".join(map(printable, text.split("\n"))), err=err, nl=nl)


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
        styles: By row and column, "", "bold", a colour, or both as "bold red".
        title: A line above the table.
    """
    texts = [[printable(cell) for cell in row] for row in rows]
    looks = styles or [[""] * len(headers)] * len(rows)
    widths = [max(map(_width, (header, *(row[index] for row in texts)))) for index, header in enumerate(headers)]
    room = get_terminal_size().columns if sys.stdout.isatty() else _PIPED_WIDTH
    if title:
        _echo(click.style(title, italic=True))
    for block in fit_columns(widths, right, room):
        _echo(_line(headers, ["bold"] * len(headers), right, block))
        _echo(_drawable(_RULE) * (sum(block.values()) + _GAP * (len(block) - 1)))
        for row, look in zip(texts, looks, strict=True):
            _echo(_line(row, look, right, block))


def fit_columns(widths: Sequence[int], right: Sequence[int], room: int) -> list[dict[int, int]]:
    """Share the columns of a table out among tables that fit: names are cut, figures never.

    Args:
        widths: Characters that each column needs.
        right: Indices of the columns of figures. The columns before the first of them name the row and are repeated.
        room: Characters in a line.

    Returns:
        Per table, the width of each of its columns by index.
    """
    excess = sum(widths) + _GAP * (len(widths) - 1) - room
    if excess <= 0:
        return [dict(enumerate(widths))]
    if not right:
        longest = max(range(len(widths)), key=lambda index: widths[index])
        return [dict(enumerate(widths)) | {longest: max(_LEAST_NAME, widths[longest] - excess)}]
    keys = {index: min(width, max(_LEAST_NAME, room // 4)) for index, width in enumerate(widths[: min(right)])}
    left = room - sum(keys.values()) - _GAP * (len(keys) - 1)
    blocks: list[dict[int, int]] = []
    free = 0
    for index in range(min(right), len(widths)):
        width = widths[index] if index in right else min(widths[index], max(_LEAST_NAME, left - _GAP))
        if not width:
            continue
        if not blocks or width + _GAP > free:
            blocks.append(dict(keys))
            free = left
        blocks[-1][index] = width
        free -= width + _GAP
    return blocks


def _line(cells: Sequence[str], looks: Sequence[str], right: Sequence[int], widths: Mapping[int, int]) -> str:
    """Return a row of a table in the columns of `widths`."""
    return (" " * _GAP).join(
        _styled(_fitted(cells[index], width, to_the_right=index in right), looks[index])
        for index, width in widths.items()
    )


def _fitted(text: str, width: int, *, to_the_right: bool) -> str:
    """Return a text of exactly so many columns of a terminal: cut, or filled up with spaces."""
    if _width(text) > width:
        while text and _width(text) >= width:
            text = text[:-1]
        text += _drawable(_CUT)
    space = " " * (width - _width(text))
    return f"{space}{text}" if to_the_right else f"{text}{space}"


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes: two for a wide character, none for an accent over another."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(one) else 1 + (east_asian_width(one) in "WF") for one in text)


def _drawable(choice: tuple[str, str]) -> str:
    """Return the first of two characters, or the second where stdout cannot write it."""
    return choice[0 if (sys.stdout.encoding or "").lower().startswith("utf") else 1]


def _styled(text: str, look: str) -> str:
    words = look.split()
    color = next((word for word in words if word != "bold"), None)
    return click.style(text, bold=True if "bold" in words else None, fg=color) if words else text


def _echo(line: str) -> None:
    click.echo(line, color=False if environment("NO_COLOR") else None)


def print_json(document: object) -> None:
    """Print a document of plain values as JSON; a NaN in it is a fault of the caller."""
    click.echo(json.dumps(document, indent=1, allow_nan=False))
