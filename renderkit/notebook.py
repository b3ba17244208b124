"""Small pieces of HTML with which values show themselves in a notebook; every text is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def escaped(text: object) -> str:
    """Return a value as text that is no markup."""
    from html import escape  # noqa: PLC0415 - every run knows cameras, few show one

    return escape(str(text))


def facts_html(title: str, facts: Mapping[str, object]) -> str:
    """Return a title and a table of names and values."""
    rows = "".join(f"<tr><th>{escaped(name)}</th><td>{escaped(value)}</td></tr>" for name, value in facts.items())
    return f"<table><caption>{escaped(title)}</caption><tbody>{rows}</tbody></table>"


def table_html(headers: Sequence[str], rows: Sequence[Sequence[str]], *, bold: Sequence[bool] = ()) -> str:
    """Return a table; rows for which `bold` is true stand out."""
    head = "".join(f"<th>{escaped(header)}</th>" for header in headers)
    lines = []
    for index, row in enumerate(rows):
        style = ' style="font-weight:bold"' if index < len(bold) and bold[index] else ""
        lines.append(f"<tr{style}>{''.join(f'<td>{escaped(cell)}</td>' for cell in row)}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
