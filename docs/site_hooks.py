"""Fills the pages of the documentation from the code and from files outside docs/; a hook of MkDocs.

A line `<!-- NAME -->` or `<!-- NAME: ARGUMENT -->` in a page is replaced by what `FILLERS[NAME]` returns. Tables of the
registries are not made here: they stand in the pages, for readers of the repository (tests/support/generated_files.py).
"""

from __future__ import annotations

import ast
import importlib
import json
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from renderkit.cli.app import app

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "docs" / "examples"

_MARKER = re.compile(r"^<!-- (?!generated\b|end\b)([a-z-]+)(?:: (\S+))? -->$", re.MULTILINE)
_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|#|mailto:)([^)\s]+)\)")


def commands() -> Mapping[str, click.Command]:
    """Return the commands of the command line by name."""
    context = _context()
    found = {name: app.get_command(context, name) for name in app.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def _context() -> click.Context:
    return app.make_context(app.name, [], resilient_parsing=True, terminal_width=90, max_content_width=90)


def public_names() -> dict[str, list[str]]:
    """Return the full paths of the public names, by the package that they live in."""
    import renderkit

    found: dict[str, list[str]] = {}
    for name in dir(renderkit):
        if not name.startswith("__"):
            value = getattr(renderkit, name)
            module = getattr(value, "__module__", "renderkit")
            found.setdefault(module.split(".")[1], []).append(f"{module}.{name}")
    return found


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(heads)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _commands_table(_: str) -> str:
    rows = (
        (f"[`renderkit {name}`](#renderkit-{name})", (one.help or "").split("\n")[0])
        for name, one in commands().items()
    )
    return _table(("command", "what it does"), rows)


def _commands_help(_: str) -> str:
    parts = []
    for name, command in commands().items():
        context = command.make_context(name, [], parent=_context(), resilient_parsing=True)
        parts.append(f"## renderkit {name}\n\n```text\n{command.get_help(context)}\n```")
    return "\n\n".join(parts)


def _reference(_: str) -> str:
    parts = []
    for package, names in sorted(public_names().items()):
        about = (importlib.import_module(f"renderkit.{package}").__doc__ or "").split("\n")[0]
        parts.append(f"## renderkit.{package}\n\n{about}\n")
        parts += [f"::: {name}\n" for name in names]
    return "\n".join(parts)


def _examples(_: str) -> str:
    # The script that makes the capture comes first.
    paths = sorted(EXAMPLES.glob("*.py"), key=lambda path: (path.name != "make_capture.py", path.name))
    return "\n\n".join(f"## {path.stem.replace('_', ' ').capitalize()}\n\n{_example(path.name)}" for path in paths)


def _example(name: str) -> str:
    source = (EXAMPLES / name).read_text(encoding="utf-8")
    about = ast.get_docstring(ast.parse(source)) or ""
    code = source.split('"""', 2)[2].strip()
    return f'{about}\n\n```python title="{name}"\n{code}\n```'


def _notebook(name: str) -> str:
    cells = json.loads((EXAMPLES / name).read_text(encoding="utf-8"))["cells"]
    texts = (("".join(cell["source"]), cell["cell_type"]) for cell in cells)
    return "\n\n".join(text if kind == "markdown" else f"```python\n{text}\n```" for text, kind in texts)


def _include(name: str) -> str:
    """Return a file beside docs/ as it is; `on_page_markdown` mends its links."""
    return (ROOT / name).read_text(encoding="utf-8")


FILLERS: Mapping[str, Callable[[str], str]] = {
    "commands-table": _commands_table,
    "commands-help": _commands_help,
    "reference": _reference,
    "examples": _examples,
    "example": _example,
    "notebook": _notebook,
    "include": _include,
}

_PAGES_OF_FILES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changelog.md",
    "LICENSE": "project/licence.md",
}


def fill(markdown: str, page_path: str) -> str:
    """Replace the markers of a page.

    Args:
        markdown: The page.
        page_path: Its path below docs/.

    Raises:
        KeyError: If a marker names no filler.
    """

    def replacement(match: re.Match[str]) -> str:
        text = FILLERS[match[1]](match[2] or "")
        return _mend_links(text, page_path) if match[1] == "include" else text

    return _MARKER.sub(replacement, markdown)


def _mend_links(text: str, page_path: str) -> str:
    """Turn links from beside docs/ into links of a page; links to other files of the checkout become plain text."""

    def mended(match: re.Match[str]) -> str:
        mark, label, target = match.groups()
        path, _, anchor = target.partition("#")
        page = _PAGES_OF_FILES.get(path, path.removeprefix("docs/") if path.startswith("docs/") else None)
        if page is None:
            return label if label.startswith("`") else f"`{label}`"
        relative = posixpath.relpath(page, posixpath.dirname(page_path) or ".")
        return f"{mark}[{label}]({relative}{'#' + anchor if anchor else ''})"

    return _LINK.sub(mended, text)


def on_page_markdown(markdown: str, *, page: Any, **_: object) -> str:  # noqa: ANN401 - MkDocs calls it
    """Fill a page before MkDocs renders it."""
    return fill(markdown, page.file.src_uri)
