"""Text and tables in GitHub's Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

MAX_CHARACTERS: Final = 200


def escaped(text: str, most: int = MAX_CHARACTERS) -> str:
    """Return text that Markdown shows as it is, on one line, at most `most` characters long."""
    line = " ".join(text.split())
    line = line if len(line) <= most else line[: most - 3] + "..."
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&$@:])", r"\\\1", line)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table's lines; cells are Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def worst_heading(title: str, shown: int, total: int) -> str:
    """Return the heading of a table whose worst rows come first, and of which the last may be left out."""
    count = f"{shown} of {total} " if shown < total else ""
    return f"### {title}, the worst {count}first"
